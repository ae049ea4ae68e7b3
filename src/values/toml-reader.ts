/**
 * Reads TOML.
 * @see https://toml.io/en/v1.0.0
 */
import { ParseError } from "../errors/index.ts";
import { Dict, PyFloat, type Value } from "./model.ts";
import { parseInteger } from "./number.ts";
import { resolveTimestamp } from "./yaml-scalar.ts";

/**
 * @param file what errors name
 * @throws ParseError with the place of what is no TOML
 */
export function readToml(text: string, file: string): Dict {
  return new TomlReader(text, file).document();
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  '"': '"',
  "\\": "\\",
};

const INTEGER =
  /^(?:[+-]?(?:0|[1-9](?:_?\d)*)|0x[\da-fA-F](?:_?[\da-fA-F])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*)$/;
const FLOAT = /^[+-]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][+-]?\d(?:_?\d)*)?$/;
const DATE = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?)?$/;
const TIME = /^\d\d:\d\d:\d\d(?:\.\d+)?$/;

class TomlReader {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  /** Tables with a header of their own, and inline ones: neither is opened a second time. */
  readonly #closed = new Set<Dict>();
  /** Arrays that `[[...]]` has made. */
  readonly #arrays = new Set<Value>();

  constructor(text: string, file: string) {
    this.#text = text.replaceAll("\r\n", "\n");
    this.#file = file;
  }

  document(): Dict {
    const root = new Dict();
    let table = root;
    for (this.#skipLines(); this.#at < this.#text.length; this.#skipLines()) {
      if (this.#take("[[")) table = this.#arrayHeader(root);
      else if (this.#take("[")) table = this.#header(root);
      else this.#pair(table);
      this.#endOfLine();
    }
    return root;
  }

  #header(root: Dict): Dict {
    const path = this.#path();
    this.#expect("]");
    const table = this.#open(root, path, true);
    if (this.#closed.has(table)) this.#fail(`the table ${path.join(".")} is there twice`);
    this.#closed.add(table);
    return table;
  }

  #arrayHeader(root: Dict): Dict {
    const path = this.#path();
    this.#expect("]]");
    const parent = this.#open(root, path.slice(0, -1), true);
    const name = path.at(-1) ?? "";
    const array = parent.get(name) ?? [];
    if (!Array.isArray(array) || (parent.has(name) && !this.#arrays.has(array))) {
      this.#fail(`${path.join(".")} is no array of tables`);
    }
    const table = new Dict();
    array.push(table);
    this.#arrays.add(array);
    parent.set(name, array);
    return table;
  }

  /** The table that a dotted key leads to; those on the way are made. */
  #open(from: Dict, path: readonly string[], throughArrays: boolean): Dict {
    let table = from;
    for (const name of path) {
      let next = table.get(name);
      if (next === undefined) {
        next = new Dict();
        table.set(name, next);
      } else if (throughArrays && Array.isArray(next) && this.#arrays.has(next)) next = next.at(-1);
      if (!(next instanceof Dict)) return this.#fail(`${name} is no table`);
      table = next;
    }
    return table;
  }

  #pair(table: Dict): void {
    const path = this.#path();
    this.#expect("=");
    const holder = this.#open(table, path.slice(0, -1), false);
    const name = path.at(-1) ?? "";
    if (holder.has(name)) this.#fail(`the key ${path.join(".")} is there twice`);
    this.#skipBlanks();
    holder.set(name, this.#value());
  }

  #path(): string[] {
    const path: string[] = [];
    do {
      this.#skipBlanks();
      path.push(this.#key());
      this.#skipBlanks();
    } while (this.#take("."));
    return path;
  }

  #key(): string {
    const quote = this.#text[this.#at];
    if (quote === '"' || quote === "'") return this.#string();
    const bare = this.#match(/[A-Za-z0-9_-]+/y);
    return bare ?? this.#fail("a key is expected");
  }

  #value(): Value {
    const first = this.#text[this.#at];
    if (first === '"' || first === "'") return this.#string();
    if (this.#take("[")) return this.#array();
    if (this.#take("{")) return this.#inlineTable();
    const word = this.#match(/\d{4}-\d\d-\d\d \d\d[\w.:+-]*|[\w.:+-]+/y) ?? "";
    const plain = word.replaceAll("_", "");
    if (word === "true" || word === "false") return word === "true";
    if (INTEGER.test(word)) return parseInteger(plain, 0);
    if (FLOAT.test(word)) return new PyFloat(Number(plain));
    const special = /^([+-]?)(inf|nan)$/.exec(word);
    if (special) {
      const size = special[2] === "inf" ? Number.POSITIVE_INFINITY : Number.NaN;
      return new PyFloat(special[1] === "-" ? -size : size);
    }
    if (TIME.test(word)) return word;
    const date = DATE.test(word) ? resolveTimestamp(word) : undefined;
    return date ?? this.#fail("a value is expected");
  }

  #array(): Value[] {
    const items: Value[] = [];
    for (this.#skipLines(); !this.#take("]"); this.#skipLines()) {
      items.push(this.#value());
      this.#skipLines();
      if (this.#take(",")) continue;
      this.#expect("]");
      break;
    }
    return items;
  }

  #inlineTable(): Dict {
    const table = new Dict();
    this.#closed.add(table);
    this.#skipBlanks();
    if (this.#take("}")) return table;
    do {
      this.#pair(table);
      this.#skipBlanks();
    } while (this.#take(","));
    this.#expect("}");
    return table;
  }

  #string(): string {
    const quote = this.#text[this.#at] ?? "";
    const isLong = this.#text.startsWith(quote.repeat(3), this.#at);
    const end = isLong ? quote.repeat(3) : quote;
    this.#at += end.length;
    if (isLong) this.#take("\n");
    let text = "";
    while (!this.#take(end)) {
      const character = this.#text[this.#at];
      if (character === undefined || (character === "\n" && !isLong)) {
        return this.#fail("a text is not closed");
      }
      this.#at += 1;
      text += character === "\\" && quote === '"' ? this.#escape(isLong) : character;
    }
    // One or two quotes may stand right before the three that close a long text.
    while (isLong && this.#take(quote)) text += quote;
    return text;
  }

  #escape(isLong: boolean): string {
    if (isLong && this.#match(/[ \t]*\n\s*/y) !== undefined) return "";
    const code = this.#match(/u[\da-fA-F]{4}|U[\da-fA-F]{8}/y);
    if (code !== undefined) {
      const point = Number.parseInt(code.slice(1), 16);
      if (point > 0x10ffff) return this.#fail("there is no such character");
      return String.fromCodePoint(point);
    }
    const escaped = ESCAPES[this.#text[this.#at] ?? ""];
    if (escaped === undefined) return this.#fail("there is no such escape");
    this.#at += 1;
    return escaped;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #take(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #expect(word: string): void {
    this.#skipBlanks();
    if (!this.#take(word)) this.#fail(`'${word}' is expected`);
  }

  #skipBlanks(): void {
    this.#match(/[ \t]*/y);
  }

  /** Blanks, comments and ends of lines. */
  #skipLines(): void {
    this.#match(/(?:[ \t\n]|#[^\n]*)*/y);
  }

  #endOfLine(): void {
    this.#match(/[ \t]*(?:#[^\n]*)?/y);
    if (this.#at < this.#text.length && !this.#take("\n")) this.#fail("the line goes on");
  }

  #fail(why: string): never {
    const before = this.#text.slice(0, this.#at).split("\n");
    const position = {
      file: this.#file,
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
    };
    throw new ParseError(`This is no TOML: ${why}`, { position, exitCode: 1 });
  }
}
