/**
 * YAML 1.1 as PyYAML reads it (https://yaml.org/spec/1.1/): one pass over the text, straight to
 * values, so that a file of many megabytes needs little more than what it holds.
 */
import type { SourcePosition } from "../errors/index.ts";
import type { Value } from "./model.ts";
import { blockScalar } from "./yaml-block-scalar.ts";
import { type Pair, type ReaderOptions, YamlConstructor } from "./yaml-construct.ts";
import { YamlCursor } from "./yaml-cursor.ts";
import { YamlFlow } from "./yaml-flow.ts";
import { type Properties, YamlProperties } from "./yaml-properties.ts";

/** Reads documents and their block collections; what stands within a line is read by `YamlFlow`. */
export class YamlReader {
  readonly #cursor: YamlCursor;
  readonly #construct: YamlConstructor;
  readonly #properties: YamlProperties;
  readonly #flow: YamlFlow;

  constructor(text: string, options: ReaderOptions) {
    this.#cursor = new YamlCursor(text, options.file);
    this.#construct = new YamlConstructor(this.#cursor, options);
    this.#properties = new YamlProperties(this.#cursor);
    this.#flow = new YamlFlow(this.#cursor, this.#construct, this.#properties);
  }

  /** Line and column of an offset, from 1. */
  place(offset: number): SourcePosition {
    return this.#cursor.place(offset);
  }

  /** The text with "\n" as its line ends. */
  get text(): string {
    return this.#cursor.text;
  }

  /** All documents of the text. */
  documents(): Value[] {
    const documents: Value[] = [];
    for (;;) {
      this.#construct.startDocument();
      const directives = this.#properties.directives();
      this.#cursor.skip();
      const explicit = this.#cursor.marker("---");
      if (!explicit) {
        if (directives) this.#cursor.fail("did not find expected <document start>");
        if (this.#cursor.position >= this.#cursor.text.length) return documents;
      } else this.#cursor.position += 3;
      documents.push(this.#blockNode(-1, !explicit, true));
      this.#cursor.skip();
      const ended = this.#cursor.marker("...");
      if (ended) {
        this.#cursor.position += 3;
        this.#cursor.restOfLine();
      } else if (this.#cursor.position < this.#cursor.text.length && !this.#cursor.marker("---")) {
        this.#cursor.fail("did not find expected <document start>");
      }
    }
  }

  /**
   * A node of a block collection (or document) whose parent is indented by `indent`. `compact`: a
   * block collection may begin on this very line. `sequenceHere`: the value of a mapping's key may
   * be a sequence that is indented no further than the key.
   */
  #blockNode(indent: number, compact: boolean, root = false, sequenceHere = false): Value {
    this.#cursor.enter();
    try {
      return this.#blockNodeInner(indent, compact, root, sequenceHere);
    } finally {
      this.#cursor.leave();
    }
  }

  #blockNodeInner(indent: number, compact: boolean, root: boolean, sequenceHere: boolean): Value {
    let onNewLine = this.#cursor.skip() || (root && compact);
    let properties = this.#properties.read(undefined);
    let canStart = compact || onNewLine;
    const inside = (): boolean => {
      if (this.#cursor.done()) return false;
      const column = this.#cursor.column();
      if (column > indent) return true;
      return sequenceHere && column === indent && this.#cursor.indicator("-") && onNewLine;
    };
    if (onNewLine && this.#cursor.position < this.#cursor.text.length) this.#cursor.checkTabs();
    if (properties) {
      const before = this.#cursor.position;
      if (this.#cursor.skip()) {
        // The properties stood on a line of their own: they are the collection's.
        onNewLine = true;
        canStart = true;
        if (inside() && /[&!]/.test(this.#cursor.text[this.#cursor.position] as string)) {
          const start = this.#cursor.position;
          if (!this.#cursor.keyAhead())
            properties = this.#properties.read(properties) ?? properties;
          else this.#cursor.position = start;
        }
      } else {
        const value = inside() ? this.#afterProperties(properties, indent, canStart) : undefined;
        if (value !== undefined) return value;
        this.#cursor.position = Math.max(before, this.#cursor.position);
      }
    }
    if (!inside()) return this.#construct.empty(properties);
    if (properties && !onNewLine) return this.#construct.empty(properties);
    const start = this.#cursor.position;
    if (this.#cursor.indicator("-")) {
      if (!canStart) this.#cursor.fail("block sequence entries are not allowed in this context");
      return this.#construct.finish(
        this.#sequence(this.#cursor.column()),
        properties,
        start,
        false,
      );
    }
    if (this.#cursor.indicator("?") || this.#cursor.indicator(":")) {
      if (!canStart) this.#cursor.fail("mapping keys are not allowed in this context");
      return this.#mapping(this.#cursor.column(), properties, undefined);
    }
    return this.#scalarOrMapping(indent, canStart, properties, start);
  }

  /** Properties on the same line as what follows: of the key, if that is a key. */
  #afterProperties(properties: Properties, indent: number, canStart: boolean): Value {
    const start = this.#cursor.position;
    const character = this.#cursor.text[start];
    if (this.#cursor.indicator("-"))
      this.#cursor.fail("block sequence entries are not allowed in this context");
    if (character === "|" || character === ">") {
      return this.#construct.finish(blockScalar(this.#cursor, indent), properties, start, false);
    }
    const node = this.#flow.atom(indent);
    if (this.#cursor.colonAhead()) {
      if (!canStart || !node.singleLine)
        this.#cursor.fail("mapping values are not allowed in this context");
      const key = this.#construct.finish(node.value, properties, start, node.plain);
      return this.#mapping(this.#cursor.column(properties.offset), undefined, {
        key,
        offset: start,
      });
    }
    this.#afterNode(indent);
    return this.#construct.finish(node.value, properties, start, node.plain);
  }

  #scalarOrMapping(
    indent: number,
    canStart: boolean,
    properties: Properties | undefined,
    start: number,
  ): Value {
    const character = this.#cursor.text[start];
    if (character === "|" || character === ">") {
      return this.#construct.finish(blockScalar(this.#cursor, indent), properties, start, false);
    }
    const keyProperties =
      properties && (character === "&" || character === "!")
        ? this.#properties.read(undefined)
        : undefined;
    const atomStart = this.#cursor.position;
    const node = this.#flow.atom(indent);
    if (this.#cursor.colonAhead()) {
      if (!canStart || !node.singleLine) {
        this.#cursor.fail("mapping values are not allowed in this context");
      }
      const key = this.#construct.finish(node.value, keyProperties, atomStart, node.plain);
      return this.#mapping(this.#cursor.column(start), properties, { key, offset: start });
    }
    this.#afterNode(indent);
    return this.#construct.finish(node.value, properties, start, node.plain);
  }

  /** After a scalar or flow collection that is a whole node, its line must be over. */
  #afterNode(indent: number): void {
    const ended = this.#cursor.skip();
    if (this.#cursor.done()) return;
    if (!ended) {
      const character = this.#cursor.text[this.#cursor.position] as string;
      if (character === ":") this.#cursor.fail("mapping values are not allowed in this context");
      this.#cursor.fail("did not find expected key", this.#cursor.position);
    }
    if (this.#cursor.column() > indent && indent >= 0) {
      this.#cursor.fail("did not find expected key");
    }
  }

  #sequence(column: number): Value[] {
    const items: Value[] = [];
    const self = this.#cursor.position;
    const places = new Map<string | number, SourcePosition>();
    for (;;) {
      const dash = this.#cursor.position;
      this.#cursor.position++;
      const value = this.#blockNode(column, true);
      if (this.#construct.noted) places.set(items.length, this.#cursor.place(dash));
      items.push(value);
      this.#cursor.skip();
      if (this.#cursor.done()) break;
      const at = this.#cursor.column();
      if (at < column) break;
      if (at > column || !this.#cursor.indicator("-")) {
        if (at === column && !this.#cursor.indicator("-") && this.#sequenceInMapping(column)) break;
        this.#cursor.fail("did not find expected '-' indicator");
      }
      this.#cursor.checkTabs();
    }
    this.#construct.note(items, self, new Map(), places);
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
    const start = first?.offset ?? this.#cursor.position;
    const pairs: Pair[] = [];
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
      } else if (this.#cursor.indicator("?")) {
        explicit = true;
        keyOffset = this.#cursor.position;
        this.#cursor.position++;
        key = this.#blockNode(column, true);
        this.#cursor.skip();
        hasValue =
          !this.#cursor.done() && this.#cursor.column() === column && this.#cursor.indicator(":");
      } else if (this.#cursor.indicator(":")) {
        this.#cursor.fail("did not find expected key");
      } else {
        keyOffset = this.#cursor.position;
        const own = this.#properties.read(undefined);
        const node = this.#flow.atom(column);
        if (!this.#cursor.colonAhead() || !node.singleLine) {
          this.#cursor.fail("could not find expected ':'", keyOffset);
        }
        key = this.#construct.finish(node.value, own, keyOffset, node.plain);
      }
      let valueOffset = this.#cursor.position;
      let value: Value = null;
      if (hasValue) {
        this.#cursor.position++;
        const before = this.#cursor.position;
        value = this.#blockNode(column, explicit, false, true);
        valueOffset = this.#construct.placeOfValue(before);
      }
      pairs.push([key, value, keyOffset, valueOffset]);
      this.#cursor.skip();
      if (this.#cursor.done()) break;
      const at = this.#cursor.column();
      if (at < column) break;
      if (at > column) this.#cursor.fail("did not find expected key");
      this.#cursor.checkTabs();
      if (this.#cursor.indicator("-")) this.#cursor.fail("did not find expected key");
    }
    this.#mappingColumns.pop();
    return this.#construct.finish(this.#construct.dict(pairs, start), properties, start, false);
  }
}
