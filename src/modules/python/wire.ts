/**
 * Python's values as JSON between this process and a plugin host, exactly: what JSON cannot say is an
 * object `{"!": kind, "v": ...}`; dicts are lists of pairs, so that order and keys of any type stay.
 */

import { Undefined } from "../../template/undefined.ts";
import { PyDate, PyDateTime } from "../../values/datetime.ts";
import { PythonError } from "../../values/failure.ts";
import { Markup } from "../../values/markup.ts";
import {
  Dict,
  PyBytes,
  PyFloat,
  PySet,
  TaggedString,
  Tuple,
  type Value,
} from "../../values/model.ts";
import { floatRepr, isIterable, iterate, parseFloatText, str } from "../../values/python.ts";
import { LazyDict } from "../../variables/lazy-dict.ts";

/** What JSON.parse gives for an encoded value. */
export type Wire =
  | null
  | boolean
  | number
  | string
  | readonly Wire[]
  | { readonly "!": string; readonly v: Wire; readonly name?: string };

/** Deeper than any data; variables can hold each other. */
const MAX_DEPTH = 100;

/** Objects that only live here cross as their text. @throws PythonError for a value within itself */
export function toWire(value: Value): Wire {
  return encode(value, 0);
}

function encode(value: Value, depth: number): Wire {
  if (depth > MAX_DEPTH) {
    throw new PythonError("RecursionError", "the value is nested too deeply, or holds itself");
  }
  const toWire = (item: Value): Wire => encode(item, depth + 1);
  if (value === null || typeof value !== "object") {
    if (typeof value === "bigint") return tagged("int", String(value));
    return value;
  }
  if (Array.isArray(value)) return value.map(toWire);
  if (value instanceof Dict) {
    // Variables of a host hold all variables and those of all hosts again.
    const pairs =
      value instanceof LazyDict
        ? [...value].filter(([key]) => key !== "vars" && key !== "hostvars")
        : [...value];
    return tagged(
      "dict",
      pairs.map(([key, item]) => [toWire(key), toWire(item)]),
    );
  }
  if (value instanceof Markup) return tagged("markup", value.text);
  if (value instanceof TaggedString)
    return value.unsafe ? tagged("unsafe", value.text) : value.text;
  if (value instanceof PyFloat) return tagged("float", floatRepr(value.value));
  if (value instanceof Tuple) return tagged("tuple", value.items.map(toWire));
  if (value instanceof PySet) return tagged("set", Array.from(value, toWire));
  if (value instanceof PyBytes) return tagged("bytes", Buffer.from(value.bytes).toString("base64"));
  if (value instanceof Undefined)
    return { "!": "undefined", v: value.hint, name: value.name ?? "" };
  if (value instanceof PyDateTime) return tagged("datetime", value.isoText(" "));
  if (value instanceof PyDate) return tagged("date", value.isoDate());
  return isIterable(value) ? Array.from(iterate(value), toWire) : str(value);
}

function tagged(kind: string, v: Wire): Wire {
  return { "!": kind, v };
}

/** @param undefinedValue makes an Undefined of a message and a name */
export function fromWire(
  wire: Wire,
  undefinedValue: (hint: string, name?: string) => Value = (hint, name) =>
    new Undefined(hint, name),
): Value {
  const decode = (item: Wire): Value => fromWire(item, undefinedValue);
  if (wire === null || typeof wire !== "object") return wire;
  if (isList(wire)) return wire.map(decode);
  const { v } = wire;
  const list = isList(v) ? v : [];
  const text = String(v);
  switch (wire["!"]) {
    case "dict":
      return new Dict(list.map((pair) => pairOf(pair, decode)));
    case "float":
      return new PyFloat(parseFloatText(text) ?? Number.NaN);
    case "int":
      return BigInt(text);
    case "tuple":
      return new Tuple(list.map(decode));
    case "set":
      return new PySet(list.map(decode));
    case "bytes":
      return new PyBytes(Buffer.from(text, "base64"));
    case "unsafe":
      return new TaggedString(text, { unsafe: true });
    case "vault":
      return new TaggedString(text, { vault: true });
    case "markup":
      return new Markup(text);
    case "undefined":
      return undefinedValue(text, wire.name === "" ? undefined : wire.name);
    case "datetime":
      return dateTime(text);
    case "date": {
      const [year = 1, month = 1, day = 1] = text.split("-").map(Number);
      return new PyDate(year, month, day);
    }
    default:
      return text;
  }
}

function isList(wire: Wire): wire is readonly Wire[] {
  return Array.isArray(wire);
}

function pairOf(pair: Wire, decode: (item: Wire) => Value): [Value, Value] {
  const [key = null, value = null] = isList(pair) ? pair : [];
  return [decode(key), decode(value)];
}

/** `2024-02-29 12:30:00.5+01:00`, as datetime.isoformat() writes it. */
function dateTime(text: string): Value {
  const match =
    /^(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)(?:\.(\d+))?(?:([+-])(\d+):(\d+))?/.exec(text) ?? [];
  const part = (index: number) => Number(match[index] ?? 0);
  const offset = match[8] && (match[8] === "-" ? -1 : 1) * (part(9) * 60 + part(10));
  return new PyDateTime(
    [part(1), part(2), part(3)],
    [part(4), part(5), part(6), Number((match[7] ?? "0").padEnd(6, "0"))],
    typeof offset === "number" ? offset : undefined,
  );
}
