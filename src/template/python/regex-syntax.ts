import { raise } from "./raise.ts";

/**
 * Translates the syntax of Python's `re` module (3.11, str patterns) into a JavaScript regular
 * expression for the `u` flag. Reference: https://docs.python.org/3.11/library/re.html
 *
 * The differences that make a translation necessary: `$` also matches before a final newline, `^`
 * and `$` know only "\n", `.` excludes only "\n", `\w \d \s \b` are Unicode, `\A \Z`, inline and
 * scoped flags, `(?P<name>)`, comments, atomic groups and possessive quantifiers. Conditional
 * groups, for which JavaScript has no counterpart, are refused by name.
 */

export interface Translation {
  /** Source for `new RegExp(source, "u" + (ignoreCase ? "i" : ""))`. */
  readonly source: string;
  readonly ignoreCase: boolean;
  /** Index in the JavaScript match of each Python group; element 0 is 0. */
  readonly groupIndex: readonly number[];
  readonly groupNames: ReadonlyMap<string, number>;
  /** Whether a match may be empty where a longer one is possible too (lazy or alternative). */
  readonly mayPreferEmpty: boolean;
}

export interface RegexFlags {
  readonly ignoreCase?: boolean;
  readonly multiline?: boolean;
  readonly dotAll?: boolean;
  readonly verbose?: boolean;
  readonly ascii?: boolean;
}

interface Piece {
  readonly source: string;
  readonly min: number;
  readonly max: number;
}

interface State {
  i: boolean;
  m: boolean;
  s: boolean;
  x: boolean;
  a: boolean;
}

const UNICODE_SPACE =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const CATEGORY: Readonly<Record<string, { readonly unicode: string; readonly ascii: string }>> = {
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
const ANY = "[\\s\\S]";

function literal(character: string): string {
  if (/^[\^$\\.*+?()[\]{}|/]$/.test(character)) return `\\${character}`;
  // "<" so that no literal text looks like the name of a group, see `numbered`.
  if (character === "-" || character === "<") return character === "-" ? "\\x2d" : "\\x3c";
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || code === 0x2028 || code === 0x2029 || (code >= 0xd800 && code <= 0xdfff)
    ? `\\u{${code.toString(16)}}`
    : character;
}

/** Replaces the names of groups by numbers: a match with names is slower to make. */
function numbered(named: string): { readonly source: string; readonly groupIndex: number[] } {
  const indexOf = new Map<string, number>();
  const groupIndex = [0];
  const opened = named.replace(/\(\?<([ag]\d+)>/g, (_, name: string) => {
    indexOf.set(name, indexOf.size + 1);
    if (name.startsWith("g")) groupIndex[Number(name.slice(1))] = indexOf.size;
    return "(";
  });
  const source = opened.replace(
    /\\k<([ag]\d+)>/g,
    (_, name: string) => `(?:\\${indexOf.get(name) ?? 0})`,
  );
  return { source, groupIndex };
}

class Translator {
  readonly #text: readonly string[];
  #at = 0;
  #groups = 0;
  #atomics = 0;
  readonly #closed = new Set<number>();
  readonly #names = new Map<string, number>();
  readonly #scopedCase: boolean;
  #mayPreferEmpty = false;
  readonly #initial: State;

  constructor(pattern: string, flags: RegexFlags) {
    this.#text = Array.from(pattern);
    this.#initial = {
      i: flags.ignoreCase ?? false,
      m: flags.multiline ?? false,
      s: flags.dotAll ?? false,
      x: flags.verbose ?? false,
      a: flags.ascii ?? false,
    };
    this.#scopedCase = /\(\?[aimsux]*i[aimsux]*(?:-[imsx]+)?:|\(\?[aimsux]*-[imsx]*i[imsx]*:/.test(
      pattern,
    );
  }

  translate(): Translation {
    const state = { ...this.#initial };
    this.#globalFlags(state);
    const body = this.#alternatives(state);
    if (this.#at < this.#text.length) this.#fail("unbalanced parenthesis", this.#at);
    const { source, groupIndex } = numbered(body.source);
    return {
      source,
      ignoreCase: state.i && !this.#scopedCase,
      groupIndex,
      groupNames: this.#names,
      mayPreferEmpty: this.#mayPreferEmpty,
    };
  }

  #fail(message: string, position: number): never {
    const before = this.#text.slice(0, position);
    if (!this.#text.includes("\n")) return raise("error", `${message} at position ${position}`);
    const line = before.filter((character) => character === "\n").length + 1;
    const column = position - before.lastIndexOf("\n");
    return raise("error", `${message} at position ${position} (line ${line}, column ${column})`);
  }

  #peek(offset = 0): string | undefined {
    return this.#text[this.#at + offset];
  }

  #startsWith(text: string): boolean {
    for (let index = 0; index < text.length; index++) {
      if (this.#text[this.#at + index] !== text[index]) return false;
    }
    return true;
  }

  /** `(?aimsux)` at the very start applies to the whole pattern. */
  #globalFlags(state: State): void {
    for (;;) {
      const match = /^\(\?([aiLmsux]+)\)/.exec(this.#text.slice(this.#at, this.#at + 12).join(""));
      if (!match?.[1]) return;
      this.#setFlags(state, match[1], true);
      this.#at += match[0].length;
    }
  }

  #setFlags(state: State, letters: string, on: boolean): void {
    for (const letter of letters) {
      if (letter === "L")
        this.#fail("bad inline flags: cannot use 'L' flag with a str pattern", this.#at + 3);
      if (letter === "u") state.a = false;
      else if (
        letter === "i" ||
        letter === "m" ||
        letter === "s" ||
        letter === "x" ||
        letter === "a"
      ) {
        state[letter] = on;
      }
    }
  }

  #alternatives(state: State): Piece {
    const branches: Piece[] = [this.#sequence(state)];
    while (this.#peek() === "|") {
      this.#at++;
      branches.push(this.#sequence(state));
    }
    if (branches.length > 1) this.#mayPreferEmpty = true;
    return {
      source: branches.map((branch) => branch.source).join("|"),
      min: Math.min(...branches.map((branch) => branch.min)),
      max: Math.max(...branches.map((branch) => branch.max)),
    };
  }

  #skipVerbose(): void {
    for (;;) {
      const character = this.#peek();
      if (character === undefined) return;
      if (/^[ \t\n\r\f\v]$/.test(character)) this.#at++;
      else if (character === "#") {
        while (this.#peek() !== undefined && this.#peek() !== "\n") this.#at++;
      } else return;
    }
  }

  #sequence(state: State): Piece {
    let source = "";
    let min = 0;
    let max = 0;
    for (;;) {
      if (state.x) this.#skipVerbose();
      const character = this.#peek();
      if (character === undefined || character === "|" || character === ")") break;
      const start = this.#at;
      const atom = this.#atom(state);
      const piece = atom === undefined ? undefined : this.#quantified(atom, start, state);
      if (piece === undefined) continue;
      source += piece.source;
      min += piece.min;
      max += piece.max;
    }
    return { source, min, max };
  }

  #quantifier(): { min: number; max: number } | undefined {
    const character = this.#peek();
    if (character === "*" || character === "+" || character === "?") {
      this.#at++;
      return {
        min: character === "+" ? 1 : 0,
        max: character === "?" ? 1 : Number.POSITIVE_INFINITY,
      };
    }
    if (character !== "{") return undefined;
    const match = /^\{(\d*)(?:(,)(\d*))?\}/.exec(
      this.#text.slice(this.#at, this.#at + 32).join(""),
    );
    if (!match || (match[1] === "" && match[2] === undefined)) return undefined;
    const min = match[1] === "" ? 0 : Number(match[1]);
    const max =
      match[2] === undefined ? min : match[3] ? Number(match[3]) : Number.POSITIVE_INFINITY;
    if (max < min) this.#fail("min repeat greater than max repeat", this.#at);
    this.#at += match[0].length;
    return { min, max };
  }

  #quantified(atom: Piece & { readonly assertion?: boolean }, start: number, state: State): Piece {
    if (state.x) this.#skipVerbose();
    const at = this.#at;
    const range = this.#quantifier();
    if (!range) return atom;
    if (atom.assertion && this.#text[start] !== "(") this.#fail("nothing to repeat", at);
    let suffix = "";
    let possessive = false;
    if (this.#peek() === "?") {
      suffix = "?";
      this.#mayPreferEmpty = true;
      this.#at++;
    } else if (this.#peek() === "+") {
      possessive = true;
      this.#at++;
    }
    const again = this.#at;
    if (this.#quantifier()) this.#fail("multiple repeat", again);
    const { min, max } = range;
    const times =
      min === 0 && max === 1
        ? "?"
        : max === Number.POSITIVE_INFINITY
          ? min === 0
            ? "*"
            : min === 1
              ? "+"
              : `{${min},}`
          : `{${min},${max}}`;
    // A lookahead cannot take a quantifier in the `u` mode, so it is put into a group.
    const unit =
      atom.assertion || !this.#isUnit(atom.source, start) ? `(?:${atom.source})` : atom.source;
    const piece = {
      source: unit + times + suffix,
      min: atom.min * min,
      max: atom.max === 0 ? 0 : atom.max * max,
    };
    return possessive ? this.#atomic(piece) : piece;
  }

  /** Whether a quantifier after this source applies to all of it. */
  #isUnit(source: string, start: number): boolean {
    const first = this.#text[start];
    if (first === "(") return source.startsWith("(") && !source.startsWith("(?=(");
    return !source.startsWith("(") || source.endsWith(")");
  }

  /** An atomic group: what a lookahead captured is not given up again. */
  #atomic(piece: Piece): Piece {
    const name = `a${++this.#atomics}`;
    return {
      source: `(?=(?<${name}>${piece.source}))\\k<${name}>`,
      min: piece.min,
      max: piece.max,
    };
  }

  #group(state: State): (Piece & { readonly assertion?: boolean }) | undefined {
    const start = this.#at;
    this.#at++;
    if (this.#peek() !== "?") return this.#capture(state, start, undefined);
    this.#at++;
    if (this.#startsWith("P<")) {
      this.#at += 2;
      return this.#capture(state, start, this.#name(">"));
    }
    if (this.#startsWith("P=")) {
      this.#at += 2;
      const at = this.#at;
      const name = this.#name(")");
      const group = this.#names.get(name);
      if (group === undefined) this.#fail(`unknown group name '${name}'`, at);
      return this.#backReference(group, at);
    }
    if (this.#peek() === "P") {
      const next = this.#peek(1);
      if (next === undefined) this.#fail("unexpected end of pattern", this.#text.length);
      this.#fail(`unknown extension ?P${next}`, start + 1);
    }
    if (this.#peek() === "#") {
      while (this.#peek() !== undefined && this.#peek() !== ")") this.#at++;
      if (this.#peek() === undefined) this.#fail("missing ), unterminated comment", start);
      this.#at++;
      return undefined;
    }
    for (const [open, js] of [
      ["<=", "(?<="],
      ["<!", "(?<!"],
      ["=", "(?="],
      ["!", "(?!"],
    ] as const) {
      if (!this.#startsWith(open)) continue;
      this.#at += open.length;
      const inner = this.#alternatives({ ...state });
      this.#close(start);
      if (open.startsWith("<") && inner.min !== inner.max) {
        raise("error", "look-behind requires fixed-width pattern");
      }
      return { source: `${js}${inner.source})`, min: 0, max: 0, assertion: true };
    }
    if (this.#peek() === ":") {
      this.#at++;
      const inner = this.#alternatives({ ...state });
      this.#close(start);
      return { ...inner, source: `(?:${inner.source})` };
    }
    if (this.#peek() === ">") {
      this.#at++;
      const inner = this.#alternatives({ ...state });
      this.#close(start);
      return this.#atomic(inner);
    }
    if (this.#peek() === "(") {
      this.#fail("conditional groups (?(id)yes|no) are not supported", start);
    }
    return this.#scopedFlags(state, start);
  }

  #scopedFlags(state: State, start: number): Piece | undefined {
    const rest = this.#text.slice(this.#at, this.#at + 16).join("");
    const match = /^([aiLmsux]*)(?:-([imsx]+))?([:)])/.exec(rest);
    if (!match || (match[1] === "" && match[2] === undefined)) {
      const next = this.#peek();
      if (next === undefined) this.#fail("unexpected end of pattern", this.#at);
      if (/^[aiLmsux-]$/.test(next)) this.#fail("missing -, : or )", this.#at + 1);
      if (next === "<") this.#fail(`unknown extension ?<${this.#peek(1) ?? ""}`, start + 1);
      this.#fail(`unknown extension ?${next}`, start + 1);
    }
    if (match[3] === ")") {
      this.#fail("global flags not at the start of the expression", start);
    }
    this.#at += match[0].length;
    const inside = { ...state };
    this.#setFlags(inside, match[1] ?? "", true);
    this.#setFlags(inside, match[2] ?? "", false);
    const inner = this.#alternatives(inside);
    this.#close(start);
    return { ...inner, source: `(?:${inner.source})` };
  }

  #name(end: string): string {
    const start = this.#at;
    let name = "";
    while (this.#peek() !== undefined && this.#peek() !== end) name += this.#text[this.#at++];
    if (this.#peek() === undefined) this.#fail(`missing ${end}, unterminated name`, start);
    this.#at++;
    if (name === "") this.#fail("missing group name", start);
    if (!/^[\p{L}\p{Nl}_][\p{L}\p{N}\p{Mn}\p{Mc}\p{Pc}_]*$/u.test(name)) {
      this.#fail(`bad character in group name '${name}'`, start);
    }
    return name;
  }

  #close(start: number): void {
    if (this.#peek() !== ")") this.#fail("missing ), unterminated subpattern", start);
    this.#at++;
  }

  #capture(state: State, start: number, name: string | undefined): Piece {
    const number = ++this.#groups;
    if (name !== undefined) {
      const earlier = this.#names.get(name);
      if (earlier !== undefined) {
        this.#fail(
          `redefinition of group name '${name}' as group ${number}; was group ${earlier}`,
          start + 4,
        );
      }
      this.#names.set(name, number);
    }
    const inner = this.#alternatives({ ...state });
    this.#close(start);
    this.#closed.add(number);
    return { ...inner, source: `(?<g${number}>${inner.source})` };
  }

  #backReference(group: number, at: number): Piece {
    if (group > this.#groups) this.#fail(`invalid group reference ${group}`, at);
    if (!this.#closed.has(group)) this.#fail("cannot refer to an open group", at - 1);
    // Python fails where the group took no part; JavaScript would match the empty text there.
    return { source: `\\k<g${group}>`, min: 0, max: Number.POSITIVE_INFINITY };
  }

  #word(state: State): string {
    const category = CATEGORY.w;
    return `[${state.a ? category?.ascii : category?.unicode}]`;
  }

  #atom(state: State): (Piece & { readonly assertion?: boolean }) | undefined {
    const character = this.#peek() ?? "";
    switch (character) {
      case "(":
        return this.#group(state);
      case "[":
        return this.#characterClass(state);
      case "\\":
        return this.#escape(state);
      case ".":
        this.#at++;
        return { source: state.s ? ANY : "[^\\n]", min: 1, max: 1 };
      case "^":
        this.#at++;
        return state.m
          ? { source: "(?<![^\\n])", min: 0, max: 0, assertion: true }
          : { source: "^", min: 0, max: 0, assertion: true };
      case "$":
        this.#at++;
        return state.m
          ? { source: "(?![^\\n])", min: 0, max: 0, assertion: true }
          : { source: "(?=\\n?$)", min: 0, max: 0, assertion: true };
      case "*":
      case "+":
      case "?":
        return this.#fail("nothing to repeat", this.#at);
      case "{": {
        const at = this.#at;
        if (this.#quantifier()) this.#fail("nothing to repeat", at);
        break;
      }
      default:
    }
    this.#at++;
    return this.#characterPiece(character, state);
  }

  #characterPiece(character: string, state: State): Piece {
    return { source: this.#cased(character, state), min: 1, max: 1 };
  }

  #cased(character: string, state: State): string {
    if (!this.#scopedCase || !state.i) return literal(character);
    const variants = new Set([character, character.toLowerCase(), character.toUpperCase()]);
    const single = [...variants].filter((variant) => Array.from(variant).length === 1);
    return single.length === 1 ? literal(character) : `[${single.map(literal).join("")}]`;
  }

  #hex(digits: number, kind: string): string {
    const start = this.#at - 2;
    const text = this.#text.slice(this.#at, this.#at + digits).join("");
    const found = /^[0-9a-fA-F]*/.exec(text)?.[0] ?? "";
    if (found.length !== digits) this.#fail(`incomplete escape \\${kind}${found}`, start);
    this.#at += digits;
    const code = Number.parseInt(found, 16);
    if (code > 0x10ffff) this.#fail(`bad escape \\${kind}${found}`, start);
    return String.fromCodePoint(code);
  }

  /** The character of an escape that means the same inside and outside of a class. */
  #characterEscape(letter: string, start: number): string | undefined {
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) return simple;
    if (letter === "x") return this.#hex(2, "x");
    if (letter === "u") return this.#hex(4, "u");
    if (letter === "U") return this.#hex(8, "U");
    if (letter === "0") {
      const digits =
        /^[0-7]{0,2}/.exec(this.#text.slice(this.#at, this.#at + 2).join(""))?.[0] ?? "";
      this.#at += digits.length;
      return String.fromCodePoint(Number.parseInt(`0${digits}`, 8));
    }
    if (letter === "N") this.#fail("named characters \\N{...} are not supported", start);
    return undefined;
  }

  #escape(state: State): Piece & { readonly assertion?: boolean } {
    const start = this.#at;
    this.#at++;
    const letter = this.#peek();
    if (letter === undefined) this.#fail("bad escape (end of pattern)", start);
    this.#at++;
    const lower = letter.toLowerCase();
    const category = CATEGORY[lower];
    if (category && /^[wWdDsS]$/.test(letter)) {
      const set = state.a ? category.ascii : category.unicode;
      return { source: letter === lower ? `[${set}]` : `[^${set}]`, min: 1, max: 1 };
    }
    if (letter === "A") return { source: "^", min: 0, max: 0, assertion: true };
    if (letter === "Z") return { source: "$", min: 0, max: 0, assertion: true };
    if (letter === "b" || letter === "B") {
      const word = this.#word(state);
      const source =
        letter === "b"
          ? `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`
          : `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`;
      return { source, min: 0, max: 0, assertion: true };
    }
    const character = this.#characterEscape(letter, start);
    if (character !== undefined) return this.#characterPiece(character, state);
    if (/^[1-9]$/.test(letter)) {
      const octal = /^[0-3][0-7]{2}/.exec(this.#text.slice(start + 1, start + 4).join(""));
      if (octal) {
        this.#at = start + 4;
        return this.#characterPiece(String.fromCodePoint(Number.parseInt(octal[0], 8)), state);
      }
      let digits = letter;
      if (/^\d$/.test(this.#peek() ?? "")) digits += this.#text[this.#at++];
      return this.#backReference(Number(digits), start + 1);
    }
    if (/^[a-zA-Z]$/.test(letter)) this.#fail(`bad escape \\${letter}`, start);
    return this.#characterPiece(letter, state);
  }

  #classMember(start: number, state: State): { character: string } | { set: string; not: boolean } {
    const at = this.#at;
    const character = this.#peek();
    if (character === undefined) this.#fail("unterminated character set", start);
    this.#at++;
    if (character !== "\\") return { character };
    const letter = this.#peek();
    if (letter === undefined) this.#fail("bad escape (end of pattern)", at);
    this.#at++;
    const lower = letter.toLowerCase();
    const category = CATEGORY[lower];
    if (category && /^[wWdDsS]$/.test(letter)) {
      return { set: state.a ? category.ascii : category.unicode, not: letter !== lower };
    }
    if (letter === "b") return { character: "\b" };
    const escaped = this.#characterEscape(letter, at);
    if (escaped !== undefined) return { character: escaped };
    if (/^[1-7]$/.test(letter)) {
      const digits =
        /^[0-7]{0,2}/.exec(this.#text.slice(this.#at, this.#at + 2).join(""))?.[0] ?? "";
      this.#at += digits.length;
      return { character: String.fromCodePoint(Number.parseInt(letter + digits, 8)) };
    }
    if (/^[a-zA-Z89]$/.test(letter)) this.#fail(`bad escape \\${letter}`, at);
    return { character: letter };
  }

  #characterClass(state: State): Piece {
    const start = this.#at;
    this.#at++;
    const negated = this.#peek() === "^";
    if (negated) this.#at++;
    let set = "";
    const complements: string[] = [];
    for (let first = true; first || this.#peek() !== "]"; first = false) {
      const at = this.#at;
      const member = this.#classMember(start, state);
      const isRange = this.#peek() === "-" && this.#peek(1) !== "]" && this.#peek(1) !== undefined;
      if (isRange) {
        this.#at++;
        const end = this.#classMember(start, state);
        const shown = this.#text.slice(at, this.#at).join("");
        if (!("character" in member) || !("character" in end)) {
          this.#fail(`bad character range ${shown}`, at);
        }
        if ((member.character.codePointAt(0) ?? 0) > (end.character.codePointAt(0) ?? 0)) {
          this.#fail(`bad character range ${shown}`, at);
        }
        set += this.#classRange(member.character, end.character, state);
      } else if ("character" in member) {
        set += this.#cased(member.character, state).replace(/^\[(.*)\]$/su, "$1");
      } else if (member.not) complements.push(`[^${member.set}]`);
      else set += member.set;
    }
    this.#at++;
    if (complements.length === 0) {
      return { source: `[${negated ? "^" : ""}${set}]`, min: 1, max: 1 };
    }
    const any = [...(set === "" ? [] : [`[${set}]`]), ...complements].join("|");
    return { source: negated ? `(?:(?!${any})${ANY})` : `(?:${any})`, min: 1, max: 1 };
  }

  #classRange(first: string, last: string, state: State): string {
    const range = `${literal(first)}-${literal(last)}`;
    if (!this.#scopedCase || !state.i) return range;
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
}

/** Translates a Python pattern. Raises `error` in Python's words where the pattern is wrong. */
export function translatePattern(pattern: string, flags: RegexFlags): Translation {
  return new Translator(pattern, flags).translate();
}
