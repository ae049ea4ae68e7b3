/** Writes schema/layerbook.schema.json from the description in src/build/project.ts. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const output = join(root, "schema/layerbook.schema.json");
// Within the project, so that packages are found.
mkdirSync(join(root, "dist"), { recursive: true });
const scratch = mkdtempSync(join(root, "dist/schema-"));
try {
  const outfile = join(scratch, "project.mjs");
  await build({
    entryPoints: [join(root, "src/build/project.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile,
  });
  const { projectSchema } = await import(pathToFileURL(outfile).href);
  const text = `${JSON.stringify(projectSchema(), null, 2)}\n`;
  let before = "";
  try {
    before = readFileSync(output, "utf8");
  } catch {
    mkdirSync(join(root, "schema"), { recursive: true });
  }
  if (before !== text) writeFileSync(output, text);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
