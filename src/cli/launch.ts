#!/usr/bin/env node
/**
 * Starts the bundled program with V8's code cache, so that a start does not compile it anew. What has
 * been compiled in a run is kept for the next one, beside the program or in the user's cache folder.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

const program = fileURLToPath(new URL("./layerbook.cjs", import.meta.url));
const { mtimeMs, size } = statSync(program);
// One cache a command: it holds what that command needs, and nothing that it does not.
const command = process.argv[2] ?? "";
const key = createHash("sha256")
  .update(`${program}\0${mtimeMs}\0${size}\0${process.version}\0${process.arch}\0${command}`)
  .digest("hex")
  .slice(0, 16);
const folders = [
  join(dirname(program), ".code"),
  join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "layerbook"),
];

function readCache(): Buffer | undefined {
  for (const folder of folders) {
    try {
      return readFileSync(join(folder, key));
    } catch {
      // Not there: the next place, or a compilation.
    }
  }
  return undefined;
}

function writeCache(data: Buffer): void {
  for (const folder of folders) {
    try {
      mkdirSync(folder, { recursive: true });
      const temporary = join(folder, `${key}.${process.pid}`);
      writeFileSync(temporary, data);
      renameSync(temporary, join(folder, key));
      return;
    } catch {
      // Not writable: the next place, or none; the program runs all the same.
    }
  }
}

const cachedData = readCache();
const source = readFileSync(program, "utf8").replace(/^#!.*/, "");
const script = new Script(`(function(require,module,exports,__filename,__dirname){${source}\n})`, {
  filename: program,
  ...(cachedData && { cachedData }),
});
if (!cachedData || script.cachedDataRejected) {
  process.once("exit", () => writeCache(script.createCachedData()));
}
const module = { exports: {} };
script.runInThisContext()(
  createRequire(program),
  module,
  module.exports,
  program,
  dirname(program),
);
