/** The groups of a Python pattern: their numbers and names, references to them, atomic ones. */
import type { Piece } from "./regex-characters.ts";
import type { PatternScanner } from "./regex-scanner.ts";

/** Replaces the names of groups by numbers: a match with names is slower to make. */
export function numbered(named: string): {
  readonly source: string;
  readonly groupIndex: number[];
} {
  const indexOf = new Map<string, number>();
  const groupIndex = [0];
  const opened = named.replace(/\(\?<([ag]\d+)>/g, (_, name: string) => {
    indexOf.set(name, indexOf.size + 1);
    if (name.startsWith("g")) groupIndex[Number(name.slice(1))] = indexOf.size;
    return "(";
  });
  const source = opened.replace(
    /\\k<([ag]\d+)>/g,
    (_, name: string) => `(?:\\${indexOf.get(name) ?? 0})`,
  );
  return { source, groupIndex };
}

export class PatternGroups {
  readonly names = new Map<string, number>();
  readonly #scanner: PatternScanner;
  #count = 0;
  #atomics = 0;
  readonly #closed = new Set<number>();

  constructor(scanner: PatternScanner) {
    this.#scanner = scanner;
  }

  /** The number of a group that begins. `start` is where its parenthesis stands. */
  open(name: string | undefined, start: number): number {
    const number = ++this.#count;
    if (name === undefined) return number;
    const earlier = this.names.get(name);
    if (earlier !== undefined) {
      this.#scanner.fail(
        `redefinition of group name '${name}' as group ${number}; was group ${earlier}`,
        start + 4,
      );
    }
    this.names.set(name, number);
    return number;
  }

  /** A group is over: from here on it can be referred to. */
  close(number: number, inner: Piece): Piece {
    this.#closed.add(number);
    return { ...inner, source: `(?<g${number}>${inner.source})` };
  }

  /** What matches the text of a group again. */
  backReference(group: number, at: number): Piece {
    if (group > this.#count) this.#scanner.fail(`invalid group reference ${group}`, at);
    if (!this.#closed.has(group)) this.#scanner.fail("cannot refer to an open group", at - 1);
    // Python fails where the group took no part; JavaScript would match the empty text there.
    return { source: `\\k<g${group}>`, min: 0, max: Number.POSITIVE_INFINITY };
  }

  /** Reads the name of a group, and `end` behind it. */
  readName(end: string): string {
    const start = this.#scanner.at;
    let name = "";
    while (this.#scanner.peek() !== undefined && this.#scanner.peek() !== end)
      name += this.#scanner.text[this.#scanner.at++];
    if (this.#scanner.peek() === undefined)
      this.#scanner.fail(`missing ${end}, unterminated name`, start);
    this.#scanner.at++;
    if (name === "") this.#scanner.fail("missing group name", start);
    if (!/^[\p{L}\p{Nl}_][\p{L}\p{N}\p{Mn}\p{Mc}\p{Pc}_]*$/u.test(name)) {
      this.#scanner.fail(`bad character in group name '${name}'`, start);
    }
    return name;
  }

  /** An atomic group: what a lookahead captured is not given up again. */
  atomic(piece: Piece): Piece {
    const name = `a${++this.#atomics}`;
    return {
      source: `(?=(?<${name}>${piece.source}))\\k<${name}>`,
      min: piece.min,
      max: piece.max,
    };
  }
}
