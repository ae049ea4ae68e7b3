/**
 * TOML, with tables after the plain values of what holds them.
 * @see https://toml.io/en/v1.0.0
 */
import { LayerbookError } from "../errors/index.ts";
import { Dict, PyFloat, textOf, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";

/** @throws LayerbookError for a value that TOML has no form for */
export function dumpToml(document: Dict): string {
  const lines: string[] = [];
  let tables: (readonly [path: string, table: Dict])[] = [["", document]];
  // Level by level, as Python's toml writes them.
  while (tables.length > 0) {
    const next: (readonly [string, Dict])[] = [];
    for (const [path, table] of tables) {
      const own: string[] = [];
      let inner = 0;
      for (const [key, value] of table) {
        const name = keyOf(key);
        if (value instanceof Dict) {
          inner += 1;
          next.push([path === "" ? name : `${path}.${name}`, value]);
        } else if (value !== null) own.push(`${name} = ${plain(value)}`);
      }
      if (path !== "" && (own.length > 0 || inner === 0)) {
        if (lines.length > 0 && lines.at(-1) !== "") lines.push("");
        lines.push(`[${path}]`);
      }
      lines.push(...own);
    }
    tables = next;
  }
  return `${lines.join("\n")}\n`;
}

function keyOf(key: Value): string {
  const name = textOf(key);
  if (name === undefined) {
    throw new LayerbookError(
      `The source inventory contains a key that is no text, which TOML has no form for: ${str(key)}`,
    );
  }
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name);
}

function plain(value: Value): string {
  const text = textOf(value);
  if (text !== undefined) return JSON.stringify(text);
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number" || typeof value === "bigint" || value instanceof PyFloat) {
    return str(value);
  }
  if (Array.isArray(value)) return `[ ${value.map((item) => `${plain(item)},`).join(" ")}]`;
  if (value instanceof Dict) {
    return `{ ${Array.from(value, ([key, item]) => `${keyOf(key)} = ${plain(item)}`).join(", ")} }`;
  }
  throw new LayerbookError(
    `The source inventory contains a value that cannot be represented in TOML: ${str(value)}`,
  );
}
