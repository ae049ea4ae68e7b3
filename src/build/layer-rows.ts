/** What each layer of an image is, for people: the tasks behind it, its size, what it changed. */
import { digestOf } from "./digest.ts";
import type { ImageLayer } from "./layering.ts";
import type { StepStore } from "./step-store.ts";

export interface LayerRow {
  /** The tasks that made it, in order. */
  readonly tasks: readonly string[];
  /** Bytes of its regular files. */
  readonly bytes: number;
  readonly written: number;
  readonly removed: number;
}

export interface LayerTable {
  /** Layers of the base image. */
  readonly base: number;
  readonly layers: readonly LayerRow[];
}

export function rowOf(layer: ImageLayer): LayerRow {
  const sum = (pick: (part: ImageLayer["parts"][number]) => number) =>
    layer.parts.reduce((total, part) => total + pick(part), 0);
  return {
    tasks: [...new Set(layer.parts.map((part) => part.title))],
    bytes: layer.size,
    written: sum((part) => part.layer.files.written),
    removed: sum((part) => part.layer.files.removed),
  };
}

/** @param identity what the destination's transport says the image's name means */
export function rememberLayers(store: StepStore, identity: string, table: LayerTable): void {
  store.putFact("images", digestOf(["layers", identity]), table);
}

/** The layers of an image that was built here. */
export function recallLayers(store: StepStore, identity: string): LayerTable | undefined {
  return store.getFact("images", digestOf(["layers", identity]));
}
