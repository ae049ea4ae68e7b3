/**
 * Bundles what is shipped: `dist/program.cjs` (the program; modules and commands are evaluated when
 * they are first needed), `dist/layerbook.js` (what starts it, with V8's code cache) and
 * `dist/template.mjs` (the library).
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import "./generate.mjs";
import "./generate-commands.mjs";

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
// CommonJS starts quicker than a module.
writeFileSync(`${root}dist/package.json`, `{"type":"commonjs"}\n`);
chmodSync(`${root}dist/layerbook.js`, 0o755);
await import("./generate-schema.mjs");
