import { compare } from "../../values/compare.ts";
import { PythonError } from "../../values/failure.ts";
import {
  Dict,
  PyBytes,
  PyFloat,
  PySet,
  TaggedString,
  Tuple,
  textOf,
  type Value,
} from "../../values/model.ts";
import { floatRepr } from "../../values/number.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import { Undefined } from "../undefined.ts";
import { raise } from "./raise.ts";
import { emitYaml } from "./yaml-emitter.ts";
import type { EmitterOptions, YamlNode } from "./yaml-nodes.ts";

/** `yaml.dump` with Ansible's dumper. https://pyyaml.org/wiki/PyYAMLDocumentation */

export interface DumpOptions extends EmitterOptions {
  readonly sortKeys: boolean;
  /** true: all collections in flow style; false: all in block style; null: the innermost flow. */
  readonly defaultFlowStyle: boolean | null;
}

const NOT_TEXT = [
  /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  /^(?:~|null|Null|NULL|)$/,
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/,
  /^(?:<<|=)$/,
];

/** Whether YAML 1.1 reads the plain text as a string. */
export function isPlainText(text: string): boolean {
  return !NOT_TEXT.some((pattern) => pattern.test(text));
}

class Representer {
  readonly #options: DumpOptions;
  readonly #nodes = new Map<object, YamlNode>();
  #anchors = 0;

  constructor(options: DumpOptions) {
    this.#options = options;
  }

  node(value: Value): YamlNode {
    if (value instanceof Undefined) return value.fail();
    const ciphertext = value instanceof TaggedString ? vaultText(value) : undefined;
    if (ciphertext !== undefined) {
      return {
        kind: "scalar",
        text: ciphertext,
        plain: false,
        quoted: false,
        tag: "!vault",
        literal: true,
      };
    }
    const text = textOf(value);
    if (text !== undefined) return { kind: "scalar", text, plain: isPlainText(text), quoted: true };
    if (value === null) return { kind: "scalar", text: "null", plain: true, quoted: false };
    if (typeof value === "boolean" || typeof value === "number" || typeof value === "bigint") {
      return { kind: "scalar", text: String(value), plain: true, quoted: false };
    }
    if (value instanceof PyFloat) {
      return { kind: "scalar", text: yamlFloat(value.value), plain: true, quoted: false };
    }
    const known = this.#nodes.get(value as object);
    if (known && known.kind !== "alias") {
      known.anchor ??= `id${String(++this.#anchors).padStart(3, "0")}`;
      return { kind: "alias", anchor: known.anchor };
    }
    return this.#compound(value);
  }

  #compound(value: Value): YamlNode {
    if (Array.isArray(value) || value instanceof Tuple) {
      const items = Array.isArray(value) ? value : value.items;
      const node: YamlNode = { kind: "sequence", items: [], flow: false };
      if (!(value instanceof Tuple && items.length === 0)) this.#nodes.set(value, node);
      for (const item of items) node.items.push(this.node(item));
      node.flow =
        this.#options.defaultFlowStyle ?? node.items.every((item) => this.#isSimple(item));
      return node;
    }
    if (value instanceof Dict) return this.#mapping(value, [...value]);
    if (value instanceof PySet) {
      const pairs = [...value].map((item): [Value, Value] => [item, null]);
      return this.#mapping(value, pairs, "!!set");
    }
    if (value instanceof PyBytes) {
      const text = Buffer.from(value.bytes)
        .toString("base64")
        .replace(/.{1,76}/g, "$&\n");
      return { kind: "scalar", text, plain: false, quoted: false, tag: "!!binary", literal: true };
    }
    const type = typeName(value);
    if (type === "date" || type === "datetime") {
      const node: YamlNode = { kind: "scalar", text: str(value), plain: true, quoted: false };
      this.#nodes.set(value as object, node);
      return node;
    }
    return raise("RepresenterError", `('cannot represent an object', ${str(value)})`);
  }

  /** A scalar that leaves its style to the emitter: collections of nothing else flow. */
  #isSimple(node: YamlNode): boolean {
    return node.kind === "scalar" && !node.literal && this.#options.defaultStyle === undefined;
  }

  #mapping(value: object, pairs: [Value, Value][], tag?: string): YamlNode {
    const node: YamlNode = { kind: "mapping", pairs: [], flow: false, ...(tag ? { tag } : {}) };
    this.#nodes.set(value, node);
    let ordered = pairs;
    if (this.#options.sortKeys) {
      try {
        ordered = [...pairs].sort((a, b) => compare(a[0], b[0]));
      } catch (error) {
        // Keys without a common order stay as they are, as PyYAML leaves them.
        if (!(error instanceof PythonError) || error.kind !== "TypeError") throw error;
      }
    }
    for (const [key, item] of ordered) node.pairs.push([this.node(key), this.node(item)]);
    node.flow =
      this.#options.defaultFlowStyle ?? node.pairs.flat().every((part) => this.#isSimple(part));
    return node;
  }
}

/** Encrypted text is written as it was read. */
function vaultText(value: TaggedString): string | undefined {
  const ciphertext: unknown = Object.getOwnPropertyDescriptor(value, "ciphertext")?.value;
  return typeof ciphertext === "string" ? ciphertext : undefined;
}

function yamlFloat(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const text = floatRepr(value).toLowerCase();
  return !text.includes(".") && text.includes("e") ? text.replace("e", ".0e") : text;
}

/** One document of YAML. */
export function dumpYaml(value: Value, options: DumpOptions): string {
  return emitYaml([new Representer(options).node(value)], options);
}
