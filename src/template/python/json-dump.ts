import { compare } from "../../values/compare.ts";
import { Dict, PyFloat, PySet, Tuple, textOf, type Value } from "../../values/model.ts";
import { floatRepr } from "../../values/number.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import { Undefined } from "../undefined.ts";
import { raise } from "./raise.ts";

/** Python's `json.dumps`. https://docs.python.org/3/library/json.html */

export interface JsonOptions {
  /** undefined: one line; a number of spaces or the text of one level. */
  readonly indent?: number | string | undefined;
  readonly sortKeys?: boolean;
  readonly ensureAscii?: boolean;
  readonly separators?: readonly [item: string, key: string] | undefined;
  readonly skipKeys?: boolean;
  readonly allowNan?: boolean;
  /** What a value that JSON has no form for becomes; undefined: refuse it. */
  readonly fallback?: (value: Value) => Value | undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\f": "\\f",
  "\b": "\\b",
};

export function jsonText(text: string, ensureAscii: boolean): string {
  const special = ensureAscii ? /["\\]|[^\x20-\x7e]/g : /["\\\x00-\x1f]/g;
  const escaped = text.replace(
    special,
    (unit) => ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `"${escaped}"`;
}

function jsonFloat(value: number, allowNan: boolean): string {
  if (Number.isFinite(value)) return floatRepr(value);
  if (!allowNan) return raise("ValueError", "Out of range float values are not JSON compliant");
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

class Writer {
  readonly #options: JsonOptions;
  readonly #indent: string | undefined;
  readonly #itemSeparator: string;
  readonly #keySeparator: string;
  readonly #open = new Set<Value>();
  readonly out: string[] = [];

  constructor(options: JsonOptions) {
    this.#options = options;
    this.#indent =
      typeof options.indent === "number" ? " ".repeat(Math.max(options.indent, 0)) : options.indent;
    this.#itemSeparator = options.separators?.[0] ?? (this.#indent === undefined ? ", " : ",");
    this.#keySeparator = options.separators?.[1] ?? ": ";
  }

  write(value: Value, level: number): void {
    const scalar = this.#scalar(value);
    if (scalar !== undefined) {
      this.out.push(scalar);
      return;
    }
    if (this.#open.has(value)) raise("ValueError", "Circular reference detected");
    this.#open.add(value);
    if (Array.isArray(value)) this.#list(value, level);
    else if (value instanceof Tuple) this.#list(value.items, level);
    else if (value instanceof Dict) this.#dict(value, level);
    else {
      const other = this.#options.fallback?.(value);
      if (other === undefined) {
        if (value instanceof Undefined) value.fail();
        raise("TypeError", `Object of type ${typeName(value)} is not JSON serializable`);
      }
      this.write(other, level);
    }
    this.#open.delete(value);
  }

  #scalar(value: Value): string | undefined {
    const text = textOf(value);
    if (text !== undefined) {
      const other = typeof value === "string" ? undefined : this.#options.fallback?.(value);
      if (other !== undefined && textOf(other) === undefined) return undefined;
      return jsonText(text, this.#options.ensureAscii ?? true);
    }
    if (value === null) return "null";
    if (typeof value === "boolean") return value ? "true" : "false";
    if (typeof value === "number" || typeof value === "bigint") return String(value);
    if (value instanceof PyFloat) return jsonFloat(value.value, this.#options.allowNan ?? true);
    return undefined;
  }

  #newline(level: number): void {
    if (this.#indent !== undefined) this.out.push(`\n${this.#indent.repeat(level)}`);
  }

  #list(items: readonly Value[], level: number): void {
    if (items.length === 0) {
      this.out.push("[]");
      return;
    }
    this.out.push("[");
    items.forEach((item, index) => {
      if (index > 0) this.out.push(this.#itemSeparator);
      this.#newline(level + 1);
      this.write(item, level + 1);
    });
    this.#newline(level);
    this.out.push("]");
  }

  #key(key: Value): string | undefined {
    const text = textOf(key);
    if (text !== undefined) return text;
    if (key === null) return "null";
    if (typeof key === "boolean") return key ? "true" : "false";
    if (typeof key === "number" || typeof key === "bigint") return String(key);
    if (key instanceof PyFloat) return jsonFloat(key.value, this.#options.allowNan ?? true);
    if (this.#options.skipKeys) return undefined;
    return raise("TypeError", `keys must be str, int, float, bool or None, not ${typeName(key)}`);
  }

  #dict(dict: Dict, level: number): void {
    const entries = [...dict];
    if (this.#options.sortKeys) entries.sort((a, b) => compare(a[0], b[0]));
    let first = true;
    for (const [key, item] of entries) {
      const text = this.#key(key);
      if (text === undefined) continue;
      this.out.push(first ? "{" : this.#itemSeparator);
      first = false;
      this.#newline(level + 1);
      this.out.push(jsonText(text, this.#options.ensureAscii ?? true), this.#keySeparator);
      this.write(item, level + 1);
    }
    if (first) {
      this.out.push("{}");
      return;
    }
    this.#newline(level);
    this.out.push("}");
  }
}

/** The value as JSON text. Raises TypeError and ValueError in Python's words. */
export function dumpJson(value: Value, options: JsonOptions = {}): string {
  const writer = new Writer(options);
  writer.write(value, 0);
  return writer.out.join("");
}

/** What Ansible's encoder makes of values that JSON has no form for. */
export function ansibleJsonFallback(value: Value): Value | undefined {
  const type = typeName(value);
  if (type === "date" || type === "datetime") return str(value).replace(" ", "T");
  if (value instanceof PySet) return [...value];
  return undefined;
}
