/**
 * Caches of other machines, as one: outcomes are looked up in them when the own store has none, and a
 * layer is fetched when a step has to run on it or the image is delivered. A cache that is broken is
 * as good as none: the build says so once and goes on without it.
 */
import { createHash } from "node:crypto";
import { LayerbookError, messageOf } from "../../errors/index.ts";
import type { ArtifactPlace } from "../../oci/artifact-place.ts";
import type { Digest } from "../../oci/image.ts";
import type { Layer, LayerId, Workspace } from "../../workspace/workspace.ts";
import type { FurtherRecords, StepRecord, StepStore } from "../step-store.ts";
import type { SharedLayer, SharedOutcome } from "./cache-document.ts";
import { inParallel } from "./parallel.ts";
import { SharedSource } from "./shared-source.ts";

/** A layer that a replayed step needs cannot be had: the build has to begin again without the cache. */
export class SharedCacheError extends LayerbookError {}

interface Offer {
  readonly layer: SharedLayer;
  readonly source: SharedSource;
}

export class SharedCache implements FurtherRecords {
  readonly #sources: readonly SharedSource[];
  readonly #workspace: Workspace;
  readonly #signal: AbortSignal;
  /** Layers that can be fetched, by the id that they have here. */
  readonly #offers = new Map<LayerId, Offer>();
  readonly #fetching = new Map<LayerId, Promise<void>>();
  readonly #used = new Map<Digest, StepRecord>();
  #forsaken = false;
  /** Why the build has to begin again, once it has to. */
  failure: SharedCacheError | undefined;

  /**
   * @param places in the order in which they are asked
   * @param workspace where the layers are needed
   */
  constructor(places: readonly ArtifactPlace[], workspace: Workspace, signal: AbortSignal) {
    this.#sources = places.map((place) => new SharedSource(place));
    this.#workspace = workspace;
    this.#signal = signal;
  }

  /** Reads the lists of outcomes. @param warn told of each cache that gives nothing */
  async load(warn: (message: string) => void): Promise<void> {
    const problems = await Promise.all(this.#sources.map((source) => source.load()));
    for (const [index, problem] of problems.entries()) {
      if (problem === undefined) continue;
      warn(`no cache from ${this.#sources[index]?.place.label}: ${problem}`);
    }
  }

  /** An outcome of another machine. Its layer, if it has one, is not here yet. */
  get(key: Digest): StepRecord | undefined {
    if (this.#forsaken) return undefined;
    for (const source of this.#sources) {
      const found = source.outcomes.get(key);
      if (!found) continue;
      const record = this.#record(found, source);
      this.#used.set(key, record);
      return record;
    }
    return undefined;
  }

  touched(key: Digest): Digest | undefined {
    if (this.#forsaken) return undefined;
    return this.#sources.map((source) => source.touched.get(key)).find(Boolean);
  }

  /** Where the layer's compressed tar is known to be; `undefined` for layers of the own store. */
  sharedLayer(id: LayerId): SharedLayer | undefined {
    return this.#offers.get(id)?.layer;
  }

  offers(id: LayerId): boolean {
    return !this.#forsaken && this.#offers.has(id);
  }

  /**
   * Brings those of the layers that are not here.
   * @throws SharedCacheError when one cannot be had; it is also kept as {@link failure}
   */
  async fetch(ids: readonly LayerId[]): Promise<void> {
    await inParallel(ids, async (id) => {
      const offer = this.#offers.get(id);
      if (!offer || this.#forsaken) return;
      let work = this.#fetching.get(id);
      if (!work) {
        work = this.#fetch(id, offer);
        this.#fetching.set(id, work);
      }
      await work;
    });
  }

  /** From now on as if there were no shared cache. */
  forsake(): void {
    this.#forsaken = true;
    this.failure = undefined;
  }

  /** What was used goes into the own store, as far as its layers are here. */
  async keep(store: StepStore): Promise<void> {
    for (const [key, record] of this.#used) {
      if (record.layer && !(await this.#workspace.has(record.layer.id))) continue;
      store.put(key, record, false);
    }
    this.#used.clear();
  }

  async #fetch(id: LayerId, { layer, source }: Offer): Promise<void> {
    if (await this.#workspace.has(id)) return;
    try {
      await this.#workspace.adopt?.(
        { id, content: layer.content, size: layer.size, files: layer.files },
        source.layer(layer),
        new Map(Object.entries(layer.asides)),
        this.#signal,
      );
    } catch (cause) {
      this.#signal.throwIfAborted();
      this.failure ??= new SharedCacheError(
        `the cache ${source.place.label} lacks a layer: ${messageOf(cause)}`,
        { cause },
      );
      throw this.failure;
    }
  }

  #record({ record, layer }: SharedOutcome, source: SharedSource): StepRecord {
    if (!layer) return { ...record, layer: null };
    const { content, size, files } = layer;
    const own: Layer = { id: localId(layer), content, size, files };
    if (!this.#offers.has(own.id)) this.#offers.set(own.id, { layer, source });
    return { ...record, layer: own };
  }
}

/** The same for the same bytes, and of no layer that was made or imported here. */
function localId({ content, diffId, asides }: SharedLayer): LayerId {
  return createHash("sha256")
    .update(JSON.stringify(["shared", content, diffId, Object.entries(asides)]))
    .digest("hex")
    .slice(0, 40);
}
