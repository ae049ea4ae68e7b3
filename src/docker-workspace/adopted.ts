/**
 * A container of the user's as a {@link Workspace}: its filesystem is the state, it is made anew from an
 * image where another state is wanted, and it stays when the session ends. For snapshots in a play.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Connection, ConnectionError } from "../connection/connection.ts";
import { connectDocker, type DockerConnectionOptions } from "../connection/docker.ts";
import { SequencedConnection } from "../connection/sequenced.ts";
import {
  BASE_LABEL,
  type ContainerInspect,
  type DockerClient,
  STACK_LABEL,
} from "../docker/index.ts";
import { EnvironmentError } from "../errors/index.ts";
import type { Image } from "../oci/image.ts";
import { explain } from "../workspace/errors.ts";
import type { Layer, LayerId, Session, Snapshot, Workspace } from "../workspace/workspace.ts";
import { ChangeTracker } from "./change-tracker.ts";
import type { Source } from "./changed-files.ts";
import { type Inhabitants, inhabitants, leftovers } from "./inhabitants.ts";
import { type Listing, list, probeTools } from "./listing.ts";
import { remake } from "./remake.ts";
import { DockerWorkspace } from "./workspace.ts";

/** What is remembered of a container between two runs. */
interface Remembered {
  /** Id of the image that its states are counted from. */
  readonly base: string;
  /** The state it was left in; absent while a task may be changing it. */
  readonly stack?: readonly LayerId[];
  /** Digest of its files' metadata in that state. */
  readonly files?: string;
}

export interface AdoptOptions {
  readonly client: DockerClient;
  /** Directory of the store. */
  readonly root: string;
  /** Name or id. */
  readonly container: string;
  readonly connection: DockerConnectionOptions;
}

interface Running {
  /** As root, for reading what has changed. */
  readonly source: Source;
  /** As the play wants it. */
  readonly shell: Connection;
  readonly tracker: ChangeTracker;
  readonly before: Inhabitants;
}

export class AdoptedContainer implements Workspace {
  readonly kind = "docker";
  /** The container was started by someone else. */
  readonly canMount = false;
  readonly #o: AdoptOptions;
  readonly #inner: DockerWorkspace;
  readonly #directory: string;
  #id = "";
  #name = "";
  #base = "";
  #baseLayers: readonly Layer[] = [];
  #running: Running | undefined;
  #stack: LayerId[] = [];

  private constructor(options: AdoptOptions) {
    this.#o = options;
    this.#inner = new DockerWorkspace(options);
    this.#directory = join(options.root, "docker", "containers");
  }

  /**
   * Takes a running container as it is. One that is not known, and has changed since it was made, is
   * committed: from then on its states are counted from that image.
   * @param resume go on from what is remembered of the container
   */
  static async adopt(options: AdoptOptions, resume: boolean): Promise<AdoptedContainer> {
    const adopted = new AdoptedContainer(options);
    await adopted.#adopt(resume);
    return adopted;
  }

  /** Id of the image that states are counted from. */
  get base(): string {
    return this.#base;
  }
  get baseLayers(): readonly Layer[] {
    return this.#baseLayers;
  }
  /** The container's own name. */
  get name(): string {
    return this.#name;
  }
  get inner(): DockerWorkspace {
    return this.#inner;
  }

  /** A shell in the container as it stands now, whatever state that is. */
  asItIs(): Promise<Connection> {
    return connectDocker(this.#o.client, this.#id, this.#o.connection);
  }

  problem() {
    return this.#inner.problem();
  }
  importImage(image: Image, signal?: AbortSignal): Promise<readonly Layer[]> {
    return this.#inner.importImage(image, signal);
  }
  has(id: LayerId): Promise<boolean> {
    return this.#inner.has(id);
  }
  exportLayer(ids: readonly LayerId[], epoch: number) {
    return this.#inner.exportLayer(ids, epoch);
  }
  removeLayers(ids: readonly LayerId[]): Promise<void> {
    return this.#inner.removeLayers(ids);
  }
  listLayers() {
    return this.#inner.listLayers();
  }

  /** The container in that state: as it stands, or made anew. */
  async open(stack: readonly LayerId[]): Promise<Session> {
    if (!(await this.#isAt(stack))) await this.#bringTo(stack);
    this.#stack = [...stack];
    let queue: Promise<unknown> = Promise.resolve();
    const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
      const next = queue.then(work);
      queue = next.catch(() => undefined);
      return next;
    };
    const shell = async () => {
      const running = await this.#start();
      // From now on only a snapshot can tell what state it is in.
      this.#remember({ base: this.#base });
      return running.shell;
    };
    const connection: Connection = new SequencedConnection(`container ${this.#name}`, {
      enqueue,
      shell,
      running: () => this.#running?.shell,
      close: async () => {},
      signal: undefined,
    });
    const adopted = this;
    return {
      connection,
      get stack() {
        return [...adopted.#stack];
      },
      snapshot: () => enqueue(() => this.#snapshot()),
      attach: async (command) => ["docker", "exec", "-i", this.#id, ...command],
      close: async () => this.#disconnect(),
    };
  }

  async close(): Promise<void> {
    await this.#disconnect();
    await this.#inner.close();
  }

  async #adopt(resume: boolean): Promise<void> {
    const { client, container } = this.#o;
    const found = await client.containers.inspect(container);
    this.#id = found.Id;
    this.#name = found.Name.replace(/^\//, "");
    const known = this.#recall();
    const remembered = resume ? (known?.base ?? labelsOf(found)[BASE_LABEL]) : undefined;
    const there = remembered && (await client.images.inspect(remembered).catch(() => undefined));
    if (remembered && there) {
      this.#base = remembered;
      this.#baseLayers = await this.#inner.adoptImage(this.#base);
      if (!known) this.#remember({ base: this.#base });
      return;
    }
    const changes = (await client.containers.changes(found.Id)) ?? [];
    // Else its history is not known: what it is now is where the states begin.
    this.#base =
      changes.length === 0
        ? found.Image
        : await client.containers.commit(found.Id, {
            pause: true,
            comment: "layerbook: the container as the play found it",
          });
    this.#baseLayers = await this.#inner.adoptImage(this.#base);
    this.#remember({ base: this.#base, stack: this.#ids(), files: await this.#filesNow() });
  }

  #ids(): LayerId[] {
    return this.#baseLayers.map(({ id }) => id);
  }

  async #isAt(stack: readonly LayerId[]): Promise<boolean> {
    const known = this.#recall();
    if (!known?.stack || known.base !== this.#base) return false;
    if (known.stack.join() !== stack.join()) return false;
    // Someone may have been in the container since.
    return this.#running !== undefined || known.files === (await this.#filesNow());
  }

  async #bringTo(stack: readonly LayerId[]): Promise<void> {
    await this.#disconnect();
    const { client } = this.#o;
    const filters = { label: [`${STACK_LABEL}=${stackDigest(stack)}`] };
    const [snapshot] = await client.images.list({ filters });
    const image = snapshot?.RepoTags?.[0] ?? (await this.#inner.imageOf(stack, "apart"));
    this.#id = await remake(client, this.#id, image, this.#base);
    this.#remember({ base: this.#base, stack, files: await this.#filesNow() });
  }

  async #start(): Promise<Running> {
    if (this.#running) return this.#running;
    const { client } = this.#o;
    const connection = await connectDocker(client, this.#id, { user: "0" });
    try {
      const tools = await probeTools(connection);
      const source: Source = { client, container: this.#id, connection, tools };
      const own = this.#stack.slice(this.#baseLayers.length);
      const tracker = await ChangeTracker.begin(source, this.#inner.store, this.#inner.known(own));
      const shell = await connectDocker(client, this.#id, this.#o.connection);
      await shell.run(":");
      this.#running = { source, shell, tracker, before: await inhabitants(source) };
      return this.#running;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async #disconnect(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.shell.close();
    await running?.source.connection.close();
  }

  async #snapshot(): Promise<Snapshot> {
    const running = this.#running;
    if (!running) return { kind: "unchanged" };
    // The shell of a become user would be taken for something that a task has left.
    await running.shell.leave();
    const processes = await leftovers(running.source, running.before);
    if (processes.length > 0) return { kind: "busy", processes };
    try {
      const layer = await running.tracker.freeze();
      if (layer) this.#stack.push(layer.id);
      this.#remember({
        base: this.#base,
        stack: this.#stack,
        files: digestOfListing(running.tracker.listing),
      });
      return layer ? { kind: "layer", layer } : { kind: "unchanged" };
    } catch (error) {
      if (error instanceof EnvironmentError || error instanceof ConnectionError) throw error;
      throw explain(error, "cannot keep what the task changed", this.#o.root);
    }
  }

  /** Digest of what stands in the container now. */
  async #filesNow(): Promise<string> {
    if (this.#running) return digestOfListing(this.#running.tracker.listing);
    const { client } = this.#o;
    const connection = await connectDocker(client, this.#id, { user: "0" });
    try {
      const tools = await probeTools(connection);
      const listing = await list(connection, tools);
      // Without tools in the container nothing can be said quickly: it is made anew.
      return listing ? digestOfListing(listing) : "";
    } finally {
      await connection.close();
    }
  }

  #recall(): Remembered | undefined {
    const path = join(this.#directory, `${this.#id}.json`);
    if (!existsSync(path)) return undefined;
    try {
      return JSON.parse(readFileSync(path, "utf8")) as Remembered;
    } catch {
      return undefined;
    }
  }

  #remember(remembered: Remembered): void {
    mkdirSync(this.#directory, { recursive: true });
    writeFileSync(join(this.#directory, `${this.#id}.json`), JSON.stringify(remembered));
  }
}

/** Names a stack in a label. */
export function stackDigest(stack: readonly LayerId[]): string {
  return createHash("sha256").update(stack.join("\n")).digest("hex");
}

function digestOfListing(listing: Listing): string {
  const hash = createHash("sha256");
  for (const path of [...listing.records.keys()].sort()) {
    hash.update(`${path}\0${listing.records.get(path)}\n`);
  }
  return hash.digest("hex");
}

function labelsOf(found: ContainerInspect): Readonly<Record<string, string>> {
  return (found.Config.Labels as Record<string, string> | null | undefined) ?? {};
}
