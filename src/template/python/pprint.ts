import { compare } from "../../values/compare.ts";
import { Dict, PySet, Tuple, textOf, type Value } from "../../values/model.ts";
import { repr, textLength } from "../../values/text.ts";

/** Python's `pprint.pformat` with its default width of 80 columns. */

const WIDTH = 80;

function sortedPairs(dict: Dict): [Value, Value][] {
  const pairs = [...dict];
  try {
    return pairs.sort((a, b) => compare(a[0], b[0]));
  } catch {
    // Keys without an order keep their place; pprint orders them by type, which nobody relies on.
    return pairs;
  }
}

/** @param after columns that closing brackets and commas take after the value */
function write(value: Value, indent: number, after: number, out: string[]): void {
  const flat = flatRepr(value);
  if (textLength(flat) <= WIDTH - indent - after) {
    out.push(flat);
    return;
  }
  if (value instanceof Dict && value.size > 0) {
    out.push("{");
    const pairs = sortedPairs(value);
    pairs.forEach(([key, item], index) => {
      const last = index === pairs.length - 1;
      const shown = flatRepr(key);
      out.push(`${shown}: `);
      write(item, indent + textLength(shown) + 3, last ? after + 1 : 1, out);
      if (!last) out.push(`,\n${" ".repeat(indent + 1)}`);
    });
    out.push("}");
    return;
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;
  if (items && items.length > 0) {
    out.push(Array.isArray(value) ? "[" : "(");
    items.forEach((item, index) => {
      const last = index === items.length - 1;
      write(item, indent + 1, last ? after + 1 : 1, out);
      if (!last) out.push(`,\n${" ".repeat(indent + 1)}`);
    });
    out.push(Array.isArray(value) ? "]" : items.length === 1 ? ",)" : ")");
    return;
  }
  const text = textOf(value);
  if (text !== undefined && text !== "") writeText(text, indent, after, out);
  else out.push(flat);
}

/** Long text is written as several literals, broken after white space. */
function writeText(text: string, indent: number, after: number, out: string[]): void {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [text];
  const chunks: string[] = [];
  // At the top level the literals stand in parentheses.
  const start = indent === 0 ? indent + 1 : indent;
  const room = WIDTH - start;
  lines.forEach((line, lineIndex) => {
    const isLast = lineIndex === lines.length - 1;
    const limit = isLast ? room - (indent === 0 ? after + 1 : after) : room;
    if (textLength(repr(line)) <= limit) {
      chunks.push(repr(line));
      return;
    }
    let current = "";
    const parts = line.match(/\S*\s*/g)?.filter((part) => part !== "") ?? [];
    parts.forEach((part, partIndex) => {
      const candidate = current + part;
      const end = isLast && partIndex === parts.length - 1 ? limit : room;
      if (current !== "" && textLength(repr(candidate)) > end) {
        chunks.push(repr(current));
        current = part;
      } else current = candidate;
    });
    if (current !== "") chunks.push(repr(current));
  });
  if (chunks.length === 1) {
    out.push(chunks[0] ?? "");
    return;
  }
  const joined = chunks.join(`\n${" ".repeat(start)}`);
  out.push(indent === 0 ? `(${joined})` : joined);
}

/** repr() with the keys of dicts in order. */
function flatRepr(value: Value): string {
  if (value instanceof Dict) {
    const pairs = sortedPairs(value).map(([key, item]) => `${flatRepr(key)}: ${flatRepr(item)}`);
    return `{${pairs.join(", ")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(flatRepr).join(", ")}]`;
  if (value instanceof Tuple) {
    return `(${value.items.map(flatRepr).join(", ")}${value.items.length === 1 ? "," : ""})`;
  }
  if (value instanceof PySet) return repr(value);
  return repr(value);
}

/** The text of a value, nested over several lines where one of 80 columns is too short. */
export function formatPretty(value: Value): string {
  const out: string[] = [];
  write(value, 0, 0, out);
  return out.join("");
}
