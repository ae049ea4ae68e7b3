/** A session: a container on an image of the stack, and the layers that snapshots add. */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, ConnectionError } from "../connection/connection.ts";
import { SequencedConnection } from "../connection/sequenced.ts";
import type { DockerClient } from "../docker/index.ts";
import { EnvironmentError } from "../errors/index.ts";
import { explain } from "../workspace/errors.ts";
import {
  LAYER_FORMAT,
  type LayerMeta,
  type LayerStore,
  newLayerId,
} from "../workspace/layer-store.ts";
import { contentDigest, type Entry, measure } from "../workspace/manifest.ts";
import { ancestorsOf, NO_XATTRS } from "../workspace/tree.ts";
import type {
  AttachOptions,
  LayerId,
  Session,
  SessionOptions,
  Snapshot,
} from "../workspace/workspace.ts";
import { listWhole, readPaths, type Source } from "./changed-files.ts";
import { BuildContainer } from "./container.ts";
import { LayerData } from "./layer-data.ts";
import {
  compare,
  type Difference,
  isDirectory,
  type Listing,
  leftovers,
  list,
  ownership,
  probeTools,
  racyPaths,
} from "./listing.ts";

/** What a session needs of its workspace. */
export interface SessionParts {
  readonly client: DockerClient;
  readonly store: LayerStore;
  /** An image of the stack in the daemon, by id or name. */
  readonly image: () => Promise<string>;
  /** What the layers above the base say of paths. */
  readonly known: () => Map<string, Entry>;
  readonly onClose: () => void;
}

interface Running extends Source {
  readonly shell: BuildContainer;
  before: Listing;
  racy: ReadonlySet<string>;
}

export class DockerSession implements Session {
  readonly connection: Connection;
  readonly #parts: SessionParts;
  readonly #options: SessionOptions;
  readonly #stack: LayerId[];
  #known: Map<string, Entry> | undefined;
  #running: Running | undefined;
  #broken: Error | undefined;
  #closed: Promise<void> | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(stack: readonly LayerId[], options: SessionOptions, parts: SessionParts) {
    this.#stack = [...stack];
    this.#options = options;
    this.#parts = parts;
    this.connection = new SequencedConnection("container", {
      enqueue: (work) => this.#enqueue(work),
      shell: async () => (await this.#start()).connection,
      running: () => this.#running?.connection,
      close: () => this.close(),
      signal: options.signal,
    });
  }

  get stack(): readonly LayerId[] {
    return [...this.#stack];
  }

  snapshot(): Promise<Snapshot> {
    return this.#enqueue(async () => {
      const running = this.#running;
      if (!running) return { kind: "unchanged" };
      const processes = await leftovers(running.connection, running.tools);
      if (processes.length > 0) return { kind: "busy", processes };
      try {
        const layer = await this.#freeze(running);
        if (!layer) return { kind: "unchanged" };
        this.#stack.push(layer.id);
        return { kind: "layer", layer };
      } catch (error) {
        if (error instanceof EnvironmentError || error instanceof ConnectionError) throw error;
        throw explain(error, "cannot keep what the task changed", this.#parts.store.root);
      }
    });
  }

  attach(command: readonly string[], options: AttachOptions): Promise<readonly string[]> {
    return this.#enqueue(async () => {
      const { container } = await this.#start();
      return [
        ...["docker", "exec", "--interactive"],
        ...(options.terminal ? ["--tty"] : []),
        ...(options.user ? ["--user", options.user] : []),
        ...(options.workdir ? ["--workdir", options.workdir] : []),
        container,
        ...command,
      ];
    });
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#broken ??= new ConnectionError("container: the session was closed");
      await this.#running?.connection.close();
      // What was begun before comes to its end, one way or the other.
      await this.#queue;
      const running = this.#running;
      this.#running = undefined;
      await running?.shell.remove();
      this.#parts.onClose();
    })();
    return this.#closed;
  }

  async #start(): Promise<Running> {
    if (this.#broken) throw this.#broken;
    if (this.#running) return this.#running;
    const { client, image } = this.#parts;
    const shell = await BuildContainer.start(client, await image(), this.#options);
    try {
      const connection = shell.shell;
      const tools = await probeTools(connection);
      const source: Source = { client, container: shell.id, connection, tools };
      const before = await this.#firstListing(source);
      this.#running = { ...source, shell, before, racy: racyPaths(before) };
      return this.#running;
    } catch (error) {
      await shell.remove();
      throw error;
    }
  }

  /**
   * The state that changes are found against. Files of an image that came a moment ago could change
   * without showing it: the listing is read again when their times are old enough.
   */
  async #firstListing(source: Source): Promise<Listing> {
    const { connection, tools } = source;
    for (;;) {
      const listing = (await list(connection, tools)) ?? (await listWhole(source));
      const known = this.#knownEntries();
      const racy = [...racyPaths(listing)];
      if (racy.every((path) => known.has(path) || path === MTAB)) return listing;
      await sleep(RACY_PAUSE_MS);
    }
  }

  async #freeze(running: Running): Promise<LayerMeta | undefined> {
    const after = (await list(running.connection, running.tools)) ?? (await listWhole(running));
    const difference = compare(running.before, after, running.racy);
    const { store } = this.#parts;
    const made = store.newTemporary("layer");
    try {
      const data = new LayerData(join(made, "data"));
      try {
        const counted = await this.#collect(running, after, difference, data);
        if (counted && data.arrange(join(made, "sorted"))) {
          renameSync(join(made, "sorted"), join(made, "data"));
        }
        running.before = after;
        running.racy = racyPaths(after);
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
    this.#parts.store.keep(meta, entries, made);
    return meta;
  }

  /** @returns whether anything has changed but times */
  async #collect(
    running: Running,
    after: Listing,
    { changed, removed }: Difference,
    data: LayerData,
  ): Promise<boolean> {
    const { before } = running;
    const known = this.#knownEntries();
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
    for await (const member of readPaths(running, [...wanted].sort(), after)) {
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

  #knownEntries(): Map<string, Entry> {
    this.#known ??= this.#parts.known();
    return this.#known;
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#queue.then(() => {
      if (this.#broken) throw this.#broken;
      return work();
    });
    this.#queue = next.catch(() => undefined);
    return next;
  }
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
