/**
 * Writes YAML as PyYAML with libyaml does: where it quotes, folds, indents and flows. The input is a
 * tree of nodes that `yaml-dump.ts` makes of values.
 */
import { type Analysis, analyze } from "./yaml-analysis.ts";
import type {
  EmitterOptions,
  MappingNode,
  ScalarNode,
  SequenceNode,
  YamlNode,
} from "./yaml-nodes.ts";
import { YamlOutput } from "./yaml-output.ts";
import { writeBlock, writeDouble, writePlain, writeSingle } from "./yaml-scalar-styles.ts";

type Style = "plain" | "single" | "double" | "literal" | "folded";

class Emitter {
  readonly #options: EmitterOptions;
  readonly #out: YamlOutput;

  constructor(options: EmitterOptions) {
    this.#options = options;
    this.#out = new YamlOutput(options);
  }

  document(root: YamlNode): void {
    this.#out.indent = -1;
    if (this.#options.explicitStart) {
      this.#out.writeIndent();
      this.#out.indicator("---", true, false, false);
    }
    this.#node(root, { mapping: false, simpleKey: false });
    this.#out.writeIndent();
    if (this.#options.explicitEnd || this.#out.openEnded) {
      this.#out.indicator("...", true, false, false);
      this.#out.writeIndent();
    }
  }

  #node(node: YamlNode, context: { readonly mapping: boolean; readonly simpleKey: boolean }): void {
    if (node.kind === "alias") {
      this.#out.indicator(`*${node.anchor}`, true, false, false);
      if (context.simpleKey) this.#out.put(" ");
      return;
    }
    if (node.anchor) this.#out.indicator(`&${node.anchor}`, true, false, false);
    if (node.kind === "scalar") this.#scalar(node, context.simpleKey);
    else {
      if (node.tag) this.#out.indicator(node.tag, true, false, false);
      if (node.kind === "sequence") {
        if (this.#out.flowLevel > 0 || node.flow || node.items.length === 0)
          this.#flowSequence(node);
        else this.#blockSequence(node, context.mapping && !this.#out.indention);
      } else if (this.#out.flowLevel > 0 || node.flow || node.pairs.length === 0)
        this.#flowMapping(node);
      else this.#blockMapping(node);
    }
  }

  #flowSequence(node: SequenceNode): void {
    this.#out.indicator("[", true, true, false);
    this.#out.increaseIndent(true, false);
    this.#out.flowLevel++;
    node.items.forEach((item, index) => {
      if (index > 0) this.#out.indicator(",", false, false, false);
      if (this.#out.column > this.#out.width) this.#out.writeIndent();
      this.#node(item, { mapping: false, simpleKey: false });
    });
    this.#out.flowLevel--;
    this.#out.decreaseIndent();
    this.#out.indicator("]", false, false, false);
  }

  #flowMapping(node: MappingNode): void {
    this.#out.indicator("{", true, true, false);
    this.#out.increaseIndent(true, false);
    this.#out.flowLevel++;
    node.pairs.forEach(([key, value], index) => {
      if (index > 0) this.#out.indicator(",", false, false, false);
      if (this.#out.column > this.#out.width) this.#out.writeIndent();
      if (this.#isSimpleKey(key)) {
        this.#node(key, { mapping: true, simpleKey: true });
        this.#out.indicator(":", false, false, false);
      } else {
        this.#out.indicator("?", true, false, false);
        this.#node(key, { mapping: true, simpleKey: false });
        if (this.#out.column > this.#out.width) this.#out.writeIndent();
        this.#out.indicator(":", true, false, false);
      }
      this.#node(value, { mapping: true, simpleKey: false });
    });
    this.#out.flowLevel--;
    this.#out.decreaseIndent();
    this.#out.indicator("}", false, false, false);
  }

  #blockSequence(node: SequenceNode, indentless: boolean): void {
    this.#out.increaseIndent(false, indentless);
    for (const item of node.items) {
      this.#out.writeIndent();
      this.#out.indicator("-", true, false, true);
      this.#node(item, { mapping: false, simpleKey: false });
    }
    this.#out.decreaseIndent();
  }

  #blockMapping(node: MappingNode): void {
    this.#out.increaseIndent(false, false);
    for (const [key, value] of node.pairs) {
      this.#out.writeIndent();
      if (this.#isSimpleKey(key)) {
        this.#node(key, { mapping: true, simpleKey: true });
        this.#out.indicator(":", false, false, false);
      } else {
        this.#out.indicator("?", true, false, true);
        this.#node(key, { mapping: true, simpleKey: false });
        this.#out.writeIndent();
        this.#out.indicator(":", true, false, true);
      }
      this.#node(value, { mapping: true, simpleKey: false });
    }
    this.#out.decreaseIndent();
  }

  #isSimpleKey(node: YamlNode): boolean {
    if (node.kind === "alias") return true;
    let length = (node.anchor?.length ?? 0) + (node.tag?.length ?? 0);
    if (node.kind === "scalar") {
      if (/[\r\n\x85\u2028\u2029]/.test(node.text)) return false;
      length += Buffer.byteLength(node.text);
    } else if ((node.kind === "sequence" ? node.items : node.pairs).length > 0) return false;
    return length <= 128;
  }

  #style(node: ScalarNode, analysis: Analysis, simpleKey: boolean): Style {
    const flow = this.#out.flowLevel > 0;
    const asked = node.literal ? "|" : this.#options.defaultStyle;
    let style: Style =
      asked === "'"
        ? "single"
        : asked === '"'
          ? "double"
          : asked === "|"
            ? "literal"
            : asked === ">"
              ? "folded"
              : "plain";
    if (simpleKey && analysis.multiline) style = "double";
    if (style === "plain") {
      const allowed = flow ? analysis.flowPlain : analysis.blockPlain;
      const emptyInside = node.text === "" && (flow || simpleKey);
      if (!allowed || emptyInside || (!node.plain && node.tag === undefined)) style = "single";
    }
    if (style === "single" && !analysis.singleQuoted) style = "double";
    if ((style === "literal" || style === "folded") && (!analysis.block || flow || simpleKey)) {
      style = "double";
    }
    return style;
  }

  #scalar(node: ScalarNode, simpleKey: boolean): void {
    const characters = Array.from(node.text);
    const analysis = analyze(characters, this.#options.allowUnicode);
    const style = this.#style(node, analysis, simpleKey);
    const tag = node.tag ?? (!node.quoted && style !== "plain" ? "!" : undefined);
    if (tag) this.#out.indicator(tag, true, false, false);
    this.#out.increaseIndent(true, false);
    if (style === "plain") writePlain(this.#out, characters, !simpleKey);
    else if (style === "single") writeSingle(this.#out, characters, !simpleKey);
    else if (style === "double")
      writeDouble(this.#out, characters, !simpleKey, this.#options.allowUnicode);
    else writeBlock(this.#out, characters, style === "folded");
    this.#out.decreaseIndent();
  }

  text(): string {
    return this.#out.text();
  }
}

/** The text of the documents. */
export function emitYaml(documents: readonly YamlNode[], options: EmitterOptions): string {
  const emitter = new Emitter(options);
  for (const document of documents) emitter.document(document);
  return emitter.text();
}
