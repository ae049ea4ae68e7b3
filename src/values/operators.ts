/** Python's binary and unary operators on any values. */
import { contains, equals, ordered, tooLarge } from "./compare.ts";
import { PythonError, typeError } from "./failure.ts";
import { formatPercent } from "./format-percent.ts";
import { type BinaryOperator, Instance } from "./instance.ts";
import { escapeHtml, Markup } from "./markup.ts";
import { PyBytes, PySet, TaggedString, Tuple, textOf, type Value } from "./model.ts";
import { arithmetic, asInt, type Operator, signed } from "./number.ts";
import { str } from "./text.ts";
import { typeName } from "./type-name.ts";

/** Longer results of `*` are a runaway template. */
const maxRepeat = 100_000_000;

const hookNames: Readonly<Record<Operator, BinaryOperator>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "truediv",
  "//": "floordiv",
  "%": "mod",
  "**": "pow",
};

/** left operator right. Fails with Python's TypeError. */
export function binary(operator: Operator, left: Value, right: Value): Value {
  const numeric = arithmetic(operator, left, right);
  if (numeric !== undefined) return numeric;
  if (operator === "%" && textOf(left) !== undefined) return percent(left, right);
  if (left instanceof Instance) {
    const result = left.pyBinary(hookNames[operator], right, false);
    if (result !== undefined) return result;
  }
  if (right instanceof Instance) {
    const result = right.pyBinary(hookNames[operator], left, true);
    if (result !== undefined) return result;
  }
  if (operator === "+") return concatenate(left, right);
  if (operator === "*") {
    const result = repeat(left, right) ?? repeat(right, left);
    if (result !== undefined) return result;
    const sequence = isSequence(left) ? right : isSequence(right) ? left : undefined;
    if (sequence !== undefined) {
      throw typeError(`can't multiply sequence by non-int of type '${typeName(sequence)}'`);
    }
  }
  if (operator === "-" && left instanceof PySet && right instanceof PySet) {
    const result = new PySet();
    for (const item of left) if (!right.has(item)) result.add(item);
    return result;
  }
  const symbol = operator === "**" ? "** or pow()" : operator;
  throw typeError(
    `unsupported operand type(s) for ${symbol}: '${typeName(left)}' and '${typeName(right)}'`,
  );
}

function isSequence(value: Value): boolean {
  return (
    Array.isArray(value) ||
    textOf(value) !== undefined ||
    value instanceof Tuple ||
    value instanceof PyBytes
  );
}

function tagsOf(...values: Value[]): { unsafe: boolean; vault: boolean } | undefined {
  let unsafe = false;
  let vault = false;
  for (const value of values) {
    if (!(value instanceof TaggedString)) continue;
    unsafe ||= value.unsafe;
    vault ||= value.vault;
  }
  return unsafe || vault ? { unsafe, vault } : undefined;
}

/** Joined texts: Markup escapes what is added to it, unsafe and vault tags stay. */
export function joinTexts(values: readonly Value[]): Value {
  let text = "";
  const markup = values.some((value) => value instanceof Markup);
  for (const value of values) {
    const part = str(value);
    text += markup && !(value instanceof Markup) ? escapeHtml(part) : part;
  }
  const tags = tagsOf(...values);
  if (markup) return new Markup(text, tags);
  return tags ? new TaggedString(text, tags) : text;
}

function concatenate(left: Value, right: Value): Value {
  const text = textOf(left);
  if (text !== undefined) {
    const other = textOf(right);
    if (other === undefined) {
      throw typeError(`can only concatenate str (not "${typeName(right)}") to str`);
    }
    return typeof left === "string" && typeof right === "string"
      ? text + other
      : joinTexts([left, right]);
  }
  if (Array.isArray(left)) {
    if (Array.isArray(right)) return left.concat(right);
    throw typeError(`can only concatenate list (not "${typeName(right)}") to list`);
  }
  if (left instanceof Tuple) {
    if (right instanceof Tuple) return new Tuple(left.items.concat(right.items));
    throw typeError(`can only concatenate tuple (not "${typeName(right)}") to tuple`);
  }
  if (left instanceof PyBytes && right instanceof PyBytes) {
    return new PyBytes(Buffer.concat([left.bytes, right.bytes]));
  }
  throw typeError(
    `unsupported operand type(s) for +: '${typeName(left)}' and '${typeName(right)}'`,
  );
}

function repeat(sequence: Value, times: Value): Value | undefined {
  const count = asInt(times);
  if (count === undefined) return undefined;
  const size = Math.max(0, Number(count));
  const text = textOf(sequence);
  if (text !== undefined) {
    if (text.length * size > maxRepeat) throw tooLarge("repeated string");
    const result = text.repeat(size);
    const tags = tagsOf(sequence);
    if (sequence instanceof Markup) return new Markup(result, tags);
    return tags ? new TaggedString(result, tags) : result;
  }
  const items = Array.isArray(sequence)
    ? sequence
    : sequence instanceof Tuple
      ? sequence.items
      : undefined;
  if (items === undefined) return undefined;
  if (items.length * size > maxRepeat / 10) throw tooLarge("repeated list");
  const result: Value[] = [];
  for (let index = 0; index < size; index++) for (const item of items) result.push(item);
  return sequence instanceof Tuple ? new Tuple(result) : result;
}

function percent(left: Value, right: Value): Value {
  const format = textOf(left) ?? "";
  if (left instanceof Markup) {
    return new Markup(
      formatPercent(format, right, (value) =>
        value instanceof Markup ? value.text : escapeHtml(str(value)),
      ),
    );
  }
  const text = formatPercent(format, right);
  const parts = right instanceof Tuple ? right.items : [right];
  const tags = tagsOf(left, ...parts);
  return tags ? new TaggedString(text, tags) : text;
}

/** -value, +value. */
export function unary(operator: "-" | "+", value: Value): Value {
  const result =
    signed(operator, value) ??
    (value instanceof Instance ? value.pyUnary(operator === "-" ? "neg" : "pos") : undefined);
  if (result !== undefined) return result;
  throw typeError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
}

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

/** left comparison right. */
export function compareWith(comparison: Comparison, left: Value, right: Value): boolean {
  switch (comparison) {
    case "==":
      return equals(left, right);
    case "!=":
      return !equals(left, right);
    case "in":
      return contains(right, left);
    case "not in":
      return !contains(right, left);
    default:
      return ordered(comparison, left, right);
  }
}

export function add(a: Value, b: Value): Value {
  return binary("+", a, b);
}
export function sub(a: Value, b: Value): Value {
  return binary("-", a, b);
}
export function mul(a: Value, b: Value): Value {
  return binary("*", a, b);
}
export function truediv(a: Value, b: Value): Value {
  return binary("/", a, b);
}
export function floordiv(a: Value, b: Value): Value {
  return binary("//", a, b);
}
export function mod(a: Value, b: Value): Value {
  return binary("%", a, b);
}
export function pow(a: Value, b: Value): Value {
  return binary("**", a, b);
}

/** abs(value). */
export function absolute(value: Value): Value {
  const negative = signed("-", value);
  if (negative === undefined) {
    if (value instanceof Instance) value.pyUse();
    throw new PythonError("TypeError", `bad operand type for abs(): '${typeName(value)}'`);
  }
  return ordered("<", value, 0) || Object.is(signed("+", value), -0) ? negative : unary("+", value);
}
