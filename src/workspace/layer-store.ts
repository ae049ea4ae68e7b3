/**
 * Layers on disk:
 *
 *     format.json            what made the store, and as whom
 *     layers/ID/CONTENTS     the bytes: in the sandbox `fs/`, the files as overlayfs wants them in a
 *                            lower directory; else `data`, what regular files hold, one behind another
 *     layers/ID/manifest     every path (manifest.ts)
 *     layers/ID/meta.json    what a Layer says, and more
 *     layers/ID/boot         the boot under which the layer was written or checked
 *     layers/ID/split        of an imported layer: what its tar has besides the contents
 *     packs/KEY/fs/          runs of small layers merged, for mounting (pack.ts)
 *     tmp/OWNER/             what is being made; dead owners' are removed
 *
 * A layer is made in `tmp` and renamed: it is there whole or not at all, whoever is killed when. A
 * power cut can still lose what the disk had not got yet. Nothing is flushed for that: a layer that was
 * written before the last boot is checked against its manifest once, before it is used again.
 */
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Digest } from "../oci/image.ts";
import { LayerError, WorkspaceError } from "./errors.ts";
import { decodeManifest, type Entry, encodeManifest } from "./manifest.ts";
import { bootId, isOrphan, ownerPrefix } from "./owner.ts";
import type { Xattrs } from "./tree.ts";
import type { Layer, LayerId } from "./workspace.ts";

const FORMAT = 1;

/** Are the contents of a layer what its manifest says? They are read for it. */
export type WholeCheck = (id: LayerId, entries: readonly Entry[]) => Promise<boolean>;

export interface LayerStoreOptions {
  /** Made in a user namespace, where owners and extended attributes are others than root's. */
  readonly rootless: boolean;
  /** Name, in a layer's directory, of what holds its bytes. */
  readonly contents: "fs" | "data";
}

/** `meta.json` of a layer. */
export interface LayerMeta extends Layer {
  readonly format: number;
  readonly entries: number;
  /** Of an imported layer: the digest of its tar. */
  readonly diffId?: Digest;
  /** Owner and mode of the root directory, when the layer says anything of it. */
  readonly root?: RootAttributes;
}

export interface RootAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly xattrs: Xattrs;
}

export class LayerStore {
  readonly root: string;
  /** Directory of this process for what it is making. */
  readonly tmp: string;
  readonly #contents: string;
  readonly #boot = bootId();
  readonly #metas = new Map<LayerId, LayerMeta>();
  #counter = 0;

  /** @throws WorkspaceError when the directory cannot be used or is another kind of store */
  constructor(root: string, { rootless, contents }: LayerStoreOptions) {
    this.root = root;
    this.#contents = contents;
    this.tmp = join(root, "tmp", `${ownerPrefix()}-${randomBytes(4).toString("hex")}`);
    for (const name of ["layers", "packs", "tmp"]) mkdirSync(join(root, name), { recursive: true });
    const format = join(root, "format.json");
    const own = { format: FORMAT, rootless };
    if (!existsSync(format)) this.#write(format, JSON.stringify(own));
    const found = readFormat(format) ?? { ...own, format: 0 };
    mkdirSync(this.tmp, { mode: 0o711 });
    if (found.format < FORMAT) {
      this.#retire();
      this.#write(format, JSON.stringify(own));
      return;
    }
    if (found.format > FORMAT) {
      throw new WorkspaceError(`${root} is a store of format ${found.format}, not ${FORMAT}`, {
        hint: "Choose another store, or remove this one: everything in it can be built again.",
      });
    }
    if (found.rootless !== rootless) {
      throw new WorkspaceError(
        `${root} is a store made ${found.rootless ? "in a user namespace" : "by root"}`,
        { hint: "Choose another store: owners and extended attributes differ." },
      );
    }
  }

  /** Layers of an older version go; they are made anew when they are needed. */
  #retire(): void {
    const away = this.newTemporary("old");
    for (const name of ["layers", "packs"]) {
      // Another process may have been quicker.
      if (existsSync(join(this.root, name))) renameSync(join(this.root, name), join(away, name));
      mkdirSync(join(this.root, name), { recursive: true });
    }
  }

  /** An empty directory that goes when this process does. */
  newTemporary(what: string): string {
    const path = join(this.tmp, `${what}${this.#counter++}`);
    mkdirSync(path, { mode: 0o755 });
    return path;
  }

  /** Directories that dead processes left. */
  orphans(): string[] {
    return readdirSync(join(this.root, "tmp"))
      .filter(isOrphan)
      .map((name) => join(this.root, "tmp", name));
  }

  directory(id: LayerId): string {
    return join(this.root, "layers", id);
  }

  /** What holds the layer's bytes. */
  contents(id: LayerId): string {
    return join(this.root, "layers", id, this.#contents);
  }

  /**
   * Takes a layer into the store. If another process brought the same one meanwhile, that one stays.
   * @param made directory with the contents, from {@link newTemporary}
   */
  keep(meta: LayerMeta, entries: readonly Entry[], made: string): void {
    writeFileSync(join(made, "manifest"), encodeManifest(entries));
    writeFileSync(join(made, "meta.json"), JSON.stringify(meta));
    writeFileSync(join(made, "boot"), this.#boot);
    try {
      renameSync(made, this.directory(meta.id));
    } catch (error) {
      if (!existsSync(this.directory(meta.id))) throw error;
    }
    this.#metas.set(meta.id, meta);
  }

  /** What is known of a layer; `undefined` when it is not there. */
  meta(id: LayerId): LayerMeta | undefined {
    const known = this.#metas.get(id);
    if (known) return known;
    if (!isLayerId(id)) return undefined;
    try {
      const text = readFileSync(join(this.directory(id), "meta.json"), "utf8");
      const meta = JSON.parse(text) as LayerMeta;
      if (meta.format !== FORMAT || meta.id !== id) return undefined;
      this.#metas.set(id, meta);
      return meta;
    } catch {
      return undefined;
    }
  }

  /** @throws LayerError when the layer is not there */
  manifest(id: LayerId): Entry[] {
    try {
      return decodeManifest(readFileSync(join(this.directory(id), "manifest"), "utf8"));
    } catch (cause) {
      throw new LayerError(`layer ${id} is not in the store ${this.root}`, { cause });
    }
  }

  /**
   * Is the layer there and whole?
   * @param isWhole asked only when the layer was written before the last boot
   */
  async has(id: LayerId, isWhole: WholeCheck): Promise<boolean> {
    const meta = this.meta(id);
    if (!meta || !existsSync(this.contents(id))) {
      this.#metas.delete(id);
      return false;
    }
    const boot = join(this.directory(id), "boot");
    if (existsSync(boot) && readFileSync(boot, "latin1") === this.#boot) return true;
    if (!(await isWhole(id, this.manifest(id)))) return false;
    this.#write(boot, this.#boot);
    return true;
  }

  /** Notes that the layer was used now. */
  touch(id: LayerId): void {
    const now = new Date();
    utimesSync(join(this.directory(id), "meta.json"), now, now);
  }

  /** Ids of what is in the place of layers, whole or not. */
  ids(): LayerId[] {
    return readdirSync(join(this.root, "layers"));
  }

  list(): { id: LayerId; bytes: number; lastUsed: number }[] {
    const found = [];
    for (const id of readdirSync(join(this.root, "layers"))) {
      const meta = this.meta(id);
      if (!meta) continue;
      const used = statSync(join(this.directory(id), "meta.json"), { throwIfNoEntry: false });
      if (used) found.push({ id, bytes: meta.size, lastUsed: used.mtimeMs });
    }
    return found;
  }

  /**
   * Takes layers, and the packs that hold them, out of the store.
   * @returns the directory that is left to be deleted, if any
   */
  detach(ids: readonly LayerId[]): string | undefined {
    const doomed: string[] = [];
    for (const id of ids) {
      this.#metas.delete(id);
      if (isLayerId(id) && existsSync(this.directory(id))) doomed.push(this.directory(id));
    }
    const gone = new Set(ids);
    for (const key of readdirSync(join(this.root, "packs"))) {
      const pack = join(this.root, "packs", key);
      const members = join(pack, "layers.json");
      if (!existsSync(members)) continue;
      const packed = JSON.parse(readFileSync(members, "utf8")) as string[];
      if (packed.some((id) => gone.has(id))) doomed.push(pack);
    }
    if (doomed.length === 0) return undefined;
    const away = this.newTemporary("gone");
    for (const [index, path] of doomed.entries()) renameSync(path, join(away, String(index)));
    return away;
  }

  #write(path: string, text: string): void {
    const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  }
}

/** `undefined` for a file that was torn. */
function readFormat(path: string): { format: number; rootless: boolean } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as { format: number; rootless: boolean };
  } catch {
    return undefined;
  }
}

export function newLayerId(): LayerId {
  return randomBytes(16).toString("hex");
}

/** Ids become names of directories. */
function isLayerId(id: string): boolean {
  return /^[0-9a-f]{32,64}$/.test(id);
}

export { FORMAT as LAYER_FORMAT };
