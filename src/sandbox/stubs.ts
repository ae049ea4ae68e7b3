/**
 * The lowest layer of every mount: places for what is mounted into the container, so that the runtime
 * need not make them in the upper directory, from where they would come into a layer. Where an image
 * has its own, that one is above and shows.
 */
import { lstatSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const DIRECTORIES = ["proc", "dev", "sys"];

export function makeStubs(
  directory: string,
  binds: readonly { readonly source: string; readonly target: string }[],
): void {
  for (const name of DIRECTORIES) mkdirSync(join(directory, name), { recursive: true });
  for (const { source, target } of binds) {
    // normalize() on an absolute path cannot lead out of it.
    const path = join(directory, normalize(`/${target}`));
    mkdirSync(dirname(path), { recursive: true });
    if (statSync(source).isDirectory()) mkdirSync(path, { recursive: true });
    else if (!lstatSync(path, { throwIfNoEntry: false })) writeFileSync(path, "");
  }
}
