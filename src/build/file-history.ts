/** Which tasks made a file of an image what it is. */
import type { Entry } from "../workspace/manifest.ts";
import { type ImageStack, manifestPath, type StackLayer } from "./image-stack.ts";
import { differingParts, MergedTree } from "./merged-tree.ts";

export interface FileEvent {
  readonly what: "created" | "changed" | "removed";
  /** What was changed: content, mode, owner... */
  readonly parts: readonly string[];
  readonly layer: StackLayer;
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
}

export interface FileHistory {
  readonly events: readonly FileEvent[];
  /** What stands there in the image. */
  readonly now: Entry | undefined;
  /** How many paths below it there are, of a directory. */
  readonly below: number;
}

/** @param path from the root of the image, as a person writes it */
export async function historyOf(stack: ImageStack, path: string): Promise<FileHistory> {
  const wanted = manifestPath(path);
  const tree = new MergedTree();
  const events: FileEvent[] = [];
  for (const layer of stack.layers) {
    for (const change of tree.apply(await layer.entries())) {
      if (change.path !== wanted) continue;
      const [before, after] = [change.before?.entry, change.after?.entry];
      const parts = before && after ? differingParts(before, after) : [];
      if (change.kind === "changed" && parts.length === 0) continue;
      const what = change.kind === "added" ? "created" : change.kind;
      events.push({ what, parts, layer, before, after });
    }
  }
  let below = 0;
  for (const [other] of tree.all()) {
    if (wanted === "" ? other !== "" : other.startsWith(`${wanted}/`)) below++;
  }
  return { events, now: tree.get(wanted)?.entry, below };
}
