import { raise } from "./raise.ts";

/** A Python pattern, character by character. */
export class PatternScanner {
  readonly text: readonly string[];
  /** Index of the next character. */
  at = 0;

  constructor(pattern: string) {
    this.text = Array.from(pattern);
  }

  /** Raises `error` as Python words it, with the place. */
  fail(message: string, position: number): never {
    const before = this.text.slice(0, position);
    if (!this.text.includes("\n")) return raise("error", `${message} at position ${position}`);
    const line = before.filter((character) => character === "\n").length + 1;
    const column = position - before.lastIndexOf("\n");
    return raise("error", `${message} at position ${position} (line ${line}, column ${column})`);
  }

  /** The character here, or further on. */
  peek(offset = 0): string | undefined {
    return this.text[this.at + offset];
  }

  startsWith(text: string): boolean {
    for (let index = 0; index < text.length; index++) {
      if (this.text[this.at + index] !== text[index]) return false;
    }
    return true;
  }
}
