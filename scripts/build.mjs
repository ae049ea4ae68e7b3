/**
 * Bundles what is shipped: `dist/program.cjs` (the program; modules and commands are evaluated when
 * they are first needed), `dist/layerbook.js` (what starts it, with V8's code cache) and
 * `dist/template.mjs` (the library) with its types.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import "./generate.mjs";
import "./generate-commands.mjs";
import { declareTemplate } from "./declare-template.mjs";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const root = new URL("..", import.meta.url).pathname;

rmSync(`${root}dist`, { recursive: true, force: true });
const common = {
  bundle: true,
  platform: "node",
  target: "node20.19",
  minifySyntax: true,
  minifyWhitespace: true,
  // Node shows the line of an error: let it be one that can be read.
  lineLimit: 160,
  keepNames: false,
  legalComments: "none",
  absWorkingDir: root,
  outdir: "dist",
  define: { LAYERBOOK_VERSION: JSON.stringify(version) },
};
await Promise.all([
  declareTemplate(`${root}dist`),
  build({
    ...common,
    format: "cjs",
    entryPoints: { program: "src/cli/main.ts" },
    outExtension: { ".js": ".cjs" },
  }),
  build({ ...common, format: "cjs", entryPoints: { layerbook: "src/cli/launch.ts" } }),
  build({
    ...common,
    format: "esm",
    entryPoints: { template: "src/template/index.ts" },
    outExtension: { ".js": ".mjs" },
    // Bundled CommonJS packages ask for Node's own modules with require.
    banner: {
      js: 'import{createRequire as lbRequire}from"node:module";const require=lbRequire(import.meta.url);',
    },
  }),
]);
// Node's larger modules are loaded when something of them is first used: a cached build needs none of them.
const LAZY =
  "http|https|tls|net|zlib|child_process|readline|readline/promises|perf_hooks|fs/promises|timers/promises|stream/promises|os|util|events|vm|v8|dns";
const program = `${root}dist/program.cjs`;
const lazy =
  "const lbLazy=name=>{let it;return new Proxy({},{get:(_,key)=>(it??=require(name))[key]})};";
writeFileSync(
  program,
  lazy +
    readFileSync(program, "latin1").replaceAll(
      new RegExp(`\\b(\\w+)=(\\s*)require\\("(node:(?:${LAZY}))"\\)`, "g"),
      '$1=$2lbLazy("$3")',
    ),
  "latin1",
);
// CommonJS starts quicker than a module.
writeFileSync(`${root}dist/package.json`, `{"type":"commonjs"}\n`);
chmodSync(`${root}dist/layerbook.js`, 0o755);
await import("./generate-schema.mjs");
await import("./generate-compatibility.mjs");
