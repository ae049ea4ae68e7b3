/** What each layer of an image weighs, what it changes, and what of it is wasted. */
import type { ImageStack, TaskName } from "./image-stack.ts";
import { type Change, differingParts, MergedTree } from "./merged-tree.ts";

export interface LayerReport {
  readonly tasks: readonly TaskName[];
  readonly origin: string | undefined;
  readonly created: string | undefined;
  /** Bytes of the regular files in it. */
  readonly bytes: number;
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  /** Bytes in it that a later layer removes or replaces. */
  readonly wasted: number;
  readonly files: readonly FileChange[];
}

export interface FileChange {
  /** Bytes as latin1. */
  readonly path: string;
  readonly kind: Change["kind"];
  readonly bytes: number;
}

/** A file of which an image carries bytes that nobody can see. */
export interface WastedFile {
  readonly path: string;
  readonly bytes: number;
  /** The layers that it is in for nothing, and the one that removes or replaces it last. */
  readonly layers: readonly number[];
  readonly goneIn: number;
}

export interface SizeReport {
  readonly layers: readonly LayerReport[];
  readonly bytes: number;
  readonly wasted: number;
  readonly wastedFiles: readonly WastedFile[];
}

export async function sizesOf(stack: ImageStack): Promise<SizeReport> {
  const tree = new MergedTree();
  const wasted = stack.layers.map(() => 0);
  const files = new Map<string, { bytes: number; layers: Set<number>; goneIn: number }>();
  const reports: Omit<LayerReport, "wasted">[] = [];
  for (const [index, layer] of stack.layers.entries()) {
    const entries = await layer.entries();
    let bytes = 0;
    for (const entry of entries) {
      if (entry.type === "file" && entry.hardlink === undefined) bytes += entry.size;
    }
    const changes: FileChange[] = [];
    const counts = { added: 0, changed: 0, removed: 0 };
    for (const change of tree.apply(entries)) {
      const lost = change.before && lostBytes(change);
      if (lost && change.before.layer !== index) {
        wasted[change.before.layer] = (wasted[change.before.layer] ?? 0) + lost;
        const file = files.get(change.path) ?? { bytes: 0, layers: new Set(), goneIn: index };
        file.bytes += lost;
        file.layers.add(change.before.layer);
        file.goneIn = index;
        files.set(change.path, file);
      }
      if (isRewritten(change)) continue;
      counts[change.kind]++;
      const after = change.after?.entry;
      const size = after?.type === "file" ? after.size : 0;
      changes.push({ path: change.path, kind: change.kind, bytes: size });
    }
    const { tasks, origin, created } = layer;
    reports.push({ tasks, origin, created, bytes, ...counts, files: changes });
  }
  const layers = reports.map((report, index) => ({ ...report, wasted: wasted[index] ?? 0 }));
  const wastedFiles = [...files].map(([path, file]) => ({
    path,
    bytes: file.bytes,
    layers: [...file.layers],
    goneIn: file.goneIn,
  }));
  return {
    layers,
    bytes: layers.reduce((sum, layer) => sum + layer.bytes, 0),
    wasted: wasted.reduce((sum, bytes) => sum + bytes, 0),
    wastedFiles: wastedFiles.sort((a, b) => b.bytes - a.bytes),
  };
}

/** Bytes of the earlier layer that are out of sight from now on. */
function lostBytes({ before, after }: Change): number {
  const entry = before?.entry;
  if (entry?.type !== "file" || entry.hardlink !== undefined) return 0;
  return after?.entry.aside === undefined ? entry.size : 0;
}

/** Is the path in the layer once more as it was? */
function isRewritten({ before, after }: Change): boolean {
  return !!before && !!after && differingParts(before.entry, after.entry).length === 0;
}
