/** Things a template can call: functions, methods, macros. */
import { Instance } from "./instance.ts";
import type { Value } from "./model.ts";

/** The arguments of one call, after `*args` and `**kwargs` were spread. */
export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

export const noNames: ReadonlyMap<string, Value> = new Map();
export const noArguments: Arguments = { positional: [], named: noNames };

/** A callable. `context` is the running evaluation, opaque at this level. */
export class PyCallable extends Instance {
  readonly typeName: string;
  readonly name: string;
  readonly invoke: (args: Arguments, context: unknown) => Value;
  constructor(
    name: string,
    invoke: (args: Arguments, context: unknown) => Value,
    typeName = "function",
  ) {
    super();
    this.name = name;
    this.invoke = invoke;
    this.typeName = typeName;
  }
  override pyCall(args: Arguments, context: unknown): Value {
    return this.invoke(args, context);
  }
  override pyRepr(): string {
    return `<${this.typeName === "type" ? "class" : this.typeName} ${this.typeName === "type" ? `'${this.name}'` : this.name}>`;
  }
}
