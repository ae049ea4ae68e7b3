/**
 * Writes tar archives: ustar headers, PAX records where ustar has no room. The same members are the
 * same bytes, on every machine and at any time.
 */
import type { Writable } from "node:stream";
import { type EntryType, shownPath, TarError, type TarHeader, type TarTime } from "./entry.ts";
import { BLOCK, headerSum, paddingOf } from "./header.ts";
import { formatOctal, formatPaxTime } from "./numbers.ts";
import { encodePax, type PaxRecords, xattrKey } from "./pax.ts";

const TYPEFLAGS: Readonly<Record<EntryType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  chardev: "3",
  blockdev: "4",
  directory: "5",
  fifo: "6",
};

/** What stands behind the last member. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK);

/** The header blocks of a member; its content, padded to a block, must follow them. */
export function encodeHeader(header: TarHeader): Buffer {
  const records: PaxRecords = new Map();
  // A directory's name ends in a slash, as every tar writes it.
  const path =
    header.type === "directory" && header.path.at(-1) !== 0x2f
      ? Buffer.concat([header.path, Buffer.from(header.path.length > 0 ? "/" : "./")])
      : header.path;
  if (path.length === 0 || path.includes(0)) {
    throw new TarError("unsafe-path", "a member of a tar archive needs a name without NUL");
  }
  const name = splitName(path);
  if (!name) setBytes(records, "path", path);
  const link = header.linkPath ?? Buffer.alloc(0);
  if (link.length > 100) setBytes(records, "linkpath", link);
  const number = (value: number, length: number, key: string, what: string): string => {
    const text = formatOctal(value, length);
    if (text !== undefined) return text;
    if (key === "" || value < 0 || !Number.isSafeInteger(value)) {
      throw new TarError(
        "too-large",
        `tar has no room for the ${what} ${value} of '${shownPath(header.path)}'`,
      );
    }
    records.set(key, Buffer.from(String(value)));
    return "0".repeat(length - 1).concat("\0");
  };
  const owner = (value: Buffer | undefined, key: string): Buffer => {
    if (!value || value.length <= 31) return value ?? Buffer.alloc(0);
    setBytes(records, key, value);
    return Buffer.alloc(0);
  };
  const size = header.type === "file" ? header.size : 0;
  const block = Buffer.alloc(BLOCK);
  (name?.name ?? path.subarray(0, 100)).copy(block, 0);
  block.write(number(header.mode, 8, "", "mode"), 100, "latin1");
  block.write(number(header.uid, 8, "uid", "owner"), 108, "latin1");
  block.write(number(header.gid, 8, "gid", "group"), 116, "latin1");
  block.write(number(size, 12, "size", "size"), 124, "latin1");
  block.write(mtimeField(header.mtime, records), 136, "latin1");
  block.write(TYPEFLAGS[header.type], 156, "latin1");
  link.subarray(0, 100).copy(block, 157);
  block.write("ustar\x0000", 257, "latin1");
  owner(header.uname, "uname").copy(block, 265);
  owner(header.gname, "gname").copy(block, 297);
  block.write(number(header.devMajor ?? 0, 8, "", "device number"), 329, "latin1");
  block.write(number(header.devMinor ?? 0, 8, "", "device number"), 337, "latin1");
  (name?.prefix ?? Buffer.alloc(0)).copy(block, 345);
  setSum(block);
  if (header.atime) records.set("atime", Buffer.from(formatPaxTime(header.atime)));
  if (header.ctime) records.set("ctime", Buffer.from(formatPaxTime(header.ctime)));
  for (const [key, value] of header.xattrs ?? []) records.set(xattrKey(key), value);
  return records.size === 0 ? block : Buffer.concat([paxMember(records, path), block]);
}

/** Members and contents into a stream, with its back-pressure. */
export class TarWriter {
  readonly #output: Writable;

  constructor(output: Writable) {
    this.#output = output;
  }

  /** @param content exactly `header.size` bytes; absent for what has none */
  async add(header: TarHeader, content?: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    await this.#write(encodeHeader(header));
    const size = header.type === "file" ? header.size : 0;
    let written = 0;
    const chunks = content instanceof Uint8Array ? [content] : (content ?? []);
    for await (const chunk of chunks) {
      written += chunk.length;
      if (written > size) break;
      await this.#write(chunk);
    }
    if (written !== size) {
      throw new TarError(
        "malformed",
        `'${shownPath(header.path)}' changed while it was read: ${written} bytes instead of ${size}`,
      );
    }
    if (paddingOf(size) > 0) await this.#write(Buffer.alloc(paddingOf(size)));
  }

  /** Writes the end of the archive; the stream stays open. */
  finish(): Promise<void> {
    return this.#write(TAR_END);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const output = this.#output;
    if (output.destroyed) throw output.errored ?? new Error("the output of the archive was closed");
    if (output.write(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        output.off("drain", done);
        output.off("close", done);
        output.off("error", done);
        if (output.destroyed) {
          reject(output.errored ?? new Error("the output of the archive was closed"));
        } else resolve();
      };
      output.on("drain", done);
      output.on("close", done);
      output.on("error", done);
    });
  }
}

/** A header for something with the most usual of everything: root's, 0644 or 0755, time 0. */
export function plainHeader(
  type: EntryType,
  path: string | Buffer,
  more: Partial<TarHeader> = {},
): TarHeader {
  return {
    type,
    path: typeof path === "string" ? Buffer.from(path) : path,
    mode: type === "directory" ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    ...more,
  };
}

/** ustar's two name fields, or `undefined` if the path fits no split at a slash. */
function splitName(path: Buffer): { name: Buffer; prefix: Buffer } | undefined {
  if (path.length <= 100) return { name: path, prefix: Buffer.alloc(0) };
  if (path.length > 256) return undefined;
  // The slash that is cut away may not be the last byte: the name would be empty.
  const slash = path.subarray(0, Math.min(156, path.length - 1)).lastIndexOf(0x2f);
  if (slash <= 0 || path.length - slash - 1 > 100) return undefined;
  return { name: path.subarray(slash + 1), prefix: path.subarray(0, slash) };
}

/** A PAX text; bytes that are no UTF-8 are announced as such. */
function setBytes(records: PaxRecords, key: string, value: Buffer): void {
  records.set(key, value);
  if (!Buffer.from(value.toString("utf8")).equals(value)) {
    records.set("hdrcharset", Buffer.from("BINARY"));
  }
}

function mtimeField(time: TarTime, records: PaxRecords): string {
  const text = time.nanoseconds === 0 ? formatOctal(time.seconds, 12) : undefined;
  if (text !== undefined) return text;
  records.set("mtime", Buffer.from(formatPaxTime(time)));
  return formatOctal(Math.max(0, time.seconds), 12) ?? "0".repeat(11).concat("\0");
}

function paxMember(records: PaxRecords, path: Buffer): Buffer {
  const data = encodePax(records);
  const block = Buffer.alloc(BLOCK);
  const trimmed = path.at(-1) === 0x2f ? path.subarray(0, -1) : path;
  const base = trimmed.subarray(trimmed.lastIndexOf(0x2f) + 1);
  Buffer.concat([Buffer.from("PaxHeaders.0/"), base])
    .subarray(0, 100)
    .copy(block, 0);
  block.write("0000644\x000000000\x000000000\0", 100, "latin1");
  block.write(formatOctal(data.length, 12) ?? "", 124, "latin1");
  block.write("00000000000\0", 136, "latin1");
  block.write("x", 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  setSum(block);
  return Buffer.concat([block, data, Buffer.alloc(paddingOf(data.length))]);
}

function setSum(block: Buffer): void {
  block.write(`${headerSum(block).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
