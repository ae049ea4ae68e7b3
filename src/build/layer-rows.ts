/** What each layer of an image is, for people: the tasks behind it, its size, what it changed. */
import type { SourcePosition } from "../errors/index.ts";
import type { LayerId } from "../workspace/workspace.ts";
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
  /** What it was made of: the store's layers, each with the task that left it. */
  readonly parts?: readonly LayerPart[];
}

export interface LayerPart {
  readonly layer: LayerId;
  /** With the role. */
  readonly task: string;
  readonly module: string;
  readonly position: SourcePosition | undefined;
}

export interface LayerTable {
  /** Layers of the base image. */
  readonly base: number;
  /** The store's layers of the base. */
  readonly baseLayers?: readonly LayerId[];
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
    parts: layer.parts.map((part) => ({
      layer: part.layer.id,
      task: part.title,
      module: part.module,
      position: part.position,
    })),
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
