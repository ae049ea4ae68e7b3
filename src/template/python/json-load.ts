import { Dict, PyFloat, type Value } from "../../values/model.ts";
import { int } from "../../values/number.ts";
import { raise } from "./raise.ts";

/**
 * Python's `json.loads`: integers of any size stay ints, other numbers become floats, `NaN` and
 * `Infinity` are read, and a wrong text raises JSONDecodeError with Python's words and place.
 */
export function loadJson(text: string): Value {
  return new JsonReader(text).document();
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const NUMBER = /(-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const PLAIN = /[^"\\\x00-\x1f]*/y;
/** Deeper data than this is an attack on the stack, not a document. */
const MAX_DEPTH = 900;

class JsonReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Value {
    if (this.#text.startsWith("\ufeff")) {
      this.#fail("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0);
    }
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#fail("Extra data", this.#at);
    return value;
  }

  #fail(message: string, at: number): never {
    const before = this.#text.slice(0, at);
    const line = before.split("\n").length;
    const column = at - before.lastIndexOf("\n");
    return raise("JSONDecodeError", `${message}: line ${line} column ${column} (char ${at})`);
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #value(): Value {
    const character = this.#text[this.#at];
    if (character === '"') return this.#string();
    if (character === "{" || character === "[") {
      if (++this.#depth > MAX_DEPTH) {
        return raise(
          "RecursionError",
          "maximum recursion depth exceeded while decoding a JSON array",
        );
      }
      const value = character === "{" ? this.#object() : this.#array();
      this.#depth--;
      return value;
    }
    for (const [word, value] of WORDS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return typeof value === "number" ? new PyFloat(value) : value;
      }
    }
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (!match) return this.#fail("Expecting value", this.#at);
    this.#at = NUMBER.lastIndex;
    if (match[2] === undefined && match[3] === undefined) {
      const digits = match[1] ?? "0";
      return digits.length < 16 ? (digits === "-0" ? 0 : Number(digits)) : int(BigInt(digits));
    }
    return new PyFloat(Number(match[0]));
  }

  #string(): string {
    const start = this.#at++;
    let result = "";
    for (;;) {
      PLAIN.lastIndex = this.#at;
      result += PLAIN.exec(this.#text)?.[0] ?? "";
      this.#at = PLAIN.lastIndex;
      const character = this.#text[this.#at];
      if (character === undefined) this.#fail("Unterminated string starting at", start);
      if (character === '"') {
        this.#at++;
        return result;
      }
      if (character !== "\\") this.#fail("Invalid control character at", this.#at);
      const letter = this.#text[this.#at + 1];
      if (letter === undefined) this.#fail("Unterminated string starting at", start);
      if (letter === "u") {
        const hex = this.#text.slice(this.#at + 2, this.#at + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail("Invalid \\uXXXX escape", this.#at + 1);
        result += String.fromCharCode(Number.parseInt(hex, 16));
        this.#at += 6;
      } else {
        const escaped = ESCAPES[letter];
        if (escaped === undefined) this.#fail("Invalid \\escape", this.#at);
        result += escaped;
        this.#at += 2;
      }
    }
  }

  #array(): Value[] {
    const items: Value[] = [];
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === "]") {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(this.#value());
      this.#space();
      const character = this.#text[this.#at];
      if (character !== "," && character !== "]") this.#fail("Expecting ',' delimiter", this.#at);
      this.#at++;
      if (character === "]") return items;
      this.#space();
    }
  }

  #object(): Dict {
    const dict = new Dict();
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === "}") {
      this.#at++;
      return dict;
    }
    for (;;) {
      if (this.#text[this.#at] !== '"') {
        this.#fail("Expecting property name enclosed in double quotes", this.#at);
      }
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ":") this.#fail("Expecting ':' delimiter", this.#at);
      this.#at++;
      this.#space();
      dict.set(key, this.#value());
      this.#space();
      const character = this.#text[this.#at];
      if (character !== "," && character !== "}") this.#fail("Expecting ',' delimiter", this.#at);
      this.#at++;
      if (character === "}") return dict;
      this.#space();
    }
  }
}

const WORDS: readonly (readonly [string, boolean | null | number])[] = [
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
];
