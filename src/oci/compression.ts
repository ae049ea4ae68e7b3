/** Compressed layers: found out by their first bytes, made with one fixed setting. */
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, gzip, type ZlibOptions } from "node:zlib";
import { joined, Meter } from "./digest.ts";
import { MEDIA } from "./documents.ts";
import { ImageError } from "./errors.ts";
import type { LayerSource } from "./image.ts";

/** zlib's own default; another level is another digest of every layer. */
const LEVEL = 6;

/** libuv's pool has four threads for it. */
const threads = () => Math.min(4, availableParallelism());

function gzipAsync(data: Buffer, options: ZlibOptions): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    gzip(data, options, (error, result) => (error ? reject(error) : resolve(result))),
  );
}

const MAGICS: readonly { readonly name: string; readonly bytes: readonly number[] }[] = [
  { name: "gzip", bytes: [0x1f, 0x8b] },
  { name: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: "bzip2", bytes: [0x42, 0x5a, 0x68] },
  { name: "xz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
];

/** Name of the compression that data with this beginning has; `undefined` for none. */
export function compressionOf(start: Uint8Array): string | undefined {
  return MAGICS.find(({ bytes }) => bytes.every((byte, i) => start[i] === byte))?.name;
}

/** Bytes of the input that become one gzip member; another size is another digest of every layer. */
const BLOCK = 1 << 20;

/**
 * Compresses block by block, on as many threads as there are: a gzip file may have many members (RFC
 * 1952), and every reader of layers takes it. The bytes do not depend on the machine or the timing.
 */
export function createGzip(): Transform {
  let held: Buffer[] = [];
  let heldBytes = 0;
  const underWay: Promise<Buffer>[] = [];
  let members = 0;
  const compress = () => {
    const block = Buffer.concat(held);
    held = [];
    heldBytes = 0;
    members++;
    const member = gzipAsync(block, { level: LEVEL });
    // Taken up in order below; it must not count as unhandled until then.
    member.catch(() => undefined);
    underWay.push(member);
  };
  return new Transform({
    async transform(chunk: Buffer, _encoding, done) {
      try {
        for (let at = 0; at < chunk.length; ) {
          const part = chunk.subarray(at, at + BLOCK - heldBytes);
          held.push(part);
          heldBytes += part.length;
          at += part.length;
          if (heldBytes === BLOCK) compress();
        }
        while (underWay.length >= threads()) this.push(await underWay.shift());
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    async flush(done) {
      try {
        if (heldBytes > 0 || members === 0) compress();
        for (const member of underWay) this.push(await member);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

/**
 * The uncompressed stream, whatever it came as.
 * @param what for messages
 * @throws ImageError for a compression that this Node cannot undo
 */
export async function decompressed(source: Readable, what: string): Promise<Readable> {
  const start = await firstBytes(source);
  const name = compressionOf(start);
  switch (name) {
    case undefined:
      return source;
    case "gzip":
      return joined(source, createGunzip({ chunkSize: 1 << 16 }));
    case "zstd": {
      // From Node 22.15 on.
      const zlib = process.getBuiltinModule("node:zlib");
      const make = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;
      if (make) return joined(source, make());
    }
  }
  source.destroy();
  throw new ImageError(`${what} is compressed with ${name}, which is not supported here`, {
    hint:
      name === "zstd"
        ? "Run Layerbook with Node 22.15 or newer, or make the image with gzip layers."
        : "Make the image with gzip layers.",
  });
}

/** Looks at the beginning without taking it away. */
async function firstBytes(source: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const chunk = source.read() as Buffer | null;
      if (chunk === null) return;
      finish();
      source.unshift(chunk);
      resolve(chunk);
    };
    const finish = () => {
      source.off("readable", look);
      source.off("end", ended);
      source.off("error", failed);
    };
    const ended = () => {
      finish();
      resolve(Buffer.alloc(0));
    };
    const failed = (error: Error) => {
      finish();
      reject(error);
    };
    source.on("readable", look);
    source.on("end", ended);
    source.on("error", failed);
  });
}

/**
 * Compresses a layer into a file, once; give the answer to whatever writes the image.
 * @param path comes into being whole or not at all
 */
export async function gzipLayer(layer: LayerSource, path: string): Promise<LayerSource> {
  const temporary = `${path}.${process.pid}.part`;
  const meter = new Meter();
  try {
    await pipeline(await layer.open(), createGzip(), meter, createWriteStream(temporary));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return {
    diffId: layer.diffId,
    size: layer.size,
    open: () => layer.open(),
    blob: {
      digest: meter.digest,
      size: meter.size,
      mediaType: MEDIA.ociLayerGzip,
      open: async () => createReadStream(path),
    },
  };
}
