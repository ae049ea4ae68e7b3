/** Nodes of YAML that may stand within a line: scalars, aliases and flow collections. */
import type { SourcePosition } from "../errors/index.ts";
import type { Value } from "./model.ts";
import type { Pair, YamlConstructor } from "./yaml-construct.ts";
import type { YamlCursor } from "./yaml-cursor.ts";
import { plainScalar, type YamlNode } from "./yaml-plain.ts";
import type { YamlProperties } from "./yaml-properties.ts";
import { doubleQuoted, singleQuoted } from "./yaml-quoted.ts";

export class YamlFlow {
  readonly #cursor: YamlCursor;
  readonly #construct: YamlConstructor;
  readonly #properties: YamlProperties;

  constructor(cursor: YamlCursor, construct: YamlConstructor, properties: YamlProperties) {
    this.#cursor = cursor;
    this.#construct = construct;
    this.#properties = properties;
  }

  /** A scalar (not a block one), a flow collection or an alias. */
  atom(indent: number): YamlNode {
    const character = this.#cursor.text[this.#cursor.position];
    const start = this.#cursor.position;
    switch (character) {
      case '"':
        return this.#quoted(start, doubleQuoted(this.#cursor));
      case "'":
        return this.#quoted(start, singleQuoted(this.#cursor));
      case "[":
      case "{": {
        const value = this.#flowCollection(indent);
        return { value, plain: false, singleLine: this.#onOneLine(start) };
      }
      case "*": {
        const name = /^[\w-]+/.exec(this.#cursor.text.slice(start + 1, start + 201))?.[0];
        if (name === undefined) {
          this.#cursor.fail(
            "did not find expected alphabetic or numeric character while scanning an alias",
          );
        }
        const value = this.#construct.aliased(name);
        this.#cursor.position += name.length + 1;
        return { value, plain: false, singleLine: true };
      }
    }
    return plainScalar(this.#cursor, indent, false);
  }

  #quoted(start: number, value: string): YamlNode {
    return { value, plain: false, singleLine: this.#onOneLine(start) };
  }

  #onOneLine(start: number): boolean {
    const end = this.#cursor.text.indexOf("\n", start);
    return (end < 0 || end >= this.#cursor.position) && this.#cursor.position - start <= 1024;
  }

  #flowCollection(indent: number): Value {
    this.#cursor.enter();
    const value =
      this.#cursor.text[this.#cursor.position] === "["
        ? this.#flowSequence(indent)
        : this.#flowMapping(indent);
    this.#cursor.leave();
    return value;
  }

  /** `[a, b]`, with pairs `k: v` as mappings of one key. */
  #flowSequence(indent: number): Value[] {
    const start = this.#cursor.position++;
    const items: Value[] = [];
    const places = new Map<string | number, SourcePosition>();
    for (;;) {
      this.#cursor.skip();
      if (this.#cursor.text[this.#cursor.position] === "]") break;
      const offset = this.#cursor.position;
      const explicit = this.#cursor.indicator("?");
      if (explicit) {
        this.#cursor.position++;
        this.#cursor.skip();
      }
      let value = this.#flowNode(indent);
      this.#cursor.skip();
      if (this.#flowColon()) {
        this.#cursor.position++;
        value = this.#construct.dict([[value, this.#flowValue(indent), offset, offset]], offset);
        this.#cursor.skip();
      } else if (explicit) value = this.#construct.dict([[value, null, offset, offset]], offset);
      if (this.#construct.noted) places.set(items.length, this.#cursor.place(offset));
      items.push(value);
      if (this.#cursor.text[this.#cursor.position] === ",") this.#cursor.position++;
      else if (this.#cursor.text[this.#cursor.position] !== "]")
        this.#cursor.fail("did not find expected ',' or ']'");
    }
    this.#cursor.position++;
    this.#construct.note(items, start, new Map(), places);
    return items;
  }

  /** `{k: v}`; a value, or even a key, may be left out. */
  #flowMapping(indent: number): Value {
    const start = this.#cursor.position++;
    const pairs: Pair[] = [];
    for (;;) {
      this.#cursor.skip();
      if (this.#cursor.text[this.#cursor.position] === "}") break;
      const offset = this.#cursor.position;
      if (this.#cursor.indicator("?")) {
        this.#cursor.position++;
        this.#cursor.skip();
      }
      const key = this.#flowColon() ? null : this.#flowNode(indent);
      this.#cursor.skip();
      let value: Value = null;
      let valueOffset = offset;
      if (this.#flowColon()) {
        this.#cursor.position++;
        this.#cursor.skip();
        valueOffset = this.#cursor.position;
        value = this.#flowValue(indent);
        this.#cursor.skip();
      }
      pairs.push([key, value, offset, valueOffset]);
      if (this.#cursor.text[this.#cursor.position] === ",") this.#cursor.position++;
      else if (this.#cursor.text[this.#cursor.position] !== "}")
        this.#cursor.fail("did not find expected ',' or '}'");
    }
    this.#cursor.position++;
    return this.#construct.dict(pairs, start);
  }

  #flowValue(indent: number): Value {
    this.#cursor.skip();
    if (/[,\]}]/.test(this.#cursor.text[this.#cursor.position] ?? "")) return null;
    return this.#flowNode(indent);
  }

  /** Does a colon after a key stand here? After quotes and brackets it needs no white space. */
  #flowColon(): boolean {
    if (this.#cursor.text[this.#cursor.position] !== ":") return false;
    const before = this.#cursor.text[this.#cursor.position - 1] as string;
    return (
      this.#cursor.isSpace(this.#cursor.position + 1) ||
      /[,[\]{}]/.test(this.#cursor.text[this.#cursor.position + 1] as string) ||
      /["'\]}]/.test(before)
    );
  }

  #flowNode(indent: number): Value {
    const start = this.#cursor.position;
    const properties = this.#properties.read(undefined);
    this.#cursor.skip();
    const character = this.#cursor.text[this.#cursor.position];
    if (character === undefined || this.#cursor.done()) {
      this.#cursor.fail("did not find expected node content while parsing a flow node");
    }
    if (properties && /[,\]}:]/.test(character)) return this.#construct.empty(properties);
    if (/["'[{*]/.test(character)) {
      const node = this.atom(indent);
      return this.#construct.finish(node.value, properties, start, false);
    }
    const node = plainScalar(this.#cursor, indent, true);
    return this.#construct.finish(node.value, properties, start, true);
  }
}
