/**
 * Bundles what is shipped: `dist/layerbook.js` (the command, split so that a module's or a command's
 * code is loaded when it is first needed) and `dist/template.js` (the library).
 */
import { chmodSync, readFileSync, rmSync } from "node:fs";
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
  format: "esm",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  absWorkingDir: root,
  define: { LAYERBOOK_VERSION: JSON.stringify(version) },
  // Bundled CommonJS packages ask for Node's own modules with require.
  banner: {
    js: 'import{createRequire as lbRequire}from"node:module";const require=lbRequire(import.meta.url);',
  },
};
await build({
  ...common,
  entryPoints: { layerbook: "src/cli/main.ts" },
  outdir: "dist",
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  banner: { js: common.banner.js },
});
await build({ ...common, entryPoints: { template: "src/template/index.ts" }, outdir: "dist" });
chmodSync(`${root}dist/layerbook.js`, 0o755);
await import("./generate-schema.mjs");
