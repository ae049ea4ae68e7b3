import { compareText } from "../../../values/compare.ts";
import { Dict, PyFloat, textOf, type Value } from "../../../values/model.ts";
import { asNumber, floatRepr, int } from "../../../values/number.ts";
import { add } from "../../../values/operators.ts";
import { dumpJson } from "../json-dump.ts";
import { raise } from "../raise.ts";
import { evaluateJmespath, isNumber, listOf, sameValue } from "./evaluate.ts";
import type { Expression } from "./syntax.ts";

/** The built-in functions of JMESPath. https://jmespath.org/specification.html#built-in-functions */

type Kind =
  | "number"
  | "string"
  | "boolean"
  | "array"
  | "object"
  | "null"
  | "array-string"
  | "array-number"
  | "expref"
  | "any";

interface Definition {
  readonly kinds: readonly (readonly Kind[])[];
  readonly variadic?: boolean;
  readonly run: (args: readonly Value[], expression: Expression | undefined) => Value;
}

function kindOf(value: Value): Kind {
  if (value === null) return "null";
  if (typeof value === "boolean") return "boolean";
  if (isNumber(value)) return "number";
  if (textOf(value) !== undefined) return "string";
  return listOf(value) ? "array" : "object";
}

function matches(value: Value, kind: Kind): boolean {
  if (kind === "any") return true;
  if (kind === "array-string" || kind === "array-number") {
    const item = kind.slice(6);
    return listOf(value)?.every((element) => kindOf(element) === item) ?? false;
  }
  return kindOf(value) === kind;
}

const number = (value: Value | undefined): number => asNumber(value ?? 0) ?? 0;
const text = (value: Value | undefined): string => textOf(value) ?? "";
const list = (value: Value | undefined): readonly Value[] => listOf(value ?? null) ?? [];

/** The order of two numbers or two texts. */
function order(a: Value, b: Value): number {
  const x = textOf(a);
  const y = textOf(b);
  if (x !== undefined && y !== undefined) return compareText(x, y);
  return number(a) - number(b);
}

function extreme(items: readonly Value[], sign: number, key: (item: Value) => Value): Value {
  let best: Value | undefined;
  for (const item of items) {
    if (best === undefined || sign * order(key(item), key(best)) > 0) best = item;
  }
  return best ?? null;
}

/** Evaluates the key of every item; all must be numbers, or all strings. */
function keysOf(
  name: string,
  items: readonly Value[],
  expression: Expression | undefined,
): Map<Value, Value> {
  const keys = new Map<Value, Value>();
  let kind: Kind | undefined;
  for (const item of items) {
    const key = expression ? evaluateJmespath(expression, item) : item;
    const found = kindOf(key);
    kind ??= found;
    if (found !== kind || (found !== "number" && found !== "string")) {
      raise(
        "JMESPathTypeError",
        `In function ${name}(), invalid type for value: ${dumpJson(key)}, expected one of: ['number', 'string'], received: "${found}"`,
      );
    }
    keys.set(item, key);
  }
  return keys;
}

const whole = (value: number): Value => int(BigInt(value));

const FUNCTIONS: Readonly<Record<string, Definition>> = {
  abs: {
    kinds: [["number"]],
    run: ([value]) =>
      value instanceof PyFloat ? new PyFloat(Math.abs(value.value)) : Math.abs(number(value)),
  },
  avg: {
    kinds: [["array-number"]],
    run: ([items]) => {
      const all = list(items);
      if (all.length === 0) return null;
      return new PyFloat(all.reduce<number>((sum, item) => sum + number(item), 0) / all.length);
    },
  },
  ceil: { kinds: [["number"]], run: ([value]) => whole(Math.ceil(number(value))) },
  contains: {
    kinds: [["array", "string"], ["any"]],
    run: ([subject, item]) => {
      const items = listOf(subject ?? null);
      if (items) return items.some((element) => sameValue(element, item ?? null));
      return textOf(item) !== undefined && text(subject).includes(text(item));
    },
  },
  ends_with: { kinds: [["string"], ["string"]], run: ([a, b]) => text(a).endsWith(text(b)) },
  floor: { kinds: [["number"]], run: ([value]) => whole(Math.floor(number(value))) },
  join: {
    kinds: [["string"], ["array-string"]],
    run: ([glue, items]) => list(items).map(text).join(text(glue)),
  },
  keys: { kinds: [["object"]], run: ([value]) => (value instanceof Dict ? [...value.keys()] : []) },
  length: {
    kinds: [["string", "array", "object"]],
    run: ([value]) =>
      value instanceof Dict
        ? value.size
        : (listOf(value ?? null) ?? Array.from(text(value))).length,
  },
  map: {
    kinds: [["expref"], ["array"]],
    run: ([, items], expression) =>
      list(items).map((item) => (expression ? evaluateJmespath(expression, item) : null)),
  },
  max: {
    kinds: [["array-number", "array-string"]],
    run: ([items]) => extreme(list(items), 1, (item) => item),
  },
  max_by: {
    kinds: [["array"], ["expref"]],
    run: ([items], expression) => {
      const keys = keysOf("max_by", list(items), expression);
      return extreme(list(items), 1, (item) => keys.get(item) ?? null);
    },
  },
  merge: {
    kinds: [["object"]],
    variadic: true,
    run: (objects) => {
      const merged = new Dict();
      for (const object of objects) {
        if (object instanceof Dict) for (const [key, value] of object) merged.set(key, value);
      }
      return merged;
    },
  },
  min: {
    kinds: [["array-number", "array-string"]],
    run: ([items]) => extreme(list(items), -1, (item) => item),
  },
  min_by: {
    kinds: [["array"], ["expref"]],
    run: ([items], expression) => {
      const keys = keysOf("min_by", list(items), expression);
      return extreme(list(items), -1, (item) => keys.get(item) ?? null);
    },
  },
  not_null: {
    kinds: [["any"]],
    variadic: true,
    run: (values) => values.find((value) => value !== null) ?? null,
  },
  reverse: {
    kinds: [["array", "string"]],
    run: ([value]) =>
      listOf(value ?? null)
        ?.slice()
        .reverse() ?? Array.from(text(value)).reverse().join(""),
  },
  sort: {
    kinds: [["array-string", "array-number"]],
    run: ([items]) => list(items).slice().sort(order),
  },
  sort_by: {
    kinds: [["array"], ["expref"]],
    run: ([items], expression) => {
      const keys = keysOf("sort_by", list(items), expression);
      return list(items)
        .slice()
        .sort((a, b) => order(keys.get(a) ?? null, keys.get(b) ?? null));
    },
  },
  starts_with: { kinds: [["string"], ["string"]], run: ([a, b]) => text(a).startsWith(text(b)) },
  sum: {
    kinds: [["array-number"]],
    run: ([items]) => list(items).reduce<Value>((sum, item) => add(sum, item), 0),
  },
  to_array: {
    kinds: [["any"]],
    run: ([value]) => (listOf(value ?? null) ? (value ?? []) : [value ?? null]),
  },
  to_number: {
    kinds: [["any"]],
    run: ([value]) => {
      if (isNumber(value ?? null)) return value ?? null;
      const source = textOf(value);
      if (source === undefined) return null;
      if (/^\s*[+-]?\d+\s*$/.test(source)) return int(BigInt(source.trim().replace(/^\+/, "")));
      return /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(source)
        ? new PyFloat(Number(source))
        : null;
    },
  },
  to_string: {
    kinds: [["any"]],
    run: ([value]) =>
      textOf(value) === undefined
        ? dumpJson(value ?? null, { separators: [",", ":"] })
        : (value ?? ""),
  },
  type: { kinds: [["any"]], run: ([value]) => kindOf(value ?? null) },
  values: {
    kinds: [["object"]],
    run: ([value]) => (value instanceof Dict ? [...value.values()] : []),
  },
};

/** Calls a function by name. Raises the errors of jmespath.py. */
export function callFunction(name: string, args: readonly Expression[], data: Value): Value {
  const definition = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!definition) return raise("UnknownFunctionError", `Unknown function: ${name}()`);
  const { kinds } = definition;
  if (definition.variadic ? args.length < kinds.length : args.length !== kinds.length) {
    const expected = `${definition.variadic ? "at least " : ""}${kinds.length} argument${kinds.length === 1 ? "" : "s"}`;
    return raise(
      "ArityError",
      `Expected ${expected} for function ${name}(), received ${args.length}`,
    );
  }
  let reference: Expression | undefined;
  const values = args.map((argument, index) => {
    const allowed = kinds[Math.min(index, kinds.length - 1)] ?? ["any"];
    if (argument.kind === "reference" && allowed.includes("expref")) {
      reference = argument.expression;
      return null;
    }
    const value = evaluateJmespath(argument, data);
    if (!allowed.some((kind) => matches(value, kind))) {
      const shown = value instanceof PyFloat ? floatRepr(value.value) : dumpJson(value);
      raise(
        "JMESPathTypeError",
        `In function ${name}(), invalid type for value: ${shown}, expected one of: [${allowed.map((kind) => `'${kind}'`).join(", ")}], received: "${kindOf(value)}"`,
      );
    }
    return value;
  });
  return definition.run(values, reference);
}
