/** str.format: replacement fields with attributes, indexes, conversions and nested specifications. */
import { getItemStrict } from "./access.ts";
import type { Arguments } from "./callable.ts";
import { PythonError, valueError } from "./failure.ts";
import { formatValue } from "./format-spec.ts";
import type { Value } from "./model.ts";
import { repr, str } from "./text.ts";

interface State {
  readonly args: Arguments;
  readonly attribute: (object: Value, name: string) => Value;
  /** The next automatic index; `undefined` once explicit ones were used. */
  auto: number | undefined;
  explicit: boolean;
}

/** format.format(*args, **kwargs). `attribute` reads `{x.name}`. */
export function formatText(
  format: string,
  args: Arguments,
  attribute: (object: Value, name: string) => Value,
): string {
  return expand(format, { args, attribute, auto: 0, explicit: false }, 2);
}

function expand(format: string, state: State, depth: number): string {
  if (depth < 0) throw valueError("Max string recursion exceeded");
  let result = "";
  let index = 0;
  while (index < format.length) {
    const character = format[index] as string;
    const next = format[index + 1];
    if (character === "}") {
      if (next !== "}") throw valueError("Single '}' encountered in format string");
      result += "}";
      index += 2;
    } else if (character !== "{") {
      const stop = format.slice(index).search(/[{}]/);
      const end = stop < 0 ? format.length : index + stop;
      result += format.slice(index, end);
      index = end;
    } else if (next === "{") {
      result += "{";
      index += 2;
    } else {
      const end = closing(format, index);
      result += field(format.slice(index + 1, end), state, depth);
      index = end + 1;
    }
  }
  return result;
}

function closing(format: string, start: number): number {
  let open = 0;
  for (let index = start; index < format.length; index++) {
    if (format[index] === "{") open++;
    else if (format[index] === "}" && --open === 0) return index;
  }
  throw valueError(
    format.length === start + 1
      ? "Single '{' encountered in format string"
      : "expected '}' before end of string",
  );
}

function field(text: string, state: State, depth: number): string {
  const match = /^((?:[^[:!{}]|\[[^\]]*\])*)(?:!([\s\S]))?(?::([\s\S]*))?$/.exec(text);
  if (!match) throw valueError("expected ':' after conversion specifier");
  const [, name = "", conversion, spec = ""] = match;
  const value = resolve(name, state);
  const expanded = spec.includes("{") ? expand(spec, state, depth - 1) : spec;
  switch (conversion) {
    case undefined:
      return formatValue(value, expanded);
    case "s":
      return formatValue(str(value), expanded);
    case "r":
    case "a":
      return formatValue(repr(value), expanded);
    default:
      throw valueError(`Unknown conversion specifier ${conversion}`);
  }
}

function resolve(name: string, state: State): Value {
  const first = /^[^.[]*/.exec(name)?.[0] ?? "";
  let value: Value;
  if (first === "" || /^\d+$/.test(first)) {
    value = positional(first, state);
  } else {
    const named = state.args.named.get(first);
    if (named === undefined) throw new PythonError("KeyError", `'${first}'`);
    value = named;
  }
  const rest = name.slice(first.length);
  const part = /\.([^.[]+)|\[([^\]]+)\]/y;
  while (part.lastIndex < rest.length) {
    const step = part.exec(rest);
    if (!step) throw valueError("Empty attribute in format string");
    if (step[1] !== undefined) value = state.attribute(value, step[1]);
    else {
      const key = step[2] as string;
      value = getItemStrict(value, /^\d+$/.test(key) ? Number(key) : key);
    }
  }
  return value;
}

function positional(first: string, state: State): Value {
  let index: number;
  if (first === "") {
    if (state.explicit) {
      throw valueError(
        "cannot switch from manual field specification to automatic field numbering",
      );
    }
    index = state.auto ?? 0;
    state.auto = index + 1;
  } else {
    if ((state.auto ?? 0) > 0) {
      throw valueError(
        "cannot switch from automatic field numbering to manual field specification",
      );
    }
    state.explicit = true;
    index = Number(first);
  }
  const value = state.args.positional[index];
  if (value === undefined) {
    throw new PythonError(
      "IndexError",
      `Replacement index ${index} out of range for positional args tuple`,
    );
  }
  return value;
}
