/** Layers of images into the store: verified while they are read, unpacked once. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { quote } from "../connection/connection.ts";
import type { LayerSource } from "../oci/image.ts";
import {
  readTar,
  type TarEntry,
  type TarHeader,
  TarSplitWriter,
  TarWriter,
} from "../oci/tar/index.ts";
import { explain, LayerError } from "../workspace/errors.ts";
import {
  LAYER_FORMAT,
  type LayerMeta,
  type LayerStore,
  type WholeCheck,
} from "../workspace/layer-store.ts";
import { type Aside, contentDigest, type Entry, measure } from "../workspace/manifest.ts";
import { fromHex, timeOf } from "../workspace/tar-header.ts";
import type { Layer } from "../workspace/workspace.ts";
import { isWhole } from "./files.ts";
import { finishTree } from "./finish-tree.ts";
import type { Helper } from "./helper.ts";
import type { Equipment } from "./session.ts";
import { UnpackPlan } from "./unpack-plan.ts";

/**
 * Takes a layer into the store, unless it is there.
 * @throws LayerError when the tar is not what its digest says, or would leave the layer's directory
 */
export async function importLayer(
  store: LayerStore,
  equip: () => Promise<Equipment>,
  source: LayerSource,
  signal?: AbortSignal,
): Promise<Layer> {
  const id = source.diffId.replace(/^sha256:/, "");
  const whole: WholeCheck = async (layer, entries) =>
    isWhole((await equip()).files, store.contents(layer), entries);
  if (await store.has(id, whole)) {
    return store.meta(id) as LayerMeta;
  }
  const { helper, files } = await equip();
  const made = store.newTemporary("import");
  try {
    const { entries, replayable } = await unpack(helper, made, source, signal);
    if (!replayable) {
      rmSync(join(made, "split"));
      await pipeline(await source.open(), createWriteStream(join(made, "layer.tar")), { signal });
    }
    const root = entries.find((e) => e.path === "" && e.aside === undefined);
    const meta: LayerMeta = {
      format: LAYER_FORMAT,
      id,
      content: source.diffId,
      diffId: source.diffId,
      ...measure(entries),
      entries: entries.length,
      ...(root && {
        root: { mode: root.mode, uid: root.uid, gid: root.gid, xattrs: root.xattrs },
      }),
    };
    store.keep(meta, entries, made);
    return meta;
  } catch (error) {
    await files.remove(made).catch(() => undefined);
    throw explain(error, "cannot unpack a layer of the image", store.root);
  }
}

/**
 * Takes over a layer of another store from the tar that was made of it with all its times.
 * @param layer as it is to be known here
 * @param asides paths that the tar has although they are no change
 * @throws LayerError when the tar is not what its digest or the layer's content says
 */
export async function adoptLayer(
  store: LayerStore,
  { helper, files }: Equipment,
  layer: Layer,
  source: LayerSource,
  asides: ReadonlyMap<string, Aside>,
  signal?: AbortSignal,
): Promise<void> {
  const made = store.newTemporary("adopt");
  try {
    const unpacked = await unpack(helper, made, source, signal);
    rmSync(join(made, "split"));
    const entries = unpacked.entries.map((entry) => {
      const aside = asides.get(entry.path);
      return aside ? { ...entry, aside } : entry;
    });
    const content = contentDigest(entries);
    if (content !== layer.content) {
      throw new LayerError(
        `a layer is not what it is said to be: ${content}, not ${layer.content}`,
      );
    }
    const root = entries.find((e) => e.path === "" && e.aside === undefined);
    const meta: LayerMeta = {
      format: LAYER_FORMAT,
      id: layer.id,
      content,
      ...measure(entries),
      entries: entries.length,
      ...(root && {
        root: { mode: root.mode, uid: root.uid, gid: root.gid, xattrs: root.xattrs },
      }),
    };
    store.keep(meta, entries, made);
  } catch (error) {
    await files.remove(made).catch(() => undefined);
    throw explain(error, "cannot unpack a layer of the cache", store.root);
  }
}

async function unpack(
  helper: Helper,
  made: string,
  source: LayerSource,
  signal: AbortSignal | undefined,
): Promise<{ entries: Entry[]; replayable: boolean }> {
  const tree = join(made, "fs");
  mkdirSync(tree);
  const plan = new UnpackPlan();
  const splitFile = createWriteStream(join(made, "split"));
  const split = new TarSplitWriter(splitFile);
  const digest = createHash("sha256");
  const unpacker = new Unpacker(helper, tree);
  try {
    const input = hashed(await source.open(), digest, signal);
    for await (const member of readTar(input, { recorder: split, absolute: "relative" })) {
      await unpackMember(plan, unpacker, member);
    }
    const found = digest.digest("hex");
    if (`sha256:${found}` !== source.diffId) {
      throw new LayerError(
        `a layer of the image is damaged: sha256:${found}, not ${source.diffId}`,
        {
          hint: "Fetch the image again.",
        },
      );
    }
    const entries = plan.entries();
    for (const entry of entries) {
      if (entry.type === "whiteout") await unpacker.add(entry);
    }
    const root = entries.find((e) => e.path === "");
    if (root) await unpacker.add(root);
    await unpacker.finish();
    await split.finish();
    const opaque = entries.filter((e) => e.opaque).map((e) => ({ ...e, xattrs: [] }));
    await finishTree(helper, tree, opaque, "move");
    return { entries, replayable: split.replayable && plan.straight };
  } catch (error) {
    unpacker.abort();
    splitFile.destroy();
    throw error;
  }
}

async function unpackMember(plan: UnpackPlan, unpacker: Unpacker, member: TarEntry): Promise<void> {
  const step = plan.add(member);
  if (step.kind === "skip") return;
  for (const directory of step.missing) await unpacker.add(directory);
  if (step.kind === "link") return unpacker.link(step.path, step.to);
  if (step.entry.type !== "file") return unpacker.add(step.entry);
  const hash = createHash("sha256");
  await unpacker.add(
    step.entry,
    (async function* () {
      for await (const chunk of member.content()) {
        hash.update(chunk);
        yield chunk;
      }
    })(),
  );
  plan.setHash(step.entry.path, hash.digest("hex"));
}

async function* hashed(
  input: Readable,
  hash: ReturnType<typeof createHash>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  for await (const chunk of input as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    hash.update(chunk);
    yield chunk;
  }
}

/**
 * Makes the files with GNU tar, which can set what Node cannot. It gets an archive of our own making:
 * no name in it is the original's unchecked.
 */
class Unpacker {
  readonly #process: ReturnType<Helper["spawn"]>;
  readonly #writer: TarWriter;
  readonly #ended: Promise<unknown>;
  readonly #rootless: boolean;
  #said = "";

  constructor(helper: Helper, tree: string) {
    this.#rootless = helper.rootless;
    // -P: tar would make links last, and put them where a later member of the name stands. Nothing
    // is lost by it, for the names are checked (unpack-plan.ts).
    const flags = "-x -P -p --same-owner --numeric-owner --delay-directory-restore";
    this.#process = helper.spawn(
      `exec tar ${flags} --xattrs --xattrs-include='*' -C ${quote(tree)} -f -`,
    );
    this.#process.stderr.on("data", (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk}`.slice(-2000);
    });
    this.#process.stdout.resume();
    this.#process.stdin.on("error", () => undefined);
    this.#ended = once(this.#process, "close");
    this.#writer = new TarWriter(this.#process.stdin);
  }

  async add(entry: Entry, content?: AsyncIterable<Uint8Array>): Promise<void> {
    const { type } = entry;
    // In a user namespace nobody can make devices. The manifest has them.
    if (this.#rootless && (type === "chardev" || type === "blockdev")) return;
    await this.#add(
      {
        type: type === "whiteout" ? "chardev" : type,
        path: Buffer.from(entry.path, "latin1"),
        linkPath: entry.target === undefined ? undefined : Buffer.from(entry.target, "latin1"),
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        size: entry.size,
        mtime: timeOf(entry.mtime),
        devMajor: entry.major,
        devMinor: entry.minor,
        xattrs: fromHex(entry.xattrs),
      },
      content,
    );
  }

  link(path: string, to: string): Promise<void> {
    return this.#add({
      ...{ type: "hardlink", mode: 0, uid: 0, gid: 0, size: 0, mtime: timeOf(0n) },
      path: Buffer.from(path, "latin1"),
      linkPath: Buffer.from(to, "latin1"),
    });
  }

  async finish(): Promise<void> {
    await this.#writer.finish();
    this.#process.stdin.end();
    await this.#ended;
    if (this.#process.exitCode !== 0) throw this.#failure();
  }

  abort(): void {
    this.#process.stdin.destroy();
    this.#process.kill("SIGKILL");
  }

  async #add(header: TarHeader, content?: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      await this.#writer.add(header, content);
    } catch (error) {
      if (!this.#process.stdin.destroyed) throw error;
      await this.#ended;
      throw this.#failure();
    }
  }

  #failure(): LayerError {
    const lines = this.#said.trim().split("\n");
    const said = lines.find((line) => !/Exiting with failure/.test(line)) ?? "tar has failed";
    return explain(new Error(said), "cannot unpack a layer of the image", "the store");
  }
}
