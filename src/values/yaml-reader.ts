/**
 * YAML 1.1 as PyYAML reads it (https://yaml.org/spec/1.1/): one pass over the text, straight to
 * values, so that a file of many megabytes needs little more than what it holds.
 */

import type { SourcePosition } from "../errors/index.ts";
import { AliasBudget } from "./alias-budget.ts";
import { Dict, PyBytes, PyFloat, PyObject, PySet, Tuple, textOf, type Value } from "./model.ts";
import { notePlaces } from "./positions.ts";
import { repr } from "./text.ts";
import { wrapUnsafe } from "./unsafe.ts";
import { resolveBoolean, resolveNumber, resolvePlain, resolveTimestamp } from "./yaml-scalar.ts";

/** A text that is not YAML. `offset` is where. */
export class YamlError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

export interface ReaderOptions {
  readonly file: string;
  readonly warn?: ((message: string, position: SourcePosition) => void) | undefined;
  /** Makes the value of `!vault` text. */
  readonly vault: (ciphertext: string, position: SourcePosition) => Value;
}

/** Places of single keys are noted only for texts up to this size. */
const notedSize = 4_000_000;
const maxDepth = 1000;

interface Properties {
  tag: string | undefined;
  anchor: string | undefined;
  readonly offset: number;
}

/** What was read, and how: a plain scalar is resolved only once its tag is known. */
interface Node {
  readonly value: Value;
  readonly plain: boolean;
  readonly singleLine: boolean;
}

/** Stands for `<<` until the mapping is built. */
class MergeKey extends PyObject {
  readonly typeName = "merge";
}
const mergeKey = new MergeKey();

const tab = 9;
const newline = 10;
const blank = 32;

export class YamlReader {
  readonly #text: string;
  readonly #options: ReaderOptions;
  readonly #lines: number[] = [0];
  readonly #noted: boolean;
  #position = 0;
  #anchors = new Map<string, Value>();
  #aliases = new AliasBudget();
  #handles = new Map<string, string>();
  #depth = 0;

  constructor(text: string, options: ReaderOptions) {
    const normal = text.startsWith("\ufeff") ? text.slice(1) : text;
    this.#text = normal.includes("\r") ? normal.replace(/\r\n?/g, "\n") : normal;
    this.#options = options;
    this.#noted = this.#text.length <= notedSize;
    for (let at = this.#text.indexOf("\n"); at >= 0; at = this.#text.indexOf("\n", at + 1)) {
      this.#lines.push(at + 1);
    }
    const bad = /[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ud800-\udfff\ue000-\ufffd]/.exec(this.#text);
    if (bad) {
      const code = (bad[0].codePointAt(0) ?? 0).toString(16).padStart(4, "0");
      this.#fail(`unacceptable character #x${code}: special characters are not allowed`, bad.index);
    }
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
      file: this.#options.file,
      line: low + 1,
      column: offset - (this.#lines[low] as number) + 1,
    };
  }

  get text(): string {
    return this.#text;
  }

  #fail(message: string, offset = this.#position): never {
    throw new YamlError(message, offset);
  }

  /** All documents of the text. */
  documents(): Value[] {
    const documents: Value[] = [];
    for (;;) {
      this.#anchors = new Map();
      this.#aliases = new AliasBudget();
      const directives = this.#directives();
      this.#skip();
      const explicit = this.#marker("---");
      if (!explicit) {
        if (directives) this.#fail("did not find expected <document start>");
        if (this.#position >= this.#text.length) return documents;
      } else this.#position += 3;
      documents.push(this.#blockNode(-1, !explicit, true));
      this.#skip();
      const ended = this.#marker("...");
      if (ended) {
        this.#position += 3;
        this.#restOfLine();
      } else if (this.#position < this.#text.length && !this.#marker("---")) {
        this.#fail("did not find expected <document start>");
      }
    }
  }

  #directives(): boolean {
    this.#handles = new Map();
    let any = false;
    for (;;) {
      this.#skip();
      while (this.#marker("...")) {
        this.#position += 3;
        this.#restOfLine();
        this.#skip();
      }
      if (this.#text[this.#position] !== "%" || this.#column() !== 0) return any;
      any = true;
      const end = this.#endOfLine();
      const [, name, a, b] =
        /^%(\S+)\s*(\S*)\s*(\S*)/.exec(this.#text.slice(this.#position, end)) ?? [];
      if (name === "TAG" && a && b) this.#handles.set(a, b);
      if (name === "YAML" && a && !a.startsWith("1.")) {
        this.#fail("found incompatible YAML document");
      }
      this.#position = end;
    }
  }

  #marker(text: string): boolean {
    if (!this.#text.startsWith(text, this.#position) || this.#column() !== 0) return false;
    const next = this.#text.charCodeAt(this.#position + 3);
    return Number.isNaN(next) || next === blank || next === tab || next === newline;
  }

  #column(offset = this.#position): number {
    return offset - (this.#text.lastIndexOf("\n", offset - 1) + 1);
  }

  #endOfLine(): number {
    const end = this.#text.indexOf("\n", this.#position);
    return end < 0 ? this.#text.length : end;
  }

  /** Only blanks and a comment may follow on this line. */
  #restOfLine(): void {
    const end = this.#endOfLine();
    if (!/^[ \t]*(?:#.*)?$/.test(this.#text.slice(this.#position, end))) {
      this.#fail("did not find expected comment or line break");
    }
    this.#position = end;
  }

  /** Skips blanks, comments and line ends; tells whether a line ended. */
  #skip(): boolean {
    const text = this.#text;
    let ended = this.#position === 0;
    let p = this.#position;
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
    this.#position = p;
    return ended;
  }

  /** A tab in the indentation of a block is an error, as in every YAML. */
  #checkTabs(): void {
    const start = this.#text.lastIndexOf("\n", this.#position - 1) + 1;
    const lead = this.#text.slice(start, this.#position);
    if (/^[ \t]*$/.test(lead) && lead.includes("\t")) {
      this.#fail("found character '\\t' that cannot start any token", start + lead.indexOf("\t"));
    }
  }

  #isSpace(offset: number): boolean {
    const code = this.#text.charCodeAt(offset);
    return Number.isNaN(code) || code === blank || code === newline || code === tab;
  }

  /** Is there a block indicator (`-`, `?`, `:`) followed by white space? */
  #indicator(character: string): boolean {
    return this.#text[this.#position] === character && this.#isSpace(this.#position + 1);
  }

  #done(): boolean {
    return this.#position >= this.#text.length || this.#marker("---") || this.#marker("...");
  }

  /**
   * A node of a block collection (or document) whose parent is indented by `indent`. `compact`: a
   * block collection may begin on this very line. `sequenceHere`: the value of a mapping's key may
   * be a sequence that is indented no further than the key.
   */
  #blockNode(indent: number, compact: boolean, root = false, sequenceHere = false): Value {
    if (++this.#depth > maxDepth) this.#fail("nested too deeply");
    try {
      return this.#blockNodeInner(indent, compact, root, sequenceHere);
    } finally {
      this.#depth--;
    }
  }

  #blockNodeInner(indent: number, compact: boolean, root: boolean, sequenceHere: boolean): Value {
    let onNewLine = this.#skip() || (root && compact);
    let properties = this.#properties(undefined);
    let canStart = compact || onNewLine;
    const inside = (): boolean => {
      if (this.#done()) return false;
      const column = this.#column();
      if (column > indent) return true;
      return sequenceHere && column === indent && this.#indicator("-") && onNewLine;
    };
    if (onNewLine && this.#position < this.#text.length) this.#checkTabs();
    if (properties) {
      const before = this.#position;
      if (this.#skip()) {
        // The properties stood on a line of their own: they are the collection's.
        onNewLine = true;
        canStart = true;
        if (inside() && /[&!]/.test(this.#text[this.#position] as string)) {
          const start = this.#position;
          if (!this.#keyAhead()) properties = this.#properties(properties) ?? properties;
          else this.#position = start;
        }
      } else {
        const value = inside() ? this.#afterProperties(properties, indent, canStart) : undefined;
        if (value !== undefined) return value;
        this.#position = Math.max(before, this.#position);
      }
    }
    if (!inside()) return this.#empty(properties);
    if (properties && !onNewLine) return this.#empty(properties);
    const start = this.#position;
    if (this.#indicator("-")) {
      if (!canStart) this.#fail("block sequence entries are not allowed in this context");
      return this.#finish(this.#sequence(this.#column()), properties, start, false);
    }
    if (this.#indicator("?") || this.#indicator(":")) {
      if (!canStart) this.#fail("mapping keys are not allowed in this context");
      return this.#mapping(this.#column(), properties, undefined);
    }
    return this.#scalarOrMapping(indent, canStart, properties, start);
  }

  /** Properties on the same line as what follows: of the key, if that is a key. */
  #afterProperties(properties: Properties, indent: number, canStart: boolean): Value {
    const start = this.#position;
    const character = this.#text[start];
    if (this.#indicator("-")) this.#fail("block sequence entries are not allowed in this context");
    if (character === "|" || character === ">") {
      return this.#finish(this.#blockScalar(indent), properties, start, false);
    }
    const node = this.#atom(indent);
    if (this.#colonAhead()) {
      if (!canStart || !node.singleLine)
        this.#fail("mapping values are not allowed in this context");
      const key = this.#finish(node.value, properties, start, node.plain);
      return this.#mapping(this.#column(properties.offset), undefined, { key, offset: start });
    }
    this.#afterNode(indent);
    return this.#finish(node.value, properties, start, node.plain);
  }

  #scalarOrMapping(
    indent: number,
    canStart: boolean,
    properties: Properties | undefined,
    start: number,
  ): Value {
    const character = this.#text[start];
    if (character === "|" || character === ">") {
      return this.#finish(this.#blockScalar(indent), properties, start, false);
    }
    const keyProperties =
      properties && (character === "&" || character === "!")
        ? this.#properties(undefined)
        : undefined;
    const atomStart = this.#position;
    const node = this.#atom(indent);
    if (this.#colonAhead()) {
      if (!canStart || !node.singleLine) {
        this.#fail("mapping values are not allowed in this context");
      }
      const key = this.#finish(node.value, keyProperties, atomStart, node.plain);
      return this.#mapping(this.#column(start), properties, { key, offset: start });
    }
    this.#afterNode(indent);
    return this.#finish(node.value, properties, start, node.plain);
  }

  /** After a scalar or flow collection that is a whole node, its line must be over. */
  #afterNode(indent: number): void {
    const ended = this.#skip();
    if (this.#done()) return;
    if (!ended) {
      const character = this.#text[this.#position] as string;
      if (character === ":") this.#fail("mapping values are not allowed in this context");
      this.#fail("did not find expected key", this.#position);
    }
    if (this.#column() > indent && indent >= 0) {
      this.#fail("did not find expected key");
    }
  }

  #keyAhead(): boolean {
    const end = this.#endOfLine();
    return /:(?:\s|$)/.test(this.#text.slice(this.#position, end));
  }

  #colonAhead(): boolean {
    let p = this.#position;
    while (this.#text.charCodeAt(p) === blank || this.#text.charCodeAt(p) === tab) p++;
    if (this.#text[p] !== ":" || !this.#isSpace(p + 1)) return false;
    this.#position = p;
    return true;
  }

  #empty(properties: Properties | undefined): Value {
    return this.#finish("", properties, properties?.offset ?? this.#position, true);
  }

  /** `&anchor` and `!tag`, on one line. */
  #properties(known: Properties | undefined): Properties | undefined {
    let properties = known;
    for (;;) {
      const character = this.#text[this.#position];
      if (character !== "&" && character !== "!") return properties;
      properties ??= { tag: undefined, anchor: undefined, offset: this.#position };
      if (character === "&") {
        const name = /^[\w-]+/.exec(
          this.#text.slice(this.#position + 1, this.#position + 201),
        )?.[0];
        if (name === undefined) {
          this.#fail(
            "did not find expected alphabetic or numeric character while scanning an anchor",
          );
        }
        properties.anchor = name;
        this.#position += name.length + 1;
      } else {
        const raw = /^!(?:<[^>\s]*>|[^\s,[\]{}]*)/.exec(
          this.#text.slice(this.#position, this.#position + 1001),
        )?.[0] as string;
        properties.tag = this.#fullTag(raw);
        this.#position += raw.length;
      }
      if (!this.#isSpace(this.#position) && !/[,\]}]/.test(this.#text[this.#position] as string)) {
        this.#fail("did not find expected whitespace or line break");
      }
      while (
        this.#text.charCodeAt(this.#position) === blank ||
        this.#text.charCodeAt(this.#position) === tab
      ) {
        this.#position++;
      }
    }
  }

  #fullTag(raw: string): string {
    if (raw.startsWith("!<")) return raw.slice(2, -1);
    const [, handle = "!", suffix = ""] = /^(!\w*!|!)(.*)$/.exec(raw) ?? [];
    const custom = this.#handles.get(handle);
    if (custom !== undefined) return custom + suffix;
    if (handle === "!!") return `tag:yaml.org,2002:${suffix}`;
    if (handle !== "!") this.#fail(`found undefined tag handle '${handle}'`);
    return raw;
  }

  #sequence(column: number): Value[] {
    const items: Value[] = [];
    const self = this.#position;
    const places = new Map<string | number, SourcePosition>();
    for (;;) {
      const dash = this.#position;
      this.#position++;
      const value = this.#blockNode(column, true);
      if (this.#noted) places.set(items.length, this.place(dash));
      items.push(value);
      this.#skip();
      if (this.#done()) break;
      const at = this.#column();
      if (at < column) break;
      if (at > column || !this.#indicator("-")) {
        if (at === column && !this.#indicator("-") && this.#sequenceInMapping(column)) break;
        this.#fail("did not find expected '-' indicator");
      }
      this.#checkTabs();
    }
    this.#note(items, self, new Map(), places);
    return items;
  }

  /** The columns of open mappings: a sequence may stand at the same column as its key. */
  readonly #mappingColumns: number[] = [];
  #sequenceInMapping(column: number): boolean {
    return this.#mappingColumns.at(-1) === column;
  }

  #mapping(
    column: number,
    properties: Properties | undefined,
    first: { readonly key: Value; readonly offset: number } | undefined,
  ): Value {
    const start = first?.offset ?? this.#position;
    const pairs: [Value, Value, number, number][] = [];
    this.#mappingColumns.push(column);
    let pending = first;
    for (;;) {
      let key: Value;
      let keyOffset: number;
      let hasValue = true;
      let explicit = false;
      if (pending) {
        key = pending.key;
        keyOffset = pending.offset;
        pending = undefined;
      } else if (this.#indicator("?")) {
        explicit = true;
        keyOffset = this.#position;
        this.#position++;
        key = this.#blockNode(column, true);
        this.#skip();
        hasValue = !this.#done() && this.#column() === column && this.#indicator(":");
      } else if (this.#indicator(":")) {
        this.#fail("did not find expected key");
      } else {
        keyOffset = this.#position;
        const own = this.#properties(undefined);
        const node = this.#atom(column);
        if (!this.#colonAhead() || !node.singleLine) {
          this.#fail("could not find expected ':'", keyOffset);
        }
        key = this.#finish(node.value, own, keyOffset, node.plain);
      }
      let valueOffset = this.#position;
      let value: Value = null;
      if (hasValue) {
        this.#position++;
        const before = this.#position;
        value = this.#blockNode(column, explicit, false, true);
        valueOffset = this.#firstOf(before);
      }
      pairs.push([key, value, keyOffset, valueOffset]);
      this.#skip();
      if (this.#done()) break;
      const at = this.#column();
      if (at < column) break;
      if (at > column) this.#fail("did not find expected key");
      this.#checkTabs();
      if (this.#indicator("-")) this.#fail("did not find expected key");
    }
    this.#mappingColumns.pop();
    return this.#finish(this.#dict(pairs, start), properties, start, false);
  }

  /** Where the value after an offset begins, for its noted place. */
  #firstOf(offset: number): number {
    if (!this.#noted) return offset;
    const match = /\S/g;
    match.lastIndex = offset;
    return match.exec(this.#text)?.index ?? offset;
  }

  #dict(pairs: readonly [Value, Value, number, number][], start: number): Dict {
    const dict = new Dict();
    const keys = new Map<string | number, SourcePosition>();
    const values = new Map<string | number, SourcePosition>();
    const own: [Value, Value, number, number][] = [];
    for (const pair of pairs) {
      if (pair[0] === mergeKey) this.#merge(dict, pair[1], pair[3]);
      else own.push(pair);
    }
    const seen = new Dict();
    for (const [key, value, keyOffset, valueOffset] of own) {
      if (Array.isArray(key) || key instanceof Dict || key instanceof PySet) {
        this.#fail("found unacceptable key (unhashable type)", keyOffset);
      }
      if (this.#options.warn && seen.has(key)) {
        const { file, line, column } = this.place(start);
        this.#options.warn(
          `While constructing a mapping from ${file}, line ${line}, column ${column}, found a duplicate dict key (${textOf(key) ?? repr(key)}). Using last defined value only.`,
          this.place(keyOffset),
        );
      }
      if (this.#options.warn) seen.set(key, null);
      dict.set(key, value);
      const name = textOf(key);
      if (this.#noted && name !== undefined) {
        keys.set(name, this.place(keyOffset));
        values.set(name, this.place(valueOffset));
      }
    }
    this.#note(dict, start, keys, values);
    return dict;
  }

  #merge(into: Dict, value: Value, offset: number): void {
    const sources = Array.isArray(value) ? value.slice().reverse() : [value];
    for (const source of sources) {
      if (!(source instanceof Dict)) {
        this.#fail("expected a mapping or list of mappings for merging", offset);
      }
      for (const [key, item] of source) into.set(key, item);
    }
  }

  #note(
    container: Dict | Value[],
    offset: number,
    keys: Map<string | number, SourcePosition>,
    values: Map<string | number, SourcePosition>,
  ): void {
    if (this.#noted) notePlaces(container, { self: this.place(offset), keys, values });
  }

  /** A scalar (not a block one), a flow collection or an alias. */
  #atom(indent: number): Node {
    const character = this.#text[this.#position];
    const start = this.#position;
    switch (character) {
      case '"':
        return this.#quoted(start, this.#doubleQuoted());
      case "'":
        return this.#quoted(start, this.#singleQuoted());
      case "[":
      case "{": {
        const value = this.#flowCollection(indent);
        return { value, plain: false, singleLine: this.#onOneLine(start) };
      }
      case "*": {
        const name = /^[\w-]+/.exec(this.#text.slice(start + 1, start + 201))?.[0];
        if (name === undefined) {
          this.#fail(
            "did not find expected alphabetic or numeric character while scanning an alias",
          );
        }
        const value = this.#anchors.get(name);
        if (value === undefined) this.#fail(`found undefined alias '${name}'`);
        if (!this.#aliases.take(value)) {
          this.#fail("the aliases of this document stand for more than 5 million values");
        }
        this.#position += name.length + 1;
        return { value, plain: false, singleLine: true };
      }
    }
    return this.#plain(indent, false);
  }

  #quoted(start: number, value: string): Node {
    return { value, plain: false, singleLine: this.#onOneLine(start) };
  }

  #onOneLine(start: number): boolean {
    const end = this.#text.indexOf("\n", start);
    return (end < 0 || end >= this.#position) && this.#position - start <= 1024;
  }

  #plain(indent: number, flow: boolean): Node {
    const text = this.#text;
    const start = this.#position;
    const first = text[start] as string;
    if (/[,[\]{}#&*!|>'"%@`]/.test(first)) {
      this.#fail(
        /[,\]}]/.test(first)
          ? "did not find expected node content"
          : `found character '${first}' that cannot start any token`,
      );
    }
    if (
      /[-?:]/.test(first) &&
      (this.#isSpace(start + 1) || (flow && /[,[\]{}]/.test(text[start + 1] as string)))
    ) {
      if (first === "-") this.#fail("block sequence entries are not allowed in this context");
      if (first === ":") this.#fail("mapping values are not allowed in this context");
      this.#fail("mapping keys are not allowed in this context");
    }
    let value = this.#plainLine(flow);
    let singleLine = true;
    for (;;) {
      // A continuation: the next line that is neither blank, a comment, nor outside the indentation.
      const lineEnd = this.#position;
      let p = lineEnd;
      let breaks = 0;
      while (text.charCodeAt(p) === blank || text.charCodeAt(p) === tab) p++;
      if (text.charCodeAt(p) !== newline) break;
      while (p < text.length) {
        if (text.charCodeAt(p) === newline) {
          breaks++;
          p++;
        } else if (text.charCodeAt(p) === blank) p++;
        else if (text.charCodeAt(p) === tab) {
          if (!flow && this.#column(p) <= indent) break;
          p++;
        } else break;
      }
      if (p >= text.length || text[p] === "#") break;
      const column = this.#column(p);
      if (!flow && column <= indent) break;
      this.#position = p;
      if (this.#marker("---") || this.#marker("...")) {
        this.#position = lineEnd;
        break;
      }
      if (flow && /[,[\]{}]/.test(text[p] as string)) {
        this.#position = lineEnd;
        break;
      }
      if (text[p] === ":" && this.#isSpace(p + 1)) {
        this.#position = lineEnd;
        break;
      }
      singleLine = false;
      value += breaks === 1 ? " " : "\n".repeat(breaks - 1);
      value += this.#plainLine(flow);
    }
    return { value, plain: true, singleLine: singleLine && value.length <= 1024 };
  }

  /** The part of a plain scalar on this line, without blanks at its end. */
  #plainLine(flow: boolean): string {
    const text = this.#text;
    const start = this.#position;
    let p = start;
    let end = start;
    for (; p < text.length; p++) {
      const code = text.charCodeAt(p);
      if (code === newline) break;
      if (code === blank || code === tab) continue;
      if (code === 35 && p > start && this.#isSpace(p - 1)) break;
      if (code === 58 && (this.#isSpace(p + 1) || (flow && /[,[\]{}]/.test(text[p + 1] as string))))
        break;
      if (flow && (code === 44 || code === 91 || code === 93 || code === 123 || code === 125))
        break;
      end = p + 1;
    }
    this.#position = end;
    return text.slice(start, end);
  }

  /** Line ends inside a quoted scalar: folded, blanks around them dropped. */
  #fold(): string {
    const text = this.#text;
    let breaks = 0;
    let p = this.#position;
    while (p < text.length) {
      const code = text.charCodeAt(p);
      if (code === newline) breaks++;
      else if (code !== blank && code !== tab) break;
      p++;
      if (code === newline) {
        this.#position = p;
        if (this.#marker("---") || this.#marker("...")) {
          this.#fail("found unexpected document indicator while scanning a quoted scalar");
        }
      }
    }
    this.#position = p;
    return breaks === 1 ? " " : "\n".repeat(breaks - 1);
  }

  #singleQuoted(): string {
    const text = this.#text;
    const start = this.#position++;
    let value = "";
    for (;;) {
      const part = /[^'\n]*/y;
      part.lastIndex = this.#position;
      const chunk = part.exec(text)?.[0] ?? "";
      this.#position = part.lastIndex;
      const code = text[this.#position];
      if (code === undefined)
        this.#fail("found unexpected end of stream while scanning a quoted scalar", start);
      if (code === "'") {
        value += chunk;
        this.#position++;
        if (text[this.#position] !== "'") return value;
        value += "'";
        this.#position++;
      } else value += chunk.replace(/[ \t]+$/, "") + this.#fold();
    }
  }

  #doubleQuoted(): string {
    const text = this.#text;
    const start = this.#position++;
    let value = "";
    for (;;) {
      const part = /[^"\\\n]*/y;
      part.lastIndex = this.#position;
      const chunk = part.exec(text)?.[0] ?? "";
      this.#position = part.lastIndex;
      const character = text[this.#position];
      if (character === undefined) {
        this.#fail("found unexpected end of stream while scanning a quoted scalar", start);
      }
      if (character === '"') {
        this.#position++;
        return value + chunk;
      }
      if (character === "\\") value += chunk + this.#escape();
      else value += chunk.replace(/[ \t]+$/, "") + this.#fold();
    }
  }

  #escape(): string {
    const text = this.#text;
    const character = text[this.#position + 1] ?? "";
    if (character === "\n") {
      // An escaped line end joins the lines without a blank.
      this.#position += 2;
      const skip = /[ \t]*(?:\n[ \t]*)*/y;
      skip.lastIndex = this.#position;
      const lines = (skip.exec(text)?.[0] ?? "").split("\n").length - 1;
      this.#position = skip.lastIndex;
      return "\n".repeat(lines);
    }
    const length = { x: 2, u: 4, U: 8 }[character as "x" | "u" | "U"];
    if (length !== undefined) {
      const digits = text.slice(this.#position + 2, this.#position + 2 + length);
      if (!new RegExp(`^[0-9a-fA-F]{${length}}$`).test(digits)) {
        this.#fail("did not find expected hexdecimal number while parsing a quoted scalar");
      }
      const code = Number.parseInt(digits, 16);
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        this.#fail("found invalid Unicode character escape code");
      }
      this.#position += 2 + length;
      return String.fromCodePoint(code);
    }
    const value = escapes[character];
    if (value === undefined)
      this.#fail("found unknown escape character while parsing a quoted scalar");
    this.#position += 2;
    return value;
  }

  #flowCollection(indent: number): Value {
    if (++this.#depth > maxDepth) this.#fail("nested too deeply");
    const value =
      this.#text[this.#position] === "[" ? this.#flowSequence(indent) : this.#flowMapping(indent);
    this.#depth--;
    return value;
  }

  #flowSequence(indent: number): Value[] {
    const start = this.#position++;
    const items: Value[] = [];
    const places = new Map<string | number, SourcePosition>();
    for (;;) {
      this.#skip();
      if (this.#text[this.#position] === "]") break;
      const offset = this.#position;
      const explicit = this.#indicator("?");
      if (explicit) {
        this.#position++;
        this.#skip();
      }
      let value = this.#flowNode(indent);
      this.#skip();
      if (this.#flowColon()) {
        this.#position++;
        value = this.#dict([[value, this.#flowValue(indent), offset, offset]], offset);
        this.#skip();
      } else if (explicit) value = this.#dict([[value, null, offset, offset]], offset);
      if (this.#noted) places.set(items.length, this.place(offset));
      items.push(value);
      if (this.#text[this.#position] === ",") this.#position++;
      else if (this.#text[this.#position] !== "]") this.#fail("did not find expected ',' or ']'");
    }
    this.#position++;
    this.#note(items, start, new Map(), places);
    return items;
  }

  #flowColon(): boolean {
    if (this.#text[this.#position] !== ":") return false;
    const before = this.#text[this.#position - 1] as string;
    return (
      this.#isSpace(this.#position + 1) ||
      /[,[\]{}]/.test(this.#text[this.#position + 1] as string) ||
      /["'\]}]/.test(before)
    );
  }

  #flowMapping(indent: number): Value {
    const start = this.#position++;
    const pairs: [Value, Value, number, number][] = [];
    for (;;) {
      this.#skip();
      if (this.#text[this.#position] === "}") break;
      const offset = this.#position;
      if (this.#indicator("?")) {
        this.#position++;
        this.#skip();
      }
      const key = this.#flowColon() ? null : this.#flowNode(indent);
      this.#skip();
      let value: Value = null;
      let valueOffset = offset;
      if (this.#flowColon()) {
        this.#position++;
        this.#skip();
        valueOffset = this.#position;
        value = this.#flowValue(indent);
        this.#skip();
      }
      pairs.push([key, value, offset, valueOffset]);
      if (this.#text[this.#position] === ",") this.#position++;
      else if (this.#text[this.#position] !== "}") this.#fail("did not find expected ',' or '}'");
    }
    this.#position++;
    return this.#dict(pairs, start);
  }

  #flowValue(indent: number): Value {
    this.#skip();
    if (/[,\]}]/.test(this.#text[this.#position] ?? "")) return null;
    return this.#flowNode(indent);
  }

  #flowNode(indent: number): Value {
    const start = this.#position;
    const properties = this.#properties(undefined);
    this.#skip();
    const character = this.#text[this.#position];
    if (character === undefined || this.#done()) {
      this.#fail("did not find expected node content while parsing a flow node");
    }
    if (properties && /[,\]}:]/.test(character)) return this.#empty(properties);
    if (/["'[{*]/.test(character)) {
      const node = this.#atom(indent);
      return this.#finish(node.value, properties, start, false);
    }
    const node = this.#plain(indent, true);
    return this.#finish(node.value, properties, start, true);
  }

  #blockScalar(indent: number): string {
    const text = this.#text;
    const header = /([|>])([-+]?)([1-9]?)([-+]?)[ \t]*(#[^\n]*)?(?=\n|$(?![\s\S]))/y;
    header.lastIndex = this.#position;
    const match = header.exec(text);
    if (!match)
      this.#fail("did not find expected comment or line break while scanning a block scalar");
    const folded = match[1] === ">";
    const chomp = match[2] || match[4] || "";
    this.#position = Math.min(header.lastIndex + 1, text.length);
    const parent = Math.max(indent, 0);
    let size = match[3] ? (indent < 0 ? 0 : parent) + Number(match[3]) : -1;
    const lines: string[] = [];
    // Blank lines at the end are kept apart until it is known whether text follows.
    let p = this.#position;
    let longestBlank = 0;
    while (p < text.length) {
      const end = text.indexOf("\n", p);
      const stop = end < 0 ? text.length : end;
      let q = p;
      while (q < stop && text.charCodeAt(q) === blank && (size < 0 || q - p < size)) q++;
      const column = q - p;
      if (q >= stop) {
        if (size < 0) longestBlank = Math.max(longestBlank, column);
        if (end < 0 && column === 0) break;
        lines.push("");
      } else {
        if (size < 0 && column < Math.max(indent + 1, 1)) {
          if (text.charCodeAt(q) === tab) {
            this.#fail("found a tab character where an indentation space is expected", q);
          }
          break;
        }
        if (size < 0) {
          size = column;
          if (longestBlank > size) {
            this.#fail("found a wrongly indented empty line in a block scalar", q);
          }
        }
        if (column < size) break;
        this.#position = p;
        if (this.#marker("---") || this.#marker("...")) break;
        lines.push(text.slice(p + size, stop));
      }
      p = end < 0 ? text.length : end + 1;
    }
    const closed = p > 0 && text[p - 1] === "\n";
    this.#position = p;
    // The line end before the next token belongs to no one: `#skip` must see a new line.
    if (p > 0 && p <= text.length && text[p - 1] === "\n") this.#position = p - 1;
    let count = lines.length;
    while (count > 0 && lines[count - 1] === "") count--;
    const trailing = lines.length - count;
    const body = lines.slice(0, count);
    let value = folded ? foldLines(body) : body.join("\n");
    if (chomp === "+") {
      value +=
        count > 0
          ? (closed || trailing > 0 ? "\n" : "") + "\n".repeat(trailing)
          : "\n".repeat(trailing);
    } else if (chomp === "" && count > 0 && (closed || trailing > 0)) value += "\n";
    return value;
  }

  /** Applies tag and anchor. */
  #finish(raw: Value, properties: Properties | undefined, offset: number, plain: boolean): Value {
    const value = this.#tagged(raw, properties?.tag, offset, plain);
    if (properties?.anchor !== undefined) this.#anchors.set(properties.anchor, value);
    return value;
  }

  #tagged(raw: Value, tag: string | undefined, offset: number, plain: boolean): Value {
    const text = typeof raw === "string" ? raw : undefined;
    if (tag === undefined || (tag === "!" && text === undefined)) {
      if (!plain || text === undefined) return raw;
      if (text === "<<") return mergeKey;
      if (text === "=") {
        this.#fail(
          "could not determine a constructor for the tag 'tag:yaml.org,2002:value'",
          offset,
        );
      }
      try {
        return resolvePlain(text);
      } catch (error) {
        this.#fail(error instanceof Error ? error.message : String(error), offset);
      }
    }
    if (tag === "!" || tag === "tag:yaml.org,2002:str") {
      if (text === undefined) this.#fail("expected a scalar node, but found a collection", offset);
      return text;
    }
    if (tag === "!unsafe") {
      return wrapUnsafe(text ?? raw);
    }
    if (tag === "!vault" || tag === "!vault-encrypted") {
      if (text === undefined) this.#fail("expected a scalar node, but found a collection", offset);
      return this.#options.vault(text, this.place(offset));
    }
    const known = tag.startsWith("tag:yaml.org,2002:")
      ? this.#standardTag(tag.slice(18), raw, text, offset)
      : undefined;
    if (known !== undefined) return known;
    this.#fail(`could not determine a constructor for the tag '${tag}'`, offset);
  }

  #standardTag(
    name: string,
    raw: Value,
    text: string | undefined,
    offset: number,
  ): Value | undefined {
    switch (name) {
      case "map":
        return raw instanceof Dict ? raw : undefined;
      case "seq":
        return Array.isArray(raw) ? raw : undefined;
      case "set":
        return raw instanceof Dict ? new PySet(raw.keys()) : undefined;
      case "omap":
      case "pairs":
        if (!Array.isArray(raw)) return undefined;
        return raw.map((item) => {
          const [pair] = item instanceof Dict && item.size === 1 ? Array.from(item) : [];
          if (!pair) this.#fail("expected a mapping of length 1", offset);
          return new Tuple(pair);
        });
    }
    if (text === undefined) return undefined;
    switch (name) {
      case "null":
        return null;
      case "bool":
        return resolveBoolean(text) ?? this.#fail(`'${text}' is no boolean`, offset);
      case "int": {
        const value = resolveNumber(text.trim());
        if (value === undefined || value instanceof PyFloat)
          this.#fail(`'${text}' is no integer`, offset);
        return value;
      }
      case "float": {
        const value = resolveNumber(text);
        const number = value instanceof PyFloat ? value.value : Number(value ?? text);
        if (value === undefined && Number.isNaN(number))
          this.#fail(`'${text}' is no number`, offset);
        return new PyFloat(number);
      }
      case "timestamp":
        return resolveTimestamp(text) ?? this.#fail(`'${text}' is no time stamp`, offset);
      case "binary":
        return new PyBytes(Buffer.from(text.replace(/\s/g, ""), "base64"));
      default:
        return undefined;
    }
  }
}

const escapes: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\x1b",
  " ": " ",
  '"': '"',
  "/": "/",
  "\\": "\\",
  N: "\x85",
  _: "\xa0",
  L: "\u2028",
  P: "\u2029",
};

/** Folded style: single line ends become blanks, except around more indented lines. */
function foldLines(lines: readonly string[]): string {
  let result = "";
  let previous: string | undefined;
  let empty = 0;
  for (const line of lines) {
    if (line === "") {
      empty++;
      continue;
    }
    if (previous === undefined) result += "\n".repeat(empty);
    else {
      const indented = /^[ \t]/.test(line) || /^[ \t]/.test(previous);
      if (indented) result += "\n".repeat(empty + 1);
      else result += empty === 0 ? " " : "\n".repeat(empty);
    }
    result += line;
    previous = line;
    empty = 0;
  }
  return result;
}
