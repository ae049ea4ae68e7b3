/** Text to tokens, with Jinja2's rules for delimiters and white space. */

import { TemplateSyntaxError } from "./errors.ts";
import { type PythonEscapeError, pythonEscapes } from "./escapes.ts";

export type TokenType =
  | "data"
  | "variable_begin"
  | "variable_end"
  | "block_begin"
  | "block_end"
  | "name"
  | "string"
  | "integer"
  | "float"
  | "operator"
  | "eof";

/** A token; `offset` is its place in the normalised source. */
export interface Token {
  readonly type: TokenType;
  /** The text: of a string its value, of everything else what stands in the source. */
  readonly value: string;
  readonly offset: number;
}

/** The delimiters and white-space switches of one template. */
export interface LexerOptions {
  readonly blockStart: string;
  readonly blockEnd: string;
  readonly variableStart: string;
  readonly variableEnd: string;
  readonly commentStart: string;
  readonly commentEnd: string;
  readonly lineStatementPrefix: string | undefined;
  readonly lineCommentPrefix: string | undefined;
  readonly trimBlocks: boolean;
  readonly lstripBlocks: boolean;
  readonly newlineSequence: string;
  readonly keepTrailingNewline: boolean;
}

const operators = /\/\/|\*\*|==|!=|>=|<=|[+\-/*%~[\](){}><=.:|,;]/y;
const whitespace = /\s+/y;
const float = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
const integer =
  /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const name = /[\p{L}\p{N}\p{M}\p{Pc}_]+/uy;
const identifier = /^[\p{L}\p{Nl}_][\p{L}\p{N}\p{M}\p{Pc}_]*$/u;
const string = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const closers: Readonly<Record<string, string>> = { "{": "}", "(": ")", "[": "]" };

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

interface Rules {
  readonly root: RegExp;
  readonly blockEnd: RegExp;
  readonly variableEnd: RegExp;
  readonly comment: RegExp;
  readonly raw: RegExp;
}

const rulesCache = new Map<string, Rules>();

function rulesOf(options: LexerOptions): Rules {
  const key = JSON.stringify(options);
  const known = rulesCache.get(key);
  if (known) return known;
  const suffix = options.trimBlocks ? "\\n?" : "";
  const block = escapeRegExp(options.blockStart);
  const blockEnd = escapeRegExp(options.blockEnd);
  const variable = escapeRegExp(options.variableStart);
  const variableEnd = escapeRegExp(options.variableEnd);
  const comment = escapeRegExp(options.commentStart);
  const commentEnd = escapeRegExp(options.commentEnd);
  const starts: [number, string][] = [
    [options.commentStart.length, `(?<comment>${comment}(?<commentSign>[-+]?))`],
    [options.blockStart.length, `(?<block>${block}(?<blockSign>[-+]?))`],
    [options.variableStart.length, `(?<variable>${variable}(?<variableSign>[-+]?))`],
  ];
  // The longest delimiter wins at the same place.
  starts.sort((a, b) => b[0] - a[0]);
  const parts = [
    `(?<raw>${block}(?<rawSign>[-+]?)\\s*raw\\s*(?:-${blockEnd}\\s*|${blockEnd}))`,
    ...starts.map(([, pattern]) => pattern),
  ];
  if (options.lineStatementPrefix !== undefined) {
    parts.push(`(?<line>^[ \\t\\v]*${escapeRegExp(options.lineStatementPrefix)})`);
  }
  if (options.lineCommentPrefix !== undefined) {
    parts.push(
      `(?<lineComment>(?:^|(?<=\\S))[^\\S\\r\\n]*${escapeRegExp(options.lineCommentPrefix)}[^\\n]*)`,
    );
  }
  const end = `(?:\\+${blockEnd}|-${blockEnd}\\s*|${blockEnd}${suffix})`;
  const rules: Rules = {
    root: new RegExp(parts.join("|"), "gm"),
    blockEnd: new RegExp(end, "y"),
    variableEnd: new RegExp(`-${variableEnd}\\s*|${variableEnd}`, "y"),
    comment: new RegExp(`\\+${commentEnd}|-${commentEnd}\\s*|${commentEnd}${suffix}`, "g"),
    raw: new RegExp(`${block}(?<sign>[-+]?)\\s*endraw\\s*${end}`, "g"),
  };
  if (rulesCache.size > 200) rulesCache.clear();
  rulesCache.set(key, rules);
  return rules;
}

/** The source as the lexer sees it: every newline is `\n`, one trailing newline is dropped. */
export function normaliseSource(source: string, keepTrailingNewline: boolean): string {
  const text = source.includes("\r") ? source.replace(/\r\n?/g, "\n") : source;
  return !keepTrailingNewline && text.endsWith("\n") ? text.slice(0, -1) : text;
}

/** Tokens of a normalised source. Fails with TemplateSyntaxError in Jinja2's wording. */
export function tokenize(source: string, options: LexerOptions, decode = true): Token[] {
  return new Lexer(source, options, decode).run();
}

class Lexer {
  readonly #source: string;
  readonly #options: LexerOptions;
  readonly #decode: boolean;
  readonly #rules: Rules;
  readonly #tokens: Token[] = [];
  #position = 0;
  /** Did the last tag end with a newline (or is this the beginning)? */
  #lineStarting = true;

  /** Without `decode` the escapes in string literals stay as they are. */
  constructor(source: string, options: LexerOptions, decode: boolean) {
    this.#decode = decode;
    this.#source = source;
    this.#options = options;
    this.#rules = rulesOf(options);
  }

  run(): Token[] {
    const { root } = this.#rules;
    while (this.#position < this.#source.length) {
      root.lastIndex = this.#position;
      const match = root.exec(this.#source);
      if (!match) {
        this.#data(this.#source.slice(this.#position), this.#position);
        this.#position = this.#source.length;
        break;
      }
      this.#tag(match);
    }
    this.#tokens.push({ type: "eof", value: "", offset: this.#source.length });
    return this.#tokens;
  }

  #tag(match: RegExpExecArray): void {
    const groups = match.groups ?? {};
    const sign =
      groups.rawSign ?? groups.commentSign ?? groups.blockSign ?? groups.variableSign ?? "";
    const before = this.#source.slice(this.#position, match.index);
    const strips =
      groups.variable === undefined &&
      groups.line === undefined &&
      groups.lineComment === undefined;
    this.#data(this.#stripped(before, sign, strips), this.#position);
    this.#position = match.index + match[0].length;
    this.#lineStarting = match[0].endsWith("\n");
    if (groups.raw !== undefined) this.#raw();
    else if (groups.comment !== undefined) this.#comment(match.index);
    else if (groups.block !== undefined) {
      this.#tokens.push({ type: "block_begin", value: match[0], offset: match.index });
      this.#code("block_end", this.#rules.blockEnd);
    } else if (groups.variable !== undefined) {
      this.#tokens.push({ type: "variable_begin", value: match[0], offset: match.index });
      this.#code("variable_end", this.#rules.variableEnd);
    } else if (groups.line !== undefined) {
      this.#tokens.push({ type: "block_begin", value: match[0], offset: match.index });
      this.#code("block_end", /[^\S\n]*(?:\n|$(?![\s\S]))/y);
    }
  }

  /** Text before a tag, less what `-` or lstrip_blocks takes from its end. */
  #stripped(text: string, sign: string, strips: boolean): string {
    if (sign === "-") return text.trimEnd();
    if (sign === "+" || !strips || !this.#options.lstripBlocks) return text;
    const lineStart = text.lastIndexOf("\n") + 1;
    if (lineStart === 0 && !this.#lineStarting) return text;
    return /^\s*$/.test(text.slice(lineStart)) ? text.slice(0, lineStart) : text;
  }

  #data(text: string, offset: number): void {
    if (text === "") return;
    const { newlineSequence } = this.#options;
    const value = newlineSequence === "\n" ? text : text.replaceAll("\n", newlineSequence);
    this.#tokens.push({ type: "data", value, offset });
  }

  #raw(): void {
    const { raw } = this.#rules;
    raw.lastIndex = this.#position;
    const match = raw.exec(this.#source);
    if (!match) this.#fail("Missing end of raw directive", this.#position);
    const text = this.#source.slice(this.#position, match.index);
    this.#data(this.#stripped(text, match.groups?.sign ?? "", true), this.#position);
    this.#position = match.index + match[0].length;
    this.#lineStarting = match[0].endsWith("\n");
  }

  #comment(start: number): void {
    const { comment } = this.#rules;
    comment.lastIndex = this.#position;
    const match = comment.exec(this.#source);
    if (!match) {
      // Nothing at all after the opening is, to Jinja2, no unfinished comment.
      if (this.#position >= this.#source.length) return;
      this.#fail("Missing end of comment tag", start);
    }
    this.#position = match.index + match[0].length;
    this.#lineStarting = match[0].endsWith("\n");
  }

  /** The tokens of one tag up to and with its end. */
  #code(endType: "block_end" | "variable_end", end: RegExp): void {
    const source = this.#source;
    const open: string[] = [];
    for (;;) {
      const offset = this.#position;
      if (open.length === 0) {
        end.lastIndex = offset;
        const match = end.exec(source);
        if (match) {
          this.#tokens.push({ type: endType, value: match[0], offset });
          this.#position = end.lastIndex;
          this.#lineStarting = match[0].endsWith("\n");
          return;
        }
      }
      if (offset >= source.length) return;
      if (this.#skip(whitespace)) continue;
      if (this.#take(float, "float") || this.#take(integer, "integer")) continue;
      if (this.#take(name, "name")) {
        const word = source.slice(offset, this.#position);
        if (!identifier.test(word)) this.#fail("Invalid character in identifier", offset);
        continue;
      }
      if (this.#string()) continue;
      operators.lastIndex = offset;
      const match = operators.exec(source);
      if (!match) this.#fail(`unexpected char ${quote(source, offset)} at ${offset}`, offset);
      const operator = match[0];
      const closer = closers[operator];
      if (closer !== undefined) open.push(closer);
      else if (operator === "}" || operator === ")" || operator === "]") {
        const expected = open.pop();
        if (expected === undefined) this.#fail(`unexpected '${operator}'`, offset);
        if (expected !== operator) {
          this.#fail(`unexpected '${operator}', expected '${expected}'`, offset);
        }
      }
      this.#position = operators.lastIndex;
      this.#tokens.push({ type: "operator", value: operator, offset });
    }
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#position;
    if (!pattern.test(this.#source)) return false;
    this.#position = pattern.lastIndex;
    return true;
  }

  #take(pattern: RegExp, type: TokenType): boolean {
    const offset = this.#position;
    if (!this.#skip(pattern)) return false;
    this.#tokens.push({ type, value: this.#source.slice(offset, this.#position), offset });
    return true;
  }

  #string(): boolean {
    const offset = this.#position;
    if (!this.#skip(string)) return false;
    const inner = this.#source.slice(offset + 1, this.#position - 1);
    const text =
      this.#options.newlineSequence === "\n"
        ? inner
        : inner.replaceAll("\n", this.#options.newlineSequence);
    let value = text;
    if (this.#decode && text.includes("\\")) {
      try {
        value = pythonEscapes(text);
      } catch (error) {
        this.#fail((error as PythonEscapeError).message, offset);
      }
    }
    this.#tokens.push({ type: "string", value, offset });
    return true;
  }

  #fail(message: string, offset: number): never {
    throw new TemplateSyntaxError(message, { position: placeOf(this.#source, offset) });
  }
}

function quote(source: string, offset: number): string {
  const character = String.fromCodePoint(source.codePointAt(offset) ?? 0);
  return character === "'" ? `"'"` : `'${character === "\\" ? "\\\\" : character}'`;
}

/** Line and column (from 1) of an offset; the file is filled in by who knows it. */
export function placeOf(
  source: string,
  offset: number,
  file = "<template>",
): { file: string; line: number; column: number } {
  const before = source.slice(0, offset);
  const line = before.split("\n").length;
  return { file, line, column: offset - (before.lastIndexOf("\n") + 1) + 1 };
}

/**
 * Doubles the backslashes of string literals between `{{` and `}}`, as Ansible does with task
 * arguments, so that `regex_replace('(\d)', '\\1')` needs no second level of quoting.
 */
export function doubleBackslashes(source: string, options: LexerOptions): string {
  if (!source.includes("\\") || !source.includes(options.variableStart)) return source;
  const spans = stringSpans(source, options);
  let result = "";
  let last = 0;
  for (const [start, end] of spans) {
    result += source.slice(last, start) + source.slice(start, end).replaceAll("\\", "\\\\");
    last = end;
  }
  return result + source.slice(last);
}

/** The string literals inside variable tags; none if the source is not valid. */
function stringSpans(source: string, options: LexerOptions): [number, number][] {
  let tokens: Token[];
  try {
    tokens = tokenize(source, options, false);
  } catch {
    // The error is reported, in the same words, when the source is really read.
    return [];
  }
  const spans: [number, number][] = [];
  let inVariable = false;
  for (const token of tokens) {
    if (token.type === "variable_begin") inVariable = true;
    else if (token.type === "variable_end") inVariable = false;
    else if (token.type === "string" && inVariable) {
      string.lastIndex = token.offset;
      string.test(source);
      spans.push([token.offset, string.lastIndex]);
    }
  }
  return spans;
}
