/** What a step printed, as far as it is kept: the beginning and the end. */

const FIRST = 50;
const LAST = 150;
/** Characters of a line that are kept. */
const LONGEST = 2000;

export class StepLog {
  readonly #first: string[] = [];
  #last: string[] = [];
  #left = 0;

  add(line: string): void {
    const text = line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
    if (this.#first.length < FIRST) this.#first.push(text);
    else this.#last.push(text);
    if (this.#last.length > 2 * LAST) {
      this.#left += this.#last.length - LAST;
      this.#last = this.#last.slice(-LAST);
    }
  }

  /** The lines, with a word on how many were left out; `undefined` when nothing was printed. */
  get lines(): readonly string[] | undefined {
    if (this.#first.length === 0) return undefined;
    const last = this.#last.slice(-LAST);
    const left = this.#left + this.#last.length - last.length;
    return left === 0
      ? [...this.#first, ...last]
      : [...this.#first, `… ${left} lines are left out …`, ...last];
  }
}
