/**
 * Writes YAML as PyYAML with libyaml does: where it quotes, folds, indents and flows. The input is a
 * tree of nodes that `yaml-dump.ts` makes of values.
 */

export interface ScalarNode {
  readonly kind: "scalar";
  readonly text: string;
  /** Whether the plain text is read back as the same type. */
  readonly plain: boolean;
  /** Whether the quoted text is: true for strings only. */
  readonly quoted: boolean;
  readonly tag?: string;
  readonly literal?: boolean;
  anchor?: string;
}
export interface SequenceNode {
  readonly kind: "sequence";
  readonly items: YamlNode[];
  flow: boolean;
  readonly tag?: string;
  anchor?: string;
}
export interface MappingNode {
  readonly kind: "mapping";
  readonly pairs: [YamlNode, YamlNode][];
  flow: boolean;
  readonly tag?: string;
  anchor?: string;
}
export interface AliasNode {
  readonly kind: "alias";
  readonly anchor: string;
}
export type YamlNode = ScalarNode | SequenceNode | MappingNode | AliasNode;

export interface EmitterOptions {
  /** Columns of one level, 2 to 9; anything else is 2. */
  readonly indent: number;
  /** The column after which lines are folded. */
  readonly width: number;
  readonly allowUnicode: boolean;
  readonly explicitStart: boolean;
  readonly explicitEnd: boolean;
  /** "'", '"', "|", ">" for all scalars, else their own choice. */
  readonly defaultStyle: string | undefined;
}

interface Analysis {
  readonly multiline: boolean;
  readonly flowPlain: boolean;
  readonly blockPlain: boolean;
  readonly singleQuoted: boolean;
  readonly block: boolean;
}

type Style = "plain" | "single" | "double" | "literal" | "folded";

const BREAK = /^[\r\n\x85\u2028\u2029]$/;
const BLANK_OR_END = /^[ \t\r\n\x85\u2028\u2029\0]?$/;
/** What libyaml takes for printable: the BMP without controls (a tab included) and the BOM. */
const PRINTABLE = /^[\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]$/;

function analyze(characters: readonly string[], allowUnicode: boolean): Analysis {
  if (characters.length === 0) {
    return {
      multiline: false,
      flowPlain: false,
      blockPlain: true,
      singleQuoted: true,
      block: false,
    };
  }
  const start = characters.slice(0, 3).join("");
  let blockIndicators = start === "---" || start === "...";
  let flowIndicators = blockIndicators;
  let lineBreaks = false;
  let special = false;
  let edges = false;
  let trailingSpace = false;
  let breakSpace = false;
  let spaceBreak = false;
  let previous: "space" | "break" | "other" = "other";
  const last = characters.length - 1;
  characters.forEach((character, index) => {
    const followed = BLANK_OR_END.test(characters[index + 1] ?? "");
    const preceded = index === 0 || BLANK_OR_END.test(characters[index - 1] ?? "");
    if (index === 0) {
      if (/^[#,[\]{}&*!|>'"%@`]$/.test(character)) flowIndicators = blockIndicators = true;
      else if (character === "?" || character === ":") {
        flowIndicators = true;
        blockIndicators ||= followed;
      } else if (character === "-" && followed) flowIndicators = blockIndicators = true;
    } else if (/^[,?[\]{}]$/.test(character)) flowIndicators = true;
    else if (character === ":") {
      flowIndicators = true;
      blockIndicators ||= followed;
    } else if (character === "#" && preceded) flowIndicators = blockIndicators = true;
    const isBreak = BREAK.test(character);
    const ascii = /^[\x00-\x7f]$/.test(character);
    if (!PRINTABLE.test(character) || (!ascii && !allowUnicode)) special = true;
    if (isBreak) lineBreaks = true;
    if (character === " ") {
      if (index === 0 || index === last) edges = true;
      if (index === last) trailingSpace = true;
      if (previous === "break") breakSpace = true;
      previous = "space";
    } else if (isBreak) {
      if (index === 0 || index === last) edges = true;
      if (previous === "space") spaceBreak = true;
      previous = "break";
    } else previous = "other";
  });
  const bad = spaceBreak || special;
  const plain = !edges && !breakSpace && !bad && !lineBreaks;
  return {
    multiline: lineBreaks,
    flowPlain: plain && !flowIndicators,
    blockPlain: plain && !blockIndicators,
    singleQuoted: !breakSpace && !bad,
    block: !trailingSpace && !bad,
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "0",
  "\x07": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\x1b": "e",
  '"': '"',
  "\\": "\\",
  "\x85": "N",
  "\xa0": "_",
  "\u2028": "L",
  "\u2029": "P",
};

class Emitter {
  readonly #options: EmitterOptions;
  readonly #out: string[] = [];
  readonly #step: number;
  readonly #width: number;
  #indent = -1;
  readonly #indents: number[] = [];
  #column = 0;
  #whitespace = true;
  #indention = true;
  #flowLevel = 0;
  #openEnded = false;

  constructor(options: EmitterOptions) {
    this.#options = options;
    this.#step = options.indent < 2 || options.indent > 9 ? 2 : options.indent;
    this.#width = options.width >= 0 && options.width <= this.#step * 2 ? 80 : options.width;
    if (options.width < 0) this.#width = Number.POSITIVE_INFINITY;
  }

  document(root: YamlNode): void {
    this.#indent = -1;
    if (this.#options.explicitStart) {
      this.#writeIndent();
      this.#indicator("---", true, false, false);
    }
    this.#node(root, { mapping: false, simpleKey: false });
    this.#writeIndent();
    if (this.#options.explicitEnd || this.#openEnded) {
      this.#indicator("...", true, false, false);
      this.#writeIndent();
    }
  }

  text(): string {
    return this.#out.join("");
  }

  #put(character: string): void {
    this.#out.push(character);
    this.#column++;
  }

  #putBreak(character = "\n"): void {
    this.#out.push(character);
    this.#column = 0;
  }

  #writeIndent(): void {
    const indent = Math.max(this.#indent, 0);
    if (
      !this.#indention ||
      this.#column > indent ||
      (this.#column === indent && !this.#whitespace)
    ) {
      this.#putBreak();
    }
    while (this.#column < indent) this.#put(" ");
    this.#whitespace = true;
    this.#indention = true;
  }

  #indicator(text: string, needSpace: boolean, isSpace: boolean, isIndention: boolean): void {
    if (needSpace && !this.#whitespace) this.#put(" ");
    this.#out.push(text);
    this.#column += text.length;
    this.#whitespace = isSpace;
    this.#indention = this.#indention && isIndention;
    this.#openEnded = false;
  }

  #increaseIndent(flow: boolean, indentless: boolean): void {
    this.#indents.push(this.#indent);
    if (this.#indent < 0) this.#indent = flow ? this.#step : 0;
    else if (!indentless) this.#indent += this.#step;
  }

  #decreaseIndent(): void {
    this.#indent = this.#indents.pop() ?? -1;
  }

  #node(node: YamlNode, context: { readonly mapping: boolean; readonly simpleKey: boolean }): void {
    if (node.kind === "alias") {
      this.#indicator(`*${node.anchor}`, true, false, false);
      if (context.simpleKey) this.#put(" ");
      return;
    }
    if (node.anchor) this.#indicator(`&${node.anchor}`, true, false, false);
    if (node.kind === "scalar") this.#scalar(node, context.simpleKey);
    else {
      if (node.tag) this.#indicator(node.tag, true, false, false);
      if (node.kind === "sequence") {
        if (this.#flowLevel > 0 || node.flow || node.items.length === 0) this.#flowSequence(node);
        else this.#blockSequence(node, context.mapping && !this.#indention);
      } else if (this.#flowLevel > 0 || node.flow || node.pairs.length === 0)
        this.#flowMapping(node);
      else this.#blockMapping(node);
    }
  }

  #flowSequence(node: SequenceNode): void {
    this.#indicator("[", true, true, false);
    this.#increaseIndent(true, false);
    this.#flowLevel++;
    node.items.forEach((item, index) => {
      if (index > 0) this.#indicator(",", false, false, false);
      if (this.#column > this.#width) this.#writeIndent();
      this.#node(item, { mapping: false, simpleKey: false });
    });
    this.#flowLevel--;
    this.#decreaseIndent();
    this.#indicator("]", false, false, false);
  }

  #flowMapping(node: MappingNode): void {
    this.#indicator("{", true, true, false);
    this.#increaseIndent(true, false);
    this.#flowLevel++;
    node.pairs.forEach(([key, value], index) => {
      if (index > 0) this.#indicator(",", false, false, false);
      if (this.#column > this.#width) this.#writeIndent();
      if (this.#isSimpleKey(key)) {
        this.#node(key, { mapping: true, simpleKey: true });
        this.#indicator(":", false, false, false);
      } else {
        this.#indicator("?", true, false, false);
        this.#node(key, { mapping: true, simpleKey: false });
        if (this.#column > this.#width) this.#writeIndent();
        this.#indicator(":", true, false, false);
      }
      this.#node(value, { mapping: true, simpleKey: false });
    });
    this.#flowLevel--;
    this.#decreaseIndent();
    this.#indicator("}", false, false, false);
  }

  #blockSequence(node: SequenceNode, indentless: boolean): void {
    this.#increaseIndent(false, indentless);
    for (const item of node.items) {
      this.#writeIndent();
      this.#indicator("-", true, false, true);
      this.#node(item, { mapping: false, simpleKey: false });
    }
    this.#decreaseIndent();
  }

  #blockMapping(node: MappingNode): void {
    this.#increaseIndent(false, false);
    for (const [key, value] of node.pairs) {
      this.#writeIndent();
      if (this.#isSimpleKey(key)) {
        this.#node(key, { mapping: true, simpleKey: true });
        this.#indicator(":", false, false, false);
      } else {
        this.#indicator("?", true, false, true);
        this.#node(key, { mapping: true, simpleKey: false });
        this.#writeIndent();
        this.#indicator(":", true, false, true);
      }
      this.#node(value, { mapping: true, simpleKey: false });
    }
    this.#decreaseIndent();
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
    const flow = this.#flowLevel > 0;
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
    if (tag) this.#indicator(tag, true, false, false);
    this.#increaseIndent(true, false);
    if (style === "plain") this.#plain(characters, !simpleKey);
    else if (style === "single") this.#single(characters, !simpleKey);
    else if (style === "double") this.#double(characters, !simpleKey);
    else this.#block(characters, style === "folded");
    this.#decreaseIndent();
  }

  #plain(characters: readonly string[], allowBreaks: boolean): void {
    this.#openEnded = false;
    if (!this.#whitespace && (characters.length > 0 || this.#flowLevel > 0)) this.#put(" ");
    let spaces = false;
    characters.forEach((character, index) => {
      if (character === " ") {
        const fold =
          allowBreaks && !spaces && this.#column > this.#width && characters[index + 1] !== " ";
        if (fold) this.#writeIndent();
        else this.#put(character);
        spaces = true;
      } else {
        this.#put(character);
        this.#indention = false;
        spaces = false;
      }
    });
    this.#whitespace = false;
    this.#indention = false;
  }

  #single(characters: readonly string[], allowBreaks: boolean): void {
    this.#indicator("'", true, false, false);
    let spaces = false;
    let breaks = false;
    characters.forEach((character, index) => {
      if (character === " ") {
        const inside = index > 0 && index < characters.length - 1;
        const fold = allowBreaks && !spaces && this.#column > this.#width && inside;
        if (fold && characters[index + 1] !== " ") this.#writeIndent();
        else this.#put(character);
        spaces = true;
      } else if (BREAK.test(character)) {
        if (!breaks && character === "\n") this.#putBreak();
        this.#putBreak(character);
        this.#indention = true;
        breaks = true;
      } else {
        if (breaks) this.#writeIndent();
        if (character === "'") this.#put("'");
        this.#put(character);
        this.#indention = false;
        spaces = false;
        breaks = false;
      }
    });
    if (breaks) this.#writeIndent();
    this.#indicator("'", false, false, false);
    this.#whitespace = false;
    this.#indention = false;
  }

  #double(characters: readonly string[], allowBreaks: boolean): void {
    this.#indicator('"', true, false, false);
    let spaces = false;
    characters.forEach((character, index) => {
      const code = character.codePointAt(0) ?? 0;
      const mustEscape =
        !PRINTABLE.test(character) ||
        (!this.#options.allowUnicode && code > 0x7f) ||
        BREAK.test(character) ||
        character === '"' ||
        character === "\\";
      if (mustEscape) {
        const hex = code.toString(16).toUpperCase();
        const sequence =
          ESCAPES[character] ??
          (code <= 0xff
            ? `x${hex.padStart(2, "0")}`
            : code <= 0xffff
              ? `u${hex.padStart(4, "0")}`
              : `U${hex.padStart(8, "0")}`);
        for (const part of `\\${sequence}`) this.#put(part);
        spaces = false;
      } else if (character === " ") {
        const inside = index > 0 && index < characters.length - 1;
        if (allowBreaks && !spaces && this.#column > this.#width && inside) {
          this.#writeIndent();
          if (characters[index + 1] === " ") this.#put("\\");
        } else this.#put(character);
        spaces = true;
      } else {
        this.#put(character);
        spaces = false;
      }
    });
    this.#indicator('"', false, false, false);
    this.#whitespace = false;
    this.#indention = false;
  }

  #block(characters: readonly string[], folded: boolean): void {
    this.#indicator(folded ? ">" : "|", true, false, false);
    const first = characters[0] ?? "";
    const last = characters.at(-1) ?? "";
    if (first === " " || BREAK.test(first))
      this.#indicator(String(this.#step), false, false, false);
    if (!BREAK.test(last)) this.#indicator("-", false, false, false);
    else if (characters.length === 1 || BREAK.test(characters.at(-2) ?? "")) {
      this.#indicator("+", false, false, false);
      this.#openEnded = true;
    }
    this.#putBreak();
    this.#indention = true;
    this.#whitespace = true;
    let breaks = true;
    let leadingSpaces = true;
    characters.forEach((character, index) => {
      if (BREAK.test(character)) {
        if (folded && !breaks && !leadingSpaces && character === "\n") {
          let next = index;
          while (BREAK.test(characters[next] ?? "")) next++;
          if (!BLANK_OR_END.test(characters[next] ?? "")) this.#putBreak();
        }
        this.#putBreak(character);
        this.#indention = true;
        breaks = true;
        return;
      }
      if (breaks) {
        this.#writeIndent();
        leadingSpaces = /^[ \t]$/.test(character);
      }
      const next = characters[index + 1];
      if (folded && !breaks && character === " " && next !== " " && this.#column > this.#width) {
        this.#writeIndent();
      } else this.#put(character);
      this.#indention = false;
      breaks = false;
    });
  }
}

/** The text of the documents. */
export function emitYaml(documents: readonly YamlNode[], options: EmitterOptions): string {
  const emitter = new Emitter(options);
  for (const document of documents) emitter.document(document);
  return emitter.text();
}
