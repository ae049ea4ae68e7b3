/** The sandbox {@link Workspace}: overlay mounts and an OCI runtime, no daemon. */
import { join } from "node:path";
import { quote } from "../connection/connection.ts";
import type { Image, LayerSource } from "../oci/image.ts";
import { LayerError } from "../workspace/errors.ts";
import { LayerStore } from "../workspace/layer-store.ts";
import type { Aside } from "../workspace/manifest.ts";
import type { Layer, LayerId, Session, SessionOptions, Workspace } from "../workspace/workspace.ts";
import { damageOf } from "./damage.ts";
import { SandboxError } from "./errors.ts";
import { exportLayers } from "./export.ts";
import { type Files, isWhole } from "./files.ts";
import { Helper } from "./helper.ts";
import { adoptLayer, importLayer } from "./import.ts";
import { NativeFiles } from "./native-files.ts";
import { findProblem } from "./problem.ts";
import { findRuntime, type Runtime } from "./runtime.ts";
import { type Equipment, SandboxSession } from "./session.ts";
import { ShellFiles } from "./shell-files.ts";
import { ownIds } from "./user-namespace.ts";

export interface SandboxOptions {
  /** Directory of the layer store. It is made when it does not exist. */
  readonly root: string;
  /** Default: crun, else runc. */
  readonly runtime?: Runtime["name"];
  /**
   * How files are handled: `native` is quicker and needs root, `shell` does everything by tools in
   * the helper. Default: `native` for root.
   */
  readonly files?: "native" | "shell";
}

/**
 * A workspace on this machine. Nothing is mounted or started before the first script runs, and
 * nothing stays when this process ends, however it ends.
 */
export function createSandboxWorkspace(options: SandboxOptions): Workspace {
  return new SandboxWorkspace(options);
}

class SandboxWorkspace implements Workspace {
  readonly kind = "sandbox";
  readonly canMount = true;
  readonly #options: SandboxOptions;
  readonly #sessions = new Set<Session>();
  #store: LayerStore | undefined;
  #equipment: Promise<Equipment> | undefined;
  #closed = false;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  problem() {
    return findProblem();
  }

  async importImage(image: Image, signal?: AbortSignal): Promise<readonly Layer[]> {
    const layers: Layer[] = [];
    for (const source of image.layers) {
      layers.push(await importLayer(this.#layers, () => this.#equip(), source, signal));
    }
    return layers;
  }

  async open(stack: readonly LayerId[], options: SessionOptions): Promise<Session> {
    for (const id of stack) {
      if (await this.has(id)) continue;
      throw new LayerError(`layer ${id} is not in the store ${this.#options.root}`, {
        hint: "It was removed or damaged. Build again: what is missing is made anew.",
      });
    }
    for (const id of stack) this.#layers.touch(id);
    const session = new SandboxSession(
      stack,
      options,
      () => this.#equip(),
      () => this.#sessions.delete(session),
    );
    this.#sessions.add(session);
    return session;
  }

  has(id: LayerId): Promise<boolean> {
    return this.#layers.has(id, async (layer, entries) =>
      isWhole((await this.#equip()).files, this.#layers.contents(layer), entries),
    );
  }

  async exportLayer(ids: readonly LayerId[], epoch: number): Promise<LayerSource> {
    return exportLayers(this.#layers, async () => (await this.#equip()).files, ids, epoch);
  }

  async adopt(
    layer: Layer,
    tar: LayerSource,
    asides: ReadonlyMap<string, Aside>,
    signal?: AbortSignal,
  ): Promise<void> {
    if (await this.has(layer.id)) return;
    await adoptLayer(this.#layers, await this.#equip(), layer, tar, asides, signal);
  }

  async damage(id: LayerId): Promise<readonly string[]> {
    return damageOf(this.#layers, (await this.#equip()).files, id);
  }

  async removeLayers(ids: readonly LayerId[]): Promise<void> {
    const doomed = this.#layers.detach(ids);
    if (doomed === undefined) return;
    // A tool: there may be tens of thousands of files.
    const { helper } = await this.#equip();
    await helper.must(`rm -rf -- ${quote(doomed)}`, "cannot remove layers");
  }

  async entries(id: LayerId) {
    return this.#layers.manifest(id);
  }

  async listLayers() {
    return this.#layers.list();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const session of [...this.#sessions]) await session.close();
    const equipment = this.#equipment;
    if (!equipment) return;
    this.#equipment = undefined;
    const { helper, files, store } = await equipment;
    await files.remove(store.tmp);
    await helper.close();
  }

  get #layers(): LayerStore {
    this.#store ??= new LayerStore(this.#options.root, {
      rootless: process.getuid?.() !== 0,
      contents: "fs",
    });
    return this.#store;
  }

  #equip(): Promise<Equipment> {
    if (this.#closed && !this.#equipment) {
      return Promise.reject(new SandboxError("the sandbox was closed"));
    }
    this.#equipment ??= this.#prepare().catch((error) => {
      this.#equipment = undefined;
      throw error;
    });
    return this.#equipment;
  }

  async #prepare(): Promise<Equipment> {
    const store = this.#layers;
    const rootless = process.getuid?.() !== 0;
    const runtime = findRuntime(this.#options.runtime);
    const ids = rootless ? await ownIds() : undefined;
    if (!runtime || (ids && "missing" in ids)) {
      const problem = await findProblem();
      throw new SandboxError(problem?.message ?? "the sandbox cannot be used here", {
        hint: problem?.hint,
      });
    }
    const helper = await Helper.start(runtime.name, ids);
    const shell = (this.#options.files ?? (rootless ? "shell" : "native")) === "shell";
    const newTemplate = async () => {
      const directory = store.newTemporary("whiteout");
      const template = join(directory, "node");
      await helper.must(`mknod -m 0 ${quote(template)} c 0 0`, "cannot make a whiteout");
      return template;
    };
    const files: Files = shell ? new ShellFiles(helper) : new NativeFiles(helper, newTemplate);
    const viewFiles = shell ? files : new NativeFiles(helper, newTemplate, helper.root);
    void removeOrphans(store, files);
    return { store, runtime, helper, files, viewFiles };
  }
}

/** What killed processes left. It may be taking a while and nothing waits for it. */
async function removeOrphans(store: LayerStore, files: Files): Promise<void> {
  for (const directory of store.orphans()) await files.remove(directory).catch(() => undefined);
}
