/** A place in a YAML text, and what stands there: white space, line ends, columns, indicators. */
import type { SourcePosition } from "../errors/index.ts";

/** A text that is not YAML. `offset` is where. */
export class YamlError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Nesting that no honest text has. */
const maxDepth = 1000;

export const tab = 9;
export const newline = 10;
export const blank = 32;

export class YamlCursor {
  /** The text with "\n" as its line ends. */
  readonly text: string;
  /** Offset of what is read next. */
  position = 0;
  readonly #file: string;
  readonly #lines: number[] = [0];
  #depth = 0;

  constructor(text: string, file: string) {
    const normal = text.startsWith("\ufeff") ? text.slice(1) : text;
    this.text = normal.includes("\r") ? normal.replace(/\r\n?/g, "\n") : normal;
    this.#file = file;
    for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1)) {
      this.#lines.push(at + 1);
    }
    const bad = /[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ud800-\udfff\ue000-\ufffd]/.exec(this.text);
    if (bad) {
      const code = (bad[0].codePointAt(0) ?? 0).toString(16).padStart(4, "0");
      this.fail(`unacceptable character #x${code}: special characters are not allowed`, bad.index);
    }
  }

  /** A collection within the present one begins; `leave` ends it. */
  enter(): void {
    if (++this.#depth > maxDepth) this.fail("nested too deeply");
  }

  leave(): void {
    this.#depth--;
  }

  /** Line and column of an offset, from 1. */
  place(offset: number): SourcePosition {
    let low = 0;
    let high = this.#lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lines[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return {
      file: this.#file,
      line: low + 1,
      column: offset - (this.#lines[low] as number) + 1,
    };
  }

  /** Refuses the text, at an offset (else where the cursor is). */
  fail(message: string, offset = this.position): never {
    throw new YamlError(message, offset);
  }

  /** Does a line `---` or `...` begin here? */
  marker(text: string): boolean {
    if (!this.text.startsWith(text, this.position) || this.column() !== 0) return false;
    const next = this.text.charCodeAt(this.position + 3);
    return Number.isNaN(next) || next === blank || next === tab || next === newline;
  }

  /** The column of an offset, from 0. */
  column(offset = this.position): number {
    return offset - (this.text.lastIndexOf("\n", offset - 1) + 1);
  }

  /** Where this line ends. */
  endOfLine(): number {
    const end = this.text.indexOf("\n", this.position);
    return end < 0 ? this.text.length : end;
  }

  /** Only blanks and a comment may follow on this line. */
  restOfLine(): void {
    const end = this.endOfLine();
    if (!/^[ \t]*(?:#.*)?$/.test(this.text.slice(this.position, end))) {
      this.fail("did not find expected comment or line break");
    }
    this.position = end;
  }

  /** Skips blanks, comments and line ends; tells whether a line ended. */
  skip(): boolean {
    const text = this.text;
    let ended = this.position === 0;
    let p = this.position;
    for (;;) {
      const code = text.charCodeAt(p);
      if (code === blank || code === tab) p++;
      else if (code === newline) {
        ended = true;
        p++;
      } else if (code === 35 && (p === 0 || /\s/.test(text[p - 1] as string))) {
        const end = text.indexOf("\n", p);
        p = end < 0 ? text.length : end;
      } else break;
    }
    this.position = p;
    return ended;
  }

  /** A tab in the indentation of a block is an error, as in every YAML. */
  checkTabs(): void {
    const start = this.text.lastIndexOf("\n", this.position - 1) + 1;
    const lead = this.text.slice(start, this.position);
    if (/^[ \t]*$/.test(lead) && lead.includes("\t")) {
      this.fail("found character '\\t' that cannot start any token", start + lead.indexOf("\t"));
    }
  }

  /** Is there white space, or the end of the text? */
  isSpace(offset: number): boolean {
    const code = this.text.charCodeAt(offset);
    return Number.isNaN(code) || code === blank || code === newline || code === tab;
  }

  /** Is there a block indicator (`-`, `?`, `:`) followed by white space? */
  indicator(character: string): boolean {
    return this.text[this.position] === character && this.isSpace(this.position + 1);
  }

  /** Is the document over? */
  done(): boolean {
    return this.position >= this.text.length || this.marker("---") || this.marker("...");
  }

  /** Does a colon on this line make its beginning a key? */
  keyAhead(): boolean {
    const end = this.endOfLine();
    return /:(?:\s|$)/.test(this.text.slice(this.position, end));
  }

  /** Is there the colon of a key, blanks before it? The cursor goes to it. */
  colonAhead(): boolean {
    let p = this.position;
    while (this.text.charCodeAt(p) === blank || this.text.charCodeAt(p) === tab) p++;
    if (this.text[p] !== ":" || !this.isSpace(p + 1)) return false;
    this.position = p;
    return true;
  }
}
