/** `rootfs:path`: a directory or a tarball (plain, gzip, bzip2, xz, zstd) as an image of one layer. */
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { EnvironmentError } from "../../errors/index.ts";
import { sha256 } from "../digest.ts";
import { parsePlatform } from "../documents.ts";
import { ImageError, ImageNotFoundError } from "../errors.ts";
import type { Image, ReadOptions, Transport } from "../image.ts";
import { imageOfFilesystem, sourceDateEpoch } from "../single-layer.ts";

export class RootfsTransport implements Transport {
  readonly scheme = "rootfs";

  /**
   * Of a tarball, what the filesystem says of the file (device, inode, size, times), so that a cached
   * build need not read it; a copy of the file is another one. Of a directory, nothing: it must be read.
   */
  async identify(reference: string, options: ReadOptions = {}): Promise<string | undefined> {
    const found = await statOf(reference);
    if (found.isDirectory()) return undefined;
    const { dev, ino, size, mtimeMs, ctimeMs } = found;
    const facts = [dev, ino, size, mtimeMs, ctimeMs, sourceDateEpoch(), options.platform];
    return `rootfs:${sha256(Buffer.from(JSON.stringify(facts)))}`;
  }

  async read(reference: string, options: ReadOptions = {}): Promise<Image> {
    const what = `rootfs:${reference}`;
    const found = await statOf(reference);
    const tar = found.isDirectory()
      ? packDirectory(reference, what)
      : createReadStream(reference, { highWaterMark: 1 << 18 });
    return imageOfFilesystem(tar, what, {
      platform: parsePlatform(options.platform),
      createdBy: `rootfs:${basename(reference)}`,
      epoch: sourceDateEpoch(),
      signal: options.signal,
    });
  }
}

async function statOf(path: string) {
  try {
    const found = await stat(path);
    if (found.isDirectory() || found.isFile()) return found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new ImageError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
    }
  }
  throw new ImageNotFoundError(
    `rootfs:${path}`,
    `${resolve(path)} is no directory and no tarball, or does not exist`,
    { hint: "Check the path; it is taken from the current directory." },
  );
}

/** Node cannot read extended attributes: GNU tar does, in the order of names. */
function packDirectory(path: string, what: string): Readable {
  const args = [
    "--create",
    "--file=-",
    "--format=pax",
    "--pax-option=delete=atime,delete=ctime",
    "--sort=name",
    "--numeric-owner",
    "--xattrs",
    "--xattrs-include=*",
    "--xattrs-exclude=trusted.overlay.*",
    `--directory=${path}`,
    ".",
  ];
  const child = spawn("tar", args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C" },
  });
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  child.on("error", (cause) => {
    output.destroy(
      new EnvironmentError(`${what}: cannot run tar, which packs a directory`, {
        hint: "Install GNU tar, or pack the directory yourself and give the tarball.",
        cause,
      }),
    );
  });
  child.stdout.pipe(output, { end: false });
  output.on("close", () => child.kill());
  child.on("close", (code) => {
    if (code === 0) output.end();
    else {
      const lines = said.trim().split("\n");
      output.destroy(
        new ImageError(`${what} cannot be packed: ${lines[0]}`, {
          hint: /Permission denied/.test(said)
            ? "Run as a user who may read all of it (root)."
            : /unrecognized option|invalid option/.test(said)
              ? "GNU tar 1.31 or newer is needed; or pack the directory yourself and give the tarball."
              : undefined,
        }),
      );
    }
  });
  return output;
}
