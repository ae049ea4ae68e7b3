/**
 * Python's values in TypeScript. This file is only the model: what a value is. What can be done
 * with values (str, repr, truth, comparison, arithmetic, methods) stands beside it.
 *
 * | Python        | here                                                     |
 * | ------------- | -------------------------------------------------------- |
 * | None          | `null`                                                   |
 * | bool          | `boolean`                                                |
 * | int           | `number` while it is a safe integer, `bigint` beyond     |
 * | float         | {@link PyFloat}: a JavaScript `number` is always an int  |
 * | str           | `string`, or {@link TaggedString} where a tag is needed  |
 * | list          | `Value[]`                                                |
 * | dict          | {@link Dict}: insertion order, 1 == 1.0 == True as keys   |
 * | the rest      | a subclass of {@link PyObject}                           |
 */

import { PythonError } from "./failure.ts";

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | TaggedString
  | Value[]
  | Dict
  | PyObject;

/** Everything that is an object of a class of ours. `typeName` is what `type_debug` shows. */
export abstract class PyObject {
  abstract readonly typeName: string;
  /** What makes it the same key of a dict; `undefined` is its identity. Throws if unhashable. */
  pyHash(): string | undefined {
    return undefined;
  }
}

/** A Python float. Compare and compute through `values/`, never with `===` on the wrapper. */
export class PyFloat extends PyObject {
  readonly typeName = "float";
  readonly value: number;
  constructor(value: number) {
    super();
    this.value = value;
  }
}

/**
 * A string with a property of its own. `unsafe` strings (results of modules and lookups, `!unsafe`)
 * are never templated again; `vault` ones came from encrypted text and must never be shown.
 * Trust is a property of the value, so that the 2.19 dialect (trusted templates only) fits in later.
 */
export class TaggedString extends PyObject {
  readonly typeName: string = "str";
  readonly text: string;
  readonly unsafe: boolean;
  readonly vault: boolean;
  constructor(text: string, tags: { unsafe?: boolean; vault?: boolean }) {
    super();
    this.text = text;
    this.unsafe = tags.unsafe ?? false;
    this.vault = tags.vault ?? false;
  }
}

/** A Python bytes object. */
export class PyBytes extends PyObject {
  readonly typeName = "bytes";
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    super();
    this.bytes = bytes;
  }
}

/** A Python tuple. */
export class Tuple extends PyObject {
  readonly typeName = "tuple";
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    super();
    this.items = items;
  }
}

type NormalKey = string | number | bigint | null | PyObject;

/** The key under which Python would hash it: True is 1, 1.0 is 1, tagged text is its text. */
function normalKey(key: Value): NormalKey {
  if (typeof key === "string") return `s${key}`;
  if (key instanceof TaggedString) return `s${key.text}`;
  if (typeof key === "boolean") return key ? 1 : 0;
  if (typeof key === "number" || typeof key === "bigint" || key === null) return key;
  if (key instanceof PyFloat) {
    return Number.isSafeInteger(key.value) ? key.value : `f${key.value}`;
  }
  if (key instanceof Tuple) {
    return `t${key.items
      .map((item) => {
        const part = normalKey(item);
        const text =
          typeof part === "object" && part !== null ? "o" : `${typeof part}:${String(part)}`;
        return `${text.length}:${text}`;
      })
      .join(",")}`;
  }
  if (key instanceof PyBytes) return `b${Buffer.from(key.bytes).toString("hex")}`;
  if (key instanceof PyObject && !(key instanceof Dict) && !(key instanceof PySet)) {
    const hash = key.pyHash();
    return hash === undefined ? key : `h${hash}`;
  }
  const typeName = Array.isArray(key) ? "list" : key.typeName;
  throw new PythonError("TypeError", `unhashable type: '${typeName}'`);
}

/** A Python dict: any hashable key, insertion order, the first spelling of a key is kept. */
export class Dict extends PyObject {
  readonly typeName = "dict";
  readonly #entries = new Map<NormalKey, [Value, Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.set(key, value);
  }
  /** Values are worked out when they are asked for: such a dict is handed on, never copied. */
  get isLive(): boolean {
    return false;
  }
  get size(): number {
    return this.#entries.size;
  }
  get(key: Value): Value | undefined {
    return this.#entries.get(normalKey(key))?.[1];
  }
  has(key: Value): boolean {
    return this.#entries.has(normalKey(key));
  }
  set(key: Value, value: Value): this {
    const normal = normalKey(key);
    const entry = this.#entries.get(normal);
    if (entry) entry[1] = value;
    else this.#entries.set(normal, [key, value]);
    return this;
  }
  delete(key: Value): boolean {
    return this.#entries.delete(normalKey(key));
  }
  clear(): void {
    this.#entries.clear();
  }
  *keys(): IterableIterator<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }
  *values(): IterableIterator<Value> {
    for (const [, value] of this.#entries.values()) yield value;
  }
  entries(): IterableIterator<[Value, Value]> {
    return this.#entries.values();
  }
  [Symbol.iterator](): IterableIterator<[Value, Value]> {
    return this.#entries.values();
  }
}

/** A Python set. Iterates in insertion order (Python's own order is not defined). */
export class PySet extends PyObject {
  readonly typeName = "set";
  readonly #items = new Dict();
  constructor(items: Iterable<Value> = []) {
    super();
    for (const item of items) this.add(item);
  }
  get size(): number {
    return this.#items.size;
  }
  add(item: Value): void {
    if (!this.#items.has(item)) this.#items.set(item, null);
  }
  has(item: Value): boolean {
    return this.#items.has(item);
  }
  delete(item: Value): boolean {
    return this.#items.delete(item);
  }
  [Symbol.iterator](): IterableIterator<Value> {
    return this.#items.keys();
  }
}

/** The text of a str, tagged or not; `undefined` for every other value. */
export function textOf(value: Value | undefined): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof TaggedString ? value.text : undefined;
}

/** Is it a Python str? */
export function isText(value: Value | undefined): value is string | TaggedString {
  return typeof value === "string" || value instanceof TaggedString;
}
