/** dict.keys(), dict.values() and dict.items(): live views. */
import { equals } from "./compare.ts";
import { Instance } from "./instance.ts";
import { iterate } from "./iterate.ts";
import { type Dict, PySet, Tuple, type Value } from "./model.ts";
import { repr } from "./text.ts";

export class DictView extends Instance {
  readonly typeName: "dict_keys" | "dict_values" | "dict_items";
  readonly #dict: Dict;
  constructor(dict: Dict, kind: "keys" | "values" | "items") {
    super();
    this.#dict = dict;
    this.typeName = `dict_${kind}`;
  }
  override pyIterate(): Iterable<Value> {
    if (this.typeName === "dict_keys") return iterate(this.#dict);
    if (this.typeName === "dict_values") return this.#dict.values();
    return Array.from(this.#dict, ([key, value]) => new Tuple([key, value]));
  }
  override pyLength(): number {
    return this.#dict.size;
  }
  override pyTruth(): boolean {
    return this.#dict.size > 0;
  }
  override pyRepr(): string {
    return `${this.typeName}(${repr(Array.from(this.pyIterate()))})`;
  }
  override pyContains(item: Value): boolean {
    if (this.typeName === "dict_keys") return this.#dict.has(item);
    for (const candidate of this.pyIterate()) if (equals(candidate, item)) return true;
    return false;
  }
  override pyEquals(other: Value): boolean | undefined {
    if (this.typeName === "dict_values") return this === other;
    if (!(other instanceof DictView) && !(other instanceof PySet)) return undefined;
    const items = Array.from(iterate(other));
    return items.length === this.pyLength() && items.every((item) => this.pyContains(item));
  }
}
