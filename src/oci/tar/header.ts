/** The 512-byte header block: POSIX ustar, and what GNU tar makes of the same bytes. */
import { TarError } from "./entry.ts";
import { parseNumber } from "./numbers.ts";

export const BLOCK = 512;

/** The fields of a block as they stand in it, before PAX records and GNU extensions count. */
export interface RawHeader {
  readonly typeflag: string;
  readonly path: Buffer;
  readonly linkPath: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly uname: Buffer;
  readonly gname: Buffer;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly gnu: boolean;
}

/** @param block 512 bytes that are not all zero */
export function parseHeader(block: Buffer): RawHeader {
  checkSum(block);
  const magic = block.toString("latin1", 257, 265);
  const gnu = magic === "ustar  \0";
  const ustar = magic.startsWith("ustar\0");
  const prefix = ustar ? text(block, 345, 155) : Buffer.alloc(0);
  const name = text(block, 0, 100);
  return {
    typeflag: String.fromCharCode(block[156] ?? 0),
    path: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from("/"), name]) : name,
    linkPath: text(block, 157, 100),
    mode: parseNumber(block.subarray(100, 108), "mode") & 0o7777,
    uid: parseNumber(block.subarray(108, 116), "owner"),
    gid: parseNumber(block.subarray(116, 124), "group"),
    size: parseNumber(block.subarray(124, 136), "size"),
    mtime: parseNumber(block.subarray(136, 148), "time"),
    uname: gnu || ustar ? text(block, 265, 32) : Buffer.alloc(0),
    gname: gnu || ustar ? text(block, 297, 32) : Buffer.alloc(0),
    devMajor: gnu || ustar ? parseNumber(block.subarray(329, 337), "device number") : 0,
    devMinor: gnu || ustar ? parseNumber(block.subarray(337, 345), "device number") : 0,
    gnu,
  };
}

export function isZero(block: Buffer): boolean {
  for (const byte of block) if (byte !== 0) return false;
  return true;
}

/** Bytes between the end of a content and the next block. */
export function paddingOf(size: number): number {
  const over = size % BLOCK;
  return over === 0 ? 0 : BLOCK - over;
}

/** The sum of all bytes with the sum's own field taken as blanks. */
export function headerSum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < 148; i++) sum += block[i] ?? 0;
  for (let i = 156; i < BLOCK; i++) sum += block[i] ?? 0;
  return sum;
}

function checkSum(block: Buffer): void {
  const stated = parseNumber(block.subarray(148, 156), "checksum");
  if (stated === headerSum(block)) return;
  // Some old tars summed signed characters.
  let signed = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) signed += block.readInt8(i);
  if (stated !== signed) {
    throw new TarError("malformed", "the checksum of a tar header is wrong: no tar, or damaged");
  }
}

function text(block: Buffer, start: number, length: number): Buffer {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end));
}
