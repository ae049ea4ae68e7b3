/**
 * Keeps YAML aliases from growing without bounds: a few lines of aliases of aliases can stand for
 * thousands of millions of values ("billion laughs").
 */
import { Dict, type Value } from "./model.ts";

/** Values that all aliases of a document together may stand for. */
const MOST = 5_000_000;

export class AliasBudget {
  readonly #sizes = new Map<object, number>();
  #used = 0;

  /** Counts one more use of an aliased value; false when the document asks for too much. */
  take(value: Value): boolean {
    this.#used += this.#sizeOf(value);
    return this.#used <= MOST;
  }

  /** How many values it is when every alias within is written out. */
  #sizeOf(value: Value): number {
    if (!Array.isArray(value) && !(value instanceof Dict)) return 1;
    const known = this.#sizes.get(value);
    if (known !== undefined) return known;
    let size = 1;
    const items = Array.isArray(value) ? value : value.values();
    for (const item of items) size += this.#sizeOf(item);
    this.#sizes.set(value, size);
    return size;
  }
}
