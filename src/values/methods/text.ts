/** The methods of str. */
import { getItem, Slice } from "../access.ts";
import { compareText } from "../compare.ts";
import { PythonError, typeError, valueError } from "../failure.ts";
import { iterate } from "../iterate.ts";
import { Dict, PyBytes, Tuple, textOf } from "../model.ts";
import { asInt } from "../number.ts";
import { textLength, widePoints } from "../text.ts";
import { typeName } from "../type-name.ts";
import { argument, arity, intArgument, type Method, required, textArgument } from "./method.ts";

const space =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const leadingSpace = new RegExp(`^[${space}]+`);
const trailingSpace = new RegExp(`[${space}]+$`);
const onlySpace = new RegExp(`^[${space}]+$`);
const spaceRun = new RegExp(`[${space}]+`, "g");
const lineEnd = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

/** text.strip() and its one-sided forms; `characters` absent means white space. */
export function strip(
  text: string,
  characters: string | undefined,
  sides: "both" | "left" | "right",
): string {
  if (characters === undefined) {
    let result = text;
    if (sides !== "right") result = result.replace(leadingSpace, "");
    if (sides !== "left") {
      // Counted from the end: a trailing-space regular expression is quadratic on long blanks.
      let end = result.length;
      while (end > 0 && trailingSpace.test(result[end - 1] as string)) end--;
      result = result.slice(0, end);
    }
    return result;
  }
  const set = new Set(characters);
  const points = Array.from(text);
  let start = 0;
  let end = points.length;
  if (sides !== "right") while (start < end && set.has(points[start] as string)) start++;
  if (sides !== "left") while (end > start && set.has(points[end - 1] as string)) end--;
  return points.slice(start, end).join("");
}

function stripMethod(sides: "both" | "left" | "right"): Method<string> {
  return (self, args) => {
    const characters = argument(args, 0);
    if (characters === undefined || characters === null) return strip(self, undefined, sides);
    return strip(self, textArgument(args, 0, "strip"), sides);
  };
}

/** text.split(separator, maximum); `separator` absent means runs of white space. */
export function split(text: string, separator: string | undefined, maximum = -1): string[] {
  const limit = maximum < 0 ? Number.POSITIVE_INFINITY : maximum;
  const parts: string[] = [];
  if (separator === undefined) {
    let rest = text.replace(leadingSpace, "");
    while (rest !== "") {
      if (parts.length >= limit) {
        parts.push(strip(rest, undefined, "right"));
        break;
      }
      if (limit === Number.POSITIVE_INFINITY) {
        for (const part of rest.split(spaceRun)) if (part !== "") parts.push(part);
        break;
      }
      spaceRun.lastIndex = 0;
      const match = spaceRun.exec(rest);
      if (!match) {
        parts.push(rest);
        break;
      }
      parts.push(rest.slice(0, match.index));
      rest = rest.slice(match.index + match[0].length);
    }
    return parts;
  }
  if (separator === "") throw valueError("empty separator");
  if (limit === Number.POSITIVE_INFINITY) return text.split(separator);
  let start = 0;
  while (parts.length < limit) {
    const found = text.indexOf(separator, start);
    if (found < 0) break;
    parts.push(text.slice(start, found));
    start = found + separator.length;
  }
  parts.push(text.slice(start));
  return parts;
}

/** text.rsplit(separator, maximum). */
export function splitRight(text: string, separator: string | undefined, maximum = -1): string[] {
  if (maximum < 0) return split(text, separator);
  const parts: string[] = [];
  if (separator === undefined) {
    let rest = strip(text, undefined, "right");
    while (rest !== "" && parts.length < maximum) {
      let end = rest.length;
      while (end > 0 && !onlySpace.test(rest[end - 1] as string)) end--;
      parts.unshift(rest.slice(end));
      rest = strip(rest.slice(0, end), undefined, "right");
    }
    rest = strip(rest, undefined, "left");
    if (rest !== "") parts.unshift(rest);
    return parts;
  }
  if (separator === "") throw valueError("empty separator");
  let end = text.length;
  while (parts.length < maximum) {
    const found = end === 0 ? -1 : text.lastIndexOf(separator, end - separator.length);
    if (found < 0 || end - separator.length < 0) break;
    parts.unshift(text.slice(found + separator.length, end));
    end = found;
  }
  parts.unshift(text.slice(0, end));
  return parts;
}

/** text.splitlines(keepends). */
export function splitLines(text: string, keep = false): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const match of text.matchAll(lineEnd)) {
    const end = match.index + match[0].length;
    lines.push(text.slice(start, keep ? end : match.index));
    start = end;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

function splitArguments(method: string): Method<string> {
  const right = method === "rsplit";
  return (self, args) => {
    arity(args, method, 2);
    const separator = argument(args, 0, "sep") ?? null;
    const text = textOf(separator);
    if (text === undefined && separator !== null) {
      throw typeError(`must be str or None, not ${typeName(separator)}`);
    }
    const maximum = intArgument(argument(args, 1, "maxsplit"), -1);
    return right ? splitRight(self, text, maximum) : split(self, text, maximum);
  };
}

/** The part of the text that start and stop arguments select, and where it begins. */
function window(
  self: string,
  args: Parameters<Method<string>>[1],
): { text: string; offset: number } {
  const start = args.positional[1] ?? null;
  const stop = args.positional[2] ?? null;
  if (start === null && stop === null) return { text: self, offset: 0 };
  const size = textLength(self);
  const slice = new Slice(start, stop, null);
  if (Number(asInt(start) ?? 0) > size) return { text: "\0".repeat(0), offset: -1 };
  return {
    text: textOf(getItem(self, slice)) ?? "",
    offset: slice.indices(size).start,
  };
}

function search(method: "find" | "rfind" | "index" | "rindex"): Method<string> {
  const last = method.startsWith("r");
  return (self, args) => {
    const part = textArgument(args, 0, method);
    const { text, offset } = window(self, args);
    const found = offset < 0 ? -1 : last ? text.lastIndexOf(part) : text.indexOf(part);
    if (found >= 0) return textLength(text.slice(0, found)) + offset;
    if (method.endsWith("index")) throw valueError("substring not found");
    return -1;
  };
}

function affix(method: "startswith" | "endswith"): Method<string> {
  return (self, args) => {
    const wanted = required(args, 0, method);
    const { text, offset } = window(self, args);
    const choices = wanted instanceof Tuple ? wanted.items : [wanted];
    return choices.some((choice) => {
      const part = textOf(choice);
      if (part === undefined) {
        throw typeError(
          `${method} first arg must be str or a tuple of str, not ${typeName(choice)}`,
        );
      }
      if (offset < 0) return false;
      return method === "startswith" ? text.startsWith(part) : text.endsWith(part);
    });
  };
}

function justify(side: "left" | "right" | "center"): Method<string> {
  return (self, args) => {
    const width = intArgument(required(args, 0, side), 0);
    const fill = argument(args, 1) === undefined ? " " : textArgument(args, 1, side);
    if (textLength(fill) !== 1) {
      throw typeError("The fill character must be exactly one character long");
    }
    const missing = Math.min(width, 100_000_000) - textLength(self);
    if (missing <= 0) return self;
    if (side === "left") return self + fill.repeat(missing);
    if (side === "right") return fill.repeat(missing) + self;
    const left = Math.floor(missing / 2) + (missing & width & 1);
    return fill.repeat(left) + self + fill.repeat(missing - left);
  };
}

function every(pattern: RegExp): Method<string> {
  return (self) => pattern.test(self);
}

const cased = /\p{Lu}|\p{Ll}|\p{Lt}/u;

/** Title case: a letter after a non-letter is upper case, the others lower. */
export function titleCase(text: string): string {
  let previous = false;
  let result = "";
  for (const character of text) {
    const letter = cased.test(character);
    result += previous ? character.toLowerCase() : character.toUpperCase();
    previous = letter;
  }
  return result;
}

/** The first character upper case, the rest lower. */
export function capitalize(text: string): string {
  const first = Array.from(text.slice(0, 2))[0] ?? "";
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

function isTitle(self: string): boolean {
  let any = false;
  let previous = false;
  for (const character of self) {
    if (/[\p{Lu}\p{Lt}]/u.test(character)) {
      if (previous) return false;
      previous = true;
      any = true;
    } else if (/\p{Ll}/u.test(character)) {
      if (!previous) return false;
      any = true;
    } else previous = false;
  }
  return any;
}

function replace(self: string, args: Parameters<Method<string>>[1]): string {
  const from = textArgument(args, 0, "replace");
  const to = textArgument(args, 1, "replace");
  const count = intArgument(argument(args, 2, "count"), -1);
  if (count < 0) {
    return from === ""
      ? `${to}${Array.from(self)
          .map((c) => c + to)
          .join("")}`
      : self.split(from).join(to);
  }
  let result = "";
  let rest = self;
  for (let done = 0; done < count; done++) {
    const found = rest.indexOf(from);
    if (found < 0) break;
    if (from === "") {
      const first = Array.from(rest.slice(0, 2))[0] ?? "";
      result += to + first;
      if (first === "") return result;
      rest = rest.slice(first.length);
      continue;
    }
    result += rest.slice(0, found) + to;
    rest = rest.slice(found + from.length);
  }
  return result + rest;
}

function partition(last: boolean): Method<string> {
  return (self, args) => {
    const separator = textArgument(args, 0, "partition");
    if (separator === "") throw valueError("empty separator");
    const found = last ? self.lastIndexOf(separator) : self.indexOf(separator);
    if (found < 0) return new Tuple(last ? ["", "", self] : [self, "", ""]);
    return new Tuple([self.slice(0, found), separator, self.slice(found + separator.length)]);
  };
}

function join(self: string, args: Parameters<Method<string>>[1]): string {
  const parts: string[] = [];
  for (const item of iterate(required(args, 0, "join"))) {
    const text = textOf(item);
    if (text === undefined) {
      throw typeError(
        `sequence item ${parts.length}: expected str instance, ${typeName(item)} found`,
      );
    }
    parts.push(text);
  }
  return parts.join(self);
}

function expandTabs(self: string, args: Parameters<Method<string>>[1]): string {
  const size = intArgument(argument(args, 0, "tabsize"), 8);
  let column = 0;
  let result = "";
  for (const character of self) {
    if (character === "\t") {
      const count = size > 0 ? size - (column % size) : 0;
      result += " ".repeat(count);
      column += count;
    } else {
      result += character;
      column = character === "\n" || character === "\r" ? 0 : column + 1;
    }
  }
  return result;
}

function encode(self: string, args: Parameters<Method<string>>[1]): PyBytes {
  const encoding = (textOf(argument(args, 0, "encoding")) ?? "utf-8")
    .toLowerCase()
    .replace("_", "-");
  if (encoding === "utf-8" || encoding === "utf8") return new PyBytes(Buffer.from(self, "utf8"));
  if (encoding === "ascii" || encoding === "latin-1" || encoding === "iso-8859-1") {
    const limit = encoding === "ascii" ? 127 : 255;
    for (const character of self) {
      if ((character.codePointAt(0) ?? 0) > limit) {
        throw new PythonError("UnicodeEncodeError", `'${encoding}' codec can't encode character`);
      }
    }
    return new PyBytes(Buffer.from(self, "latin1"));
  }
  if (encoding === "utf-16-le" || encoding === "utf-16le") {
    return new PyBytes(Buffer.from(self, "utf16le"));
  }
  throw new PythonError("LookupError", `unknown encoding: ${encoding}`);
}

function zfill(self: string, args: Parameters<Method<string>>[1]): string {
  const width = intArgument(required(args, 0, "zfill"), 0);
  const missing = Math.min(width, 100_000_000) - textLength(self);
  if (missing <= 0) return self;
  const sign = /^[+-]/.exec(self)?.[0] ?? "";
  return sign + "0".repeat(missing) + self.slice(sign.length);
}

function translate(self: string, args: Parameters<Method<string>>[1]): string {
  const table = required(args, 0, "translate");
  if (!(table instanceof Dict)) throw typeError("translate() needs a dict");
  let result = "";
  for (const character of self) {
    const replacement = table.get(character.codePointAt(0) ?? 0);
    if (replacement === undefined) result += character;
    else if (typeof replacement === "number") result += String.fromCodePoint(replacement);
    else if (replacement !== null) result += textOf(replacement) ?? "";
  }
  return result;
}

/** str.format is elsewhere (it needs attributes); everything else is here. */
export const textMethods: ReadonlyMap<string, Method<string>> = new Map<string, Method<string>>([
  ["capitalize", (self) => capitalize(self)],
  ["casefold", (self) => self.toLowerCase().replaceAll("ß", "ss").replaceAll("ς", "σ")],
  ["center", justify("center")],
  [
    "count",
    (self, args) => {
      const part = textArgument(args, 0, "count");
      const { text, offset } = window(self, args);
      if (offset < 0) return 0;
      return part === "" ? textLength(text) + 1 : text.split(part).length - 1;
    },
  ],
  ["encode", encode],
  ["endswith", affix("endswith")],
  ["expandtabs", expandTabs],
  ["find", search("find")],
  ["index", search("index")],
  ["isalnum", every(/^[\p{L}\p{N}]+$/u)],
  ["isalpha", every(/^\p{L}+$/u)],
  ["isascii", every(/^[\x00-\x7f]*$/)],
  ["isdecimal", every(/^\p{Nd}+$/u)],
  ["isdigit", every(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089]+$/u)],
  ["isidentifier", every(/^[\p{L}\p{Nl}_][\p{L}\p{N}\p{Mn}\p{Mc}\p{Pc}_]*$/u)],
  ["islower", (self) => /\p{Ll}/u.test(self) && !/[\p{Lu}\p{Lt}]/u.test(self)],
  ["isnumeric", every(/^\p{N}+$/u)],
  ["isprintable", (self) => !/(?! )[\p{C}\p{Z}]/u.test(self)],
  ["isspace", every(onlySpace)],
  ["istitle", isTitle],
  ["isupper", (self) => /\p{Lu}/u.test(self) && !/[\p{Ll}\p{Lt}]/u.test(self)],
  ["join", join],
  ["ljust", justify("left")],
  ["lower", (self) => self.toLowerCase()],
  ["lstrip", stripMethod("left")],
  ["partition", partition(false)],
  [
    "removeprefix",
    (self, args) => {
      const prefix = textArgument(args, 0, "removeprefix");
      return self.startsWith(prefix) ? self.slice(prefix.length) : self;
    },
  ],
  [
    "removesuffix",
    (self, args) => {
      const suffix = textArgument(args, 0, "removesuffix");
      return suffix !== "" && self.endsWith(suffix) ? self.slice(0, -suffix.length) : self;
    },
  ],
  ["replace", replace],
  ["rfind", search("rfind")],
  ["rindex", search("rindex")],
  ["rjust", justify("right")],
  ["rpartition", partition(true)],
  ["rsplit", splitArguments("rsplit")],
  ["rstrip", stripMethod("right")],
  ["split", splitArguments("split")],
  [
    "splitlines",
    (self, args) => {
      const keep = argument(args, 0, "keepends");
      return splitLines(self, keep === true || (typeof keep === "number" && keep !== 0));
    },
  ],
  ["startswith", affix("startswith")],
  ["strip", stripMethod("both")],
  [
    "swapcase",
    (self) =>
      Array.from(self, (c) => (/\p{Lu}/u.test(c) ? c.toLowerCase() : c.toUpperCase())).join(""),
  ],
  ["title", (self) => titleCase(self)],
  ["translate", translate],
  ["upper", (self) => self.toUpperCase()],
  ["zfill", zfill],
  ["__len__", (self) => textLength(self)],
  ["__contains__", (self, args) => self.includes(textArgument(args, 0, "__contains__"))],
  ["__str__", (self) => self],
  ["__lt__", (self, args) => compareText(self, textArgument(args, 0, "__lt__")) < 0],
  ["__iter__", (self) => widePoints(self) ?? self.split("")],
]);
