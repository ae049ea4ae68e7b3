/**
 * Packs: runs of small layers merged into one directory, so that a stack of hundreds can be mounted
 * (overlayfs takes 500 lower directories, and each costs every lookup). A pack is made of hard links,
 * once; the layers in it stay what they are and can be mounted on their own.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { foldLayers } from "../workspace/fold.ts";
import type { LayerStore } from "../workspace/layer-store.ts";
import type { LayerId } from "../workspace/workspace.ts";
import type { Files } from "./files.ts";

/** Stacks up to here are mounted as they are. */
const FLAT = 64;
/** Layers in a pack. */
const RUN = 32;
/** A layer with more entries is mounted on its own: merging it would cost more than it saves. */
const SMALL = 1024;

/**
 * The directories to mount for a stack, lowest first. Which layers share a pack depends on the stack
 * alone.
 */
export async function directoriesOf(
  store: LayerStore,
  files: Files,
  stack: readonly LayerId[],
): Promise<string[]> {
  if (stack.length <= FLAT) return stack.map((id) => store.contents(id));
  const directories: string[] = [];
  let run: LayerId[] = [];
  const flush = () => {
    for (const id of run) directories.push(store.contents(id));
    run = [];
  };
  for (const id of stack) {
    if ((store.meta(id)?.entries ?? 0) > SMALL) {
      flush();
      directories.push(store.contents(id));
      continue;
    }
    run.push(id);
    if (run.length === RUN) {
      directories.push(await packOf(store, files, run));
      run = [];
    }
  }
  flush();
  return directories;
}

async function packOf(store: LayerStore, files: Files, ids: readonly LayerId[]): Promise<string> {
  const key = createHash("sha256").update(ids.join(" ")).digest("hex").slice(0, 40);
  const pack = join(store.root, "packs", key);
  if (existsSync(join(pack, "fs"))) return join(pack, "fs");
  const made = store.newTemporary("pack");
  const tree = join(made, "fs");
  mkdirSync(tree);
  const folded = foldLayers(ids.map((id) => store.manifest(id)));
  await files.place(
    tree,
    folded.map(({ entry, layer }) => ({ from: store.contents(ids[layer] ?? ""), entry })),
    "link",
  );
  writeFileSync(join(made, "layers.json"), JSON.stringify(ids));
  try {
    renameSync(made, pack);
  } catch (error) {
    if (!existsSync(join(pack, "fs"))) throw error;
  }
  return join(pack, "fs");
}
