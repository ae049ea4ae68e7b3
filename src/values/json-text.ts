/** JSON as Python's json module reads it: int and float apart, NaN and Infinity allowed. */
import { Dict, PyFloat, type Value } from "./model.ts";
import { parseInteger } from "./number.ts";

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const string = /"((?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"/y;
const words: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["NaN", new PyFloat(Number.NaN)],
  ["Infinity", new PyFloat(Infinity)],
  ["-Infinity", new PyFloat(-Infinity)],
]);
const word = /true|false|null|NaN|-?Infinity/y;

/** Deeper nesting than this is no document that a person wrote. */
const maxDepth = 900;

/** The value of a JSON document, or `undefined` if the text is none. */
export function readJson(text: string): Value | undefined {
  let position = 0;
  const skip = (): void => {
    space.lastIndex = position;
    space.test(text);
    position = space.lastIndex;
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(text);
    if (found) position = pattern.lastIndex;
    return found;
  };
  const readString = (): string | undefined => {
    const found = match(string)?.[1];
    if (found === undefined) return undefined;
    return found.includes("\\") ? (JSON.parse(`"${found}"`) as string) : found;
  };
  const value = (depth: number): Value | undefined => {
    if (depth > maxDepth) return undefined;
    skip();
    const character = text[position];
    if (character === '"') return readString();
    if (character === "[") return list(depth);
    if (character === "{") return dict(depth);
    const known = match(word);
    if (known) return words.get(known[0]);
    const digits = match(number);
    if (!digits || digits[0] === "") return undefined;
    return digits[1] === undefined && digits[2] === undefined
      ? parseInteger(digits[0])
      : new PyFloat(Number(digits[0]));
  };
  const list = (depth: number): Value[] | undefined => {
    const items: Value[] = [];
    position++;
    skip();
    if (text[position] === "]") {
      position++;
      return items;
    }
    for (;;) {
      const item = value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
      skip();
      const end = text[position++];
      if (end === "]") return items;
      if (end !== ",") return undefined;
    }
  };
  const dict = (depth: number): Dict | undefined => {
    const result = new Dict();
    position++;
    skip();
    if (text[position] === "}") {
      position++;
      return result;
    }
    for (;;) {
      skip();
      const key = readString();
      skip();
      if (key === undefined || text[position++] !== ":") return undefined;
      const item = value(depth + 1);
      if (item === undefined) return undefined;
      result.set(key, item);
      skip();
      const end = text[position++];
      if (end === "}") return result;
      if (end !== ",") return undefined;
    }
  };
  const result = value(0);
  skip();
  return position < text.length ? undefined : result;
}
