/** Python's `textwrap.wrap` with the options that Jinja2's `wordwrap` sets. */

export interface WrapOptions {
  readonly width: number;
  readonly breakLongWords: boolean;
  readonly breakOnHyphens: boolean;
}

/**
 * Splits a text into words, white space and (if wanted) the parts of hyphenated words: a break is
 * possible after the hyphen between letters, and around a dash of two or more hyphens.
 */
function chunks(text: string, hyphens: boolean): string[] {
  if (!hyphens) return text.split(/([\t\n\v\f\r ]+)/).filter((part) => part !== "");
  const word = "[\\p{L}\\p{N}_!\"'&.,?]";
  const letter = "[\\p{L}_]";
  const pattern = new RegExp(
    `([\\t\\n\\v\\f\\r ]+|(?<=${word})-{2,}(?=[\\p{L}\\p{N}_])|[^\\t\\n\\v\\f\\r ]+?(?:-(?:(?<=${letter}{2}-)|(?<=${letter}-${letter}-))(?=${letter}-?${letter})|(?=[\\t\\n\\v\\f\\r ]|$)|(?<=${word})(?=-{2,}[\\p{L}\\p{N}_])))`,
    "u",
  );
  return text.split(pattern).filter((part) => part !== undefined && part !== "");
}

/** The lines of one paragraph; tabs and line ends are kept (Jinja2 gives single lines). */
export function wrapText(text: string, options: WrapOptions): string[] {
  const { width } = options;
  const pending = chunks(text, options.breakOnHyphens).reverse();
  const lines: string[] = [];
  while (pending.length > 0) {
    const line: string[] = [];
    let length = 0;
    if (lines.length > 0 && pending.at(-1)?.trim() === "") pending.pop();
    while (pending.length > 0) {
      const size = Array.from(pending.at(-1) ?? "").length;
      if (length + size > width) break;
      line.push(pending.pop() ?? "");
      length += size;
    }
    const next = pending.at(-1);
    if (next !== undefined && Array.from(next).length > width) {
      if (options.breakLongWords) {
        const characters = Array.from(next);
        let room = Math.max(width < 1 ? 1 : width - length, 0);
        if (options.breakOnHyphens && characters.length > room) {
          const hyphen = characters.slice(0, room).lastIndexOf("-");
          if (hyphen > 0 && characters.slice(0, hyphen).some((c) => c !== "-")) room = hyphen + 1;
        }
        line.push(characters.slice(0, room).join(""));
        pending[pending.length - 1] = characters.slice(room).join("");
      } else if (line.length === 0) line.push(pending.pop() ?? "");
    }
    if (line.at(-1)?.trim() === "") line.pop();
    if (line.length > 0) lines.push(line.join(""));
  }
  return lines;
}
