/** str() and repr(), and Python's view of a string as a sequence of code points. */
import { Instance } from "./instance.ts";
import {
  Dict,
  PyBytes,
  PyFloat,
  type PyObject,
  PySet,
  TaggedString,
  Tuple,
  type Value,
} from "./model.ts";
import { floatRepr, intText } from "./number.ts";

const unprintable = /(?! )[\p{C}\p{Z}]/u;
const needsEscape = /[\\'\n\r\t]|(?! )[\p{C}\p{Z}]/u;

/** str(value): what `{{ value }}` prints. */
export function str(value: Value): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (value instanceof TaggedString) return value.text;
  if (value instanceof Instance) return value.pyStr();
  return repr(value);
}

/** repr(value). */
export function repr(value: Value): string {
  const parts: string[] = [];
  write(value, parts, []);
  return parts.join("");
}

function write(value: Value, out: string[], open: PyObject[] | Value[]): void {
  if (value === null) out.push("None");
  else if (typeof value === "string") out.push(textRepr(value));
  else if (typeof value === "number") out.push(String(value));
  else if (typeof value === "bigint") out.push(intText(value));
  else if (typeof value === "boolean") out.push(value ? "True" : "False");
  else if (value instanceof TaggedString) {
    const text = textRepr(value.text);
    out.push(value.typeName === "Markup" ? `Markup(${text})` : text);
  } else if (value instanceof PyFloat) out.push(floatRepr(value.value));
  else if (value instanceof PyBytes) out.push(bytesRepr(value.bytes));
  else if (value instanceof Instance) out.push(value.pyRepr());
  else writeContainer(value, out, open as Value[]);
}

function writeContainer(value: Value[] | PyObject, out: string[], open: Value[]): void {
  if (open.includes(value)) {
    out.push(Array.isArray(value) ? "[...]" : value instanceof Dict ? "{...}" : "(...)");
    return;
  }
  open.push(value);
  if (Array.isArray(value)) {
    out.push("[");
    writeItems(value, out, open);
    out.push("]");
  } else if (value instanceof Tuple) {
    out.push("(");
    writeItems(value.items, out, open);
    out.push(value.items.length === 1 ? ",)" : ")");
  } else if (value instanceof Dict) {
    out.push("{");
    let first = true;
    for (const [key, item] of value) {
      if (!first) out.push(", ");
      first = false;
      write(key, out, open);
      out.push(": ");
      write(item, out, open);
    }
    out.push("}");
  } else if (value instanceof PySet) {
    if (value.size === 0) out.push("set()");
    else {
      out.push("{");
      writeItems(value, out, open);
      out.push("}");
    }
  } else out.push(`<${value.typeName} object>`);
  open.pop();
}

function writeItems(items: Iterable<Value>, out: string[], open: Value[]): void {
  let first = true;
  for (const item of items) {
    if (!first) out.push(", ");
    first = false;
    write(item, out, open);
  }
}

/** repr() of a str. */
export function textRepr(text: string): string {
  if (!needsEscape.test(text)) return `'${text}'`;
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let result = quote;
  for (const character of text) {
    if (character === quote || character === "\\") result += `\\${character}`;
    else if (character === "\n") result += "\\n";
    else if (character === "\r") result += "\\r";
    else if (character === "\t") result += "\\t";
    else if (unprintable.test(character)) {
      const code = character.codePointAt(0) ?? 0;
      if (code < 0x100) result += `\\x${code.toString(16).padStart(2, "0")}`;
      else if (code < 0x10000) result += `\\u${code.toString(16).padStart(4, "0")}`;
      else result += `\\U${code.toString(16).padStart(8, "0")}`;
    } else result += character;
  }
  return result + quote;
}

/** repr() of bytes. */
export function bytesRepr(bytes: Uint8Array): string {
  const hasSingle = bytes.includes(39);
  const quote = hasSingle && !bytes.includes(34) ? '"' : "'";
  let result = `b${quote}`;
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (character === quote || character === "\\") result += `\\${character}`;
    else if (byte === 9) result += "\\t";
    else if (byte === 10) result += "\\n";
    else if (byte === 13) result += "\\r";
    else if (byte < 32 || byte > 126) result += `\\x${byte.toString(16).padStart(2, "0")}`;
    else result += character;
  }
  return result + quote;
}

const surrogates = /[\ud800-\udfff]/;

/** Its code points, when some of them take two UTF-16 units; `undefined` for the usual text. */
export function widePoints(text: string): string[] | undefined {
  return surrogates.test(text) ? Array.from(text) : undefined;
}

/** len() of a str. */
export function textLength(text: string): number {
  return widePoints(text)?.length ?? text.length;
}
