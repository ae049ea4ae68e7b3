/** Conversions of arguments to the types of a module's spec, with Ansible's rules and wording. */
import { LayerbookError } from "../errors/index.ts";
import {
  Dict,
  isText,
  PyBytes,
  PyFloat,
  PySet,
  Tuple,
  textOf,
  type Value,
} from "../values/model.ts";
import { fromJson, parseInteger, repr, str, toFloat, toPlain, typeName } from "../values/python.ts";
import type { Data, OptionType } from "./module.ts";

/** A value that is not, and cannot be made, of the type that is wanted. */
export class ConversionError extends LayerbookError {}

const TRUE = new Set(["y", "yes", "on", "1", "true", "t", "1.0"]);
const FALSE = new Set(["n", "no", "off", "0", "false", "f", "0.0"]);

/** `<class 'str'>`: how messages name a value's type. */
export function pythonClass(value: Value): string {
  return `<class '${typeName(value)}'>`;
}

/**
 * @param type `path` is left as it is: `~` and variables in it are those of the target's user
 * @throws ConversionError
 */
export function convert(type: OptionType, value: Value): Value {
  switch (type) {
    case "raw":
      return value;
    case "str":
    case "path":
      if (value === null) {
        throw new ConversionError("'None' is not a string and conversion is not allowed");
      }
      return textOf(value) ?? str(value);
    case "bool":
      return toBool(value);
    case "int":
      return toInt(value);
    case "float":
      return toFloating(value);
    case "list":
      return toListValue(value);
    case "dict":
      return toDict(value);
    case "json":
      return toJson(value);
    case "bytes":
      return toSize(value, false);
    case "bits":
      return toSize(value, true);
  }
}

/**
 * Ansible's idea of a boolean: `yes`, `on`, `1`, `true`, ... in any case.
 * @throws ConversionError
 */
export function toBool(value: Value): boolean {
  if (typeof value === "boolean") return value;
  if (!isText(value) && typeof value !== "number" && !(value instanceof PyFloat)) {
    throw new ConversionError(`${pythonClass(value)} cannot be converted to a bool`);
  }
  const word = str(value).toLowerCase().trim();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw new ConversionError(
    `The value ${repr(str(value))} is not a valid boolean.  Valid booleans include: ` +
      "'1', 'on', 't', 'true', 'y', 'yes', '0', 'f', 'false', 'n', 'no', 'off', 0, 1",
  );
}

function toInt(value: Value): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  const text = textOf(value);
  if (text !== undefined) {
    try {
      return Number(parseInteger(text));
    } catch {
      // said below, in the wording of module arguments
    }
  }
  if (typeof value === "bigint") return Number(value);
  if (value === null) throw new ConversionError('"None" cannot be converted to an int');
  throw new ConversionError(`${pythonClass(value)} cannot be converted to an int`);
}

function toFloating(value: Value): PyFloat {
  if (value instanceof PyFloat) return value;
  if (isText(value) || typeof value === "number" || typeof value === "bigint") {
    try {
      return new PyFloat(toFloat(value));
    } catch {
      // said below
    }
  }
  throw new ConversionError(`${pythonClass(value)} cannot be converted to a float`);
}

function toListValue(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Tuple) return [...value.items];
  const text = textOf(value);
  if (text !== undefined) return text.split(",");
  if (typeof value === "number" || typeof value === "bigint" || value instanceof PyFloat) {
    return [str(value)];
  }
  throw new ConversionError(`${pythonClass(value)} cannot be converted to a list`);
}

function toDict(value: Value): Dict {
  if (value instanceof Dict) return value;
  const text = textOf(value);
  if (text === undefined) {
    throw new ConversionError(`${pythonClass(value)} cannot be converted to a dict`);
  }
  if (text.startsWith("{")) {
    const parsed = parseJsonObject(text);
    if (parsed) return parsed;
    throw new ConversionError("unable to evaluate string as dictionary");
  }
  if (text.includes("=")) return new Dict(splitPairs(text));
  throw new ConversionError("dictionary requested, could not parse JSON or key=value");
}

function parseJsonObject(text: string): Dict | undefined {
  // Python literals differ from JSON in their quotes and the names of three constants.
  const candidates = [
    text,
    text
      .replace(/'((?:[^'\\]|\\.)*)'/g, (_, inner: string) => JSON.stringify(inner))
      .replace(/\bTrue\b/g, "true")
      .replace(/\bFalse\b/g, "false")
      .replace(/\bNone\b/g, "null"),
  ];
  for (const candidate of candidates) {
    try {
      const value = fromJson(JSON.parse(candidate));
      if (value instanceof Dict) return value;
    } catch {
      // the next spelling
    }
  }
  return undefined;
}

/** `a=1, b="x y"`: pairs parted by commas or blanks, quotes kept together. */
function splitPairs(text: string): [string, Value][] {
  const fields: string[] = [];
  let field = "";
  let quoteMark = "";
  let escaped = false;
  for (const char of text.trim()) {
    if (escaped) {
      field += char;
      escaped = false;
    } else if (char === "\\") escaped = true;
    else if (quoteMark ? char === quoteMark : char === "'" || char === '"') {
      quoteMark = quoteMark ? "" : char;
    } else if (!quoteMark && (char === "," || char === " ")) {
      if (field) fields.push(field);
      field = "";
    } else field += char;
  }
  if (field) fields.push(field);
  return fields.map((pair) => {
    const at = pair.indexOf("=");
    if (at < 0) {
      throw new ConversionError("dictionary requested, could not parse JSON or key=value");
    }
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

function toJson(value: Value): string {
  const text = textOf(value);
  if (text !== undefined) return text.trim();
  if (Array.isArray(value) || value instanceof Dict || value instanceof Tuple) {
    return pythonJson(toPlain(value));
  }
  throw new ConversionError(`${pythonClass(value)} cannot be converted to a json string`);
}

/** json.dumps' spacing. */
function pythonJson(data: unknown): string {
  if (Array.isArray(data)) return `[${data.map(pythonJson).join(", ")}]`;
  if (typeof data === "bigint") return String(data);
  if (typeof data === "object" && data !== null) {
    const pairs = Object.entries(data).map(([k, v]) => `${JSON.stringify(k)}: ${pythonJson(v)}`);
    return `{${pairs.join(", ")}}`;
  }
  return JSON.stringify(data);
}

const UNITS = "BKMGTPEZY";

/** `10M`, `1.5 GB`, `2Kb`: 1024 based, as human_to_bytes. */
function toSize(value: Value, bits: boolean): number {
  const kind = bits ? "bits" : "bytes";
  const text = str(value);
  const match = /^\s*(\d*\.?\d*)\s*([A-Za-z]+)?/.exec(text);
  const number = Number.parseFloat(match?.[1] ?? "");
  const unit = match?.[2];
  const letter = unit?.[0]?.toUpperCase() ?? "B";
  const expectedSuffix = bits ? "b" : "B";
  const suffixFits =
    unit === undefined ||
    unit.length === 1 ||
    unit.slice(1) === expectedSuffix ||
    unit.toLowerCase().slice(1) === (bits ? "bit" : "byte");
  if (Number.isNaN(number) || !UNITS.includes(letter) || !suffixFits) {
    throw new ConversionError(`${pythonClass(value)} cannot be converted to a ${kind} value`);
  }
  return Math.round(number * 1024 ** UNITS.indexOf(letter));
}

/** A value as modules take it: tags dropped, tuples and sets as lists, the rest as its text. */
export function toData(value: Value): Data {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string" || value instanceof PyFloat) return value;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(toData);
  if (value instanceof Dict) {
    return Object.fromEntries(
      Array.from(value, ([key, item]) => [keyText(key), toData(item)] as const),
    );
  }
  if (value instanceof Tuple) return value.items.map(toData);
  if (value instanceof PySet) return Array.from(value, toData);
  if (value instanceof PyBytes) return Buffer.from(value.bytes).toString("utf8");
  const plain = toPlain(value);
  return Array.isArray(plain) ? (plain as Data) : str(value);
}

function keyText(key: Value): string {
  if (key === null) return "null";
  if (typeof key === "boolean") return key ? "true" : "false";
  return str(key);
}
