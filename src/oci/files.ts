/** Files that come into being whole or not at all, and what to say when they cannot. */
import { createWriteStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ImageError, ImageNotFoundError } from "./errors.ts";

let serial = 0;

/** Writes under a temporary name beside the file, syncs, renames. */
export async function writeWhole(
  path: string,
  content: Readable | Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  // It may fail before anyone reads it.
  if (!(content instanceof Uint8Array)) content.on("error", () => undefined);
  const temporary = `${path}.${process.pid}-${serial++}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    if (!(content instanceof Uint8Array) && content.errored) throw content.errored;
    const sink = createWriteStream(temporary);
    const source = content instanceof Uint8Array ? [content] : content;
    await (signal ? pipeline(source, sink, { signal }) : pipeline(source, sink));
    await sync(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeProblem(path, error);
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** An error of writing, in words where it is one that the user can do something about. */
export function writeProblem(path: string, cause: unknown): unknown {
  switch ((cause as NodeJS.ErrnoException).code) {
    case "ENOSPC":
    case "EDQUOT":
      return new ImageError(`cannot write ${path}: the disk is full`, {
        hint: "Make room, or write the image elsewhere. Nothing half-written was left.",
        cause,
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new ImageError(`cannot write ${path}: permission denied`, { cause });
    case "ENOTDIR":
    case "EEXIST":
      return new ImageError(`cannot write ${path}: a part of the path is no directory`, { cause });
    default:
      return cause;
  }
}

/** @throws ImageNotFoundError unless the path is there and of that kind */
export async function mustBe(
  kind: "file" | "directory",
  path: string,
  reference: string,
): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new ImageError(`cannot read ${path}: ${error.message}`, { cause: error });
  });
  const full = resolve(path);
  if (!found) {
    throw new ImageNotFoundError(reference, `the ${kind} ${full} does not exist`, {
      hint: "Check the path; it is taken from the current directory.",
    });
  }
  if (kind === "file" ? !found.isFile() : !found.isDirectory()) {
    throw new ImageNotFoundError(reference, `${full} is no ${kind}`, {
      hint: kind === "file" ? "For a directory use oci:." : "For an archive use oci-archive:.",
    });
  }
}
