/** A session: a container on an image of the stack, and the layers that snapshots add. */
import { type Connection, ConnectionError } from "../connection/connection.ts";
import { SequencedConnection } from "../connection/sequenced.ts";
import type { DockerClient } from "../docker/index.ts";
import { EnvironmentError } from "../errors/index.ts";
import { explain } from "../workspace/errors.ts";
import type { LayerStore } from "../workspace/layer-store.ts";
import type { Entry } from "../workspace/manifest.ts";
import type {
  AttachOptions,
  LayerId,
  Session,
  SessionOptions,
  Snapshot,
} from "../workspace/workspace.ts";
import { ChangeTracker } from "./change-tracker.ts";
import type { Source } from "./changed-files.ts";
import { BuildContainer } from "./container.ts";
import { leftovers } from "./inhabitants.ts";
import { probeTools } from "./listing.ts";

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

interface Running {
  readonly shell: BuildContainer;
  readonly source: Source;
  readonly tracker: ChangeTracker;
}

export class DockerSession implements Session {
  readonly connection: Connection;
  readonly #parts: SessionParts;
  readonly #options: SessionOptions;
  readonly #stack: LayerId[];
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
      shell: async () => (await this.#start()).source.connection,
      running: () => this.#running?.source.connection,
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
      const processes = await leftovers(running.source);
      if (processes.length > 0) return { kind: "busy", processes };
      try {
        const layer = await running.tracker.freeze();
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
      const { container } = (await this.#start()).source;
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
      await this.#running?.source.connection.close();
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
      const { store, known } = this.#parts;
      const tracker = await ChangeTracker.begin(source, store, known());
      this.#running = { shell, source, tracker };
      return this.#running;
    } catch (error) {
      await shell.remove();
      throw error;
    }
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
