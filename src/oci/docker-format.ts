/**
 * The archive that `docker save` writes and `docker load` reads: `manifest.json`, a configuration and
 * the layers. Docker 25 and newer put an OCI layout into the same archive; `manifest.json` stays.
 * https://github.com/moby/docker-image-spec
 */
import { PassThrough, Readable } from "node:stream";
import { z } from "zod";
import type { ArchiveFile } from "./archive-file.ts";
import { decompressed } from "./compression.ts";
import { checkDigest, hexOf, sha256, verified } from "./digest.ts";
import { encodeDocument, MAX_DOCUMENT, parseConfig } from "./documents.ts";
import { ImageError, ImageNotFoundError } from "./errors.ts";
import type { Image, LayerSource } from "./image.ts";
import { fullName } from "./reference.ts";
import { Spool } from "./spool.ts";
import { plainHeader, TarWriter } from "./tar/index.ts";

const schema = z.array(
  z.looseObject({
    Config: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    Layers: z.array(z.string()).nullish(),
  }),
);

export type ArchiveItem = z.infer<typeof schema>[number];

/** What `manifest.json` lists. */
export async function listItems(archive: ArchiveFile, what: string): Promise<ArchiveItem[]> {
  if (!archive.has("manifest.json")) {
    throw new ImageError(
      `${what} is no archive of \`docker save\`: manifest.json is missing in it`,
      {
        hint: archive.has("oci-layout") ? "It is an OCI archive: use oci-archive:." : undefined,
      },
    );
  }
  try {
    return schema.parse(JSON.parse(String(await archive.bytes("manifest.json", MAX_DOCUMENT))));
  } catch (cause) {
    throw new ImageError(`${what} is damaged: its manifest.json is not valid`, { cause });
  }
}

/**
 * The item of that name.
 * @param name `undefined` where the archive must have one image only
 */
export function chooseItem(
  items: readonly ArchiveItem[],
  name: string | undefined,
  what: string,
): ArchiveItem {
  const names = items.flatMap((item) => item.RepoTags ?? []);
  const there = `There is: ${names.join(", ") || `${items.length} without a name`}.`;
  if (name === undefined) {
    const [only, ...others] = items;
    if (only && others.length === 0) return only;
    throw new ImageError(
      items.length === 0 ? `${what} has no image in it` : `${what} has more than one image in it`,
      { hint: items.length === 0 ? undefined : `${there} Write ${what}:NAME.` },
    );
  }
  const wanted = fullName(name);
  const found = items.find((item) => item.RepoTags?.some((tag) => fullName(tag) === wanted));
  if (found) return found;
  throw new ImageNotFoundError(what, "the archive has none of that name", { hint: there });
}

export async function readConfigOf(
  archive: ArchiveFile,
  item: ArchiveItem,
  what: string,
): Promise<Buffer> {
  const bytes = await archive.bytes(item.Config, MAX_DOCUMENT);
  // The file is named by its digest: `<hex>.json` or `blobs/sha256/<hex>`.
  const named = /(?:^|\/)([0-9a-f]{64})(?:\.json)?$/.exec(item.Config)?.[1];
  if (named) checkDigest(bytes, `sha256:${named}`, `the configuration of ${what}`);
  return bytes;
}

/** An image of the archive. Layers are read when they are opened. */
export async function readItem(
  archive: ArchiveFile,
  item: ArchiveItem,
  what: string,
): Promise<Image> {
  const configBytes = await readConfigOf(archive, item, what);
  const config = await parseConfig(configBytes, `the configuration of ${what}`);
  const files = item.Layers ?? [];
  const diffIds = config.rootfs.diff_ids;
  if (files.length !== diffIds.length) {
    throw new ImageError(
      `${what} is damaged: ${files.length} layers for ${diffIds.length} digests in its configuration`,
    );
  }
  const layers = diffIds.map((diffId, i): LayerSource => {
    const file = files[i] ?? "";
    const label = `layer ${i + 1} of ${what}`;
    return {
      diffId,
      open: async () => verified(await decompressed(archive.open(file), label), diffId, label),
    };
  });
  return { config, configBytes, id: sha256(configBytes), layers };
}

export interface ArchiveOptions {
  /** `repository:tag` each. */
  readonly names: readonly string[];
  /** That many layers from the base up stay empty: the receiver has them. */
  readonly leaveOut?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ArchiveStream {
  readonly stream: Readable;
  /** After the end: what was put in. */
  readonly sent: { layers: number; bytes: number };
}

/** Layers up to this size wait in memory for their length to be known; larger ones on disk. */
const SMALL = 8 * 1024 * 1024;

/** An archive with one image, written as it is read. The same image is the same archive. */
export function writeArchive(image: Image, options: ArchiveOptions): ArchiveStream {
  const stream = new PassThrough({ highWaterMark: 1 << 20 });
  const sent = { layers: 0, bytes: 0 };
  const work = async () => {
    const tar = new TarWriter(stream);
    const files: string[] = [];
    for (const [i, layer] of image.layers.entries()) {
      const name = `${hexOf(layer.diffId)}.tar`;
      const again = files.includes(name);
      files.push(name);
      if (again) continue;
      if (i < (options.leaveOut ?? 0)) {
        await tar.add(plainHeader("file", name));
        continue;
      }
      options.signal?.throwIfAborted();
      sent.bytes += await addLayer(tar, name, layer, options.signal);
      sent.layers++;
    }
    const add = (name: string, bytes: Uint8Array) =>
      tar.add(plainHeader("file", name, { size: bytes.length }), bytes);
    const config = `${hexOf(image.id)}.json`;
    await add(config, image.configBytes);
    const item: ArchiveItem = { Config: config, RepoTags: [...options.names], Layers: files };
    await add("manifest.json", encodeDocument([item]));
    await tar.finish();
    stream.end();
  };
  // Who reads the stream later sees the error then: `errored`.
  stream.on("error", () => undefined);
  work().catch((error) => stream.destroy(error));
  return { stream, sent };
}

/** Bytes that were put in. */
async function addLayer(
  tar: TarWriter,
  name: string,
  layer: LayerSource,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { blob } = layer;
  const known = blob ?? (layer.size === undefined ? undefined : { size: layer.size });
  if (known) {
    const content = await (blob ? blob.open() : layer.open());
    await tar.add(plainHeader("file", name, { size: known.size }), content);
    return known.size;
  }
  const content = await layer.open();
  const held: Buffer[] = [];
  let size = 0;
  const rest = content[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await rest.next();
    if (done) {
      await tar.add(plainHeader("file", name, { size }), Buffer.concat(held));
      return size;
    }
    held.push(value as Buffer);
    size += (value as Buffer).length;
    if (size > SMALL) break;
  }
  const all = async function* () {
    yield* held;
    for (;;) {
      const { done, value } = await rest.next();
      if (done) return;
      yield value;
    }
  };
  const spool = await Spool.of(Readable.from(all(), { objectMode: false }), signal);
  await tar.add(plainHeader("file", name, { size: spool.size }), spool.open());
  return spool.size;
}
