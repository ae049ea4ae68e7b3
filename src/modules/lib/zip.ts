/**
 * Reads a zip archive.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { inflateRawSync } from "node:zlib";
import { decodeBytes } from "./bytes.ts";

export interface ZipEntry {
  /** As it is in the archive; directories end in a slash. */
  readonly name: string;
  readonly type: "file" | "directory" | "link";
  /** Permission bits, where the archive was made on Unix. */
  readonly mode: number | undefined;
  /** Seconds since 1970; the archive has local time without a zone, read as UTC. */
  readonly modified: number;
  readonly size: number;
  read(): Buffer;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;

/** @throws Error in words for the user, for what is no archive or needs what is not supported */
export function readZip(archive: Buffer): ZipEntry[] {
  const directory = findDirectory(archive);
  const entries: ZipEntry[] = [];
  let at = directory.offset;
  for (let index = 0; index < directory.count; index++) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== CENTRAL) {
      throw new Error("the archive's directory is damaged");
    }
    const nameLength = archive.readUInt16LE(at + 28);
    const extraLength = archive.readUInt16LE(at + 30);
    const commentLength = archive.readUInt16LE(at + 32);
    entries.push(readEntry(archive, at, nameLength, extraLength));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

function findDirectory(archive: Buffer): { readonly offset: number; readonly count: number } {
  const lowest = Math.max(0, archive.length - 65_557);
  for (let at = archive.length - 22; at >= lowest; at--) {
    if (archive.readUInt32LE(at) !== END) continue;
    const count = archive.readUInt16LE(at + 10);
    const offset = archive.readUInt32LE(at + 16);
    if (count !== 0xffff && offset !== 0xffffffff) return { offset, count };
    const locator = at - 20;
    if (locator < 0 || archive.readUInt32LE(locator) !== LOCATOR64) return { offset, count };
    const end64 = Number(archive.readBigUInt64LE(locator + 8));
    if (archive.readUInt32LE(end64) !== END64) break;
    return {
      offset: Number(archive.readBigUInt64LE(end64 + 48)),
      count: Number(archive.readBigUInt64LE(end64 + 32)),
    };
  }
  throw new Error("the file is no zip archive");
}

function readEntry(archive: Buffer, at: number, nameLength: number, extraLength: number): ZipEntry {
  const madeBy = archive.readUInt8(at + 5);
  const flags = archive.readUInt16LE(at + 8);
  const method = archive.readUInt16LE(at + 10);
  const rawName = archive.subarray(at + 46, at + 46 + nameLength);
  const name = decodeBytes(rawName);
  const extra = archive.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
  const sizes = longSizes(extra, {
    size: archive.readUInt32LE(at + 24),
    packed: archive.readUInt32LE(at + 20),
    offset: archive.readUInt32LE(at + 42),
  });
  const attributes = archive.readUInt32LE(at + 38) >>> 16;
  const isUnix = madeBy === 3 && attributes !== 0;
  const isLink = isUnix && (attributes & 0o170000) === 0o120000;
  return {
    name,
    type: name.endsWith("/") ? "directory" : isLink ? "link" : "file",
    mode: isUnix ? attributes & 0o7777 : undefined,
    modified: dosTime(archive.readUInt16LE(at + 14), archive.readUInt16LE(at + 12)),
    size: sizes.size,
    read: () => {
      if ((flags & 1) !== 0) throw new Error(`${name} is encrypted`);
      const local = sizes.offset;
      const begin =
        local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const packed = archive.subarray(begin, begin + sizes.packed);
      if (method === 0) return packed;
      if (method === 8) return inflateRawSync(packed);
      throw new Error(`${name} is compressed by method ${method}, which is not supported`);
    },
  };
}

interface Sizes {
  readonly size: number;
  readonly packed: number;
  readonly offset: number;
}

/** Sizes of 4 GB and more are in an extra field. */
function longSizes(extra: Buffer, short: Sizes): Sizes {
  const LIMIT = 0xffffffff;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let field = at + 4;
    const next = (value: number) => {
      if (value !== LIMIT) return value;
      field += 8;
      return Number(extra.readBigUInt64LE(field - 8));
    };
    const size = next(short.size);
    const packed = next(short.packed);
    return { size, packed, offset: next(short.offset) };
  }
  return short;
}

function dosTime(date: number, time: number): number {
  const year = (date >> 9) + 1980;
  const ms = Date.UTC(
    year,
    ((date >> 5) & 15) - 1,
    date & 31,
    time >> 11,
    (time >> 5) & 63,
    (time & 31) * 2,
  );
  return ms / 1000;
}
