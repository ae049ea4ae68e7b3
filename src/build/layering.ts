/**
 * Which layers of the workspace become one layer of the image. Folding is by policy and by size, never
 * by timing, so that the same steps always give the same image.
 */
import type { SourcePosition } from "../errors/index.ts";
import type { Layer } from "../workspace/workspace.ts";

export const LAYER_POLICIES = ["auto", "task", "role", "play", "one"] as const;
export type LayerPolicy = (typeof LAYER_POLICIES)[number];

/** A layer of the workspace and the step that made it. */
export interface StackedLayer {
  readonly layer: Layer;
  /** Same for all items of a loop, all retries of a task. */
  readonly task: string;
  /** As shown: `nginx : install packages`. */
  readonly title: string;
  readonly module: string;
  readonly position?: SourcePosition | undefined;
  readonly role: string | undefined;
  readonly play: string;
}

/** A layer of the image: neighbours of the stack, lowest first. */
export interface ImageLayer {
  readonly parts: readonly StackedLayer[];
  readonly size: number;
}

/**
 * `auto`: a task whose layer is smaller joins its small neighbours. A daemon takes some 50 ms for a
 * layer and a registry a request, however small it is.
 */
const SMALL_BYTES = 64 << 10;
/** Small tasks are not gathered beyond this, so that one edit does not send much again. */
const GATHERED_BYTES = 1 << 20;

/** Docker's graph drivers take 125 layers (moby's maxLayerDepth); the base's are part of that. */
export const MOST_LAYERS = 125;

/**
 * Groups a build's layers by policy, then folds the smallest neighbours until the image has at most
 * {@link MOST_LAYERS} together with its base.
 */
export function planLayers(
  stack: readonly StackedLayer[],
  policy: LayerPolicy,
  baseLayers: number,
): readonly ImageLayer[] {
  const groups: ImageLayer[] = [];
  let last: string | undefined;
  for (const part of stack) {
    const group = groupOf(part, policy);
    const open = groups.at(-1);
    if (open && group === last)
      groups[groups.length - 1] = join(open, { parts: [part], size: part.layer.size });
    else groups.push({ parts: [part], size: part.layer.size });
    last = group;
  }
  const gathered = policy === "auto" ? gatherSmall(groups) : groups;
  return foldSmallest(gathered, Math.max(1, MOST_LAYERS - baseLayers));
}

/**
 * From the bottom up, so that images whose first tasks are the same share their first layers,
 * whatever comes after them.
 */
function gatherSmall(groups: readonly ImageLayer[]): ImageLayer[] {
  const gathered: ImageLayer[] = [];
  let open = false;
  for (const group of groups) {
    const small = group.size < SMALL_BYTES;
    const last = gathered.at(-1);
    if (small && open && last && last.size + group.size <= GATHERED_BYTES) {
      gathered[gathered.length - 1] = join(last, group);
    } else gathered.push(group);
    open = small;
  }
  return gathered;
}

function groupOf(part: StackedLayer, policy: LayerPolicy): string {
  if (policy === "one") return "";
  if (policy === "play") return part.play;
  if (policy === "role") return `${part.play}\0${part.role ?? ""}`;
  return part.task;
}

function join(lower: ImageLayer, upper: ImageLayer): ImageLayer {
  return { parts: [...lower.parts, ...upper.parts], size: lower.size + upper.size };
}

/**
 * Folds in rounds: each round joins the cheapest pairs, a quarter of the layers at most, so that a
 * thousand layers are folded in a few passes and a large one stays by itself. Of equal sums the lower neighbours go first.
 */
function foldSmallest(groups: readonly ImageLayer[], most: number): readonly ImageLayer[] {
  let layers = [...groups];
  while (layers.length > most) {
    const pairs = layers
      .slice(1)
      .map((upper, index) => ({ index, size: upper.size + (layers[index]?.size ?? 0) }))
      .sort((a, b) => a.size - b.size || a.index - b.index);
    const enough = Math.min(layers.length - most, Math.max(1, layers.length >> 2));
    const joined = new Set<number>();
    for (const { index } of pairs) {
      if (joined.size >= enough) break;
      if (!joined.has(index - 1) && !joined.has(index + 1)) joined.add(index);
    }
    const next: ImageLayer[] = [];
    for (let index = 0; index < layers.length; index++) {
      const layer = layers[index] as ImageLayer;
      const upper = layers[index + 1];
      if (joined.has(index) && upper) {
        next.push(join(layer, upper));
        index++;
      } else next.push(layer);
    }
    layers = next;
  }
  return layers;
}
