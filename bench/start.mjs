/** How long the program takes to do nothing. */
import { fileURLToPath } from "node:url";
import { median, time } from "./measure.mjs";

const bin = fileURLToPath(new URL("../dist/layerbook.js", import.meta.url));

export async function run() {
  const node = [];
  const own = [];
  for (let n = 0; n < 9; n++) {
    node.push(await time(["node", "-e", "0"]));
    own.push(await time(["node", bin, "--version"]));
  }
  console.log("\nStart");
  console.log(`  node -e 0            ${(median(node) * 1000).toFixed(0)} ms`);
  console.log(`  layerbook --version  ${(median(own) * 1000).toFixed(0)} ms`);
}
