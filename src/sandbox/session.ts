/** A session: a stack of layers, a container on it, and the layers that snapshots add. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Connection, ConnectionError } from "../connection/connection.ts";
import { SequencedConnection } from "../connection/sequenced.ts";
import type { StreamShell } from "../connection/stream-shell.ts";
import { explain } from "../workspace/errors.ts";
import {
  LAYER_FORMAT,
  type LayerMeta,
  type LayerStore,
  newLayerId,
  type RootAttributes,
} from "../workspace/layer-store.ts";
import { contentDigest, measure } from "../workspace/manifest.ts";
import type {
  AttachOptions,
  LayerId,
  Session,
  SessionOptions,
  Snapshot,
} from "../workspace/workspace.ts";
import { type Changes, findChanges, knownAtStart, type Trees, type Upper } from "./changes.ts";
import { Container } from "./container.ts";
import type { Files, Placing } from "./files.ts";
import type { Helper } from "./helper.ts";
import { directoriesOf } from "./pack.ts";
import type { Runtime } from "./runtime.ts";

/** Up to here a change is copied into its layer and the container lives on. */
const COPY_ENTRIES = 256;
const COPY_BYTES = 8 << 20;
/** An upper directory with more in it costs each scan more than a new container does. */
const UPPER_ENTRIES = 400;

const DEFAULT_ROOT: RootAttributes = { mode: 0o755, uid: 0, gid: 0, xattrs: [] };

/** What a session needs of its workspace. */
export interface Equipment {
  readonly store: LayerStore;
  readonly runtime: Runtime;
  readonly helper: Helper;
  readonly files: Files;
  /** Reads what the helper has mounted. */
  readonly viewFiles: Files;
}

interface Running {
  readonly container: Container;
  readonly trees: Trees;
  readonly directory: string;
  known: Upper;
}

export class SandboxSession implements Session {
  readonly connection: Connection;
  readonly #stack: LayerId[];
  readonly #options: SessionOptions;
  readonly #equip: () => Promise<Equipment>;
  readonly #onClose: () => void;
  #queue: Promise<unknown> = Promise.resolve();
  #running: Running | undefined;
  #broken: Error | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    stack: readonly LayerId[],
    options: SessionOptions,
    equip: () => Promise<Equipment>,
    onClose: () => void,
  ) {
    this.#stack = [...stack];
    this.#options = options;
    this.#equip = equip;
    this.#onClose = onClose;
    this.connection = new SequencedConnection("sandbox", {
      enqueue: (work) => this.#enqueue(work),
      shell: () => this.#shell(),
      running: () => this.#running?.container.shell,
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
      if (running.container.ended) {
        throw new ConnectionError("sandbox: the container has ended", { exitCode: 4 });
      }
      const processes = running.container.leftovers();
      if (processes.length > 0) return { kind: "busy", processes };
      const { store } = await this.#equip();
      try {
        const changes = await findChanges(running.trees, running.known);
        if (changes.entries.length === 0) {
          running.known = changes.known;
          return { kind: "unchanged" };
        }
        return { kind: "layer", layer: await this.#freeze(running, changes) };
      } catch (error) {
        throw explain(error, "cannot keep what the task changed", store.root);
      }
    });
  }

  attach(command: readonly string[], options: AttachOptions): Promise<readonly string[]> {
    return this.#enqueue(async () => {
      await this.#shell();
      if (!this.#running) throw new ConnectionError("sandbox: the session was closed");
      return this.#running.container.attach(command, options);
    });
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#broken ??= new ConnectionError("sandbox: the session was closed");
      await this.#running?.container.shell.close();
      // What was begun before comes to its end, one way or the other.
      await this.#queue;
      await this.#drop();
      this.#onClose();
    })();
    return this.#closed;
  }

  async #freeze(running: Running, changes: Changes): Promise<LayerMeta> {
    const { store, files } = await this.#equip();
    const { entries } = changes;
    const extent = measure(entries);
    const root = entries.find((e) => e.path === "" && e.aside === undefined);
    const meta: LayerMeta = {
      format: LAYER_FORMAT,
      id: newLayerId(),
      content: contentDigest(entries),
      ...extent,
      entries: entries.length,
      ...(root && { root: rootAttributes(root) }),
    };
    const small =
      entries.length <= COPY_ENTRIES &&
      extent.size <= COPY_BYTES &&
      changes.known.size <= UPPER_ENTRIES;
    const how: Placing = small ? "copy" : "move";
    if (how === "move") {
      // From here on the running state cannot be had back if something fails.
      this.#running = undefined;
      this.#broken = new ConnectionError("sandbox: a snapshot of this session has failed");
      await running.container.stop();
    }
    const made = store.newTemporary("layer");
    try {
      const tree = join(made, "fs");
      mkdirSync(tree);
      const from = running.trees.upper;
      await files.place(
        tree,
        entries.map((entry) => ({ from, entry })),
        how,
      );
      store.keep(meta, entries, made);
    } catch (error) {
      await files.remove(made).catch(() => undefined);
      throw error;
    }
    running.known = changes.known;
    this.#stack.push(meta.id);
    if (how === "move") {
      this.#broken = undefined;
      await files.remove(running.directory);
    }
    return meta;
  }

  async #shell(): Promise<StreamShell> {
    if (this.#broken) throw this.#broken;
    this.#running ??= await this.#start();
    return this.#running.container.shell;
  }

  async #start(): Promise<Running> {
    const { store, files, viewFiles, helper, runtime } = await this.#equip();
    const options = this.#options;
    const directory = store.newTemporary("session");
    try {
      const lower = await directoriesOf(store, files, this.#stack);
      const root = this.#rootOf(store);
      const plan = { helper, runtime, directory, lower, root, options };
      const container = await Container.start(plan);
      const { upper, view } = container;
      const trees: Trees = { helper, upper, files, view, viewFiles };
      return { container, trees, directory, known: await knownAtStart(trees) };
    } catch (error) {
      await files.remove(directory).catch(() => undefined);
      throw explain(error, "cannot start the container", store.root);
    }
  }

  /** The root directory's owner and mode come from the topmost layer that says anything of it. */
  #rootOf(store: LayerStore): RootAttributes {
    for (const id of this.#stack.toReversed()) {
      const root = store.meta(id)?.root;
      if (root) return root;
    }
    return DEFAULT_ROOT;
  }

  async #drop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    await running.container.stop();
    const { files } = await this.#equip();
    await files.remove(running.directory);
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

function rootAttributes({ mode, uid, gid, xattrs }: RootAttributes): RootAttributes {
  return { mode, uid, gid, xattrs };
}
