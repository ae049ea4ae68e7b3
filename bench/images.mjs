/** The base images: Debian without Python for Layerbook and BuildKit, with Python for Ansible. */
import { join } from "node:path";
import { run } from "./measure.mjs";

export const BASE = "layerbook-bench/debian:bookworm";
export const BASE_WITH_PYTHON = "layerbook-bench/debian:python";

async function exists(image) {
  return (await run(["docker", "images", "-q", image])).trim() !== "";
}

export async function ensureImages(scratch) {
  for (const [image, include] of [
    [BASE, []],
    [BASE_WITH_PYTHON, ["--include=python3"]],
  ]) {
    if (await exists(image)) continue;
    console.log(`Making ${image}`);
    const tar = join(scratch, "base.tar");
    await run(["mmdebstrap", "--variant=minbase", ...include, "bookworm", tar]);
    await run(["docker", "import", "-c", 'CMD ["bash"]', tar, image]);
  }
}
