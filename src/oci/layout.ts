/**
 * An OCI image layout: `oci-layout`, `index.json`, `blobs/sha256/`.
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
import { createReadStream } from "node:fs";
import { open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type BlobReader, compressedBlob, readDocument } from "./blobs.ts";
import { hexOf, sha256 } from "./digest.ts";
import {
  type Descriptor,
  encodeDocument,
  type Index,
  isIndex,
  MEDIA,
  ociManifest,
  parseIndex,
  parseManifest,
} from "./documents.ts";
import { ImageError, ImageNotFoundError } from "./errors.ts";
import { writeWhole } from "./files.ts";
import type { Digest, Image, LayerBlob, LayerSource, WriteOptions, Written } from "./image.ts";

/** The annotation of a manifest's descriptor that is its tag. */
export const REF_NAME = "org.opencontainers.image.ref.name";

export const LAYOUT_FILE = '{"imageLayoutVersion":"1.0.0"}';

/** A lock this old was left by a process that died. Milliseconds. */
const STALE_LOCK = 30_000;

export class Layout implements BlobReader {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** @param what for messages: `oci:web` */
  async index(what: string): Promise<Index> {
    const bytes = await readFile(join(this.root, "index.json")).catch((cause) => {
      throw new ImageNotFoundError(what, `${this.root} is no OCI layout, it has no index.json`, {
        hint: "Check the path; for a filesystem use rootfs:.",
        cause,
      });
    });
    return parseIndex(bytes, `the index of ${what}`);
  }

  async open({ digest }: Descriptor): Promise<Readable> {
    const path = this.blobPath(digest);
    const found = await stat(path).catch(() => undefined);
    if (!found) throw new ImageError(`the layout ${this.root} is damaged: ${digest} is missing`);
    return createReadStream(path, { highWaterMark: 1 << 18 });
  }

  blobPath(digest: Digest): string {
    return join(this.root, "blobs", "sha256", hexOf(digest));
  }

  /**
   * @param compress whether layers without a compressed form get one; else they are kept as plain tars
   * @param names the tags under which the image is found; none replaces the image without a tag
   */
  async write(
    image: Image,
    names: readonly string[],
    compress: boolean,
    options: WriteOptions,
  ): Promise<Omit<Written, "reference">> {
    const { signal } = options;
    const blobs: { digest: Digest; size: number; mediaType: string }[] = [];
    let layersSent = 0;
    let bytesSent = 0;
    for (const layer of image.layers) {
      const { blob, sent } = await this.#writeLayer(layer, compress, signal);
      blobs.push(blob);
      if (sent) {
        layersSent++;
        bytesSent += blob.size;
      }
    }
    await this.#writeBytes(image.id, image.configBytes);
    const manifest = ociManifest(image.configBytes, blobs);
    const digest = sha256(manifest);
    await this.#writeBytes(digest, manifest);
    await this.changeIndex((manifests) => {
      const descriptor: Descriptor = {
        mediaType: MEDIA.ociManifest,
        digest,
        size: manifest.length,
      };
      const named: readonly (string | undefined)[] = names.length > 0 ? names : [undefined];
      const others = manifests.filter((m) => !named.includes(m.annotations?.[REF_NAME]));
      const added = named.map((name) =>
        name === undefined ? descriptor : { ...descriptor, annotations: { [REF_NAME]: name } },
      );
      return [...others, ...added];
    });
    return { id: image.id, manifest: digest, layersSent, bytesSent };
  }

  /** Rewrites the index; one process at a time. */
  async changeIndex(change: (manifests: Descriptor[]) => Descriptor[]): Promise<void> {
    const path = join(this.root, "index.json");
    await writeIfAbsent(join(this.root, "oci-layout"), Buffer.from(LAYOUT_FILE));
    const unlock = await this.#lock();
    try {
      const bytes = await readFile(path).catch(() => undefined);
      const old = bytes ? await parseIndex(bytes, `the index of ${this.root}`) : undefined;
      const next = {
        schemaVersion: 2,
        mediaType: MEDIA.ociIndex,
        ...old,
        manifests: change(old?.manifests ?? []),
      };
      await writeWhole(path, encodeDocument(next));
    } finally {
      await unlock();
    }
  }

  /** Removes blobs that no image of the index needs. Answers the bytes that became free. */
  async collectGarbage(): Promise<number> {
    const needed = new Set<Digest>();
    const visit = async (descriptor: Descriptor): Promise<void> => {
      if (needed.has(descriptor.digest)) return;
      needed.add(descriptor.digest);
      const bytes = await readDocument(this, descriptor, descriptor.digest);
      if (isIndex(descriptor.mediaType, bytes)) {
        for (const one of (await parseIndex(bytes, descriptor.digest)).manifests) await visit(one);
      } else {
        const manifest = await parseManifest(bytes, descriptor.digest);
        for (const { digest } of [manifest.config, ...manifest.layers]) needed.add(digest);
      }
    };
    for (const descriptor of (await this.index(this.root)).manifests) await visit(descriptor);
    const directory = join(this.root, "blobs", "sha256");
    let freed = 0;
    for (const name of await readdir(directory).catch(() => [])) {
      const path = join(directory, name);
      const { size, mtimeMs } = await stat(path);
      // What is young may belong to an image that is being written.
      if (needed.has(`sha256:${name}`) || Date.now() - mtimeMs < STALE_LOCK) continue;
      await rm(path, { force: true });
      freed += size;
    }
    return freed;
  }

  async #writeLayer(layer: LayerSource, compress: boolean, signal: AbortSignal | undefined) {
    const plain = { digest: layer.diffId, size: layer.size ?? 0, mediaType: MEDIA.ociLayer };
    let blob: LayerBlob | undefined = layer.blob;
    if (!blob && !compress) {
      const there = await stat(this.blobPath(layer.diffId)).catch(() => undefined);
      if (there) return { blob: { ...plain, size: there.size }, sent: false };
      await writeWhole(this.blobPath(layer.diffId), await layer.open(), signal);
      const { size } = await stat(this.blobPath(layer.diffId));
      return { blob: { ...plain, size }, sent: true };
    }
    if (compress || !blob) blob = await compressedBlob(layer, signal);
    const path = this.blobPath(blob.digest);
    const there = await stat(path).catch(() => undefined);
    const sent = there?.size !== blob.size;
    if (sent) await writeWhole(path, await blob.open(), signal);
    return { blob, sent };
  }

  async #writeBytes(digest: Digest, bytes: Uint8Array): Promise<void> {
    await writeIfAbsent(this.blobPath(digest), bytes);
  }

  async #lock(): Promise<() => Promise<void>> {
    const path = join(this.root, "index.lock");
    for (;;) {
      try {
        await (await open(path, "wx")).close();
        return () => rm(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        const found = await stat(path).catch(() => undefined);
        if (found && Date.now() - found.mtimeMs > STALE_LOCK) await rm(path, { force: true });
        await sleep(20);
      }
    }
  }
}

async function writeIfAbsent(path: string, bytes: Uint8Array): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== bytes.length) await writeWhole(path, bytes);
}

/**
 * The manifest that a name means in an index.
 * @param name `undefined` where there must be one image only
 */
export function findInIndex(
  index: Index,
  name: string | undefined,
  what: string,
): Descriptor | undefined {
  const tagged = (tag: string | undefined) =>
    index.manifests.filter((m) => (m.annotations?.[REF_NAME] ?? undefined) === tag);
  if (name !== undefined) return tagged(name)[0];
  const digests = new Set(index.manifests.map((m) => m.digest));
  if (digests.size === 1) return index.manifests[0];
  const [untagged, ...more] = tagged(undefined);
  if (untagged && more.length === 0) return untagged;
  if (digests.size === 0) return undefined;
  throw new ImageError(`${what} has more than one image in it`, {
    hint: `There is: ${namesIn(index)}. Write ${what}:NAME.`,
  });
}

export function namesIn(index: Index): string {
  const names = index.manifests.map((m) => m.annotations?.[REF_NAME]).filter(Boolean);
  return names.join(", ") || "no image with a name";
}
