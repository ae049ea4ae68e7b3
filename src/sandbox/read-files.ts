/** Reads files of the store one behind the other. */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { fullPath } from "../workspace/tree.ts";

const CHUNK = 1 << 18;

/** @throws Error when a file is shorter than it shall be */
export async function* readAll(
  files: readonly { tree: string; path: string; size: number }[],
): AsyncGenerator<Buffer> {
  for (const { tree, path, size } of files) {
    const fd = openSync(fullPath(tree, path), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      let left = size;
      while (left > 0) {
        const buffer = Buffer.allocUnsafe(Math.min(left, CHUNK));
        const n = readSync(fd, buffer);
        if (n === 0) throw new Error(`'${path}' of a layer is shorter than it was`);
        left -= n;
        yield buffer.subarray(0, n);
      }
    } finally {
      closeSync(fd);
    }
  }
}
