/** `npm run bench`: each benchmark is a file that exports `run(workspace)`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureImages } from "./images.mjs";

const ALL = ["reference", "thousand", "start", "hosts", "copy", "store", "playbooks"];
const chosen = process.argv.slice(2);
for (const name of chosen) {
  if (!ALL.includes(name)) {
    console.error(`There is no benchmark '${name}': ${ALL.join(", ")}.`);
    process.exit(5);
  }
}
const scratch = mkdtempSync(join(tmpdir(), "layerbook-bench-"));
try {
  await ensureImages(scratch);
  for (const name of chosen.length > 0 ? chosen : ALL) {
    const { run } = await import(`./${name}.mjs`);
    await run(scratch);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
