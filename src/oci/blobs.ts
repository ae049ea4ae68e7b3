/** Images made of blobs that are named by digest: layouts, archives of layouts, registries. */
import type { Readable } from "node:stream";
import { createGzip, decompressed } from "./compression.ts";
import { checkDigest, joined, sha256, verified } from "./digest.ts";
import {
  type Descriptor,
  isIndex,
  MAX_DOCUMENT,
  type Manifest,
  MEDIA,
  type Platform,
  parseConfig,
  parseIndex,
  parseManifest,
  selectPlatform,
} from "./documents.ts";
import { ImageError } from "./errors.ts";
import type { Digest, Image, LayerBlob, LayerSource } from "./image.ts";
import { Spool } from "./spool.ts";

/** Where blobs are read from. */
export interface BlobReader {
  /** The bytes as they are there; the caller checks their digest. */
  open(descriptor: Descriptor): Promise<Readable>;
  /** Manifests and indexes, where they are not read as blobs (registries). */
  openManifest?(descriptor: Descriptor): Promise<Readable>;
}

const PLAIN_TYPES: ReadonlySet<string> = new Set([
  MEDIA.ociLayer,
  "application/vnd.docker.image.rootfs.diff.tar",
]);

/** Is the layer's blob the tar itself? */
export function isPlain(mediaType: string): boolean {
  return PLAIN_TYPES.has(mediaType);
}

/** A document, checked. */
export async function readDocument(
  blobs: BlobReader,
  descriptor: Descriptor,
  what: string,
  manifest = false,
): Promise<Buffer> {
  if (descriptor.size > MAX_DOCUMENT) {
    throw new ImageError(
      `${what} claims ${descriptor.size} bytes; that is no document of an image`,
    );
  }
  const stream = await (manifest && blobs.openManifest ? blobs.openManifest : blobs.open).call(
    blobs,
    descriptor,
  );
  const bytes = await collect(stream, MAX_DOCUMENT, what);
  checkDigest(bytes, descriptor.digest, what);
  return bytes;
}

export async function collect(stream: Readable, limit: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += (chunk as Buffer).length;
    if (size > limit) throw new ImageError(`${what} has more than ${limit} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Follows indexes to the one manifest for the platform. */
export async function resolveManifest(
  blobs: BlobReader,
  descriptor: Descriptor,
  platform: Platform,
  what: string,
): Promise<{ readonly descriptor: Descriptor; readonly bytes: Buffer }> {
  let current = descriptor;
  // An index of indexes is allowed; a chain of them is an attack.
  for (let depth = 0; depth < 4; depth++) {
    const bytes = await readDocument(blobs, current, `the manifest of ${what}`, true);
    if (!isIndex(current.mediaType, bytes)) return { descriptor: current, bytes };
    current = selectPlatform(await parseIndex(bytes, `the index of ${what}`), platform, what);
  }
  throw new ImageError(`the index of ${what} refers to indexes only`);
}

/** The image of a manifest. Its layers are read when they are opened, and checked then. */
export async function imageOf(
  blobs: BlobReader,
  manifestBytes: Uint8Array,
  what: string,
): Promise<Image> {
  const manifest = await parseManifest(manifestBytes, `the manifest of ${what}`);
  checkKind(manifest, what);
  const configBytes = await readDocument(blobs, manifest.config, `the configuration of ${what}`);
  const config = await parseConfig(configBytes, `the configuration of ${what}`);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new ImageError(
      `${what} is damaged: ${manifest.layers.length} layers for ${diffIds.length} digests in its configuration`,
    );
  }
  const layers = manifest.layers.map((descriptor, i) =>
    layerOf(blobs, descriptor, diffIds[i] ?? descriptor.digest, `layer ${i + 1} of ${what}`),
  );
  return { config, configBytes, id: sha256(configBytes), layers };
}

function layerOf(
  blobs: BlobReader,
  descriptor: Descriptor,
  diffId: Digest,
  label: string,
): LayerSource {
  const { digest, size, mediaType } = descriptor;
  return {
    diffId,
    size: isPlain(mediaType) ? size : undefined,
    open: async () => {
      const raw = await blobs.open(descriptor);
      return verified(await decompressed(raw, label), diffId, label);
    },
    blob: {
      digest,
      size,
      mediaType,
      open: async () => verified(await blobs.open(descriptor), digest, label),
    },
  };
}

function checkKind({ config, layers }: Manifest, what: string): void {
  const kinds: readonly string[] = [MEDIA.ociConfig, MEDIA.dockerConfig];
  if (!kinds.includes(config.mediaType)) {
    throw new ImageError(`${what} is no image but an artifact of the type ${config.mediaType}`);
  }
  const odd = layers.find(({ mediaType }) => !/tar|layer/.test(mediaType));
  if (odd) throw new ImageError(`${what} has a layer of the type ${odd.mediaType}`);
}

/** The layer compressed: its own blob when it has one, else made in a temporary file. */
export async function compressedBlob(layer: LayerSource, signal?: AbortSignal): Promise<LayerBlob> {
  if (layer.blob && !isPlain(layer.blob.mediaType)) return layer.blob;
  const spool = await Spool.of(joined(await layer.open(), createGzip()), signal);
  return {
    digest: spool.digest,
    size: spool.size,
    mediaType: MEDIA.ociLayerGzip,
    open: async () => spool.open(),
  };
}
