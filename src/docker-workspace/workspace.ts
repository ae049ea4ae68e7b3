/**
 * The docker {@link Workspace}: a container of a daemon. The daemon runs the scripts; layers are kept on
 * the controller, in the same form whatever daemon made them.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type DockerClient, isNotFound } from "../docker/index.ts";
import { messageOf } from "../errors/index.ts";
import type { Digest, Image, ImageConfig, LayerSource, RunConfig } from "../oci/image.ts";
import { DockerDaemonTransport } from "../oci/transports/docker-daemon.ts";
import { LayerError, WorkspaceError } from "../workspace/errors.ts";
import { foldLayers } from "../workspace/fold.ts";
import { LayerStore } from "../workspace/layer-store.ts";
import { layerTar } from "../workspace/layer-tar.ts";
import type { Entry } from "../workspace/manifest.ts";
import type { Layer, LayerId, Session, SessionOptions, Workspace } from "../workspace/workspace.ts";
import { contentsOf, isWholeData } from "./layer-data.ts";
import { DockerSession } from "./session.ts";
import { stateImage } from "./session-image.ts";

export interface DockerWorkspaceOptions {
  /** Directory of the layer store; the docker workspace has its own part of it. */
  readonly root: string;
  readonly client: DockerClient;
}

export function createDockerWorkspace(options: DockerWorkspaceOptions): Workspace {
  return new DockerWorkspace(options);
}

/** What is remembered of an image that was taken for a base. */
interface KnownBase {
  readonly image: string;
  readonly config: ImageConfig;
  readonly diffIds: readonly Digest[];
}

export class DockerWorkspace implements Workspace {
  readonly kind = "docker";
  readonly canMount: boolean;
  readonly #client: DockerClient;
  readonly #root: string;
  readonly #bases: string;
  readonly #transport: DockerDaemonTransport;
  readonly #sessions = new Set<DockerSession>();
  /** Base images that the daemon was asked for in this run. */
  readonly #there = new Map<string, Promise<boolean>>();
  #layers: LayerStore | undefined;

  constructor({ root, client }: DockerWorkspaceOptions) {
    this.#client = client;
    this.canMount = client.endpoint.kind === "socket";
    this.#root = join(root, "docker");
    const daemon = createHash("sha256").update(client.endpoint.url).digest("hex").slice(0, 12);
    this.#bases = join(this.#root, "bases", daemon);
    this.#transport = new DockerDaemonTransport(client);
  }

  async problem() {
    try {
      await this.#client.system.ping();
      return undefined;
    } catch (error) {
      const { hint } = error as { hint?: string };
      return { message: messageOf(error), hint: hint ?? "Name a daemon with DOCKER_HOST." };
    }
  }

  /** The image goes to the daemon if it is not there; its layers are not read here. */
  async importImage(image: Image, signal?: AbortSignal): Promise<readonly Layer[]> {
    const id = await this.#inDaemon(image, signal);
    const diffIds = image.layers.map((layer) => layer.diffId);
    return this.#take({ image: id, config: image.config, diffIds });
  }

  #take(base: KnownBase): readonly Layer[] {
    mkdirSync(this.#bases, { recursive: true });
    for (const diffId of base.diffIds) this.#remember(idOf(diffId), base);
    this.#there.set(base.image, Promise.resolve(true));
    return base.diffIds.map((diffId) => ({
      id: idOf(diffId),
      content: diffId,
      size: 0,
      files: { written: 0, removed: 0 },
    }));
  }

  async open(stack: readonly LayerId[], options: SessionOptions): Promise<Session> {
    for (const id of stack) {
      if (await this.has(id)) continue;
      throw new LayerError(`layer ${id} is not in the store ${this.#root}`, {
        hint: "It was removed or damaged. Build again: what is missing is made anew.",
      });
    }
    if (options.mounts?.length && !this.canMount) {
      throw new WorkspaceError(
        `directories of this machine cannot be mounted by the daemon at ${this.#client.endpoint.url}`,
        { hint: "Build in the sandbox (--on sandbox), or with a daemon on this machine." },
      );
    }
    const own = stack.filter((id) => this.store.meta(id) !== undefined);
    for (const id of own) this.store.touch(id);
    const session = new DockerSession(stack, options, {
      client: this.#client,
      store: this.store,
      image: () => this.imageOf(stack),
      known: () => this.known(own),
      onClose: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  async has(id: LayerId): Promise<boolean> {
    const base = this.#base(id);
    if (base) return this.#daemonHas(base.image);
    return this.store.has(id, (layer, entries) => isWholeData(this.store.contents(layer), entries));
  }

  async exportLayer(ids: readonly LayerId[], epoch: number): Promise<LayerSource> {
    const [id = ""] = ids;
    const base = this.#base(id);
    if (base) return this.#baseLayer(id, base);
    return layerTar(
      this.store,
      ids,
      epoch,
      async () => (files) => contentsOf(this.store, ids, files),
    );
  }

  async removeLayers(ids: readonly LayerId[]): Promise<void> {
    if (!existsSync(this.#root)) return;
    for (const directory of this.#baseDirectories()) {
      for (const id of ids) rmSync(join(directory, id), { force: true });
    }
    const doomed = this.store.detach(ids);
    if (doomed !== undefined) rmSync(doomed, { recursive: true, force: true });
  }

  async damage(id: LayerId): Promise<readonly string[]> {
    if (this.store.meta(id) === undefined) return [];
    const whole = await isWholeData(this.store.contents(id), this.store.manifest(id));
    return whole ? [] : ["its files are not what its manifest says"];
  }

  /** Those on this machine, and the bases that daemons have, which take no space here. */
  async listLayers() {
    if (!existsSync(this.#root)) return [];
    const bases = this.#baseDirectories().flatMap((directory) =>
      readdirSync(directory).map((id) => ({
        id,
        bytes: 0,
        lastUsed: statSync(join(directory, id)).mtimeMs,
      })),
    );
    return [...this.store.list(), ...bases];
  }

  /** One for each daemon. */
  #baseDirectories(): readonly string[] {
    const all = join(this.#root, "bases");
    return existsSync(all) ? readdirSync(all).map((name) => join(all, name)) : [];
  }

  async close(): Promise<void> {
    for (const session of [...this.#sessions]) await session.close();
    if (this.#layers) rmSync(this.#layers.tmp, { recursive: true, force: true });
    this.#layers = undefined;
  }

  get store(): LayerStore {
    if (!this.#layers) {
      mkdirSync(this.#root, { recursive: true });
      this.#layers = new LayerStore(this.#root, { rootless: false, contents: "data" });
      for (const orphan of this.#layers.orphans()) rmSync(orphan, { recursive: true, force: true });
    }
    return this.#layers;
  }

  /** An image that is in the daemon already. Nothing of it is read. @param id of the image */
  async adoptImage(id: string): Promise<readonly Layer[]> {
    const { RootFS, Architecture, Os, Variant, Config } = await this.#client.images.inspect(id);
    const diffIds = (RootFS.Layers ?? []) as readonly Digest[];
    const config: ImageConfig = {
      architecture: Architecture,
      ...(Variant && { variant: Variant }),
      os: Os,
      config: (Config ?? {}) as RunConfig,
      rootfs: { type: "layers", diff_ids: [...diffIds] },
    };
    return this.#take({ image: id, config, diffIds });
  }

  async #inDaemon(image: Image, signal: AbortSignal | undefined): Promise<string> {
    try {
      return (await this.#client.images.inspect(image.id, signal)).Id;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const name = `layerbook/base:${image.id.slice(7, 23)}`;
    const known = await this.#client.images.inspect(name).catch(() => undefined);
    if (known) return known.Id;
    await this.#transport.write(image, name, signal ? { signal } : {});
    return (await this.#client.images.inspect(name)).Id;
  }

  /**
   * An image that a container can be started from, with the layers of the stack and nothing else.
   * @param own the layers that a build has added: one for all, since a daemon takes its time for each,
   *   or each apart, when it has them already
   */
  async imageOf(stack: readonly LayerId[], own: "folded" | "apart" = "folded"): Promise<string> {
    const [first = ""] = stack;
    const base = this.#base(first);
    const added = stack.filter((id) => !this.#base(id));
    const whole = base && base.diffIds.length === stack.length - added.length;
    const volumes = Object.keys(base?.config.config?.Volumes ?? {});
    if (base && whole && added.length === 0 && volumes.length === 0) return base.image;
    const layers = await this.layersOf(stack, own);
    return stateImage({
      client: this.#client,
      transport: this.#transport,
      baseConfig: base?.config ?? EMPTY_CONFIG,
      layers,
      key: [...stack, ...(base?.config.config?.Env ?? [])].join("\n"),
    });
  }

  /** The layers of a stack for an image. Beyond what an image may have, those of tasks are folded. */
  async layersOf(stack: readonly LayerId[], own: "folded" | "apart"): Promise<LayerSource[]> {
    const layers: LayerSource[] = [];
    const added: LayerId[] = [];
    for (const id of stack) {
      const base = this.#base(id);
      if (base) layers.push(this.#baseLayer(id, base));
      else added.push(id);
    }
    if (added.length === 0) return layers;
    const epoch = Number.MAX_SAFE_INTEGER;
    const groups =
      own === "folded" || added.length > MOST_APART ? [added] : added.map((id) => [id]);
    for (const ids of groups) layers.push(await this.exportLayer(ids, epoch));
    return layers;
  }

  /** What layers of the store say of paths. */
  known(own: readonly LayerId[]): Map<string, Entry> {
    const folded = foldLayers(own.map((id) => this.store.manifest(id)));
    return new Map(
      folded
        .filter(({ entry }) => entry.type !== "whiteout")
        .map(({ entry }) => [entry.path, entry]),
    );
  }

  #baseLayer(id: LayerId, base: KnownBase): LayerSource {
    const index = base.diffIds.findIndex((diffId) => idOf(diffId) === id);
    return {
      diffId: base.diffIds[index] as Digest,
      open: async () => {
        const image = await this.#transport.read(base.image);
        const layer = image.layers[index];
        if (!layer) throw new LayerError(`the base image ${base.image} has changed in the daemon`);
        return layer.open();
      },
    };
  }

  #daemonHas(image: string): Promise<boolean> {
    let answer = this.#there.get(image);
    if (!answer) {
      answer = this.#client.images.inspect(image).then(
        () => true,
        (error) => {
          if (isNotFound(error)) return false;
          throw error;
        },
      );
      this.#there.set(image, answer);
    }
    return answer;
  }

  #base(id: LayerId): KnownBase | undefined {
    const path = join(this.#bases, id);
    if (!/^[0-9a-f]{64}$/.test(id) || !existsSync(path)) return undefined;
    try {
      return JSON.parse(readFileSync(path, "utf8")) as KnownBase;
    } catch {
      return undefined;
    }
  }

  #remember(id: LayerId, base: KnownBase): void {
    const path = join(this.#bases, id);
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(base));
    renameSync(temporary, path);
  }
}

/** An image may have 127 layers, the base's among them. */
const MOST_APART = 100;

const EMPTY_CONFIG: ImageConfig = {
  architecture: "amd64",
  os: "linux",
  rootfs: { type: "layers", diff_ids: [] },
};

function idOf(diffId: Digest): LayerId {
  return diffId.replace(/^sha256:/, "");
}
