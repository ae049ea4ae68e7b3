/** Reads all of a layer and says what is no longer as it was. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { messageOf } from "../errors/index.ts";
import type { LayerStore } from "../workspace/layer-store.ts";
import { contentDigest, type Entry } from "../workspace/manifest.ts";
import type { LayerId } from "../workspace/workspace.ts";
import { exportLayers } from "./export.ts";
import type { Files } from "./files.ts";

/** Paths that are named before the rest is counted. */
const MOST_NAMED = 5;

/** @returns what is wrong, in words; nothing for a layer that is whole */
export async function damageOf(
  store: LayerStore,
  files: Files,
  id: LayerId,
): Promise<readonly string[]> {
  const meta = store.meta(id);
  if (!meta) return ["its description (meta.json) is missing or damaged"];
  if (!existsSync(store.contents(id))) return ["its files are missing"];
  let entries: Entry[];
  try {
    entries = store.manifest(id);
  } catch (error) {
    return [`its manifest is damaged: ${messageOf(error)}`];
  }
  if (!meta.diffId && contentDigest(entries) !== meta.content) return ["its manifest has changed"];
  const damaged = await changedFiles(files, store.contents(id), entries);
  if (damaged.length > MOST_NAMED) {
    return [...damaged.slice(0, MOST_NAMED), `and ${damaged.length - MOST_NAMED} more files`];
  }
  // What an imported layer's tar has besides the files is seen only by putting it together.
  if (damaged.length > 0 || !meta.diffId) return damaged;
  try {
    const hash = createHash("sha256");
    const source = await exportLayers(store, async () => files, [id], 0);
    for await (const chunk of await source.open()) hash.update(chunk as Buffer);
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

async function changedFiles(
  files: Files,
  tree: string,
  entries: readonly Entry[],
): Promise<string[]> {
  const wanted = entries.filter((e) => e.type === "file" && e.hardlink === undefined);
  const stats = await files.stats(
    tree,
    wanted.map((e) => e.path),
  );
  const damaged: string[] = [];
  const same: Entry[] = [];
  for (const entry of wanted) {
    const size = stats.get(entry.path)?.size;
    if (size === undefined) damaged.push(`/${entry.path} is missing`);
    else if (size !== entry.size)
      damaged.push(`/${entry.path} has ${size} bytes, not ${entry.size}`);
    else same.push(entry);
  }
  const hashes = await files.hashes(tree, same);
  for (const { path, hash } of same) {
    if (hash !== undefined && hashes.get(path) !== hash)
      damaged.push(`/${path} has another content`);
  }
  return damaged;
}
