/** Macros and the bodies of `{% call %}`. */
import { type Arguments, PyCallable } from "../values/callable.ts";
import { Dict, Tuple, type Value } from "../values/model.ts";
import { TemplateRuntimeError } from "./errors.ts";
import { runOf } from "./run.ts";
import { Undefined } from "./undefined.ts";

export interface MacroShape {
  readonly name: string;
  readonly parameters: readonly string[];
  /** Does the body use `caller`, `kwargs`, `varargs`? */
  readonly caller: boolean;
  readonly catchNamed: boolean;
  readonly catchRest: boolean;
}

/** What the body gets: `undefined` for a parameter that was not given. */
export interface MacroCall {
  readonly values: (Value | undefined)[];
  readonly caller: Value;
  readonly named: Dict;
  readonly rest: Tuple;
}

export class Macro extends PyCallable {
  readonly shape: MacroShape;
  constructor(shape: MacroShape, body: (call: MacroCall) => Value) {
    super(
      shape.name,
      (args, context) => {
        runOf(context).budget.tick();
        return body(bind(shape, args));
      },
      "Macro",
    );
    this.shape = shape;
  }
  override pyRepr(): string {
    return `<Macro '${this.name}'>`;
  }
  override pyGetAttribute(name: string): Value | undefined {
    switch (name) {
      case "name":
        return this.shape.name;
      case "arguments":
        return new Tuple(this.shape.parameters);
      case "catch_kwargs":
        return this.shape.catchNamed;
      case "catch_varargs":
        return this.shape.catchRest;
      case "caller":
        return this.shape.caller;
      default:
        return undefined;
    }
  }
}

function bind(shape: MacroShape, args: Arguments): MacroCall {
  const { parameters, name } = shape;
  const named = new Map(args.named);
  const values: (Value | undefined)[] = args.positional.slice(0, parameters.length);
  for (let index = values.length; index < parameters.length; index++) {
    const parameter = parameters[index] as string;
    values.push(named.get(parameter));
    named.delete(parameter);
  }
  let caller: Value = new Undefined("No caller defined", "caller");
  if (shape.caller) {
    caller = named.get("caller") ?? caller;
    named.delete("caller");
  }
  const fail = (message: string): never => {
    throw new TemplateRuntimeError("TypeError", message);
  };
  if (!shape.catchNamed) {
    const [surplus] = named.keys();
    if (surplus === "caller") {
      fail(
        `macro '${name}' was invoked with two values for the special caller argument. This is most likely a bug.`,
      );
    }
    if (surplus !== undefined) fail(`macro '${name}' takes no keyword argument '${surplus}'`);
  }
  if (!shape.catchRest && args.positional.length > parameters.length) {
    fail(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
  }
  return {
    values,
    caller,
    named: new Dict(named),
    rest: new Tuple(args.positional.slice(parameters.length)),
  };
}
