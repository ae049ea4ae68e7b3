import { truth } from "../../values/compare.ts";
import { textOf, type Value } from "../../values/model.ts";
import { asInt, int } from "../../values/number.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import { TemplateRuntimeError } from "../errors.ts";
import { type Arguments, bindArguments, type EvaluationContext, type Filter } from "../plugin.ts";

/** What the filter families share: binding of arguments to plain parameters. */

/** The bound parameters of one call, read by type. */
export class Parameters {
  readonly #bound: ReadonlyMap<string, Value>;
  constructor(bound: ReadonlyMap<string, Value>) {
    this.#bound = bound;
  }
  /** The value, or the default of a parameter that was not given. */
  get(name: string, absent: Value): Value {
    const value = this.#bound.get(name);
    return value === undefined ? absent : value;
  }
  given(name: string): boolean {
    return this.#bound.has(name);
  }
  truth(name: string, absent: boolean): boolean {
    const value = this.#bound.get(name);
    return value === undefined ? absent : truth(value);
  }
  /** str() of the value; `undefined` when it is absent or None. */
  text(name: string): string | undefined {
    const value = this.#bound.get(name);
    return value === undefined || value === null ? undefined : str(value);
  }
  /** The number of an int; TypeError for anything else. */
  int(name: string, absent: number): number {
    const value = this.#bound.get(name);
    if (value === undefined) return absent;
    const number = asInt(value);
    if (number === undefined) {
      throw new TemplateRuntimeError(
        "TypeError",
        `'${typeName(value)}' object cannot be interpreted as an integer`,
      );
    }
    return Number(number);
  }
  /** What a `*name` parameter took. */
  rest(name: string): readonly Value[] {
    const value = this.#bound.get(name);
    return Array.isArray(value) ? value : [];
  }
  entries(): Iterable<[string, Value]> {
    return this.#bound.entries();
  }
}

/** A filter with a Python signature (see `bindArguments`). */
export function define(
  name: string,
  signature: readonly string[],
  run: (value: Value, parameters: Parameters, context: EvaluationContext) => Value,
): Filter {
  return (value, args, context) =>
    run(value, new Parameters(bindArguments(name, signature, args)), context);
}

/** A filter without parameters. */
export function plain(
  name: string,
  run: (value: Value, context: EvaluationContext) => Value,
): Filter {
  return (value, args, context) => {
    if (args.positional.length > 0 || args.named.size > 0) bindArguments(name, [], args);
    return run(value, context);
  };
}

/** A parameter by place or name, without the cost of binding. */
export function argument(args: Arguments, index: number, name: string): Value | undefined {
  return args.positional[index] ?? args.named.get(name);
}

/** str() of anything: most text filters accept any value. */
export const textFrom = (value: Value): string => textOf(value) ?? str(value);

/** A number of items or characters as an int value. */
export const count = (value: number): Value => int(BigInt(value));
