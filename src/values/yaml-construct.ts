/** Values of YAML nodes: tags of YAML and Ansible, anchors, merge keys, noted places. */
import type { SourcePosition } from "../errors/index.ts";
import { AliasBudget } from "./alias-budget.ts";
import { Dict, PyBytes, PyFloat, PyObject, PySet, Tuple, textOf, type Value } from "./model.ts";
import { notePlaces } from "./positions.ts";
import { repr } from "./text.ts";
import { wrapUnsafe } from "./unsafe.ts";
import type { YamlCursor } from "./yaml-cursor.ts";
import type { Properties } from "./yaml-properties.ts";
import { resolveBoolean, resolveNumber, resolvePlain, resolveTimestamp } from "./yaml-scalar.ts";

export interface ReaderOptions {
  readonly file: string;
  readonly warn?: ((message: string, position: SourcePosition) => void) | undefined;
  /** Makes the value of `!vault` text. */
  readonly vault: (ciphertext: string, position: SourcePosition) => Value;
}

/** Places of single keys are noted only for texts up to this size. */
const notedSize = 4_000_000;

/** Key and value of a mapping, and the offset of each. */
export type Pair = readonly [key: Value, value: Value, keyOffset: number, valueOffset: number];

/** Stands for `<<` until the mapping is built. */
class MergeKey extends PyObject {
  readonly typeName = "merge";
}
const mergeKey = new MergeKey();

export class YamlConstructor {
  readonly #cursor: YamlCursor;
  readonly #options: ReaderOptions;
  /** Are the places of single keys and items noted? */
  readonly noted: boolean;
  #anchors = new Map<string, Value>();
  #aliases = new AliasBudget();

  constructor(cursor: YamlCursor, options: ReaderOptions) {
    this.#cursor = cursor;
    this.#options = options;
    this.noted = cursor.text.length <= notedSize;
  }

  /** Anchors are known in their own document only. */
  startDocument(): void {
    this.#anchors = new Map();
    this.#aliases = new AliasBudget();
  }

  /** The value that an alias stands for. */
  aliased(name: string): Value {
    const value = this.#anchors.get(name);
    if (value === undefined) this.#cursor.fail(`found undefined alias '${name}'`);
    if (!this.#aliases.take(value)) {
      this.#cursor.fail("the aliases of this document stand for more than 5 million values");
    }
    return value;
  }

  /** Applies tag and anchor. */
  finish(raw: Value, properties: Properties | undefined, offset: number, plain: boolean): Value {
    const value = this.#tagged(raw, properties?.tag, offset, plain);
    if (properties?.anchor !== undefined) this.#anchors.set(properties.anchor, value);
    return value;
  }

  /** A node without content. */
  empty(properties: Properties | undefined): Value {
    return this.finish("", properties, properties?.offset ?? this.#cursor.position, true);
  }

  #tagged(raw: Value, tag: string | undefined, offset: number, plain: boolean): Value {
    const text = typeof raw === "string" ? raw : undefined;
    if (tag === undefined || (tag === "!" && text === undefined)) {
      if (!plain || text === undefined) return raw;
      if (text === "<<") return mergeKey;
      if (text === "=") {
        this.#cursor.fail(
          "could not determine a constructor for the tag 'tag:yaml.org,2002:value'",
          offset,
        );
      }
      try {
        return resolvePlain(text);
      } catch (error) {
        this.#cursor.fail(error instanceof Error ? error.message : String(error), offset);
      }
    }
    if (tag === "!" || tag === "tag:yaml.org,2002:str") {
      if (text === undefined)
        this.#cursor.fail("expected a scalar node, but found a collection", offset);
      return text;
    }
    if (tag === "!unsafe") {
      return wrapUnsafe(text ?? raw);
    }
    if (tag === "!vault" || tag === "!vault-encrypted") {
      if (text === undefined)
        this.#cursor.fail("expected a scalar node, but found a collection", offset);
      return this.#options.vault(text, this.#cursor.place(offset));
    }
    const known = tag.startsWith("tag:yaml.org,2002:")
      ? this.#standardTag(tag.slice(18), raw, text, offset)
      : undefined;
    if (known !== undefined) return known;
    this.#cursor.fail(`could not determine a constructor for the tag '${tag}'`, offset);
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
          if (!pair) this.#cursor.fail("expected a mapping of length 1", offset);
          return new Tuple(pair);
        });
    }
    if (text === undefined) return undefined;
    switch (name) {
      case "null":
        return null;
      case "bool":
        return resolveBoolean(text) ?? this.#cursor.fail(`'${text}' is no boolean`, offset);
      case "int": {
        const value = resolveNumber(text.trim());
        if (value === undefined || value instanceof PyFloat)
          this.#cursor.fail(`'${text}' is no integer`, offset);
        return value;
      }
      case "float": {
        const value = resolveNumber(text);
        const number = value instanceof PyFloat ? value.value : Number(value ?? text);
        if (value === undefined && Number.isNaN(number))
          this.#cursor.fail(`'${text}' is no number`, offset);
        return new PyFloat(number);
      }
      case "timestamp":
        return resolveTimestamp(text) ?? this.#cursor.fail(`'${text}' is no time stamp`, offset);
      case "binary":
        return new PyBytes(Buffer.from(text.replace(/\s/g, ""), "base64"));
      default:
        return undefined;
    }
  }

  /** The dict of a mapping: merge keys first, what is written itself wins. */
  dict(pairs: readonly Pair[], start: number): Dict {
    const dict = new Dict();
    const keys = new Map<string | number, SourcePosition>();
    const values = new Map<string | number, SourcePosition>();
    const own: Pair[] = [];
    for (const pair of pairs) {
      if (pair[0] === mergeKey) this.#merge(dict, pair[1], pair[3]);
      else own.push(pair);
    }
    const seen = new Dict();
    for (const [key, value, keyOffset, valueOffset] of own) {
      if (Array.isArray(key) || key instanceof Dict || key instanceof PySet) {
        this.#cursor.fail("found unacceptable key (unhashable type)", keyOffset);
      }
      if (this.#options.warn && seen.has(key)) {
        const { file, line, column } = this.#cursor.place(start);
        this.#options.warn(
          `While constructing a mapping from ${file}, line ${line}, column ${column}, found a duplicate dict key (${textOf(key) ?? repr(key)}). Using last defined value only.`,
          this.#cursor.place(keyOffset),
        );
      }
      if (this.#options.warn) seen.set(key, null);
      dict.set(key, value);
      const name = textOf(key);
      if (this.noted && name !== undefined) {
        keys.set(name, this.#cursor.place(keyOffset));
        values.set(name, this.#cursor.place(valueOffset));
      }
    }
    this.note(dict, start, keys, values);
    return dict;
  }

  #merge(into: Dict, value: Value, offset: number): void {
    const sources = Array.isArray(value) ? value.slice().reverse() : [value];
    for (const source of sources) {
      if (!(source instanceof Dict)) {
        this.#cursor.fail("expected a mapping or list of mappings for merging", offset);
      }
      for (const [key, item] of source) into.set(key, item);
    }
  }

  /** Notes the places of a container and of what it holds. */
  note(
    container: Dict | Value[],
    offset: number,
    keys: Map<string | number, SourcePosition>,
    values: Map<string | number, SourcePosition>,
  ): void {
    if (this.noted) notePlaces(container, { self: this.#cursor.place(offset), keys, values });
  }

  /** Where the value after an offset begins, for its noted place. */
  placeOfValue(offset: number): number {
    if (!this.noted) return offset;
    const match = /\S/g;
    match.lastIndex = offset;
    return match.exec(this.#cursor.text)?.index ?? offset;
  }
}
