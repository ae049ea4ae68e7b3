/** Several layers as one: what a stack of them comes to, without reading a file. */
import type { Entry } from "./manifest.ts";
import { ancestorsOf, byBytes } from "./tree.ts";

/** An entry of a folded layer, and the layer it comes from. */
export interface Folded {
  readonly entry: Entry;
  /** Index into what was folded. */
  readonly layer: number;
}

/**
 * Folds layers, lowest first. The upper one wins; what it removes or hides is gone from those below,
 * and removals stay, since a layer below all of these may hold the path.
 * @returns entries in byte order
 */
export function foldLayers(manifests: readonly (readonly Entry[])[]): Folded[] {
  const result = new Map<string, Folded>();
  /** Nothing from further down shows at or below these. */
  const hidden = new Set<string>();
  for (let layer = manifests.length - 1; layer >= 0; layer--) {
    const entries = manifests[layer] ?? [];
    const hides: string[] = [];
    for (const entry of entries) {
      const { path } = entry;
      if (!isUnder(hidden, path)) {
        const above = result.get(path);
        if (!above) result.set(path, { entry, layer });
        else if (above.entry.aside === "parent" && entry.aside === undefined) {
          // The upper layer only passes through the directory; the lower one says what it is.
          const { aside: _, ...own } = above.entry;
          result.set(path, { ...above, entry: own });
        }
      }
      if (entry.type !== "directory" || entry.opaque) hides.push(path);
    }
    for (const path of hides) hidden.add(path);
  }
  for (const [path, folded] of result) {
    // A directory that took the place of something removed within the fold.
    if (folded.entry.type === "directory" && hidden.has(path) && !folded.entry.opaque) {
      result.set(path, { ...folded, entry: { ...folded.entry, opaque: true } });
    }
  }
  relink(result);
  return [...result.values()].sort((a, b) => byBytes(a.entry.path, b.entry.path));
}

function isUnder(hidden: ReadonlySet<string>, path: string): boolean {
  if (hidden.has(path)) return true;
  for (const above of ancestorsOf(path)) if (hidden.has(above)) return true;
  return false;
}

/** Hard links whose first name is gone get the next one as their first. */
function relink(result: Map<string, Folded>): void {
  const firsts = new Map<string, string>();
  for (const [path, { entry, layer }] of [...result].sort((a, b) => byBytes(a[0], b[0]))) {
    if (entry.hardlink === undefined) continue;
    const target = result.get(entry.hardlink);
    if (target?.layer === layer && target.entry.type === "file") continue;
    const key = `${layer}:${entry.hardlink}`;
    const first = firsts.get(key);
    const { hardlink: _, ...own } = entry;
    if (first === undefined) firsts.set(key, path);
    result.set(path, {
      layer,
      entry: first === undefined ? own : { ...own, hardlink: first },
    });
  }
}
