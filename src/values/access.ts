/** x[key], x[a:b:c]: elements and slices. `undefined` is "there is none". */
import { PythonError, typeError, valueError } from "./failure.ts";
import { Instance } from "./instance.ts";
import { Dict, PyBytes, TaggedString, Tuple, textOf, type Value } from "./model.ts";
import { asInt } from "./number.ts";
import { PyRange } from "./range.ts";
import { widePoints } from "./text.ts";
import { typeName } from "./type-name.ts";

/** A slice object: `None` for what was left out. */
export class Slice extends Instance {
  readonly typeName = "slice";
  readonly start: Value;
  readonly stop: Value;
  readonly step: Value;
  constructor(start: Value, stop: Value, step: Value) {
    super();
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
  /** The indexes that it selects from a sequence of that length. */
  indices(size: number): { start: number; step: number; count: number } {
    const step = bound(this.step) ?? 1;
    if (step === 0) throw valueError("slice step cannot be zero");
    const low = step < 0 ? -1 : 0;
    const high = step < 0 ? size - 1 : size;
    const clamp = (value: number | undefined, absent: number): number => {
      if (value === undefined) return absent;
      const index = value < 0 ? value + size : value;
      return Math.min(Math.max(index, low), high);
    };
    const start = clamp(bound(this.start), step < 0 ? high : low);
    const stop = clamp(bound(this.stop), step < 0 ? low : high);
    return { start, step, count: Math.max(0, Math.ceil((stop - start) / step)) };
  }
}

function bound(value: Value): number | undefined {
  if (value === null) return undefined;
  const whole = asInt(value);
  if (whole === undefined) {
    if (value instanceof Instance) value.pyUse();
    throw typeError("slice indices must be integers or None or have an __index__ method");
  }
  if (typeof whole === "bigint")
    return whole < 0n ? -Number.MAX_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  return whole;
}

function select<T>(size: number, slice: Slice, at: (index: number) => T): T[] {
  const { start, step, count } = slice.indices(size);
  return Array.from({ length: count }, (_, index) => at(start + index * step));
}

/** A part of a text keeps its tags. */
export function sameTags(source: Value, text: string): string | TaggedString {
  return source instanceof TaggedString && (source.unsafe || source.vault)
    ? new TaggedString(text, { unsafe: source.unsafe, vault: source.vault })
    : text;
}

function slicedText(text: string, slice: Slice): string {
  const wide = widePoints(text);
  if (!wide && slice.step === null) {
    const { start, count } = slice.indices(text.length);
    return text.substr(start, count);
  }
  const points = wide ?? text.split("");
  return select(points.length, slice, (index) => points[index]).join("");
}

/** object[key]; `undefined` when Python would raise KeyError, IndexError or TypeError. */
export function getItem(object: Value, key: Value): Value | undefined {
  if (object instanceof Dict) {
    if (Array.isArray(key) || key instanceof Dict) return undefined;
    return object.get(key);
  }
  if (key instanceof Slice) {
    if (Array.isArray(object)) return select(object.length, key, (index) => object[index] as Value);
    if (object instanceof Tuple) {
      return new Tuple(select(object.items.length, key, (index) => object.items[index] as Value));
    }
    const text = textOf(object);
    if (text !== undefined) return sameTags(object, slicedText(text, key));
    if (object instanceof PyBytes) {
      const { bytes } = object;
      return new PyBytes(Uint8Array.from(select(bytes.length, key, (index) => bytes[index] ?? 0)));
    }
    if (object instanceof PyRange) {
      const { start, step, count } = key.indices(object.size);
      return new PyRange(object.at(start), object.at(start + count * step), object.step * step);
    }
    return object instanceof Instance ? object.pyGetItem(key) : undefined;
  }
  if (object instanceof Instance && !(object instanceof PyRange)) return object.pyGetItem(key);
  const index = asInt(key);
  if (typeof index !== "number") {
    if (key instanceof Instance) key.pyUse();
    return undefined;
  }
  if (Array.isArray(object)) return object[index < 0 ? index + object.length : index];
  if (object instanceof Tuple) return object.items[index < 0 ? index + object.items.length : index];
  const text = textOf(object);
  if (text !== undefined) {
    const points = widePoints(text) ?? text;
    const character = points[index < 0 ? index + points.length : index];
    return character === undefined ? undefined : sameTags(object, character);
  }
  if (object instanceof PyBytes) return object.bytes.at(index);
  if (object instanceof PyRange) {
    const place = index < 0 ? index + object.size : index;
    return place >= 0 && place < object.size ? object.at(place) : undefined;
  }
  return undefined;
}

/** Is it something that Python can subscript at all? */
export function isSubscriptable(object: Value): boolean {
  if (object === null || typeof object === "boolean" || asInt(object) !== undefined) return false;
  return true;
}

/** object[key], failing with Python's own exceptions. */
export function getItemStrict(object: Value, key: Value): Value {
  const value = getItem(object, key);
  if (value !== undefined) return value;
  if (object instanceof Dict) throw new PythonError("KeyError", String(textOf(key) ?? ""));
  if (Array.isArray(object)) throw new PythonError("IndexError", "list index out of range");
  if (object instanceof Tuple) throw new PythonError("IndexError", "tuple index out of range");
  if (textOf(object) !== undefined) {
    throw new PythonError("IndexError", "string index out of range");
  }
  throw typeError(`'${typeName(object)}' object is not subscriptable`);
}
