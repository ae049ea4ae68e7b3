/** Plain scalars of YAML: https://yaml.org/spec/1.1/#id907281 */
import type { Value } from "./model.ts";
import { blank, newline, tab, type YamlCursor } from "./yaml-cursor.ts";

/** What was read, and how: a plain scalar is resolved only once its tag is known. */
export interface YamlNode {
  readonly value: Value;
  readonly plain: boolean;
  readonly singleLine: boolean;
}

/**
 * A plain scalar, perhaps of many lines that are indented further than `indent`. In a flow
 * collection its brackets and commas end it.
 */
export function plainScalar(cursor: YamlCursor, indent: number, flow: boolean): YamlNode {
  const { text } = cursor;
  const start = cursor.position;
  const first = text[start] as string;
  if (/[,[\]{}#&*!|>'"%@`]/.test(first)) {
    cursor.fail(
      /[,\]}]/.test(first)
        ? "did not find expected node content"
        : `found character '${first}' that cannot start any token`,
    );
  }
  if (
    /[-?:]/.test(first) &&
    (cursor.isSpace(start + 1) || (flow && /[,[\]{}]/.test(text[start + 1] as string)))
  ) {
    if (first === "-") cursor.fail("block sequence entries are not allowed in this context");
    if (first === ":") cursor.fail("mapping values are not allowed in this context");
    cursor.fail("mapping keys are not allowed in this context");
  }
  let value = plainLine(cursor, flow);
  let singleLine = true;
  for (;;) {
    // A continuation: the next line that is neither blank, a comment, nor outside the indentation.
    const lineEnd = cursor.position;
    let p = lineEnd;
    let breaks = 0;
    while (text.charCodeAt(p) === blank || text.charCodeAt(p) === tab) p++;
    if (text.charCodeAt(p) !== newline) break;
    while (p < text.length) {
      if (text.charCodeAt(p) === newline) {
        breaks++;
        p++;
      } else if (text.charCodeAt(p) === blank) p++;
      else if (text.charCodeAt(p) === tab) {
        if (!flow && cursor.column(p) <= indent) break;
        p++;
      } else break;
    }
    if (p >= text.length || text[p] === "#") break;
    const column = cursor.column(p);
    if (!flow && column <= indent) break;
    cursor.position = p;
    if (cursor.marker("---") || cursor.marker("...")) {
      cursor.position = lineEnd;
      break;
    }
    if (flow && /[,[\]{}]/.test(text[p] as string)) {
      cursor.position = lineEnd;
      break;
    }
    if (text[p] === ":" && cursor.isSpace(p + 1)) {
      cursor.position = lineEnd;
      break;
    }
    singleLine = false;
    value += breaks === 1 ? " " : "\n".repeat(breaks - 1);
    value += plainLine(cursor, flow);
  }
  return { value, plain: true, singleLine: singleLine && value.length <= 1024 };
}

/** The part of a plain scalar on this line, without blanks at its end. */
function plainLine(cursor: YamlCursor, flow: boolean): string {
  const { text } = cursor;
  const start = cursor.position;
  let p = start;
  let end = start;
  for (; p < text.length; p++) {
    const code = text.charCodeAt(p);
    if (code === newline) break;
    if (code === blank || code === tab) continue;
    if (code === 35 && p > start && cursor.isSpace(p - 1)) break;
    if (code === 58 && (cursor.isSpace(p + 1) || (flow && /[,[\]{}]/.test(text[p + 1] as string))))
      break;
    if (flow && (code === 44 || code === 91 || code === 93 || code === 123 || code === 125)) break;
    end = p + 1;
  }
  cursor.position = end;
  return text.slice(start, end);
}
