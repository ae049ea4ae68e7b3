/** Layers of a workspace's store as tars for an image (OCI image specification, layer.md). */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { messageOf } from "../errors/index.ts";
import type { Digest, LayerSource } from "../oci/image.ts";
import { plainHeader, TarWriter } from "../oci/tar/index.ts";
import { DamagedLayerError, LayerError } from "./errors.ts";
import { type Folded, foldLayers } from "./fold.ts";
import type { LayerStore } from "./layer-store.ts";
import { headerOf } from "./tar-header.ts";
import { byBytes, joinPath, parentOf } from "./tree.ts";
import type { LayerId } from "./workspace.ts";

/** Contents of regular files, one behind the other; `layer` is an index into what was folded. */
export type ContentsOf = (files: readonly Folded[]) => AsyncIterable<Buffer>;

/**
 * One layer of an image from one or several of the store, lowest first. The same arguments give the
 * same bytes.
 * @param epoch Unix seconds: later times become it
 * @param contentsOf asked each time the layer is opened
 */
export async function layerTar(
  store: LayerStore,
  ids: readonly LayerId[],
  epoch: number,
  contentsOf: () => Promise<ContentsOf>,
): Promise<LayerSource> {
  if (ids.length === 0) throw new LayerError("no layer to export was named");
  const open = async () => {
    const folded = foldLayers(ids.map((one) => store.manifest(one)));
    const output = new PassThrough({ highWaterMark: 1 << 18 });
    writeTar(ids, folded, await contentsOf(), epoch, output).then(
      () => output.end(),
      (error: Error) => output.destroy(error),
    );
    return output;
  };
  return { diffId: await rememberedDigest(store, ids, epoch, open), open };
}

/**
 * The digest is kept beside the uppermost layer: it depends on nothing but the layers and the epoch.
 */
async function rememberedDigest(
  store: LayerStore,
  ids: readonly LayerId[],
  epoch: number,
  open: () => Promise<Readable>,
): Promise<Digest> {
  const key = createHash("sha256")
    .update(`${ids.join(" ")} ${epoch}`)
    .digest("hex")
    .slice(0, 32);
  const file = join(store.directory(ids.at(-1) ?? ""), `tar-${key}`);
  try {
    const known = readFileSync(file, "latin1");
    if (/^sha256:[0-9a-f]{64}$/.test(known)) return known as Digest;
  } catch {
    // Not computed yet.
  }
  const hash = createHash("sha256");
  for await (const chunk of (await open()) as AsyncIterable<Buffer>) hash.update(chunk);
  const digest: Digest = `sha256:${hash.digest("hex")}`;
  writeFileSync(file, digest);
  return digest;
}

/** Parents before children; in each directory the whiteouts first, then names in byte order. */
function inTarOrder(folded: readonly Folded[]): Folded[] {
  const children = new Map<string, Folded[]>();
  let root: Folded | undefined;
  for (const one of folded) {
    const parent = parentOf(one.entry.path);
    if (parent === undefined) root = one;
    else if (children.has(parent)) children.get(parent)?.push(one);
    else children.set(parent, [one]);
  }
  const ordered: Folded[] = [];
  const visit = (path: string) => {
    const inside = children.get(path)?.sort((a, b) => byBytes(a.entry.path, b.entry.path)) ?? [];
    ordered.push(...inside.filter(({ entry }) => entry.type === "whiteout"));
    for (const one of inside) {
      if (one.entry.type === "whiteout") continue;
      ordered.push(one);
      if (one.entry.type === "directory") visit(one.entry.path);
    }
  };
  // The root says nothing unless it has changed.
  if (root && root.entry.aside === undefined) ordered.push(root);
  visit("");
  return ordered;
}

async function writeTar(
  ids: readonly LayerId[],
  folded: readonly Folded[],
  contentsOf: ContentsOf,
  epoch: number,
  output: Writable,
): Promise<void> {
  const ordered = relinkInOrder(inTarOrder(folded));
  const writer = new TarWriter(output);
  const contents = new Slices(contentsOf(ordered.filter(hasContent)));
  const mark = (directory: string, name: string) =>
    writer.add(
      plainHeader("file", Buffer.from(joinPath(directory, name), "latin1"), {
        mtime: { seconds: epoch, nanoseconds: 0 },
      }),
    );
  for (const one of ordered) {
    const { entry } = one;
    if (entry.type === "whiteout") {
      const directory = parentOf(entry.path) ?? "";
      await mark(directory, `.wh.${entry.path.slice(entry.path.lastIndexOf("/") + 1)}`);
      continue;
    }
    await writer.add(
      headerOf(entry, epoch),
      hasContent(one) ? checked(contents.take(entry.size), one, ids) : undefined,
    );
    if (entry.opaque) await mark(entry.path, ".wh..wh..opq");
  }
  await writer.finish();
}

function hasContent({ entry }: Folded): boolean {
  return entry.type === "file" && entry.hardlink === undefined && entry.size > 0;
}

/** A hard link must follow its file; the order of a walk is not that of bytes. */
function relinkInOrder(ordered: readonly Folded[]): Folded[] {
  const firstOf = new Map<string, string>();
  return ordered.map((one) => {
    const { entry, layer } = one;
    const key = `${layer}:${entry.hardlink ?? entry.path}`;
    const first = firstOf.get(key);
    if (first === undefined) {
      firstOf.set(key, entry.path);
      const { hardlink: _, ...own } = entry;
      return { layer, entry: own };
    }
    return { layer, entry: { ...entry, hardlink: first } };
  });
}

/** @throws DamagedLayerError at the end of a content that is not what the manifest says */
async function* checked(
  content: AsyncIterable<Buffer>,
  { entry, layer }: Folded,
  ids: readonly LayerId[],
): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw new DamagedLayerError(ids[layer] ?? "", `/${entry.path}: ${messageOf(error)}`);
  }
  if (entry.hash !== undefined && hash.digest("hex") !== entry.hash) {
    throw new DamagedLayerError(ids[layer] ?? "", `/${entry.path} has changed in the store`);
  }
}

/** Cuts one stream into pieces of known size. */
class Slices {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async *take(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0; ) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) throw new LayerError("a layer of the store is shorter than it was");
        this.#rest = next.value;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }
}
