/** What is in a store: records, base images and layers, who needs which, and when it was last used. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../oci/image.ts";
import { isOrphan } from "../../workspace/owner.ts";
import type { Layer, LayerId, Workspace } from "../../workspace/workspace.ts";
import type { BaseImage } from "../base-image.ts";
import { FailedStates } from "../failed-state.ts";
import type { FoundRecord, StepStore } from "../step-store.ts";

export interface FoundBase {
  readonly key: Digest;
  readonly usedMs: number;
  readonly layers: readonly LayerId[];
}

export interface Survey {
  readonly records: readonly FoundRecord[];
  readonly bases: readonly FoundBase[];
  readonly layers: ReadonlyMap<LayerId, { readonly bytes: number; readonly lastUsed: number }>;
  /** Layers of the state in which the last build broke. */
  readonly failed: readonly LayerId[];
  /** When the oldest of the builds that run now has begun; `undefined` when none runs. Unix ms. */
  readonly runningSinceMs: number | undefined;
}

/** What is asked of a workspace by whoever looks after the store. */
export type KeptLayers = Pick<
  Workspace,
  "has" | "entries" | "damage" | "listLayers" | "removeLayers"
>;

/**
 * The layers of several workspaces that share a store.
 * @param all the first one answers for what no one lists
 */
export function together(all: readonly [KeptLayers, ...KeptLayers[]]): KeptLayers {
  const ofThe = async (id: LayerId): Promise<KeptLayers> => {
    for (const one of all) if (await one.has(id)) return one;
    return all[0];
  };
  let listed: Promise<readonly ReadonlySet<LayerId>[]> | undefined;
  const owner = async (id: LayerId): Promise<KeptLayers> => {
    listed ??= Promise.all(
      all.map(async (one) => new Set((await one.listLayers()).map((layer) => layer.id))),
    );
    const index = (await listed).findIndex((ids) => ids.has(id));
    return all[index] ?? all[0];
  };
  return {
    has: async (id) => (await ofThe(id)).has(id),
    entries: async (id) => (await (await ofThe(id)).entries?.(id)) ?? [],
    damage: async (id) => (await (await owner(id)).damage?.(id)) ?? [],
    listLayers: async () => (await Promise.all(all.map((one) => one.listLayers()))).flat(),
    removeLayers: async (ids) => {
      for (const one of all) await one.removeLayers(ids);
    },
  };
}

export async function surveyStore(store: StepStore, workspace: KeptLayers): Promise<Survey> {
  const bases: FoundBase[] = [];
  for (const { key, usedMs, fact } of store.facts<BaseImage | readonly Layer[]>("bases")) {
    // By the image's name, or by its layers' digests.
    const layers = fact && "layers" in fact ? fact.layers : (fact ?? []);
    bases.push({ key, usedMs, layers: layers.map((layer) => layer.id) });
  }
  const layers = new Map(
    (await workspace.listLayers()).map(({ id, bytes, lastUsed }) => [id, { bytes, lastUsed }]),
  );
  return {
    records: [...store.records()],
    bases,
    layers,
    failed: new FailedStates(store.root).last()?.stack ?? [],
    runningSinceMs: runningSince(store.root),
  };
}

/** Each process that works on a store has a directory in `tmp` that says who it is. */
function runningSince(root: string): number | undefined {
  const starts: number[] = [];
  for (const name of readdirSync(join(root, "tmp"))) {
    if (name.startsWith(`${process.pid}-`) || isOrphan(name) || isCare(name)) continue;
    const stat = statSync(join(root, "tmp", name), { throwIfNoEntry: false });
    if (stat) starts.push(stat.birthtimeMs || stat.ctimeMs);
  }
  return starts.length > 0 ? Math.min(...starts) : undefined;
}

/** Another process that only looks after the store. */
function isCare(name: string): boolean {
  try {
    const words = readFileSync(`/proc/${name.split("-")[0]}/cmdline`, "latin1").split("\0");
    return words.includes("cache");
  } catch {
    return false;
  }
}
