/** Characters, their escapes, and classes of them in Python's patterns, as JavaScript writes them. */
import type { PatternScanner } from "./regex-scanner.ts";

/** A translated part, and the length of what it matches. */
export interface Piece {
  readonly source: string;
  readonly min: number;
  readonly max: number;
}

/** The flags that hold where the pattern is read. */
export interface State {
  i: boolean;
  m: boolean;
  s: boolean;
  x: boolean;
  a: boolean;
  /** Is the case ignored in a part of the pattern only? JavaScript has a flag for the whole. */
  readonly scopedCase: boolean;
}

const UNICODE_SPACE =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
/** What may stand between the brackets of a class for `\w`, `\d` and `\s`. */
export const CATEGORY: Readonly<
  Record<string, { readonly unicode: string; readonly ascii: string }>
> = {
  w: { unicode: "\\p{L}\\p{N}_", ascii: "a-zA-Z0-9_" },
  d: { unicode: "\\p{Nd}", ascii: "0-9" },
  s: { unicode: UNICODE_SPACE, ascii: "\\t-\\r\\x20" },
};
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};
export const ANY = "[\\s\\S]";

/** A character that stands for itself. */
function literal(character: string): string {
  if (/^[\^$\\.*+?()[\]{}|/]$/.test(character)) return `\\${character}`;
  // "<" so that no literal text looks like the name of a group, see `numbered`.
  if (character === "-" || character === "<") return character === "-" ? "\\x2d" : "\\x3c";
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || code === 0x2028 || code === 0x2029 || (code >= 0xd800 && code <= 0xdfff)
    ? `\\u{${code.toString(16)}}`
    : character;
}

/** A character; in its cases if their difference is ignored in a part of the pattern only. */
export function cased(character: string, state: State): string {
  if (!state.scopedCase || !state.i) return literal(character);
  const variants = new Set([character, character.toLowerCase(), character.toUpperCase()]);
  const single = [...variants].filter((variant) => Array.from(variant).length === 1);
  return single.length === 1 ? literal(character) : `[${single.map(literal).join("")}]`;
}

function hexEscape(scanner: PatternScanner, digits: number, kind: string): string {
  const start = scanner.at - 2;
  const text = scanner.text.slice(scanner.at, scanner.at + digits).join("");
  const found = /^[0-9a-fA-F]*/.exec(text)?.[0] ?? "";
  if (found.length !== digits) scanner.fail(`incomplete escape \\${kind}${found}`, start);
  scanner.at += digits;
  const code = Number.parseInt(found, 16);
  if (code > 0x10ffff) scanner.fail(`bad escape \\${kind}${found}`, start);
  return String.fromCodePoint(code);
}

/** The character of an escape that means the same inside and outside of a class. */
export function characterEscape(
  scanner: PatternScanner,
  letter: string,
  start: number,
): string | undefined {
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return simple;
  if (letter === "x") return hexEscape(scanner, 2, "x");
  if (letter === "u") return hexEscape(scanner, 4, "u");
  if (letter === "U") return hexEscape(scanner, 8, "U");
  if (letter === "0") {
    const digits =
      /^[0-7]{0,2}/.exec(scanner.text.slice(scanner.at, scanner.at + 2).join(""))?.[0] ?? "";
    scanner.at += digits.length;
    return String.fromCodePoint(Number.parseInt(`0${digits}`, 8));
  }
  if (letter === "N") scanner.fail("named characters \\N{...} are not supported", start);
  return undefined;
}

function classMember(
  scanner: PatternScanner,
  start: number,
  state: State,
): { character: string } | { set: string; not: boolean } {
  const at = scanner.at;
  const character = scanner.peek();
  if (character === undefined) scanner.fail("unterminated character set", start);
  scanner.at++;
  if (character !== "\\") return { character };
  const letter = scanner.peek();
  if (letter === undefined) scanner.fail("bad escape (end of pattern)", at);
  scanner.at++;
  const lower = letter.toLowerCase();
  const category = CATEGORY[lower];
  if (category && /^[wWdDsS]$/.test(letter)) {
    return { set: state.a ? category.ascii : category.unicode, not: letter !== lower };
  }
  if (letter === "b") return { character: "\b" };
  const escaped = characterEscape(scanner, letter, at);
  if (escaped !== undefined) return { character: escaped };
  if (/^[1-7]$/.test(letter)) {
    const digits =
      /^[0-7]{0,2}/.exec(scanner.text.slice(scanner.at, scanner.at + 2).join(""))?.[0] ?? "";
    scanner.at += digits.length;
    return { character: String.fromCodePoint(Number.parseInt(letter + digits, 8)) };
  }
  if (/^[a-zA-Z89]$/.test(letter)) scanner.fail(`bad escape \\${letter}`, at);
  return { character: letter };
}

/** `[...]`: the scanner is at its bracket. */
export function characterClass(scanner: PatternScanner, state: State): Piece {
  const start = scanner.at;
  scanner.at++;
  const negated = scanner.peek() === "^";
  if (negated) scanner.at++;
  let set = "";
  const complements: string[] = [];
  for (let first = true; first || scanner.peek() !== "]"; first = false) {
    const at = scanner.at;
    const member = classMember(scanner, start, state);
    const isRange =
      scanner.peek() === "-" && scanner.peek(1) !== "]" && scanner.peek(1) !== undefined;
    if (isRange) {
      scanner.at++;
      const end = classMember(scanner, start, state);
      const shown = scanner.text.slice(at, scanner.at).join("");
      if (!("character" in member) || !("character" in end)) {
        scanner.fail(`bad character range ${shown}`, at);
      }
      if ((member.character.codePointAt(0) ?? 0) > (end.character.codePointAt(0) ?? 0)) {
        scanner.fail(`bad character range ${shown}`, at);
      }
      set += classRange(member.character, end.character, state);
    } else if ("character" in member) {
      set += cased(member.character, state).replace(/^\[(.*)\]$/su, "$1");
    } else if (member.not) complements.push(`[^${member.set}]`);
    else set += member.set;
  }
  scanner.at++;
  if (complements.length === 0) {
    return { source: `[${negated ? "^" : ""}${set}]`, min: 1, max: 1 };
  }
  const any = [...(set === "" ? [] : [`[${set}]`]), ...complements].join("|");
  return { source: negated ? `(?:(?!${any})${ANY})` : `(?:${any})`, min: 1, max: 1 };
}

/** `a-z`; with the other cases of its characters where `cased` would give them. */
function classRange(first: string, last: string, state: State): string {
  const range = `${literal(first)}-${literal(last)}`;
  if (!state.scopedCase || !state.i) return range;
  let other = "";
  const low = first.codePointAt(0) ?? 0;
  const high = Math.min(last.codePointAt(0) ?? 0, low + 0x500);
  for (let code = low; code <= high; code++) {
    const character = String.fromCodePoint(code);
    for (const variant of [character.toLowerCase(), character.toUpperCase()]) {
      if (variant !== character && Array.from(variant).length === 1) other += literal(variant);
    }
  }
  return range + other;
}
