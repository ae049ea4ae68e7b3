/**
 * Takes out of a store what a policy says: what was not used for long first, and never what a build
 * that runs now may need. Records go before their layers, so that whoever is killed on the way leaves
 * at worst a layer that nobody needs.
 */
import { readdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../oci/image.ts";
import type { LayerId } from "../../workspace/workspace.ts";
import { type StepStore, USE_PRECISION_MS } from "../step-store.ts";
import { type KeptLayers, type Survey, surveyStore } from "./survey.ts";

export interface PrunePolicy {
  /** What was not used for so long. Milliseconds. */
  readonly olderThanMs?: number | undefined;
  /** All but so many of the steps that were used last. */
  readonly moreThan?: number | undefined;
  /** The layers that are left may have so many bytes. */
  readonly maxBytes?: number | undefined;
  /** Everything. */
  readonly all?: boolean | undefined;
}

export interface Pruned {
  readonly steps: number;
  readonly bases: number;
  readonly layers: number;
  /** Of the layers. */
  readonly bytes: number;
  readonly left: { readonly steps: number; readonly layers: number; readonly bytes: number };
  /** Something would have gone if no build were running. */
  readonly heldBack: boolean;
}

/** One thing that can go: a step or a base image. */
interface Item {
  readonly kind: "step" | "base";
  readonly key: Digest;
  readonly usedMs: number;
  readonly createdMs: number;
  readonly layers: readonly LayerId[];
  /** It is of no use as it is. */
  readonly useless: boolean;
}

/** Layers that nothing refers to may be in the making. */
const YOUNG_MS = 3_600_000;

/** @param dryRun says what would go, and takes nothing away */
export async function pruneStore(
  store: StepStore,
  workspace: KeptLayers,
  policy: PrunePolicy,
  dryRun: boolean,
): Promise<Pruned> {
  const survey = await surveyStore(store, workspace);
  const items = itemsOf(survey);
  const now = Date.now();
  const protectedSince =
    survey.runningSinceMs === undefined
      ? Number.POSITIVE_INFINITY
      : survey.runningSinceMs - USE_PRECISION_MS;
  const wanted = choose(items, survey, policy, now);
  const doomed = new Set(
    [...wanted].filter((item) => item.useless || item.usedMs < protectedSince),
  );
  const kept = items.filter((item) => !doomed.has(item));
  const needed = new Set(kept.flatMap((item) => item.layers));
  if (!policy.all) for (const id of survey.failed) needed.add(id);
  const gone: LayerId[] = [];
  let bytes = 0;
  let left = 0;
  const referred = new Set(items.flatMap((item) => item.layers));
  for (const [id, layer] of survey.layers) {
    const inTheMaking = !referred.has(id) && now - layer.lastUsed < YOUNG_MS && !policy.all;
    if (needed.has(id) || inTheMaking || layer.lastUsed >= protectedSince) {
      left += layer.bytes;
      continue;
    }
    gone.push(id);
    bytes += layer.bytes;
  }
  if (!dryRun) {
    for (const { kind, key } of doomed) {
      if (kind === "step") store.delete(key);
      else store.deleteFact("bases", key);
    }
    await workspace.removeLayers(gone);
    dropLooseFacts(store, kept);
  }
  const steps = [...doomed].filter(({ kind }) => kind === "step").length;
  return {
    steps,
    bases: doomed.size - steps,
    layers: gone.length,
    bytes,
    left: {
      steps: kept.filter(({ kind }) => kind === "step").length,
      layers: survey.layers.size - gone.length,
      bytes: left,
    },
    heldBack: doomed.size < wanted.size,
  };
}

function itemsOf({ records, bases, layers }: Survey): Item[] {
  const steps = records.map(({ key, usedMs, record }): Item => {
    const layer = record?.layer?.id;
    const useless = !record || (layer !== undefined && !layers.has(layer));
    return {
      kind: "step",
      key,
      usedMs,
      createdMs: record?.created ?? 0,
      layers: layer === undefined ? [] : [layer],
      useless,
    };
  });
  return [
    ...steps,
    ...bases.map(({ key, usedMs, layers: own }): Item => {
      const useless = own.length === 0 || own.some((id) => !layers.has(id));
      return { kind: "base", key, usedMs, createdMs: 0, layers: own, useless };
    }),
  ];
}

function choose(items: readonly Item[], survey: Survey, policy: PrunePolicy, now: number) {
  const { olderThanMs, moreThan, maxBytes, all } = policy;
  const chosen = new Set(items.filter((item) => item.useless || all === true));
  // Of steps that were used in the same build, later ones are of no use without earlier ones.
  const oldest = items.toSorted(
    (a, b) => minuteOf(a.usedMs) - minuteOf(b.usedMs) || b.createdMs - a.createdMs,
  );
  if (olderThanMs !== undefined) {
    for (const item of items) if (now - item.usedMs > olderThanMs) chosen.add(item);
  }
  if (moreThan !== undefined) {
    const steps = oldest.filter((item) => item.kind === "step" && !chosen.has(item));
    for (const item of steps.slice(0, Math.max(0, steps.length - moreThan))) chosen.add(item);
  }
  if (maxBytes !== undefined) dropUntil(maxBytes, oldest, survey, chosen);
  return chosen;
}

/** Chooses further items, the longest unused first, until what is left is no larger. */
function dropUntil(
  maxBytes: number,
  oldest: readonly Item[],
  { layers }: Survey,
  chosen: Set<Item>,
): void {
  const users = new Map<LayerId, number>();
  let total = 0;
  for (const item of oldest) {
    if (chosen.has(item)) continue;
    for (const id of item.layers) {
      const count = users.get(id) ?? 0;
      if (count === 0) total += layers.get(id)?.bytes ?? 0;
      users.set(id, count + 1);
    }
  }
  for (const item of oldest) {
    if (total <= maxBytes) return;
    if (chosen.has(item)) continue;
    chosen.add(item);
    for (const id of item.layers) {
      const count = (users.get(id) ?? 1) - 1;
      users.set(id, count);
      if (count === 0) total -= layers.get(id)?.bytes ?? 0;
    }
  }
}

function minuteOf(ms: number): number {
  return Math.floor(ms / USE_PRECISION_MS);
}

/** Notes that lead to steps that are gone, and memories of files that nobody asked for in a long time. */
function dropLooseFacts(store: StepStore, kept: readonly Item[]): void {
  const keys = new Set(kept.map(({ key }) => key));
  for (const { key, fact } of store.facts<Digest>("touched")) {
    if (fact === undefined || !keys.has(fact)) store.deleteFact("touched", key);
  }
  const old = Date.now() - 30 * 86_400_000;
  for (const { key, usedMs, fact } of store.facts<unknown>("images")) {
    if (fact === undefined || usedMs < old) store.deleteFact("images", key);
  }
  const memories = join(store.root, "stat");
  for (const name of namesIn(memories)) {
    const path = join(memories, name);
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? old) < old) {
      rmSync(path, { force: true });
    }
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** What a store may come to when nothing else is said: a fifth of its disk. Bytes. */
export function defaultBound(root: string): number {
  const { blocks, bsize } = statfsSync(root);
  return Math.floor((blocks * bsize) / 5);
}
