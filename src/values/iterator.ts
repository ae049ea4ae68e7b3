/** Lazy sequences: what Python's generators, `map`, `select` and their like are. */
import { Instance } from "./instance.ts";
import type { Value } from "./model.ts";

/** A one-pass iterator of values; `typeName` is "generator" unless told. Consumed by reading. */
export class PyIterator extends Instance {
  readonly typeName: string;
  readonly #source: Iterator<Value>;
  constructor(source: Iterable<Value>, typeName = "generator") {
    super();
    this.#source = source[Symbol.iterator]();
    this.typeName = typeName;
  }
  /** The next value, or `undefined` at the end. */
  next(): Value | undefined {
    const step = this.#source.next();
    return step.done ? undefined : step.value;
  }
  *[Symbol.iterator](): IterableIterator<Value> {
    // Written out so that a consumer that stops early does not close the source, as in Python.
    for (let step = this.#source.next(); !step.done; step = this.#source.next()) yield step.value;
  }
  override pyIterate(): Iterable<Value> {
    return this;
  }
  override pyRepr(): string {
    return this.typeName === "generator"
      ? "<generator object at 0x7f0000000000>"
      : `<${this.typeName} object at 0x7f0000000000>`;
  }
}
