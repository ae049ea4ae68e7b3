/** Quoted scalars of YAML: https://yaml.org/spec/1.1/#id904158 */
import { blank, newline, tab, type YamlCursor } from "./yaml-cursor.ts";

const escapes: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\x1b",
  " ": " ",
  '"': '"',
  "/": "/",
  "\\": "\\",
  N: "\x85",
  _: "\xa0",
  L: "\u2028",
  P: "\u2029",
};

/** The text of a scalar in single quotes; the cursor is at the first. */
export function singleQuoted(cursor: YamlCursor): string {
  const { text } = cursor;
  const start = cursor.position++;
  let value = "";
  for (;;) {
    const part = /[^'\n]*/y;
    part.lastIndex = cursor.position;
    const chunk = part.exec(text)?.[0] ?? "";
    cursor.position = part.lastIndex;
    const code = text[cursor.position];
    if (code === undefined)
      cursor.fail("found unexpected end of stream while scanning a quoted scalar", start);
    if (code === "'") {
      value += chunk;
      cursor.position++;
      if (text[cursor.position] !== "'") return value;
      value += "'";
      cursor.position++;
    } else value += chunk.replace(/[ \t]+$/, "") + fold(cursor);
  }
}

/** The text of a scalar in double quotes; the cursor is at the first. */
export function doubleQuoted(cursor: YamlCursor): string {
  const { text } = cursor;
  const start = cursor.position++;
  let value = "";
  for (;;) {
    const part = /[^"\\\n]*/y;
    part.lastIndex = cursor.position;
    const chunk = part.exec(text)?.[0] ?? "";
    cursor.position = part.lastIndex;
    const character = text[cursor.position];
    if (character === undefined) {
      cursor.fail("found unexpected end of stream while scanning a quoted scalar", start);
    }
    if (character === '"') {
      cursor.position++;
      return value + chunk;
    }
    if (character === "\\") value += chunk + escapeSequence(cursor);
    else value += chunk.replace(/[ \t]+$/, "") + fold(cursor);
  }
}

/** Line ends inside a quoted scalar: folded, blanks around them dropped. */
function fold(cursor: YamlCursor): string {
  const { text } = cursor;
  let breaks = 0;
  let p = cursor.position;
  while (p < text.length) {
    const code = text.charCodeAt(p);
    if (code === newline) breaks++;
    else if (code !== blank && code !== tab) break;
    p++;
    if (code === newline) {
      cursor.position = p;
      if (cursor.marker("---") || cursor.marker("...")) {
        cursor.fail("found unexpected document indicator while scanning a quoted scalar");
      }
    }
  }
  cursor.position = p;
  return breaks === 1 ? " " : "\n".repeat(breaks - 1);
}

/** What a backslash and its character stand for. */
function escapeSequence(cursor: YamlCursor): string {
  const { text } = cursor;
  const character = text[cursor.position + 1] ?? "";
  if (character === "\n") {
    // An escaped line end joins the lines without a blank.
    cursor.position += 2;
    const skip = /[ \t]*(?:\n[ \t]*)*/y;
    skip.lastIndex = cursor.position;
    const lines = (skip.exec(text)?.[0] ?? "").split("\n").length - 1;
    cursor.position = skip.lastIndex;
    return "\n".repeat(lines);
  }
  const length = { x: 2, u: 4, U: 8 }[character as "x" | "u" | "U"];
  if (length !== undefined) {
    const digits = text.slice(cursor.position + 2, cursor.position + 2 + length);
    if (!new RegExp(`^[0-9a-fA-F]{${length}}$`).test(digits)) {
      cursor.fail("did not find expected hexdecimal number while parsing a quoted scalar");
    }
    const code = Number.parseInt(digits, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      cursor.fail("found invalid Unicode character escape code");
    }
    cursor.position += 2 + length;
    return String.fromCodePoint(code);
  }
  const value = escapes[character];
  if (value === undefined)
    cursor.fail("found unknown escape character while parsing a quoted scalar");
  cursor.position += 2;
  return value;
}
