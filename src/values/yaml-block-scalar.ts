/** Literal and folded scalars of YAML: https://yaml.org/spec/1.1/#id926836 */
import { blank, tab, type YamlCursor } from "./yaml-cursor.ts";

/** The text of a block scalar whose parent is indented by `indent`; the cursor is at its header. */
export function blockScalar(cursor: YamlCursor, indent: number): string {
  const { text } = cursor;
  const header = /([|>])([-+]?)([1-9]?)([-+]?)[ \t]*(#[^\n]*)?(?=\n|$(?![\s\S]))/y;
  header.lastIndex = cursor.position;
  const match = header.exec(text);
  if (!match)
    cursor.fail("did not find expected comment or line break while scanning a block scalar");
  const folded = match[1] === ">";
  const chomp = match[2] || match[4] || "";
  cursor.position = Math.min(header.lastIndex + 1, text.length);
  const parent = Math.max(indent, 0);
  let size = match[3] ? (indent < 0 ? 0 : parent) + Number(match[3]) : -1;
  const lines: string[] = [];
  // Blank lines at the end are kept apart until it is known whether text follows.
  let p = cursor.position;
  let longestBlank = 0;
  while (p < text.length) {
    const end = text.indexOf("\n", p);
    const stop = end < 0 ? text.length : end;
    let q = p;
    while (q < stop && text.charCodeAt(q) === blank && (size < 0 || q - p < size)) q++;
    const column = q - p;
    if (q >= stop) {
      if (size < 0) longestBlank = Math.max(longestBlank, column);
      if (end < 0 && column === 0) break;
      lines.push("");
    } else {
      if (size < 0 && column < Math.max(indent + 1, 1)) {
        if (text.charCodeAt(q) === tab) {
          cursor.fail("found a tab character where an indentation space is expected", q);
        }
        break;
      }
      if (size < 0) {
        size = column;
        if (longestBlank > size) {
          cursor.fail("found a wrongly indented empty line in a block scalar", q);
        }
      }
      if (column < size) break;
      cursor.position = p;
      if (cursor.marker("---") || cursor.marker("...")) break;
      lines.push(text.slice(p + size, stop));
    }
    p = end < 0 ? text.length : end + 1;
  }
  const closed = p > 0 && text[p - 1] === "\n";
  cursor.position = p;
  // The line end before the next token belongs to no one: `#skip` must see a new line.
  if (p > 0 && p <= text.length && text[p - 1] === "\n") cursor.position = p - 1;
  let count = lines.length;
  while (count > 0 && lines[count - 1] === "") count--;
  const trailing = lines.length - count;
  const body = lines.slice(0, count);
  let value = folded ? foldLines(body) : body.join("\n");
  if (chomp === "+") {
    value +=
      count > 0
        ? (closed || trailing > 0 ? "\n" : "") + "\n".repeat(trailing)
        : "\n".repeat(trailing);
  } else if (chomp === "" && count > 0 && (closed || trailing > 0)) value += "\n";
  return value;
}

/** Folded style: single line ends become blanks, except around more indented lines. */
function foldLines(lines: readonly string[]): string {
  let result = "";
  let previous: string | undefined;
  let empty = 0;
  for (const line of lines) {
    if (line === "") {
      empty++;
      continue;
    }
    if (previous === undefined) result += "\n".repeat(empty);
    else {
      const indented = /^[ \t]/.test(line) || /^[ \t]/.test(previous);
      if (indented) result += "\n".repeat(empty + 1);
      else result += empty === 0 ? " " : "\n".repeat(empty);
    }
    result += line;
    previous = line;
    empty = 0;
  }
  return result;
}
