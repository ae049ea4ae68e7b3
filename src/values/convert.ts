/** Between values and what JSON can hold. */
import { typeError } from "./failure.ts";
import { Instance } from "./instance.ts";
import {
  Dict,
  PyBytes,
  PyFloat,
  PyObject,
  PySet,
  TaggedString,
  Tuple,
  type Value,
} from "./model.ts";
import { floatRepr } from "./number.ts";
import { str } from "./text.ts";

/**
 * A value from plain JavaScript data (JSON.parse and the like): integers become ints, other
 * numbers floats, objects dicts, `undefined` properties are left out. Values pass through.
 */
export function fromJson(data: unknown): Value {
  switch (typeof data) {
    case "string":
    case "boolean":
    case "bigint":
      return data;
    case "number":
      return Number.isSafeInteger(data) && !Object.is(data, -0) ? data : new PyFloat(data);
    case "undefined":
      return null;
    case "object":
      break;
    default:
      throw typeError(`a ${typeof data} is not data`);
  }
  if (data === null || data instanceof PyObject) return data;
  if (Array.isArray(data)) return data.map(fromJson);
  if (data instanceof Uint8Array) return new PyBytes(data);
  if (data instanceof Map) {
    return new Dict(Array.from(data, ([key, value]) => [fromJson(key), fromJson(value)] as const));
  }
  if (data instanceof Date) return data.toISOString();
  const dict = new Dict();
  for (const [key, value] of Object.entries(data)) {
    if (value !== undefined) dict.set(key, fromJson(value));
  }
  return dict;
}

/** The plain JavaScript form of JSON data; properties are own ones even if named `__proto__`. */
export type Plain = null | boolean | number | bigint | string | Plain[] | { [key: string]: Plain };

/**
 * What JSON can hold of a value: floats become numbers (nan and infinities their text), tuples and
 * sets arrays, keys text, bytes UTF-8 text, other objects their str(). A bigint stays one.
 */
export function toPlain(value: Value): Plain {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof TaggedString) return value.text;
  if (value instanceof PyFloat) {
    return Number.isFinite(value.value) ? value.value : floatRepr(value.value);
  }
  if (value instanceof Dict) {
    // Object.fromEntries defines own properties, so that "__proto__" is a key like any other.
    return Object.fromEntries(Array.from(value, ([key, item]) => [jsonKey(key), toPlain(item)]));
  }
  if (value instanceof Tuple) return value.items.map(toPlain);
  if (value instanceof PySet) return Array.from(value, toPlain);
  if (value instanceof PyBytes) return Buffer.from(value.bytes).toString("utf8");
  if (value instanceof Instance) {
    const items = value.pyIterate();
    if (items) return Array.from(items, toPlain);
  }
  return str(value);
}

function jsonKey(key: Value): string {
  if (key === null) return "null";
  if (typeof key === "boolean") return key ? "true" : "false";
  return str(key);
}
