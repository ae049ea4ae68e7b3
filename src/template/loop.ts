/** The `loop` variable. */
import { type Arguments, PyCallable } from "../values/callable.ts";
import { equals } from "../values/compare.ts";
import { Instance } from "../values/instance.ts";
import type { Value } from "../values/model.ts";
import { TemplateRuntimeError } from "./errors.ts";
import { Undefined } from "./undefined.ts";

export class LoopContext extends Instance {
  readonly typeName = "LoopContext";
  readonly items: readonly Value[];
  readonly depth0: number;
  index0 = 0;
  #last: readonly Value[] | undefined;
  readonly #again: ((items: Value, depth0: number) => Value) | undefined;

  /** `again` renders the loop's body for other items, if the loop is recursive. */
  constructor(
    items: readonly Value[],
    depth0: number,
    again: ((items: Value, depth0: number) => Value) | undefined,
  ) {
    super();
    this.items = items;
    this.depth0 = depth0;
    this.#again = again;
  }

  override pyRepr(): string {
    return `<LoopContext ${this.index0 + 1}/${this.items.length}>`;
  }
  override pyLength(): number {
    return this.items.length;
  }
  override pyCall(args: Arguments): Value {
    const [items] = args.positional;
    if (!this.#again) {
      throw new TemplateRuntimeError(
        "TypeError",
        "The loop must have the 'recursive' marker to be called recursively.",
      );
    }
    if (items === undefined) {
      throw new TemplateRuntimeError(
        "TypeError",
        "LoopContext.__call__() missing 1 required positional argument: 'iterable'",
      );
    }
    return this.#again(items, this.depth0 + 1);
  }
  override pyGetAttribute(name: string): Value | undefined {
    const { items, index0 } = this;
    switch (name) {
      case "index":
        return index0 + 1;
      case "index0":
        return index0;
      case "revindex":
        return items.length - index0;
      case "revindex0":
        return items.length - index0 - 1;
      case "first":
        return index0 === 0;
      case "last":
        return index0 >= items.length - 1;
      case "length":
        return items.length;
      case "depth":
        return this.depth0 + 1;
      case "depth0":
        return this.depth0;
      case "previtem":
        return present(items[index0 - 1], "there is no previous item");
      case "nextitem":
        return present(items[index0 + 1], "there is no next item");
      case "cycle":
        return new PyCallable("cycle", ({ positional }) => {
          if (positional.length === 0) {
            throw new TemplateRuntimeError("TypeError", "no items for cycling given");
          }
          return positional[index0 % positional.length] as Value;
        });
      case "changed":
        return new PyCallable("changed", ({ positional }) => {
          const last = this.#last;
          const same =
            last !== undefined &&
            last.length === positional.length &&
            last.every((item, index) => equals(item, positional[index] as Value));
          this.#last = positional;
          return !same;
        });
      default:
        return undefined;
    }
  }
}

function present(item: Value | undefined, hint: string): Value {
  return item === undefined ? new Undefined(hint) : item;
}
