/** The text that an emitter of YAML has written, and where it stands. */
import type { EmitterOptions } from "./yaml-nodes.ts";

export class YamlOutput {
  readonly #out: string[] = [];
  /** Columns of one level. */
  readonly step: number;
  /** The column after which lines are folded. */
  readonly width: number;
  /** The present indentation; -1 outside of everything. */
  indent = -1;
  readonly #indents: number[] = [];
  column = 0;
  /** Is what was written last white space? */
  whitespace = true;
  /** Is there only indentation on this line? */
  indention = true;
  /** How many flow collections are open. */
  flowLevel = 0;
  /** Must `...` end the document, since a block scalar kept its line ends? */
  openEnded = false;

  constructor(options: EmitterOptions) {
    this.step = options.indent < 2 || options.indent > 9 ? 2 : options.indent;
    this.width = options.width >= 0 && options.width <= this.step * 2 ? 80 : options.width;
    if (options.width < 0) this.width = Number.POSITIVE_INFINITY;
  }

  text(): string {
    return this.#out.join("");
  }

  /** One character. */
  put(character: string): void {
    this.#out.push(character);
    this.column++;
  }

  /** A line end. */
  putBreak(character = "\n"): void {
    this.#out.push(character);
    this.column = 0;
  }

  /** A new line with its indentation, unless the present one is just that. */
  writeIndent(): void {
    const indent = Math.max(this.indent, 0);
    if (!this.indention || this.column > indent || (this.column === indent && !this.whitespace)) {
      this.putBreak();
    }
    while (this.column < indent) this.put(" ");
    this.whitespace = true;
    this.indention = true;
  }

  /** A sign of the syntax: `needSpace` before it, `isSpace` or `isIndention` what it leaves behind. */
  indicator(text: string, needSpace: boolean, isSpace: boolean, isIndention: boolean): void {
    if (needSpace && !this.whitespace) this.put(" ");
    this.#out.push(text);
    this.column += text.length;
    this.whitespace = isSpace;
    this.indention = this.indention && isIndention;
    this.openEnded = false;
  }

  /** A collection or scalar begins; `decreaseIndent` ends it. */
  increaseIndent(flow: boolean, indentless: boolean): void {
    this.#indents.push(this.indent);
    if (this.indent < 0) this.indent = flow ? this.step : 0;
    else if (!indentless) this.indent += this.step;
  }

  decreaseIndent(): void {
    this.indent = this.#indents.pop() ?? -1;
  }
}
