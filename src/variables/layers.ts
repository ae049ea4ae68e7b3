/** Variables as layers: the first that has a name wins. Nothing is copied for a task. */
import { mergedDicts } from "../values/merged-dicts.ts";
import { Dict, TaggedString, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";

/** A set of variables, untemplated. A `Map` is one. */
export interface Layer {
  get(name: string): Value | undefined;
  keys(): Iterable<string>;
}

export const EMPTY_LAYER: ReadonlyMap<string, Value> = new Map();

const converted = new WeakMap<Dict, ReadonlyMap<string, Value>>();

/** A dict of variables as a layer; the same dict gives the same layer. */
export function layerOf(dict: Dict): ReadonlyMap<string, Value> {
  if (dict.size === 0) return EMPTY_LAYER;
  let layer = converted.get(dict);
  if (!layer) {
    layer = new Map(Array.from(dict, ([key, value]) => [str(key), value] as const));
    converted.set(dict, layer);
  }
  return layer;
}

/** Layers from the strongest to the weakest. */
export class LayeredVariables {
  readonly #layers: readonly Layer[];
  readonly #mergeDicts: boolean;

  /** @param mergeDicts `hash_behaviour=merge`: dicts of all layers are one */
  constructor(layers: readonly Layer[], mergeDicts = false) {
    this.#layers = layers;
    this.#mergeDicts = mergeDicts;
  }

  get(name: string): Value | undefined {
    for (let index = 0; index < this.#layers.length; index++) {
      const value = this.#layers[index]?.get(name);
      if (value === undefined) continue;
      return this.#mergeDicts && value instanceof Dict ? this.#merged(name, value, index) : value;
    }
    return undefined;
  }

  #merged(name: string, strongest: Dict, index: number): Dict {
    let merged = strongest;
    for (const layer of this.#layers.slice(index + 1)) {
      const value = layer.get(name);
      if (value instanceof Dict) merged = mergedDicts(value, merged);
      else if (value !== undefined) break;
    }
    return merged;
  }

  names(): string[] {
    const names = new Set<string>();
    for (const layer of this.#layers) for (const name of layer.keys()) names.add(name);
    return [...names];
  }

  keys(): Iterable<string> {
    return this.names();
  }

  /** With one more layer below all others. */
  over(layer: Layer): LayeredVariables {
    return new LayeredVariables([...this.#layers, layer], this.#mergeDicts);
  }

  /** With further layers on top. */
  under(...layers: Layer[]): LayeredVariables {
    return new LayeredVariables([...layers, ...this.#layers], this.#mergeDicts);
  }
}

/** Merges several layers into one, later ones win; dicts as a whole unless `hash_behaviour=merge`. */
export function mergeLayers(layers: Iterable<Layer>, mergeDicts: boolean): Map<string, Value> {
  const merged = new Map<string, Value>();
  for (const layer of layers) {
    for (const name of layer.keys()) {
      const value = layer.get(name);
      if (value === undefined) continue;
      const before = merged.get(name);
      merged.set(
        name,
        mergeDicts && before instanceof Dict && value instanceof Dict
          ? mergedDicts(before, value)
          : value,
      );
    }
  }
  return merged;
}

const TEMPLATE_MARK = /\{[{%#]/;

/**
 * Data from outside (results, facts) as values that are never templated. Only text that looks like a
 * template has to be tagged: the rest cannot be one.
 */
export function untrusted(value: Value): Value {
  if (typeof value === "string") {
    return TEMPLATE_MARK.test(value) ? new TaggedString(value, { unsafe: true }) : value;
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = untrusted(value[i] ?? null);
    return value;
  }
  if (value instanceof Dict) {
    for (const [key, item] of value) {
      const marked = untrusted(item);
      if (marked !== item) value.set(key, marked);
    }
    return value;
  }
  if (value instanceof TaggedString && !value.unsafe && TEMPLATE_MARK.test(value.text)) {
    return new TaggedString(value.text, { unsafe: true, vault: value.vault });
  }
  return value;
}
