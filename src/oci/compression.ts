/** Compressed layers: found out by their first bytes, made with one fixed setting. */
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { joined, Meter } from "./digest.ts";
import { MEDIA } from "./documents.ts";
import { ImageError } from "./errors.ts";
import type { LayerSource } from "./image.ts";

/** zlib's own default; another level is another digest of every layer. */
const LEVEL = 6;

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

export function createGzip(): Transform {
  return zlib.createGzip({ level: LEVEL, chunkSize: 1 << 16 });
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
      return joined(source, zlib.createGunzip({ chunkSize: 1 << 16 }));
    case "zstd": {
      // From Node 22.15 on.
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
