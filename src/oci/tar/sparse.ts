/** Maps of sparse files as GNU tar writes them: old GNU headers, and the PAX formats 0.1 and 1.0. */

import { type Extent, TarError } from "./entry.ts";
import { BLOCK } from "./header.ts";
import { parseNumber } from "./numbers.ts";
import type { PaxRecords } from "./pax.ts";

/** More extents than any file has that is worth packing. */
const MAX_EXTENTS = 1_000_000;

/** Takes exactly `length` bytes of the archive. */
type Take = (length: number) => Promise<Buffer>;

/** A map that was found, and how many of the member's stored bytes it took. */
export interface SparseMap {
  readonly extents: readonly Extent[];
  readonly size: number;
  readonly mapBytes: number;
}

/** Type `S`: four extents in the header, 21 in each block that follows it. */
export async function readOldGnuMap(header: Buffer, take: Take): Promise<SparseMap> {
  const extents: Extent[] = [];
  const collect = (block: Buffer, start: number, count: number) => {
    for (let i = 0; i < count; i++) {
      const at = start + i * 24;
      if (block[at] === 0) return;
      extents.push({
        offset: parseNumber(block.subarray(at, at + 12), "sparse map"),
        length: parseNumber(block.subarray(at + 12, at + 24), "sparse map"),
      });
    }
  };
  collect(header, 386, 4);
  let more = header[482] === 1;
  while (more) {
    const block = await take(BLOCK);
    collect(block, 0, 21);
    more = block[504] === 1;
    if (extents.length > MAX_EXTENTS) throw tooMany();
  }
  return checked(extents, parseNumber(header.subarray(483, 495), "real size"), 0);
}

/** The `GNU.sparse.*` records; `undefined` if the member is not sparse. */
export async function readPaxMap(pax: PaxRecords, take: Take): Promise<SparseMap | undefined> {
  const record = (name: string) => pax.get(`GNU.sparse.${name}`)?.toString("latin1");
  const realSize = record("realsize") ?? record("size");
  const map = record("map");
  if (record("major") === "1" && record("minor") === "0") {
    return readMap10(number(realSize), take);
  }
  if (map !== undefined) {
    const numbers = map.split(",").map(number);
    return checked(pairs(numbers), number(realSize), 0);
  }
  if (record("numblocks") !== undefined || record("major") !== undefined) {
    throw new TarError(
      "unsupported",
      "a sparse file in a format of tar other than GNU 0.1 and 1.0 is not supported",
    );
  }
  return undefined;
}

/** Format 1.0: the map stands before the data, as decimal lines, padded to a block. */
async function readMap10(size: number, take: Take): Promise<SparseMap> {
  let text = "";
  let mapBytes = 0;
  const numbers: number[] = [];
  let wanted = 1;
  while (numbers.length < wanted) {
    const newline = text.indexOf("\n");
    if (newline < 0) {
      if (text.length > 32) throw new TarError("malformed", "the map of a sparse file is damaged");
      text += (await take(BLOCK)).toString("latin1");
      mapBytes += BLOCK;
      continue;
    }
    numbers.push(number(text.slice(0, newline)));
    text = text.slice(newline + 1);
    if (numbers.length === 1) {
      wanted = 1 + 2 * (numbers[0] ?? 0);
      if (wanted > 2 * MAX_EXTENTS) throw tooMany();
    }
  }
  return checked(pairs(numbers.slice(1)), size, mapBytes);
}

function pairs(numbers: readonly number[]): Extent[] {
  const extents: Extent[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    extents.push({ offset: numbers[i] ?? 0, length: numbers[i + 1] ?? 0 });
  }
  return extents;
}

/** Extents in order, apart from each other, and inside of the file. */
function checked(extents: readonly Extent[], size: number, mapBytes: number): SparseMap {
  let end = 0;
  for (const extent of extents) {
    if (extent.offset < end || extent.length < 0 || extent.offset + extent.length > size) {
      throw new TarError("malformed", "the map of a sparse file is damaged");
    }
    end = extent.offset + extent.length;
  }
  return { extents: extents.filter((extent) => extent.length > 0), size, mapBytes };
}

function number(text: string | undefined): number {
  const value = text !== undefined && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) {
    throw new TarError("malformed", "the map of a sparse file is damaged");
  }
  return value;
}

function tooMany(): TarError {
  return new TarError("too-large", `a sparse file of more than ${MAX_EXTENTS} extents`);
}
