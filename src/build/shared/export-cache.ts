/**
 * Gives the outcomes of a build to other machines. Blobs go first, then the list, then the manifest: an
 * upload that breaks off leaves the cache as it was. What earlier builds left there stays for a while.
 */
import { Readable } from "node:stream";
import { LayerbookError } from "../../errors/index.ts";
import type { ArtifactPlace } from "../../oci/artifact-place.ts";
import { compressedBlob } from "../../oci/blobs.ts";
import { sha256 } from "../../oci/digest.ts";
import type { Digest, LayerBlob } from "../../oci/image.ts";
import { RegistryError } from "../../oci/registry/client.ts";
import type { Aside } from "../../workspace/manifest.ts";
import type { Layer, LayerId, Workspace } from "../../workspace/workspace.ts";
import { digestOf } from "../digest.ts";
import type { StepStore } from "../step-store.ts";
import {
  CACHE_TYPE,
  cacheManifest,
  EMPTY,
  encodeOutcomes,
  OUTCOMES_TYPE,
  outcomesBlob,
  type SharedLayer,
  type SharedOutcome,
} from "./cache-document.ts";
import { inParallel } from "./parallel.ts";
import type { SharedCache } from "./shared-cache.ts";
import { SharedSource } from "./shared-source.ts";

/** Outcomes that no build has used for so long are left out. */
const KEPT_MS = 30 * 86_400_000;
/** A manifest names all layers, and registries take one of 4 MB. */
const MOST_OUTCOMES = 10_000;
/** Times stay as they are. */
const NO_EPOCH = 2 ** 40;

export interface ExportCacheInput {
  readonly place: ArtifactPlace;
  readonly store: StepStore;
  readonly workspace: Workspace;
  /** The caches that the build drew from. */
  readonly shared: SharedCache | undefined;
  /** Keys of the steps that the build used. */
  readonly keys: readonly Digest[];
  readonly signal: AbortSignal;
}

export interface ExportedCache {
  readonly outcomes: number;
  readonly layersSent: number;
  readonly bytesSent: number;
}

/** @throws LayerbookError when the place cannot be written, or holds something else under that name */
export async function exportCache(input: ExportCacheInput): Promise<ExportedCache> {
  const { place, store } = input;
  const there = await existing(place);
  const sent = { layers: 0, bytes: 0 };
  const now = Date.now();
  const own = new Map<Digest, SharedOutcome>();
  await inParallel([...new Set(input.keys)], async (key) => {
    const record = store.getShareable(key);
    if (!record) return;
    const { layer, parts: _, ...rest } = record;
    own.set(key, { record: rest, layer: layer && (await send(layer, input, sent)), used: now });
  });
  const touched = new Map([...store.touchedKeys].filter(([, at]) => own.has(at)));
  const merged = merge(there, { outcomes: own, touched }, now);
  try {
    await publish(place, merged);
  } catch (error) {
    // Something that an earlier build had sent is gone.
    if (!(error instanceof RegistryError) || error.status !== 400) throw error;
    await publish(place, { outcomes: own, touched });
  }
  return { outcomes: own.size, layersSent: sent.layers, bytesSent: sent.bytes };
}

async function existing(place: ArtifactPlace): Promise<SharedSource> {
  const source = new SharedSource(place);
  const manifest = await place.manifest();
  if (manifest) {
    try {
      outcomesBlob(manifest);
    } catch {
      throw new LayerbookError(`${place.label} is something else than a cache`, {
        hint: "Choose another name or tag for the cache: what is there would be lost.",
      });
    }
    // A damaged list is as good as none: it is written anew.
    await source.load();
  }
  return source;
}

type Outcomes = Pick<SharedSource, "outcomes" | "touched">;

function merge(there: Outcomes, own: Outcomes, now: number): Outcomes {
  const outcomes = new Map(own.outcomes);
  const older = [...there.outcomes]
    .filter(([key, { used }]) => !outcomes.has(key) && now - used < KEPT_MS)
    .sort(([, a], [, b]) => b.used - a.used);
  for (const [key, outcome] of older.slice(0, Math.max(0, MOST_OUTCOMES - outcomes.size))) {
    outcomes.set(key, outcome);
  }
  const touched = new Map([...there.touched, ...own.touched].filter(([, at]) => outcomes.has(at)));
  return { outcomes, touched };
}

async function publish(place: ArtifactPlace, all: Outcomes): Promise<void> {
  const outcomes = encodeOutcomes(all);
  const layers = [...all.outcomes.values()].flatMap(({ layer }) => (layer ? [layer.blob] : []));
  await place.push(blobOf(EMPTY, CACHE_TYPE));
  await place.push(blobOf(outcomes, OUTCOMES_TYPE));
  await place.publish(cacheManifest(outcomes, layers));
}

function blobOf(bytes: Buffer, mediaType: string): LayerBlob {
  return {
    digest: sha256(bytes),
    size: bytes.length,
    mediaType,
    open: async () => Readable.from([bytes], { objectMode: false }),
  };
}

/** The layer as others find it; its bytes go only where they are not yet. */
async function send(
  layer: Layer,
  { place, shared, signal, store, workspace }: ExportCacheInput,
  sent: { layers: number; bytes: number },
): Promise<SharedLayer> {
  const known = shared?.sharedLayer(layer.id) ?? remembered(store, layer.id);
  if (known && (await place.has(known.blob.digest, known.blob.size))) return known;
  const source = await workspace.exportLayer([layer.id], NO_EPOCH);
  const blob = await compressedBlob(source, signal);
  const bytes = await place.push(blob);
  if (bytes > 0) sent.layers++;
  sent.bytes += bytes;
  const asides: Record<string, Aside> = {};
  for (const { path, aside } of (await workspace.entries?.(layer.id)) ?? []) {
    if (aside) asides[path] = aside;
  }
  const result: SharedLayer = {
    content: layer.content,
    size: layer.size,
    files: layer.files,
    diffId: source.diffId,
    blob: { digest: blob.digest, size: blob.size },
    asides,
  };
  store.putFact("images", factKey(layer.id), result);
  return result;
}

function remembered(store: StepStore, id: LayerId): SharedLayer | undefined {
  return store.getFact<SharedLayer>("images", factKey(id));
}

function factKey(id: LayerId): Digest {
  return digestOf(["shared layer", id]);
}
