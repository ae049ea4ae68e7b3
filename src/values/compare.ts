/** Truth, equality and order of values, as Python defines them. */
import { PythonError, typeError } from "./failure.ts";
import { Instance } from "./instance.ts";
import { PyIterator } from "./iterator.ts";
import { Dict, PyBytes, PyFloat, PySet, TaggedString, Tuple, textOf, type Value } from "./model.ts";
import { asNumber } from "./number.ts";
import { typeName } from "./type-name.ts";

/** bool(value). */
export function truth(value: Value): boolean {
  if (typeof value === "boolean") return value;
  if (value === null) return false;
  if (typeof value === "string") return value !== "";
  if (typeof value === "number") return value !== 0;
  if (typeof value === "bigint") return value !== 0n;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof TaggedString) return value.text !== "";
  if (value instanceof Dict || value instanceof PySet) return value.size > 0;
  if (value instanceof PyFloat) return value.value !== 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof PyBytes) return value.bytes.length > 0;
  return value instanceof Instance ? value.pyTruth() : true;
}

/** a == b. Never fails, except that undefined values do. */
export function equals(a: Value, b: Value): boolean {
  if (a === b && !(a instanceof Instance) && !(a instanceof PyFloat)) return true;
  if (typeof a === "string" && typeof b === "string") return false;
  if (a instanceof Instance) {
    const answer = a.pyEquals(b);
    if (answer !== undefined) return answer;
  }
  if (b instanceof Instance) {
    const answer = b.pyEquals(a);
    return answer ?? a === b;
  }
  const text = textOf(a);
  if (text !== undefined) return text === textOf(b);
  const x = asNumber(a);
  if (x !== undefined) {
    const y = asNumber(b);
    if (y === undefined) return false;
    if (typeof a === "bigint" || typeof b === "bigint") return bigEquals(a, b);
    return x === y;
  }
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b);
  if (a instanceof Tuple) return b instanceof Tuple && sameItems(a.items, b.items);
  if (a instanceof Dict) {
    if (!(b instanceof Dict) || a.size !== b.size) return false;
    for (const [key, value] of a) {
      const other = b.get(key);
      if (other === undefined || !equals(value, other)) return false;
    }
    return true;
  }
  if (a instanceof PySet) {
    if (!(b instanceof PySet) || a.size !== b.size) return false;
    for (const item of a) if (!b.has(item)) return false;
    return true;
  }
  if (a instanceof PyBytes) {
    return b instanceof PyBytes && Buffer.from(a.bytes).compare(b.bytes) === 0;
  }
  return false;
}

function bigEquals(a: Value, b: Value): boolean {
  if (a instanceof PyFloat || b instanceof PyFloat) {
    const float = a instanceof PyFloat ? a.value : (b as PyFloat).value;
    const whole = (a instanceof PyFloat ? b : a) as number | bigint | boolean;
    return Number.isInteger(float) && BigInt(float) === BigInt(whole);
  }
  return BigInt(a as bigint) === BigInt(b as bigint);
}

function sameItems(a: readonly Value[], b: readonly Value[]): boolean {
  return (
    a.length === b.length &&
    a.every((item, index) => item === b[index] || equals(item, b[index] as Value))
  );
}

/** The order of two strings by code point. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    let x = a.charCodeAt(index);
    let y = b.charCodeAt(index);
    if (x === y) continue;
    // Surrogates stand for code points above every other unit.
    if (x >= 0xd800 && y >= 0xd800) {
      if (x >= 0xe000) x -= 0x2000;
      else x += 0x800;
      if (y >= 0xe000) y -= 0x2000;
      else y += 0x800;
    }
    return x - y;
  }
  return a.length - b.length;
}

export type OrderOperator = "<" | "<=" | ">" | ">=";

/**
 * The order of two values: negative, zero or positive, `NaN` if one is nan. Fails with Python's
 * TypeError for types without a common order; `operator` is only for its message.
 */
export function compare(a: Value, b: Value, operator: OrderOperator = "<"): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const x = textOf(a);
  const y = textOf(b);
  if (x !== undefined && y !== undefined) return compareText(x, y);
  const m = asNumber(a);
  const n = asNumber(b);
  if (m !== undefined && n !== undefined) {
    if ((typeof a === "bigint" || typeof b === "bigint") && m === n && !bigEquals(a, b)) {
      return BigInt(a as bigint) < BigInt(b as bigint) ? -1 : 1;
    }
    return m === n ? 0 : m - n;
  }
  if (a instanceof Instance) {
    const order = a.pyCompare(b);
    if (order !== undefined) return order;
  }
  if (b instanceof Instance) {
    const order = b.pyCompare(a);
    if (order !== undefined) return -order;
  }
  if (Array.isArray(a) && Array.isArray(b)) return compareItems(a, b, operator);
  if (a instanceof Tuple && b instanceof Tuple) return compareItems(a.items, b.items, operator);
  if (a instanceof PyBytes && b instanceof PyBytes) return Buffer.from(a.bytes).compare(b.bytes);
  throw typeError(
    `'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
  );
}

function compareItems(a: readonly Value[], b: readonly Value[], operator: OrderOperator): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const x = a[index] as Value;
    const y = b[index] as Value;
    if (!equals(x, y)) return compare(x, y, operator);
  }
  return a.length - b.length;
}

/** a < b and its like; sets compare as subsets. */
export function ordered(operator: OrderOperator, a: Value, b: Value): boolean {
  if (a instanceof PySet && b instanceof PySet) {
    const [small, large] = operator.startsWith("<") ? [a, b] : [b, a];
    for (const item of small) if (!large.has(item)) return false;
    return operator.length === 2 || small.size < large.size;
  }
  const order = compare(a, b, operator);
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** item in container. */
export function contains(container: Value, item: Value): boolean {
  const text = textOf(container);
  if (text !== undefined) {
    const part = textOf(item);
    if (part === undefined) {
      if (item instanceof Instance) item.pyUse();
      throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    }
    return text.includes(part);
  }
  if (container instanceof Dict || container instanceof PySet) return container.has(item);
  if (Array.isArray(container)) return hasItem(container, item);
  if (container instanceof Tuple) return hasItem(container.items, item);
  if (container instanceof PyBytes) {
    if (item instanceof PyBytes)
      return Buffer.from(container.bytes).includes(Buffer.from(item.bytes));
    if (typeof item === "number") return container.bytes.includes(item);
    throw typeError(`a bytes-like object is required, not '${typeName(item)}'`);
  }
  if (container instanceof PyIterator) return hasItem(container, item);
  if (container instanceof Instance) {
    const answer = container.pyContains(item);
    if (answer !== undefined) return answer;
    const items = container.pyIterate();
    if (items) return hasItem(items, item);
  }
  throw typeError(`argument of type '${typeName(container)}' is not iterable`);
}

function hasItem(items: Iterable<Value>, item: Value): boolean {
  for (const candidate of items) if (candidate === item || equals(candidate, item)) return true;
  return false;
}

/** Sorts as sorted() does: stable, by the given key. Fails on values without a common order. */
export function sortValues(
  values: readonly Value[],
  key: (value: Value) => Value = (value) => value,
  reverse = false,
): Value[] {
  const keyed = values.map((value) => ({ value, key: key(value) }));
  const sign = reverse ? -1 : 1;
  keyed.sort((a, b) => sign * -compare(b.key, a.key));
  return keyed.map((entry) => entry.value);
}

/** The MemoryError of a result that no configuration needs. */
export function tooLarge(what: string): PythonError {
  return new PythonError("MemoryError", `the ${what} is too large`);
}
