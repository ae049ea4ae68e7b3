/**
 * Python's `ast.literal_eval`, as Ansible uses it to turn text into data: literals of Python, and
 * JSON's `true`, `false` and `null`. Nothing is ever executed.
 */
import { PythonError } from "./failure.ts";
import { Dict, PyBytes, PyFloat, PySet, Tuple, type Value } from "./model.ts";
import { parseInteger, signed } from "./number.ts";

/** Python's own parser gives up at about this many brackets. */
const maxDepth = 200;

class NotLiteral extends Error {}

const names: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["None", null],
  ["True", true],
  ["False", false],
  ["null", null],
  ["true", true],
  ["false", false],
]);

const blank = /(?:[ \t\f]|\\\r?\n)*(?:#[^\n]*)?/y;
const blankLines = /(?:[ \t\f\r\n]|\\\r?\n|#[^\n]*)*/y;
const numberToken =
  /(?:0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][+-]?\d(?:_?\d)*)?|\d(?:_?\d)*(?:\.(?:[eE][+-]?\d(?:_?\d)*)?|[eE][+-]?\d(?:_?\d)*)?)(?![\w.])/y;
const word = /[A-Za-z_]\w*/y;
const stringStart = /([rRbBuU]{0,2})("""|'''|"|')/y;

/** The value of the literal, or `undefined` if the text is none. */
export function literalEval(text: string): Value | undefined {
  try {
    return new Reader(text).whole();
  } catch (error) {
    if (error instanceof NotLiteral || error instanceof PythonError) return undefined;
    throw error;
  }
}

class Reader {
  readonly #text: string;
  #position = 0;
  #depth = 0;
  constructor(text: string) {
    this.#text = text;
  }

  whole(): Value {
    const first = this.#value();
    this.#skip(blank);
    let value = first;
    if (this.#text[this.#position] === ",") value = new Tuple(this.#openTuple(first));
    this.#skip(blankLines);
    if (this.#position < this.#text.length) throw new NotLiteral();
    return value;
  }

  #openTuple(first: Value): Value[] {
    const items = [first];
    while (this.#eat(",")) {
      this.#skip(blank);
      if (this.#position >= this.#text.length || this.#text[this.#position] === "\n") break;
      items.push(this.#value());
      this.#skip(blank);
    }
    return items;
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#position;
    pattern.test(this.#text);
    this.#position = pattern.lastIndex;
  }

  #space(): void {
    this.#skip(this.#depth > 0 ? blankLines : blank);
  }

  #eat(character: string): boolean {
    this.#space();
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (!match) return undefined;
    this.#position = pattern.lastIndex;
    return match;
  }

  #value(): Value {
    this.#space();
    const character = this.#text[this.#position];
    switch (character) {
      case "[": {
        const items = this.#items("]");
        return items.items;
      }
      case "(": {
        const { items, comma } = this.#items(")");
        return items.length === 1 && !comma ? (items[0] as Value) : new Tuple(items);
      }
      case "{":
        return this.#braces();
      case "-":
      case "+": {
        this.#position++;
        const value = this.#value();
        if (typeof value === "boolean") throw new NotLiteral();
        const result = signed(character, value);
        if (result === undefined) throw new NotLiteral();
        return result;
      }
    }
    if (character === undefined) throw new NotLiteral();
    stringStart.lastIndex = this.#position;
    if (stringStart.test(this.#text)) return this.#strings();
    const number = this.#match(numberToken)?.[0];
    if (number !== undefined) return numberValue(number);
    const name = this.#match(word)?.[0];
    if (name === "set" && this.#eat("(") && this.#eat(")")) return new PySet();
    const value = name === undefined ? undefined : names.get(name);
    if (value === undefined) throw new NotLiteral();
    return value;
  }

  #enter(): void {
    this.#position++;
    if (++this.#depth > maxDepth) throw new NotLiteral();
  }

  #items(close: string): { items: Value[]; comma: boolean } {
    this.#enter();
    const items: Value[] = [];
    let comma = true;
    while (!this.#eat(close)) {
      if (!comma) throw new NotLiteral();
      items.push(this.#value());
      comma = this.#eat(",");
    }
    this.#depth--;
    return { items, comma };
  }

  #braces(): Value {
    this.#enter();
    if (this.#eat("}")) {
      this.#depth--;
      return new Dict();
    }
    const first = this.#value();
    let comma: boolean;
    if (!this.#eat(":")) {
      const set = new PySet([first]);
      comma = this.#eat(",");
      while (!this.#eat("}")) {
        if (!comma) throw new NotLiteral();
        set.add(this.#value());
        comma = this.#eat(",");
      }
      this.#depth--;
      return set;
    }
    const dict = new Dict([[first, this.#value()]]);
    comma = this.#eat(",");
    while (!this.#eat("}")) {
      if (!comma) throw new NotLiteral();
      const key = this.#value();
      if (!this.#eat(":")) throw new NotLiteral();
      dict.set(key, this.#value());
      comma = this.#eat(",");
    }
    this.#depth--;
    return dict;
  }

  #strings(): Value {
    let text = "";
    let bytes: boolean | undefined;
    for (;;) {
      const start = this.#match(stringStart);
      if (!start) break;
      const prefix = (start[1] ?? "").toLowerCase();
      if (prefix.length === 2 && !(prefix.includes("r") && prefix.includes("b"))) {
        throw new NotLiteral();
      }
      const isBytes = prefix.includes("b");
      if (bytes !== undefined && bytes !== isBytes) throw new NotLiteral();
      bytes = isBytes;
      text += this.#stringBody(start[2] as string, prefix.includes("r"), isBytes);
      this.#space();
    }
    return bytes ? new PyBytes(Buffer.from(text, "latin1")) : text;
  }

  #stringBody(quote: string, raw: boolean, bytes: boolean): string {
    const source = this.#text;
    let position = this.#position;
    while (!source.startsWith(quote, position)) {
      const character = source[position];
      if (character === undefined) throw new NotLiteral();
      if (character === "\n" && quote.length === 1) throw new NotLiteral();
      if (bytes && character.charCodeAt(0) > 127) throw new NotLiteral();
      position += character === "\\" ? 2 : 1;
    }
    if (position > source.length) throw new NotLiteral();
    const body = source.slice(this.#position, position);
    this.#position = position + quote.length;
    if (raw || !body.includes("\\")) return body;
    return unescaped(body, bytes);
  }
}

const escapes: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\n": "",
};

/** Backslash escapes of a literal; broken ones make it none. */
function unescaped(body: string, bytes: boolean): string {
  const pattern = bytes
    ? /\\(?:x([\da-fA-F]{2})|([0-7]{1,3})|([\s\S]))/g
    : /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g;
  return body.replace(pattern, (whole: string, ...groups: (string | undefined)[]) => {
    const digits = bytes ? [groups[0]] : [groups[0], groups[1], groups[2]];
    const hex = digits.find((group) => group !== undefined);
    if (hex !== undefined) {
      const code = Number.parseInt(hex, 16);
      if (code > 0x10ffff) throw new NotLiteral();
      return String.fromCodePoint(code);
    }
    const octal = bytes ? groups[1] : groups[3];
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const other = (bytes ? groups[2] : groups[4]) ?? "";
    if (other === "x" || (!bytes && (other === "u" || other === "U" || other === "N"))) {
      throw new NotLiteral();
    }
    return escapes[other] ?? whole;
  });
}

function numberValue(token: string): Value {
  if (/^0[xXoObB]/.test(token)) return parseInteger(token, 0);
  if (/[.eE]/.test(token)) return new PyFloat(Number(token.replaceAll("_", "")));
  if (/^0[\d_]*[1-9]/.test(token)) throw new NotLiteral();
  return parseInteger(token);
}
