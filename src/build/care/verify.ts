/** Reads everything in a store and names what is damaged. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isOrphan } from "../../workspace/owner.ts";
import type { LayerId } from "../../workspace/workspace.ts";
import type { StepStore } from "../step-store.ts";
import { type KeptLayers, surveyStore } from "./survey.ts";

export interface Damage {
  readonly kind: "record" | "layer" | "base" | "blob" | "leftover";
  /** What it is, for people: the step, the layer's id, the file. */
  readonly name: string;
  readonly problem: string;
}

export interface Verified {
  readonly records: number;
  readonly layers: number;
  readonly damages: readonly Damage[];
}

/** @param repair takes away what is damaged, so that it is made anew when it is needed */
export async function verifyStore(
  store: StepStore,
  workspace: KeptLayers,
  repair: boolean,
): Promise<Verified> {
  const survey = await surveyStore(store, workspace);
  const damages: Damage[] = [];
  const names = new Map<LayerId, string>();
  for (const { record } of survey.records) {
    if (record?.layer) names.set(record.layer.id, `the layer of '${record.title}'`);
  }
  for (const { layers } of survey.bases) {
    for (const id of layers) names.set(id, "a layer of a base image");
  }
  const bad = new Set<LayerId>();
  const ids = new Set([...survey.layers.keys(), ...namesIn(join(store.root, "layers"))]);
  for (const id of ids) {
    for (const problem of (await workspace.damage?.(id)) ?? []) {
      bad.add(id);
      damages.push({ kind: "layer", name: `${names.get(id) ?? "a layer"} (${id})`, problem });
    }
  }
  for (const { key, path, record, damage } of survey.records) {
    const layer = record?.layer?.id;
    const problem =
      damage ?? (layer && !ids.has(layer) ? `its layer ${layer} is missing` : undefined);
    if (problem) {
      const name = record ? `'${record.title}' (${key.slice(7, 19)})` : path;
      damages.push({ kind: "record", name, problem });
    }
    if (repair && (problem || (layer && bad.has(layer)))) store.delete(key);
  }
  for (const { key, layers } of survey.bases) {
    const missing = layers.filter((id) => !ids.has(id));
    for (const id of missing) {
      damages.push({ kind: "base", name: key.slice(7, 19), problem: `its layer ${id} is missing` });
    }
    if (repair && (missing.length > 0 || layers.some((id) => bad.has(id)))) {
      store.deleteFact("bases", key);
    }
  }
  if (repair) await workspace.removeLayers([...bad]);
  damages.push(...(await damagedBlobs(join(store.root, "named"), repair)));
  damages.push(...leftovers(store, repair));
  return { records: survey.records.length, layers: ids.size, damages };
}

/** Images of the local store that are not what their names say. */
async function damagedBlobs(root: string, repair: boolean): Promise<Damage[]> {
  const directory = join(root, "blobs/sha256");
  const found: Damage[] = [];
  for (const name of namesIn(directory)) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue;
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(join(directory, name))) hash.update(chunk);
    if (hash.digest("hex") === name) continue;
    found.push({
      kind: "blob",
      name: join(directory, name),
      problem: "an image's blob is not what its digest says",
    });
    if (repair) rmSync(join(directory, name), { force: true });
  }
  return found;
}

/** What processes that were killed have left. */
function leftovers(store: StepStore, repair: boolean): Damage[] {
  const paths = [
    ...store.leftovers(),
    ...namesIn(join(store.root, "tmp"))
      .filter(isOrphan)
      .map((name) => join(store.root, "tmp", name)),
  ];
  return paths.filter(existsSync).map((path) => {
    if (repair) rmSync(path, { recursive: true, force: true });
    return { kind: "leftover", name: path, problem: "left by a process that was killed" };
  });
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
