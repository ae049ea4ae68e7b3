/** A dict whose values are computed when they are asked for: `vars`, `hostvars`, `hostvars[host]`. */
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";

export interface LazyEntries {
  get(key: string): Value | undefined;
  names(): readonly string[];
}

export class LazyDict extends Dict {
  readonly #lazy: LazyEntries;

  constructor(entries: LazyEntries) {
    super();
    this.#lazy = entries;
  }
  override get isLive(): boolean {
    return true;
  }
  override get size(): number {
    return this.#lazy.names().length;
  }
  override get(key: Value): Value | undefined {
    return this.#lazy.get(str(key));
  }
  override has(key: Value): boolean {
    return this.#lazy.get(str(key)) !== undefined;
  }
  override set(): this {
    throw new TypeError("these variables cannot be changed");
  }
  override delete(): boolean {
    throw new TypeError("these variables cannot be changed");
  }
  override clear(): void {
    throw new TypeError("these variables cannot be changed");
  }
  override keys(): IterableIterator<Value> {
    return this.#lazy.names()[Symbol.iterator]();
  }
  override *values(): IterableIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }
  override *entries(): IterableIterator<[Value, Value]> {
    for (const name of this.#lazy.names()) {
      const value = this.#lazy.get(name);
      if (value !== undefined) yield [name, value];
    }
  }
  override [Symbol.iterator](): IterableIterator<[Value, Value]> {
    return this.entries();
  }
}
