#!/usr/bin/env node
/**
 * Starts the bundled program with V8's code cache, so that a start does not compile it anew. What has
 * been compiled in a run is kept for the next one, beside the program or in the user's cache folder.
 * Bundled by itself, as CommonJS, and with as few of Node's modules as can be: each costs a start.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

const program = join(__dirname, "program.cjs");
const { mtimeMs, size } = statSync(program);
// One cache a command: it holds what that command needs, and nothing that it does not.
const command = (process.argv[2] ?? "").replaceAll(/[^a-z]/g, "").slice(0, 16);
const key = `${process.version}-${process.arch}-${size}-${mtimeMs}-${command}`;

function folders(): string[] {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const own = XDG_CACHE_HOME || (HOME ? join(HOME, ".cache") : undefined);
  return [join(__dirname, ".code"), ...(own ? [join(own, "layerbook", "code")] : [])];
}

function readCache(): Buffer | undefined {
  for (const folder of folders()) {
    try {
      return readFileSync(join(folder, key));
    } catch {
      // Not there: the next place, or a compilation.
    }
  }
  return undefined;
}

function writeCache(data: Buffer): void {
  for (const folder of folders()) {
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

// V8 throws away the code of functions that have run for the last time, which would then be missing in
// the cache; and it takes only caches that were made with the same flags.
setFlagsFromString("--no-flush-bytecode");
const cachedData = readCache();
// The bundle is pure ASCII: latin1 is the quickest way to read it.
const source = readFileSync(program, "latin1");
const script = new Script(`(function(require,module,exports,__filename,__dirname){${source}\n})`, {
  filename: program,
  ...(cachedData && { cachedData }),
});
if (!cachedData || script.cachedDataRejected) {
  process.once("exit", () => writeCache(script.createCachedData()));
}
const module_ = { exports: {} };
script.runInThisContext()(require, module_, module_.exports, program, __dirname);
