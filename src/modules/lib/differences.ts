/** The `diff` of results. */
import type { Data } from "../module.ts";
import { decodeBytes } from "./bytes.ts";

/** Above this size contents are not shown (`max_diff_size`). */
const LARGEST = 104_448;

/** Attributes of a path before and after. */
export function pathDiff(
  path: string,
  before: Readonly<Record<string, Data>>,
  after: Readonly<Record<string, Data>>,
): Data {
  return { before: { path, ...before }, after: { path, ...after } };
}

/** Contents of a file before and after; large and binary ones are named, not shown. */
export function contentDiff(
  before: Uint8Array,
  after: Uint8Array,
  headers: { readonly before: string; readonly after: string },
): Data {
  const diff: Record<string, Data> = {};
  for (const [side, bytes] of [
    ["before", before],
    ["after", after],
  ] as const) {
    const key = side === "before" ? "dst" : "src";
    if (bytes.length > LARGEST) diff[`${key}_larger`] = LARGEST;
    else if (bytes.includes(0)) diff[`${key}_binary`] = 1;
    else {
      diff[side] = decodeBytes(bytes);
      if (headers[side] !== "") diff[`${side}_header`] = headers[side];
    }
  }
  return diff;
}
