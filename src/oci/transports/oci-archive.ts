/** `oci-archive:file.tar[:tag]`: an OCI layout in a tar. */

import { resolve } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { ArchiveFile } from "../archive-file.ts";
import { type BlobReader, compressedBlob, imageOf, resolveManifest } from "../blobs.ts";
import { hexOf, sha256 } from "../digest.ts";
import {
  encodeDocument,
  MAX_DOCUMENT,
  MEDIA,
  ociManifest,
  parseIndex,
  parsePlatform,
} from "../documents.ts";
import { ImageError, ImageNotFoundError } from "../errors.ts";
import { mustBe, writeWhole } from "../files.ts";
import type {
  Digest,
  Image,
  LayerBlob,
  ReadOptions,
  Transport,
  WriteOptions,
  Written,
} from "../image.ts";
import { findInIndex, LAYOUT_FILE, namesIn, REF_NAME } from "../layout.ts";
import { checkLayoutName, splitPath } from "../reference.ts";
import { plainHeader, TarWriter } from "../tar/index.ts";

export class OciArchiveTransport implements Transport {
  readonly scheme = "oci-archive";

  /** The digest of the manifest; layers are not read. */
  async identify(reference: string, options: ReadOptions = {}): Promise<string> {
    return (await this.#find(reference, options)).descriptor.digest;
  }

  async read(reference: string, options: ReadOptions = {}): Promise<Image> {
    const { blobs, bytes } = await this.#find(reference, options);
    return imageOf(blobs, bytes, `oci-archive:${reference}`);
  }

  /** Replaces the file. The same image is the same file, byte by byte. */
  async write(image: Image, reference: string, options: WriteOptions = {}): Promise<Written> {
    const { path, name } = splitPath(reference, "oci-archive");
    checkLayoutName(name, `oci-archive:${reference}`);
    const names = [...(name === undefined ? [] : [name]), ...(options.additionalTags ?? [])];
    const layers: LayerBlob[] = [];
    for (const layer of image.layers) layers.push(await compressedBlob(layer, options.signal));
    const manifest = ociManifest(image.configBytes, layers);
    const digest = sha256(manifest);
    const stream = new PassThrough({ highWaterMark: 1 << 20 });
    writeMembers(stream, image, layers, manifest, names).catch((error) => stream.destroy(error));
    await writeWhole(path, stream, options.signal);
    return {
      id: image.id,
      manifest: digest,
      reference: `oci-archive:${reference}`,
      layersSent: layers.length,
      bytesSent: layers.reduce((sum, layer) => sum + layer.size, 0),
    };
  }

  async #find(reference: string, options: ReadOptions) {
    const what = `oci-archive:${reference}`;
    const { path, name } = splitPath(reference, "oci-archive");
    await mustBe("file", path, what);
    const archive = await ArchiveFile.open(path, what, options.signal);
    if (!archive.has("index.json")) {
      throw new ImageError(`${what} is no OCI archive: index.json is missing in it`, {
        hint: archive.has("manifest.json")
          ? "It comes from `docker save`: use docker-archive:."
          : undefined,
      });
    }
    const bytes = await archive.bytes("index.json", MAX_DOCUMENT);
    const index = await parseIndex(bytes, `the index of ${what}`);
    const found = findInIndex(index, name, what);
    if (!found) {
      throw new ImageNotFoundError(what, `the archive ${resolve(path)} does not have it`, {
        hint: `There is: ${namesIn(index)}.`,
      });
    }
    const blobs: BlobReader = {
      open: async ({ digest }): Promise<Readable> => archive.open(blobName(digest)),
    };
    const resolved = await resolveManifest(blobs, found, parsePlatform(options.platform), what);
    return { blobs, ...resolved };
  }
}

function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** Documents first, so that a reader knows the image before its layers come. */
async function writeMembers(
  stream: PassThrough,
  image: Image,
  layers: readonly LayerBlob[],
  manifest: Buffer,
  names: readonly string[],
): Promise<void> {
  const tar = new TarWriter(stream);
  const digest = sha256(manifest);
  const written = new Set<string>();
  const add = async (name: string, size: number, content: Uint8Array | Readable) => {
    if (!written.has(name)) await tar.add(plainHeader("file", name, { size }), content);
    written.add(name);
  };
  const descriptor = { mediaType: MEDIA.ociManifest, digest, size: manifest.length };
  const index = encodeDocument({
    schemaVersion: 2,
    mediaType: MEDIA.ociIndex,
    manifests:
      names.length === 0
        ? [descriptor]
        : names.map((name) => ({ ...descriptor, annotations: { [REF_NAME]: name } })),
  });
  const layoutFile = Buffer.from(LAYOUT_FILE);
  await add("oci-layout", layoutFile.length, layoutFile);
  await add("index.json", index.length, index);
  await tar.add(plainHeader("directory", "blobs"));
  await tar.add(plainHeader("directory", "blobs/sha256"));
  await add(blobName(digest), manifest.length, manifest);
  await add(blobName(image.id), image.configBytes.length, image.configBytes);
  for (const layer of layers) {
    const name = blobName(layer.digest);
    if (!written.has(name)) await add(name, layer.size, await layer.open());
  }
  await tar.finish();
  stream.end();
}
