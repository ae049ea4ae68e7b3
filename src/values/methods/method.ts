/** The shape of a method, and reading its arguments. */
import type { Arguments } from "../callable.ts";
import { typeError } from "../failure.ts";
import { Instance } from "../instance.ts";
import { textOf, type Value } from "../model.ts";
import { asInt } from "../number.ts";
import { typeName } from "../type-name.ts";

/** A method of T: what `value.name(*args)` answers. */
export type Method<T> = (self: T, args: Arguments) => Value;

/** The argument at a position or under a name. */
export function argument(args: Arguments, index: number, name?: string): Value | undefined {
  const positional = args.positional[index];
  if (positional !== undefined || name === undefined) return positional;
  return args.named.get(name);
}

/** An argument that must be there. */
export function required(args: Arguments, index: number, method: string): Value {
  const value = args.positional[index];
  if (value === undefined) {
    throw typeError(
      `${method}() takes at least ${index + 1} argument${index === 0 ? "" : "s"} (${args.positional.length} given)`,
    );
  }
  return value;
}

/** A str argument. */
export function textArgument(args: Arguments, index: number, method: string): string {
  const value = required(args, index, method);
  const text = textOf(value);
  if (text !== undefined) return text;
  if (value instanceof Instance) value.pyUse();
  throw typeError(`${method}() argument ${index + 1} must be str, not ${typeName(value)}`);
}

/** An int argument, or the default when it is absent or None. */
export function intArgument(value: Value | undefined, absent: number): number {
  if (value === undefined || value === null) return absent;
  const whole = asInt(value);
  if (whole === undefined) {
    if (value instanceof Instance) value.pyUse();
    throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  }
  return Number(whole);
}

/** No surplus arguments. */
export function arity(args: Arguments, method: string, most: number): void {
  if (args.positional.length > most) {
    throw typeError(
      most === 0
        ? `${method}() takes no arguments (${args.positional.length} given)`
        : `${method} expected at most ${most} argument${most === 1 ? "" : "s"}, got ${args.positional.length}`,
    );
  }
}
