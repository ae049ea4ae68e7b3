/**
 * Which runs of lines two texts share, found as Python's difflib finds them: the longest one first, then
 * those before and after it. Another algorithm would show other differences than Ansible does.
 * @see https://docs.python.org/3/library/difflib.html#difflib.SequenceMatcher
 */

export type ChangeTag = "equal" | "replace" | "delete" | "insert";

/** Lines [aStart, aEnd) of the first text became [bStart, bEnd) of the second. */
export interface Change {
  readonly tag: ChangeTag;
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

interface Match {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

type Range = readonly [aLow: number, aHigh: number, bLow: number, bHigh: number];

/** Where each line stands in the second text; in long texts, lines that stand everywhere do not count. */
function placesOf(b: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [index, line] of b.entries()) {
    const known = places.get(line);
    if (known) known.push(index);
    else places.set(line, [index]);
  }
  if (b.length >= 200) {
    const limit = Math.floor(b.length / 100) + 1;
    for (const [line, indexes] of places) if (indexes.length > limit) places.delete(line);
  }
  return places;
}

function longestMatch(
  a: readonly string[],
  b: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  [aLow, aHigh, bLow, bHigh]: Range,
): Match {
  let best: Match = { a: aLow, b: bLow, size: 0 };
  let lengths = new Map<number, number>();
  for (let i = aLow; i < aHigh; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i] as string) ?? []) {
      if (j < bLow) continue;
      if (j >= bHigh) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
    }
    lengths = next;
  }
  let { a: start, b: other, size } = best;
  // Lines that were left out of the search may stand around what was found.
  while (start > aLow && other > bLow && a[start - 1] === b[other - 1]) {
    start--;
    other--;
    size++;
  }
  while (start + size < aHigh && other + size < bHigh && a[start + size] === b[other + size]) {
    size++;
  }
  return { a: start, b: other, size };
}

function matches(a: readonly string[], b: readonly string[]): Match[] {
  const places = placesOf(b);
  const found: Match[] = [];
  const pending: Range[] = [[0, a.length, 0, b.length]];
  for (let range = pending.pop(); range; range = pending.pop()) {
    const [aLow, aHigh, bLow, bHigh] = range;
    const match = longestMatch(a, b, places, range);
    if (match.size === 0) continue;
    found.push(match);
    if (aLow < match.a && bLow < match.b) pending.push([aLow, match.a, bLow, match.b]);
    const aNext = match.a + match.size;
    const bNext = match.b + match.size;
    if (aNext < aHigh && bNext < bHigh) pending.push([aNext, aHigh, bNext, bHigh]);
  }
  found.sort((one, two) => one.a - two.a || one.b - two.b);
  const joined: Match[] = [];
  for (const match of found) {
    const last = joined.at(-1);
    if (last && last.a + last.size === match.a && last.b + last.size === match.b) {
      joined[joined.length - 1] = { ...last, size: last.size + match.size };
    } else joined.push(match);
  }
  return [...joined, { a: a.length, b: b.length, size: 0 }];
}

/** What turns the first list of lines into the second, equal runs included. */
export function changesBetween(a: readonly string[], b: readonly string[]): Change[] {
  const changes: Change[] = [];
  let i = 0;
  let j = 0;
  for (const match of matches(a, b)) {
    const removed = i < match.a;
    const added = j < match.b;
    if (removed || added) {
      const tag = removed && added ? "replace" : removed ? "delete" : "insert";
      changes.push({ tag, aStart: i, aEnd: match.a, bStart: j, bEnd: match.b });
    }
    i = match.a + match.size;
    j = match.b + match.size;
    if (match.size > 0) {
      changes.push({ tag: "equal", aStart: match.a, aEnd: i, bStart: match.b, bEnd: j });
    }
  }
  return changes;
}
