/** Layers out of a container that lives on: what has changed since the last one, read and kept. */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  LAYER_FORMAT,
  type LayerMeta,
  type LayerStore,
  newLayerId,
} from "../workspace/layer-store.ts";
import { contentDigest, type Entry, measure } from "../workspace/manifest.ts";
import { ancestorsOf, NO_XATTRS } from "../workspace/tree.ts";
import { listWhole, readPaths, type Source } from "./changed-files.ts";
import { LayerData } from "./layer-data.ts";
import {
  compare,
  type Difference,
  isDirectory,
  type Listing,
  list,
  ownership,
  racyPaths,
} from "./listing.ts";

export class ChangeTracker {
  readonly #source: Source;
  readonly #store: LayerStore;
  /** What is known of paths, for those that layers above the base hold. */
  readonly #known: Map<string, Entry>;
  #before: Listing;
  #racy: ReadonlySet<string>;

  private constructor(
    source: Source,
    store: LayerStore,
    known: Map<string, Entry>,
    before: Listing,
  ) {
    this.#source = source;
    this.#store = store;
    this.#known = known;
    this.#before = before;
    this.#racy = racyPaths(before);
  }

  /** Reads the state that changes are found against. */
  static async begin(
    source: Source,
    store: LayerStore,
    known: Map<string, Entry>,
  ): Promise<ChangeTracker> {
    return new ChangeTracker(source, store, known, await firstListing(source, known));
  }

  /** The state after the last layer. */
  get listing(): Listing {
    return this.#before;
  }

  /** @returns the layer, or `undefined` when nothing has changed but times */
  async freeze(): Promise<LayerMeta | undefined> {
    const after = await listingOf(this.#source);
    const difference = compare(this.#before, after, this.#racy);
    const made = this.#store.newTemporary("layer");
    try {
      const data = new LayerData(join(made, "data"));
      try {
        const counted = await this.#collect(after, difference, data);
        if (counted && data.arrange(join(made, "sorted"))) {
          renameSync(join(made, "sorted"), join(made, "data"));
        }
        this.#before = after;
        this.#racy = racyPaths(after);
        if (!counted) return undefined;
      } finally {
        data.close();
      }
      return this.#keep(data.entries, made);
    } finally {
      // Gone already when the layer was kept.
      rmSync(made, { recursive: true, force: true });
    }
  }

  #keep(entries: readonly Entry[], made: string): LayerMeta {
    const meta: LayerMeta = {
      format: LAYER_FORMAT,
      id: newLayerId(),
      content: contentDigest(entries),
      ...measure(entries),
      entries: entries.length,
    };
    this.#store.keep(meta, entries, made);
    return meta;
  }

  /** @returns whether anything has changed but times */
  async #collect(
    after: Listing,
    { changed, removed }: Difference,
    data: LayerData,
  ): Promise<boolean> {
    const before = this.#before;
    const known = this.#known;
    const changedPaths = new Set(changed);
    const wanted = new Set(changed);
    for (const path of [...changed, ...removed]) {
      for (const above of ancestorsOf(path)) wanted.add(above);
    }
    // The root's own member would be hard to tell from the archive's.
    wanted.delete("");
    const sockets = [...wanted].filter((path) => isSocket(after.records.get(path)));
    for (const path of sockets) wanted.delete(path);
    const directories = new Map<string, Entry>();
    let counted = false;
    const keep = (entry: Entry) => {
      data.add(entry);
      known.set(entry.path, entry);
      if (entry.aside === undefined) counted = true;
    };
    const needed = new Set<string>();
    const need = (path: string) => {
      for (const above of ancestorsOf(path)) needed.add(above);
    };
    for await (const member of readPaths(this.#source, [...wanted].sort(), after)) {
      const path = member.path.toString("latin1");
      if (!wanted.has(path)) continue;
      const entry = await data.read(member);
      const old = known.get(path);
      const record = before.records.get(path);
      if (entry.type === "directory") {
        if (!changedPaths.has(path) || sameDirectory(entry, record, old)) {
          directories.set(path, entry);
          continue;
        }
      } else if (!old && record === after.records.get(path)) {
        // Of the image, and not changed: the first listing was late enough to be sure.
        continue;
      } else if (old && sameBytes(entry, old)) {
        // Read again only because its time was too new to be sure.
        if (record === after.records.get(path)) continue;
        if (entry.hardlink === undefined && old.hardlink === undefined) {
          directories.set(path, { ...entry, aside: "touched" });
          continue;
        }
      }
      keep(entry);
      need(path);
    }
    const root = rootChange(before, after);
    if (root) keep(root);
    for (const path of removed) {
      keep({ ...REMOVED, path });
      known.delete(path);
      for (const below of known.keys()) if (below.startsWith(`${path}/`)) known.delete(below);
      need(path);
    }
    if (!counted) return false;
    for (const [path, entry] of directories) {
      if (entry.aside === "touched") {
        keep(entry);
        need(path);
      }
    }
    for (const path of needed) {
      const directory = directories.get(path);
      if (directory) data.add({ ...directory, aside: "parent" });
    }
    return true;
  }
}

/**
 * The state that changes are found against. Files of an image that came a moment ago could change
 * without showing it: the listing is read again when their times are old enough.
 */
async function firstListing(source: Source, known: ReadonlyMap<string, Entry>): Promise<Listing> {
  for (;;) {
    const listing = await listingOf(source);
    const racy = [...racyPaths(listing)];
    if (racy.every((path) => known.has(path) || path === MTAB)) return listing;
    await sleep(RACY_PAUSE_MS);
  }
}

async function listingOf(source: Source): Promise<Listing> {
  return (await list(source.connection, source.tools)) ?? listWhole(source);
}

const RACY_PAUSE_MS = 30;

/** The Engine makes it with the container, where the image has none. */
const MTAB = "etc/mtab";

const REMOVED: Omit<Entry, "path"> = {
  type: "whiteout",
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0n,
  major: 0,
  minor: 0,
  xattrs: NO_XATTRS,
};

function isSocket(record: string | undefined): boolean {
  return record !== undefined && (record.startsWith("s ") || /^c[0-9a-f]{3} /.test(record));
}

/** A directory in which something came or went is not itself another one. */
function sameDirectory(entry: Entry, record: string | undefined, old: Entry | undefined): boolean {
  if (!isDirectory(record)) return false;
  const before = ownership(record ?? "");
  return (
    before.mode === entry.mode &&
    before.uid === entry.uid &&
    before.gid === entry.gid &&
    JSON.stringify(old?.xattrs ?? NO_XATTRS) === JSON.stringify(entry.xattrs)
  );
}

/** Everything but the time. */
function sameBytes(a: Entry, b: Entry): boolean {
  const { mtime: _a, aside: _c, ...one } = a;
  const { mtime: _b, aside: _d, ...other } = b;
  return contentDigest([one as Entry]) === contentDigest([other as Entry]);
}

function rootChange(before: Listing, after: Listing): Entry | undefined {
  const [old, now] = [before.records.get(""), after.records.get("")];
  if (old === undefined || now === undefined) return undefined;
  const owned = ownership(now);
  if (JSON.stringify(ownership(old)) === JSON.stringify(owned)) return undefined;
  return { ...REMOVED, ...owned, path: "", type: "directory" };
}
