/**
 * Unified differences, line for line as Python's difflib writes them.
 * @see https://docs.python.org/3/library/difflib.html#difflib.unified_diff
 */
import { type Change, changesBetween } from "./sequence-matcher.ts";

/** Lines with their ends, the headings first; none when the texts are the same. */
export function unifiedDiff(
  before: readonly string[],
  after: readonly string[],
  headings: { readonly before: string; readonly after: string },
  context: number,
): string[] {
  const lines: string[] = [];
  for (const group of grouped(changesBetween(before, after), context)) {
    const first = group[0] as Change;
    const last = group.at(-1) as Change;
    if (lines.length === 0) lines.push(`--- ${headings.before}\n`, `+++ ${headings.after}\n`);
    lines.push(`@@ -${range(first.aStart, last.aEnd)} +${range(first.bStart, last.bEnd)} @@\n`);
    for (const { tag, aStart, aEnd, bStart, bEnd } of group) {
      if (tag === "equal") {
        lines.push(...before.slice(aStart, aEnd).map((line) => ` ${line}`));
        continue;
      }
      lines.push(...before.slice(aStart, aEnd).map((line) => `-${line}`));
      lines.push(...after.slice(bStart, bEnd).map((line) => `+${line}`));
    }
  }
  return lines;
}

function range(start: number, end: number): string {
  const length = end - start;
  if (length === 1) return String(start + 1);
  return `${length === 0 ? start : start + 1},${length}`;
}

/** Changes with their surroundings, cut where more than twice the context is equal. */
function grouped(all: readonly Change[], context: number): Change[][] {
  const groups: Change[][] = [];
  let group: Change[] = [];
  for (const [index, change] of all.entries()) {
    if (change.tag !== "equal") {
      group.push(change);
      continue;
    }
    const isFirst = index === 0;
    const isLast = index === all.length - 1;
    if (isFirst) group.push(tail(change, context));
    else if (isLast) group.push(head(change, context));
    else if (change.aEnd - change.aStart > 2 * context) {
      group.push(head(change, context));
      groups.push(group);
      group = [tail(change, context)];
    } else group.push(change);
  }
  groups.push(group);
  return groups.filter((one) => one.some((change) => change.tag !== "equal"));
}

function head(change: Change, context: number): Change {
  return {
    ...change,
    aEnd: Math.min(change.aEnd, change.aStart + context),
    bEnd: Math.min(change.bEnd, change.bStart + context),
  };
}

function tail(change: Change, context: number): Change {
  return {
    ...change,
    aStart: Math.max(change.aStart, change.aEnd - context),
    bStart: Math.max(change.bStart, change.bEnd - context),
  };
}
