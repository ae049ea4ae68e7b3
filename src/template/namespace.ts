/** The objects behind `namespace()`, `cycler()` and `joiner()`. */
import { type Arguments, PyCallable } from "../values/callable.ts";
import { Instance } from "../values/instance.ts";
import { updateDict } from "../values/methods/containers.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { repr } from "../values/text.ts";
import { TemplateRuntimeError } from "./errors.ts";

export class Namespace extends Instance {
  readonly typeName = "Namespace";
  readonly #values: Dict;
  constructor(args: Arguments) {
    super();
    this.#values = updateDict(new Dict(), args, "dict");
  }
  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
  override pyGetAttribute(name: string): Value | undefined {
    return this.#values.get(name);
  }
  override pyGetItem(key: Value): Value | undefined {
    return textOf(key) === undefined ? undefined : this.#values.get(key);
  }
  override pyRepr(): string {
    return `<Namespace ${repr(this.#values)}>`;
  }
}

export class Cycler extends Instance {
  readonly typeName = "Cycler";
  readonly #items: readonly Value[];
  #position = 0;
  constructor(items: readonly Value[]) {
    super();
    if (items.length === 0) {
      throw new TemplateRuntimeError("RuntimeError", "at least one item has to be provided");
    }
    this.#items = items;
  }
  override pyGetAttribute(name: string): Value | undefined {
    switch (name) {
      case "current":
        return this.#items[this.#position];
      case "next":
        return new PyCallable("next", () => {
          const value = this.#items[this.#position] as Value;
          this.#position = (this.#position + 1) % this.#items.length;
          return value;
        });
      case "reset":
        return new PyCallable("reset", () => {
          this.#position = 0;
          return null;
        });
      default:
        return undefined;
    }
  }
}

export class Joiner extends Instance {
  readonly typeName = "Joiner";
  readonly #separator: Value;
  #used = false;
  constructor(separator: Value) {
    super();
    this.#separator = separator;
  }
  override pyCall(): Value {
    if (this.#used) return this.#separator;
    this.#used = true;
    return "";
  }
}
