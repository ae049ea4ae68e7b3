/**
 * Writes src/modules/index.generated.ts: every module's names, revision and lazy import, so that a
 * run loads only the modules that its playbook names.
 *
 * A module is a file src/modules/<family>/<name>.ts that exports `spec` and `run`. Files that begin
 * with `_`, tests and files without `export const spec` are libraries.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const modulesRoot = resolve(dirname(fileURLToPath(import.meta.url)), "../src/modules");
const output = join(modulesRoot, "index.generated.ts");
const scratch = mkdtempSync(join(modulesRoot, "../../node_modules/.generate-"));
const libraries = new Set(["lib"]);

function moduleFiles() {
  const files = [];
  for (const family of readdirSync(modulesRoot, { withFileTypes: true })) {
    if (!family.isDirectory() || libraries.has(family.name)) continue;
    for (const name of readdirSync(join(modulesRoot, family.name))) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts") || name.startsWith("_")) continue;
      const file = join(modulesRoot, family.name, name);
      if (/^export const spec\b/m.test(readFileSync(file, "utf8"))) files.push(file);
    }
  }
  return files.sort();
}

/** The file and everything it imports by a relative path, types left out. */
function closure(file, seen = new Set()) {
  if (seen.has(file) || file === output) return seen;
  seen.add(file);
  const text = readFileSync(file, "utf8");
  const imports =
    /^(?:import|export)\s(?!type\b)[^"';]*?from\s+"(\.[^"]+)"|^import\s+"(\.[^"]+)"/gm;
  for (const [, from, bare] of text.matchAll(imports)) {
    closure(resolve(dirname(file), from ?? bare), seen);
  }
  return seen;
}

/** Of the code, not of where it lies: contents in the order of the relative paths. */
function revision(file) {
  const hash = createHash("sha256");
  for (const part of [...closure(file)].sort()) {
    hash
      .update(`${relative(modulesRoot, part)}\0`)
      .update(readFileSync(part))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

/** The module's data, from its code bundled where it can import the packages that it uses. */
async function readSpec(file) {
  const bundle = join(scratch, `${createHash("sha256").update(file).digest("hex")}.mjs`);
  await build({
    entryPoints: [file],
    bundle: true,
    outfile: bundle,
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "silent",
    // Bundled CommonJS packages ask for Node's own modules.
    banner: {
      js: 'import{createRequire as lbRequire}from"node:module";const require=lbRequire("file:///");',
    },
  });
  return (await import(pathToFileURL(bundle).href)).spec;
}

const entries = [];
let failures = 0;
for (const file of moduleFiles()) {
  try {
    const spec = await readSpec(file);
    entries.push({
      name: spec.name,
      aliases: spec.aliases ?? [],
      revision: revision(file),
      path: `./${relative(modulesRoot, file)}`,
    });
  } catch (error) {
    failures++;
    process.stderr.write(`${relative(modulesRoot, file)}: ${error.message.slice(0, 500)}\n`);
  }
}
rmSync(scratch, { recursive: true });
entries.sort((a, b) => (a.name < b.name ? -1 : 1));

const lines = entries.map(
  (entry) =>
    `  {\n    name: ${JSON.stringify(entry.name)},\n    aliases: ${JSON.stringify(entry.aliases)},\n` +
    `    revision: "${entry.revision}",\n    load: () => import("${entry.path}"),\n  },`,
);
const text = `// Written by scripts/generate.mjs from the modules beside it. Not edited by hand.
import type { Module } from "./module.ts";

export interface ModuleEntry {
  readonly name: string;
  readonly aliases: readonly string[];
  /** Digest of the module's code and of all that it imports here: part of a step's key. */
  readonly revision: string;
  readonly load: () => Promise<Module>;
}

export const MODULES: readonly ModuleEntry[] = [
${lines.join("\n")}
];
`;
let before = "";
try {
  before = readFileSync(output, "utf8");
} catch {
  // first run
}
if (before !== text) {
  const temporary = `${output}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, output);
}
if (failures > 0) process.exitCode = 1;
