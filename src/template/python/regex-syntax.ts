import { raise } from "./raise.ts";
import {
  ANY,
  CATEGORY,
  cased,
  characterClass,
  characterEscape,
  type Piece,
  type State,
} from "./regex-characters.ts";
import { numbered, PatternGroups } from "./regex-groups.ts";
import { PatternScanner } from "./regex-scanner.ts";

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

class Translator {
  readonly #scanner: PatternScanner;
  readonly #groups: PatternGroups;
  #mayPreferEmpty = false;
  readonly #initial: State;

  constructor(pattern: string, flags: RegexFlags) {
    this.#scanner = new PatternScanner(pattern);
    this.#groups = new PatternGroups(this.#scanner);
    this.#initial = {
      i: flags.ignoreCase ?? false,
      m: flags.multiline ?? false,
      s: flags.dotAll ?? false,
      x: flags.verbose ?? false,
      a: flags.ascii ?? false,
      scopedCase: /\(\?[aimsux]*i[aimsux]*(?:-[imsx]+)?:|\(\?[aimsux]*-[imsx]*i[imsx]*:/.test(
        pattern,
      ),
    };
  }

  translate(): Translation {
    const state = { ...this.#initial };
    this.#globalFlags(state);
    const body = this.#alternatives(state);
    if (this.#scanner.at < this.#scanner.text.length)
      this.#scanner.fail("unbalanced parenthesis", this.#scanner.at);
    const { source, groupIndex } = numbered(body.source);
    return {
      source,
      ignoreCase: state.i && !state.scopedCase,
      groupIndex,
      groupNames: this.#groups.names,
      mayPreferEmpty: this.#mayPreferEmpty,
    };
  }

  /** `(?aimsux)` at the very start applies to the whole pattern. */
  #globalFlags(state: State): void {
    for (;;) {
      const match = /^\(\?([aiLmsux]+)\)/.exec(
        this.#scanner.text.slice(this.#scanner.at, this.#scanner.at + 12).join(""),
      );
      if (!match?.[1]) return;
      this.#setFlags(state, match[1], true);
      this.#scanner.at += match[0].length;
    }
  }

  #setFlags(state: State, letters: string, on: boolean): void {
    for (const letter of letters) {
      if (letter === "L")
        this.#scanner.fail(
          "bad inline flags: cannot use 'L' flag with a str pattern",
          this.#scanner.at + 3,
        );
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
    while (this.#scanner.peek() === "|") {
      this.#scanner.at++;
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
      const character = this.#scanner.peek();
      if (character === undefined) return;
      if (/^[ \t\n\r\f\v]$/.test(character)) this.#scanner.at++;
      else if (character === "#") {
        while (this.#scanner.peek() !== undefined && this.#scanner.peek() !== "\n")
          this.#scanner.at++;
      } else return;
    }
  }

  #sequence(state: State): Piece {
    let source = "";
    let min = 0;
    let max = 0;
    for (;;) {
      if (state.x) this.#skipVerbose();
      const character = this.#scanner.peek();
      if (character === undefined || character === "|" || character === ")") break;
      const start = this.#scanner.at;
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
    const character = this.#scanner.peek();
    if (character === "*" || character === "+" || character === "?") {
      this.#scanner.at++;
      return {
        min: character === "+" ? 1 : 0,
        max: character === "?" ? 1 : Number.POSITIVE_INFINITY,
      };
    }
    if (character !== "{") return undefined;
    const match = /^\{(\d*)(?:(,)(\d*))?\}/.exec(
      this.#scanner.text.slice(this.#scanner.at, this.#scanner.at + 32).join(""),
    );
    if (!match || (match[1] === "" && match[2] === undefined)) return undefined;
    const min = match[1] === "" ? 0 : Number(match[1]);
    const max =
      match[2] === undefined ? min : match[3] ? Number(match[3]) : Number.POSITIVE_INFINITY;
    if (max < min) this.#scanner.fail("min repeat greater than max repeat", this.#scanner.at);
    this.#scanner.at += match[0].length;
    return { min, max };
  }

  #quantified(atom: Piece & { readonly assertion?: boolean }, start: number, state: State): Piece {
    if (state.x) this.#skipVerbose();
    const at = this.#scanner.at;
    const range = this.#quantifier();
    if (!range) return atom;
    if (atom.assertion && this.#scanner.text[start] !== "(")
      this.#scanner.fail("nothing to repeat", at);
    let suffix = "";
    let possessive = false;
    if (this.#scanner.peek() === "?") {
      suffix = "?";
      this.#mayPreferEmpty = true;
      this.#scanner.at++;
    } else if (this.#scanner.peek() === "+") {
      possessive = true;
      this.#scanner.at++;
    }
    const again = this.#scanner.at;
    if (this.#quantifier()) this.#scanner.fail("multiple repeat", again);
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
    return possessive ? this.#groups.atomic(piece) : piece;
  }

  /** Whether a quantifier after this source applies to all of it. */
  #isUnit(source: string, start: number): boolean {
    const first = this.#scanner.text[start];
    if (first === "(") return source.startsWith("(") && !source.startsWith("(?=(");
    return !source.startsWith("(") || source.endsWith(")");
  }

  #group(state: State): (Piece & { readonly assertion?: boolean }) | undefined {
    const start = this.#scanner.at;
    this.#scanner.at++;
    if (this.#scanner.peek() !== "?") return this.#capture(state, start, undefined);
    this.#scanner.at++;
    if (this.#scanner.startsWith("P<")) {
      this.#scanner.at += 2;
      return this.#capture(state, start, this.#groups.readName(">"));
    }
    if (this.#scanner.startsWith("P=")) {
      this.#scanner.at += 2;
      const at = this.#scanner.at;
      const name = this.#groups.readName(")");
      const group = this.#groups.names.get(name);
      if (group === undefined) this.#scanner.fail(`unknown group name '${name}'`, at);
      return this.#groups.backReference(group, at);
    }
    if (this.#scanner.peek() === "P") {
      const next = this.#scanner.peek(1);
      if (next === undefined)
        this.#scanner.fail("unexpected end of pattern", this.#scanner.text.length);
      this.#scanner.fail(`unknown extension ?P${next}`, start + 1);
    }
    if (this.#scanner.peek() === "#") {
      while (this.#scanner.peek() !== undefined && this.#scanner.peek() !== ")") this.#scanner.at++;
      if (this.#scanner.peek() === undefined)
        this.#scanner.fail("missing ), unterminated comment", start);
      this.#scanner.at++;
      return undefined;
    }
    for (const [open, js] of [
      ["<=", "(?<="],
      ["<!", "(?<!"],
      ["=", "(?="],
      ["!", "(?!"],
    ] as const) {
      if (!this.#scanner.startsWith(open)) continue;
      this.#scanner.at += open.length;
      const inner = this.#alternatives({ ...state });
      this.#close(start);
      if (open.startsWith("<") && inner.min !== inner.max) {
        raise("error", "look-behind requires fixed-width pattern");
      }
      return { source: `${js}${inner.source})`, min: 0, max: 0, assertion: true };
    }
    if (this.#scanner.peek() === ":") {
      this.#scanner.at++;
      const inner = this.#alternatives({ ...state });
      this.#close(start);
      return { ...inner, source: `(?:${inner.source})` };
    }
    if (this.#scanner.peek() === ">") {
      this.#scanner.at++;
      const inner = this.#alternatives({ ...state });
      this.#close(start);
      return this.#groups.atomic(inner);
    }
    if (this.#scanner.peek() === "(") {
      this.#scanner.fail("conditional groups (?(id)yes|no) are not supported", start);
    }
    return this.#scopedFlags(state, start);
  }

  #scopedFlags(state: State, start: number): Piece | undefined {
    const rest = this.#scanner.text.slice(this.#scanner.at, this.#scanner.at + 16).join("");
    const match = /^([aiLmsux]*)(?:-([imsx]+))?([:)])/.exec(rest);
    if (!match || (match[1] === "" && match[2] === undefined)) {
      const next = this.#scanner.peek();
      if (next === undefined) this.#scanner.fail("unexpected end of pattern", this.#scanner.at);
      if (/^[aiLmsux-]$/.test(next)) this.#scanner.fail("missing -, : or )", this.#scanner.at + 1);
      if (next === "<")
        this.#scanner.fail(`unknown extension ?<${this.#scanner.peek(1) ?? ""}`, start + 1);
      this.#scanner.fail(`unknown extension ?${next}`, start + 1);
    }
    if (match[3] === ")") {
      this.#scanner.fail("global flags not at the start of the expression", start);
    }
    this.#scanner.at += match[0].length;
    const inside = { ...state };
    this.#setFlags(inside, match[1] ?? "", true);
    this.#setFlags(inside, match[2] ?? "", false);
    const inner = this.#alternatives(inside);
    this.#close(start);
    return { ...inner, source: `(?:${inner.source})` };
  }

  #close(start: number): void {
    if (this.#scanner.peek() !== ")")
      this.#scanner.fail("missing ), unterminated subpattern", start);
    this.#scanner.at++;
  }

  #capture(state: State, start: number, name: string | undefined): Piece {
    const number = this.#groups.open(name, start);
    const inner = this.#alternatives({ ...state });
    this.#close(start);
    return this.#groups.close(number, inner);
  }

  #word(state: State): string {
    const category = CATEGORY.w;
    return `[${state.a ? category?.ascii : category?.unicode}]`;
  }

  #atom(state: State): (Piece & { readonly assertion?: boolean }) | undefined {
    const character = this.#scanner.peek() ?? "";
    switch (character) {
      case "(":
        return this.#group(state);
      case "[":
        return characterClass(this.#scanner, state);
      case "\\":
        return this.#escape(state);
      case ".":
        this.#scanner.at++;
        return { source: state.s ? ANY : "[^\\n]", min: 1, max: 1 };
      case "^":
        this.#scanner.at++;
        return state.m
          ? { source: "(?<![^\\n])", min: 0, max: 0, assertion: true }
          : { source: "^", min: 0, max: 0, assertion: true };
      case "$":
        this.#scanner.at++;
        return state.m
          ? { source: "(?![^\\n])", min: 0, max: 0, assertion: true }
          : { source: "(?=\\n?$)", min: 0, max: 0, assertion: true };
      case "*":
      case "+":
      case "?":
        return this.#scanner.fail("nothing to repeat", this.#scanner.at);
      case "{": {
        const at = this.#scanner.at;
        if (this.#quantifier()) this.#scanner.fail("nothing to repeat", at);
        break;
      }
      default:
    }
    this.#scanner.at++;
    return this.#characterPiece(character, state);
  }

  #characterPiece(character: string, state: State): Piece {
    return { source: cased(character, state), min: 1, max: 1 };
  }

  #escape(state: State): Piece & { readonly assertion?: boolean } {
    const start = this.#scanner.at;
    this.#scanner.at++;
    const letter = this.#scanner.peek();
    if (letter === undefined) this.#scanner.fail("bad escape (end of pattern)", start);
    this.#scanner.at++;
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
    const character = characterEscape(this.#scanner, letter, start);
    if (character !== undefined) return this.#characterPiece(character, state);
    if (/^[1-9]$/.test(letter)) {
      const octal = /^[0-3][0-7]{2}/.exec(this.#scanner.text.slice(start + 1, start + 4).join(""));
      if (octal) {
        this.#scanner.at = start + 4;
        return this.#characterPiece(String.fromCodePoint(Number.parseInt(octal[0], 8)), state);
      }
      let digits = letter;
      if (/^\d$/.test(this.#scanner.peek() ?? "")) digits += this.#scanner.text[this.#scanner.at++];
      return this.#groups.backReference(Number(digits), start + 1);
    }
    if (/^[a-zA-Z]$/.test(letter)) this.#scanner.fail(`bad escape \\${letter}`, start);
    return this.#characterPiece(letter, state);
  }
}

/** Translates a Python pattern. Raises `error` in Python's words where the pattern is wrong. */
export function translatePattern(pattern: string, flags: RegexFlags): Translation {
  return new Translator(pattern, flags).translate();
}
