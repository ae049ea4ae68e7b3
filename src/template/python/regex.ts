import { raise } from "./raise.ts";
import { type RegexFlags, type Translation, translatePattern } from "./regex-syntax.ts";

/** Python's `re` on JavaScript's engine: search, match, fullmatch, findall, sub, split, expand. */

/** A match: positions are in UTF-16 units of the searched text; an unmatched group is undefined. */
export interface Match {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Element 0 is the whole match. */
  readonly groups: readonly (string | undefined)[];
  readonly groupNames: ReadonlyMap<string, number>;
}

const cache = new Map<string, Pattern>();
const CACHE_SIZE = 512;

/** Compiles a pattern (the last few hundred are kept). Raises `error` as Python does. */
export function compileRegex(pattern: string, flags: RegexFlags = {}): Pattern {
  const key = `${flags.ignoreCase ? "i" : ""}${flags.multiline ? "m" : ""}${flags.dotAll ? "s" : ""}${flags.verbose ? "x" : ""}${flags.ascii ? "a" : ""}/${pattern}`;
  let compiled = cache.get(key);
  if (compiled === undefined) {
    compiled = new Pattern(pattern, flags);
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value ?? "");
    cache.set(key, compiled);
  }
  return compiled;
}

export class Pattern {
  readonly pattern: string;
  readonly #translation: Translation;
  readonly #flags: string;
  readonly #search: RegExp;
  #sticky: RegExp | undefined;
  #full: RegExp | undefined;
  #longer: RegExp | undefined;

  constructor(pattern: string, flags: RegexFlags) {
    this.pattern = pattern;
    this.#translation = translatePattern(pattern, flags);
    this.#flags = this.#translation.ignoreCase ? "ui" : "u";
    this.#search = new RegExp(this.#translation.source, `g${this.#flags}`);
  }

  /** The number of capturing groups. */
  get groups(): number {
    return this.#translation.groupIndex.length - 1;
  }
  get groupNames(): ReadonlyMap<string, number> {
    return this.#translation.groupNames;
  }

  #run(regex: RegExp, text: string, position: number, offset = 0): Match | undefined {
    regex.lastIndex = position;
    const found = regex.exec(text);
    if (!found) return undefined;
    const groups = this.#translation.groupIndex.map((index) =>
      index === 0 ? found[0] : found[index + offset],
    );
    return {
      start: found.index,
      end: found.index + found[0].length,
      text: found[0],
      groups,
      groupNames: this.#translation.groupNames,
    };
  }

  /** The first match at or after `position`. */
  search(text: string, position = 0): Match | undefined {
    return this.#run(this.#search, text, position);
  }

  /** A match that starts at `position`. */
  match(text: string, position = 0): Match | undefined {
    this.#sticky ??= new RegExp(this.#translation.source, `y${this.#flags}`);
    return this.#run(this.#sticky, text, position);
  }

  /** A match of the whole text. */
  fullmatch(text: string): Match | undefined {
    this.#full ??= new RegExp(`(?:${this.#translation.source})$`, `y${this.#flags}`);
    return this.#run(this.#full, text, 0);
  }

  /** All matches from left to right; empty ones count, also right after another match. */
  *finditer(text: string): Generator<Match> {
    let position = 0;
    while (position <= text.length) {
      const match = this.search(text, position);
      if (!match) return;
      yield match;
      if (match.end > match.start) {
        position = match.end;
        continue;
      }
      // Python then tries a longer match at the same place before it moves on.
      const longer = this.#translation.mayPreferEmpty
        ? this.#longerAt(text, match.start)
        : undefined;
      if (longer) {
        yield longer;
        position = longer.end;
      } else position = match.end + ((text.codePointAt(match.end) ?? 0) > 0xffff ? 2 : 1);
    }
  }

  /** A match at `position` that is not empty: the rest of the text must have become shorter. */
  #longerAt(text: string, position: number): Match | undefined {
    if (this.#longer === undefined) {
      // The group that remembers the rest comes first, so numbered references move by one.
      const shifted = this.#translation.source.replace(
        /\(\?:\\(\d+)\)/g,
        (_, index: string) => `(?:\\${Number(index) + 1})`,
      );
      this.#longer = new RegExp(`(?=([\\s\\S]*)$)(?:${shifted})(?!\\1$)`, `y${this.#flags}`);
    }
    return this.#run(this.#longer, text, position, 1);
  }

  /** `re.findall`: whole matches, the only group, or arrays of all groups (unmatched: ""). */
  findall(text: string): (string | string[])[] {
    const results: (string | string[])[] = [];
    for (const match of this.finditer(text)) {
      if (this.groups === 0) results.push(match.text);
      else if (this.groups === 1) results.push(match.groups[1] ?? "");
      else results.push(match.groups.slice(1).map((group) => group ?? ""));
    }
    return results;
  }

  /** `re.subn`: replaces the first `count` matches (0: all); returns the text and the number made. */
  sub(
    replacement: string | ((match: Match) => string),
    text: string,
    count = 0,
  ): { readonly text: string; readonly count: number } {
    const replace = typeof replacement === "string" ? this.template(replacement) : replacement;
    let result = "";
    let last = 0;
    let made = 0;
    for (const match of this.finditer(text)) {
      result += text.slice(last, match.start) + replace(match);
      last = match.end;
      if (++made === count) break;
    }
    return { text: made === 0 ? text : result + text.slice(last), count: made };
  }

  /** `re.split`: the groups of each separator stand between the parts. */
  split(text: string, limit = 0): (string | undefined)[] {
    const parts: (string | undefined)[] = [];
    let last = 0;
    let made = 0;
    for (const match of this.finditer(text)) {
      parts.push(text.slice(last, match.start), ...match.groups.slice(1));
      last = match.end;
      if (++made === limit) break;
    }
    parts.push(text.slice(last));
    return parts;
  }

  /** Compiles a replacement (`\1`, `\g<name>`, `\n`, octal); a group without match gives "". */
  template(replacement: string): (match: Match) => string {
    if (!replacement.includes("\\")) return () => replacement;
    const parts = parseTemplate(replacement, this);
    return (match) => {
      let result = "";
      for (const part of parts) {
        result += typeof part === "string" ? part : (match.groups[part] ?? "");
      }
      return result;
    };
  }
}

const TEMPLATE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

function parseTemplate(replacement: string, pattern: Pattern): (string | number)[] {
  const parts: (string | number)[] = [];
  let text = "";
  const group = (index: number, at: number) => {
    if (index > pattern.groups) {
      raise("error", `invalid group reference ${index} at position ${at}`);
    }
    if (text !== "") parts.push(text);
    text = "";
    parts.push(index);
  };
  for (let at = 0; at < replacement.length; at++) {
    const character = replacement[at] ?? "";
    if (character !== "\\") {
      text += character;
      continue;
    }
    const letter = replacement[at + 1];
    if (letter === undefined)
      return raise("error", `bad escape (end of pattern) at position ${at}`);
    const rest = replacement.slice(at + 1);
    if (letter === "g") {
      const named = /^g<([^>]*)>/.exec(rest);
      if (!named) {
        return raise(
          "error",
          `missing ${rest[1] === "<" ? ">, unterminated name" : "<"} at position ${at + 2}`,
        );
      }
      const name = named[1] ?? "";
      if (/^\d+$/.test(name)) group(Number(name), at + 3);
      else {
        if (name === "") return raise("error", `missing group name at position ${at + 3}`);
        const index = pattern.groupNames.get(name);
        if (index === undefined) return raise("IndexError", `unknown group name '${name}'`);
        group(index, at + 3);
      }
      at += named[0].length;
    } else if (letter === "0" || /^[0-3][0-7]{2}/.test(rest)) {
      const digits = (letter === "0" ? /^0[0-7]{0,2}/ : /^[0-7]{3}/).exec(rest)?.[0] ?? "0";
      text += String.fromCharCode(Number.parseInt(digits, 8) & 0xff);
      at += digits.length;
    } else if (/^[1-9]/.test(letter)) {
      const digits = /^\d{1,2}/.exec(rest)?.[0] ?? "";
      group(Number(digits), at + 1);
      at += digits.length;
    } else {
      const escaped = TEMPLATE_ESCAPES[letter];
      if (escaped !== undefined) text += escaped;
      else if (/^[a-zA-Z]$/.test(letter))
        return raise("error", `bad escape \\${letter} at position ${at}`);
      else text += `\\${letter}`;
      at++;
    }
  }
  if (text !== "") parts.push(text);
  return parts;
}

/** `re.escape`: a backslash before every character that means something in a pattern. */
export function escapeRegex(text: string): string {
  return text.replace(/[\t\n\v\f\r !"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]/g, (character) =>
    /[!"%',/:;<=>@`]/.test(character) ? character : `\\${character}`,
  );
}
