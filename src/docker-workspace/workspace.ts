/**
 * The docker {@link Workspace}: a container of a daemon. The daemon runs the scripts; layers are kept on
 * the controller, in the same form whatever daemon made them.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DockerClient, isNotFound } from "../docker/index.ts";
import { messageOf } from "../errors/index.ts";
import type { Digest, Image, ImageConfig, LayerSource } from "../oci/image.ts";
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

class DockerWorkspace implements Workspace {
  readonly kind = "docker";
  readonly #client: DockerClient;
  readonly #root: string;
  readonly #bases: string;
  readonly #transport: DockerDaemonTransport;
  readonly #sessions = new Set<DockerSession>();
  /** Base images that the daemon was asked for in this run. */
  readonly #there = new Map<string, Promise<boolean>>();
  #store: LayerStore | undefined;

  constructor({ root, client }: DockerWorkspaceOptions) {
    this.#client = client;
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
    mkdirSync(this.#bases, { recursive: true });
    const diffIds = image.layers.map((layer) => layer.diffId);
    const known: KnownBase = { image: id, config: image.config, diffIds };
    for (const diffId of diffIds) this.#remember(idOf(diffId), known);
    this.#there.set(id, Promise.resolve(true));
    return diffIds.map((diffId) => ({
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
    if (options.mounts?.length && this.#client.endpoint.kind !== "socket") {
      throw new WorkspaceError(
        `directories of this machine cannot be mounted by the daemon at ${this.#client.endpoint.url}`,
        { hint: "Build in the sandbox (--on sandbox), or with a daemon on this machine." },
      );
    }
    const own = stack.filter((id) => this.#layers.meta(id) !== undefined);
    for (const id of own) this.#layers.touch(id);
    const session = new DockerSession(stack, options, {
      client: this.#client,
      store: this.#layers,
      image: () => this.#imageOf(stack),
      known: () => this.#known(own),
      onClose: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  async has(id: LayerId): Promise<boolean> {
    const base = this.#base(id);
    if (base) return this.#daemonHas(base.image);
    return this.#layers.has(id, (layer, entries) =>
      isWholeData(this.#layers.contents(layer), entries),
    );
  }

  async exportLayer(ids: readonly LayerId[], epoch: number): Promise<LayerSource> {
    const [id = ""] = ids;
    const base = this.#base(id);
    if (base) return this.#baseLayer(id, base);
    return layerTar(
      this.#layers,
      ids,
      epoch,
      async () => (files) => contentsOf(this.#layers, ids, files),
    );
  }

  async removeLayers(ids: readonly LayerId[]): Promise<void> {
    for (const id of ids) rmSync(join(this.#bases, id), { force: true });
    const doomed = this.#layers.detach(ids);
    if (doomed !== undefined) rmSync(doomed, { recursive: true, force: true });
  }

  async listLayers() {
    return this.#layers.list();
  }

  async close(): Promise<void> {
    for (const session of [...this.#sessions]) await session.close();
    if (this.#store) rmSync(this.#store.tmp, { recursive: true, force: true });
    this.#store = undefined;
  }

  get #layers(): LayerStore {
    if (!this.#store) {
      mkdirSync(this.#root, { recursive: true });
      this.#store = new LayerStore(this.#root, { rootless: false, contents: "data" });
      for (const orphan of this.#store.orphans()) rmSync(orphan, { recursive: true, force: true });
    }
    return this.#store;
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

  /** An image that a container can be started from, with the layers of the stack and nothing else. */
  async #imageOf(stack: readonly LayerId[]): Promise<string> {
    const [first = ""] = stack;
    const base = this.#base(first);
    const own = stack.filter((id) => !this.#base(id));
    const baseIds = stack.slice(0, stack.length - own.length);
    const whole = base && base.diffIds.length === baseIds.length;
    const volumes = Object.keys(base?.config.config?.Volumes ?? {});
    if (base && whole && own.length === 0 && volumes.length === 0) return base.image;
    const baseLayers = baseIds.flatMap((id) => {
      const known = this.#base(id);
      return known ? [this.#baseLayer(id, known)] : [];
    });
    const layers = [...baseLayers];
    // One layer for all that the build has added: a daemon takes its time for each.
    if (own.length > 0) layers.push(await this.exportLayer(own, Number.MAX_SAFE_INTEGER));
    return stateImage({
      client: this.#client,
      transport: this.#transport,
      baseConfig: base?.config ?? EMPTY_CONFIG,
      layers,
      key: [...stack, ...(base?.config.config?.Env ?? [])].join("\n"),
    });
  }

  #known(own: readonly LayerId[]): Map<string, Entry> {
    const folded = foldLayers(own.map((id) => this.#layers.manifest(id)));
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

const EMPTY_CONFIG: ImageConfig = {
  architecture: "amd64",
  os: "linux",
  rootfs: { type: "layers", diff_ids: [] },
};

function idOf(diffId: Digest): LayerId {
  return diffId.replace(/^sha256:/, "");
}
