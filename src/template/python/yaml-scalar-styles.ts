/** Writes the text of scalars in the styles of YAML, folded where libyaml folds. */
import { BLANK_OR_END, BREAK, PRINTABLE } from "./yaml-analysis.ts";
import type { YamlOutput } from "./yaml-output.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "0",
  "\x07": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\x1b": "e",
  '"': '"',
  "\\": "\\",
  "\x85": "N",
  "\xa0": "_",
  "\u2028": "L",
  "\u2029": "P",
};

/** A scalar without quotes. */
export function writePlain(
  out: YamlOutput,
  characters: readonly string[],
  allowBreaks: boolean,
): void {
  out.openEnded = false;
  if (!out.whitespace && (characters.length > 0 || out.flowLevel > 0)) out.put(" ");
  let spaces = false;
  characters.forEach((character, index) => {
    if (character === " ") {
      const fold =
        allowBreaks && !spaces && out.column > out.width && characters[index + 1] !== " ";
      if (fold) out.writeIndent();
      else out.put(character);
      spaces = true;
    } else {
      out.put(character);
      out.indention = false;
      spaces = false;
    }
  });
  out.whitespace = false;
  out.indention = false;
}

/** A scalar in single quotes. */
export function writeSingle(
  out: YamlOutput,
  characters: readonly string[],
  allowBreaks: boolean,
): void {
  out.indicator("'", true, false, false);
  let spaces = false;
  let breaks = false;
  characters.forEach((character, index) => {
    if (character === " ") {
      const inside = index > 0 && index < characters.length - 1;
      const fold = allowBreaks && !spaces && out.column > out.width && inside;
      if (fold && characters[index + 1] !== " ") out.writeIndent();
      else out.put(character);
      spaces = true;
    } else if (BREAK.test(character)) {
      if (!breaks && character === "\n") out.putBreak();
      out.putBreak(character);
      out.indention = true;
      breaks = true;
    } else {
      if (breaks) out.writeIndent();
      if (character === "'") out.put("'");
      out.put(character);
      out.indention = false;
      spaces = false;
      breaks = false;
    }
  });
  if (breaks) out.writeIndent();
  out.indicator("'", false, false, false);
  out.whitespace = false;
  out.indention = false;
}

/** A scalar in double quotes, with escapes. */
export function writeDouble(
  out: YamlOutput,
  characters: readonly string[],
  allowBreaks: boolean,
  allowUnicode: boolean,
): void {
  out.indicator('"', true, false, false);
  let spaces = false;
  characters.forEach((character, index) => {
    const code = character.codePointAt(0) ?? 0;
    const mustEscape =
      !PRINTABLE.test(character) ||
      (!allowUnicode && code > 0x7f) ||
      BREAK.test(character) ||
      character === '"' ||
      character === "\\";
    if (mustEscape) {
      const hex = code.toString(16).toUpperCase();
      const sequence =
        ESCAPES[character] ??
        (code <= 0xff
          ? `x${hex.padStart(2, "0")}`
          : code <= 0xffff
            ? `u${hex.padStart(4, "0")}`
            : `U${hex.padStart(8, "0")}`);
      for (const part of `\\${sequence}`) out.put(part);
      spaces = false;
    } else if (character === " ") {
      const inside = index > 0 && index < characters.length - 1;
      if (allowBreaks && !spaces && out.column > out.width && inside) {
        out.writeIndent();
        if (characters[index + 1] === " ") out.put("\\");
      } else out.put(character);
      spaces = true;
    } else {
      out.put(character);
      spaces = false;
    }
  });
  out.indicator('"', false, false, false);
  out.whitespace = false;
  out.indention = false;
}

/** A block scalar: `>` if `folded`, else `|`. */
export function writeBlock(out: YamlOutput, characters: readonly string[], folded: boolean): void {
  out.indicator(folded ? ">" : "|", true, false, false);
  const first = characters[0] ?? "";
  const last = characters.at(-1) ?? "";
  if (first === " " || BREAK.test(first)) out.indicator(String(out.step), false, false, false);
  if (!BREAK.test(last)) out.indicator("-", false, false, false);
  else if (characters.length === 1 || BREAK.test(characters.at(-2) ?? "")) {
    out.indicator("+", false, false, false);
    out.openEnded = true;
  }
  out.putBreak();
  out.indention = true;
  out.whitespace = true;
  let breaks = true;
  let leadingSpaces = true;
  characters.forEach((character, index) => {
    if (BREAK.test(character)) {
      if (folded && !breaks && !leadingSpaces && character === "\n") {
        let next = index;
        while (BREAK.test(characters[next] ?? "")) next++;
        if (!BLANK_OR_END.test(characters[next] ?? "")) out.putBreak();
      }
      out.putBreak(character);
      out.indention = true;
      breaks = true;
      return;
    }
    if (breaks) {
      out.writeIndent();
      leadingSpaces = /^[ \t]$/.test(character);
    }
    const next = characters[index + 1];
    if (folded && !breaks && character === " " && next !== " " && out.column > out.width) {
      out.writeIndent();
    } else out.put(character);
    out.indention = false;
    breaks = false;
  });
}
