/**
 * Reads tar archives as they stream by: ustar, PAX, GNU long names and base-256 numbers, sparse files,
 * hard links, devices. Nothing is held but the header at hand. An archive is hostile until read:
 * whatever is wrong with it is a {@link TarError}.
 */
import { ByteSource } from "./byte-source.ts";
import {
  type EntryType,
  type Extent,
  memberPath,
  shownPath,
  TarError,
  type TarHeader,
  type TarTime,
} from "./entry.ts";
import { BLOCK, isZero, paddingOf, parseHeader, type RawHeader } from "./header.ts";
import { parseDecimal, parsePaxTime } from "./numbers.ts";
import { type PaxRecords, parsePax, XATTR_PREFIX, xattrName } from "./pax.ts";
import { readOldGnuMap, readPaxMap, type SparseMap } from "./sparse.ts";

/** Receives what tar-split keeps: every byte of the archive that is no file content, in order. */
export interface TarRecorder {
  /** Header, padding or trailing bytes. The buffer is only valid during the call. */
  raw(bytes: Buffer): void | Promise<void>;
  /** Here `storedSize` bytes of content stand in the archive. */
  payload(entry: TarEntry, storedSize: number): void | Promise<void>;
}

export interface ReadTarOptions {
  readonly recorder?: TarRecorder;
  /** What a leading slash of a name is; see {@link memberPath}. Default `refuse`. */
  readonly absolute?: "refuse" | "relative";
  /** An archive that stops between two members without the two zero blocks is an error. */
  readonly requireEnd?: boolean;
}

/** Bytes of a sparse or plain file that are stored, and where in the file they belong. */
export interface Fragment {
  readonly offset: number;
  readonly data: Buffer;
}

export interface TarEntry extends TarHeader {
  /** Where the stored content begins in the archive, in bytes. */
  readonly contentOffset: number;
  /** Bytes of the content in the archive: `size` but for sparse files. */
  readonly storedSize: number;
  /** Of a sparse file: what is stored. */
  readonly extents?: readonly Extent[] | undefined;
  /** PAX records that mean nothing to this codec. */
  readonly otherRecords: ReadonlyMap<string, Buffer>;
  /** The content as it is stored, each chunk with its place in the file. Once, before the next entry. */
  fragments(): AsyncGenerator<Fragment>;
  /** The content with the holes as zeros. Once, before the next entry. */
  content(): AsyncGenerator<Buffer>;
  /** All of the content. @throws TarError `too-large` beyond `limit` bytes */
  bytes(limit: number): Promise<Buffer>;
}

/** No PAX header or long name of a real archive comes near it (an attribute has 64 KiB at most). */
const MAX_EXTENSION = 4 * 1024 * 1024;

const TYPES: Readonly<Record<string, EntryType>> = {
  "\0": "file",
  "0": "file",
  "7": "file",
  S: "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "chardev",
  "4": "blockdev",
  "5": "directory",
  "6": "fifo",
};

const ZEROS = Buffer.alloc(1 << 16);

/**
 * The members of an archive in order. Paths and hard link targets are checked and normalised by
 * {@link memberPath}. Content that is not read is skipped. When the loop ends, the input has been read
 * to its last byte.
 *
 * @param input the uncompressed archive
 */
export async function* readTar(
  input: AsyncIterable<Uint8Array>,
  options: ReadTarOptions = {},
): AsyncGenerator<TarEntry> {
  const reader = new Reader(new ByteSource(input), options);
  try {
    for (;;) {
      const entry = await reader.next();
      if (!entry) break;
      yield entry;
      await reader.finishContent();
    }
    await reader.drain();
  } finally {
    await reader.cancel();
  }
}

class Reader {
  readonly #source: ByteSource;
  readonly #recorder: TarRecorder | undefined;
  readonly #options: ReadTarOptions;
  readonly #global: PaxRecords = new Map();
  /** Stored bytes of the current member that were not read yet, and its padding. */
  #left = 0;
  #padding = 0;

  constructor(source: ByteSource, options: ReadTarOptions) {
    this.#source = source;
    this.#recorder = options.recorder;
    this.#options = options;
  }

  async next(): Promise<TarEntry | undefined> {
    let records: PaxRecords | undefined;
    let longName: Buffer | undefined;
    let longLink: Buffer | undefined;
    for (;;) {
      const block = this.#source.takeNow(BLOCK) ?? (await this.#source.take(BLOCK));
      if (block.length === 0 || isZero(block)) {
        if (block.length === 0 && this.#options.requireEnd) throw cut();
        if (records || longName || longLink) throw cut();
        await this.#record(block);
        return undefined;
      }
      if (block.length < BLOCK) throw cut();
      const raw = parseHeader(block);
      await this.#record(block);
      switch (raw.typeflag) {
        case "x":
          records = new Map(this.#global);
          parsePax(await this.#extension(raw), records);
          break;
        case "g":
          parsePax(await this.#extension(raw), this.#global);
          break;
        case "L":
          longName = untilNul(await this.#extension(raw));
          break;
        case "K":
          longLink = untilNul(await this.#extension(raw));
          break;
        default:
          return this.#member(raw, block, records ?? new Map(this.#global), longName, longLink);
      }
    }
  }

  /** Reads past what is left of the current member. */
  async finishContent(): Promise<void> {
    if (this.#left > 0) {
      if ((await this.#source.skip(this.#left)) < this.#left) throw cut();
      this.#left = 0;
    }
    if (this.#padding > 0) {
      const padding = await this.#source.take(this.#padding);
      if (padding.length < this.#padding) throw cut();
      this.#padding = 0;
      await this.#record(padding);
    }
  }

  /** The zero blocks and whatever else stands behind the last member. */
  async drain(): Promise<void> {
    for (;;) {
      const chunk = await this.#source.some(Number.MAX_SAFE_INTEGER);
      if (!chunk) return;
      await this.#record(chunk);
    }
  }

  cancel(): Promise<void> {
    return this.#source.cancel();
  }

  async #member(
    raw: RawHeader,
    block: Buffer,
    records: PaxRecords,
    longName: Buffer | undefined,
    longLink: Buffer | undefined,
  ): Promise<TarEntry> {
    const name = records.get("GNU.sparse.name") ?? records.get("path") ?? longName ?? raw.path;
    let type = TYPES[raw.typeflag];
    if (!type) {
      throw new TarError(
        "unsupported",
        `'${shownPath(name)}' in the archive is of the type '${raw.typeflag}', which is not supported`,
      );
    }
    // Tars older than POSIX had no type for directories.
    if (raw.typeflag === "\0" && name[name.length - 1] === 0x2f) type = "directory";
    const absolute = this.#options.absolute ?? "refuse";
    const numberOf = (key: string, field: number) => {
      const value = records.get(key);
      const number = value ? parseDecimal(value, key) : field;
      if (number < 0) throw new TarError("malformed", `negative ${key} of '${shownPath(name)}'`);
      return number;
    };
    const timeOf = (key: string): TarTime | undefined => {
      const value = records.get(key);
      return value && parsePaxTime(value, key);
    };
    // Members without content may claim a size all the same; no bytes follow them.
    const stored = type === "file" ? numberOf("size", raw.size) : 0;
    this.#left = stored;
    this.#padding = paddingOf(stored);
    const sparse = type === "file" ? await this.#sparseMap(raw, block, records) : undefined;
    const isLink = type === "hardlink" || type === "symlink";
    const link = isLink ? (records.get("linkpath") ?? longLink ?? raw.linkPath) : undefined;
    const xattrs = new Map<string, Buffer>();
    const otherRecords = new Map<string, Buffer>();
    for (const [key, value] of records) {
      if (key.startsWith(XATTR_PREFIX)) xattrs.set(xattrName(key), value);
      else if (!KNOWN.has(key) && !key.startsWith("GNU.sparse.")) otherRecords.set(key, value);
    }
    const isDevice = type === "chardev" || type === "blockdev";
    const storedSize = this.#left;
    const entry: TarEntry = {
      type,
      path: memberPath(name, absolute),
      linkPath: link && type === "hardlink" ? memberPath(link, absolute) : link,
      mode: raw.mode,
      uid: numberOf("uid", raw.uid),
      gid: numberOf("gid", raw.gid),
      uname: records.get("uname") ?? raw.uname,
      gname: records.get("gname") ?? raw.gname,
      size: sparse?.size ?? storedSize,
      mtime: timeOf("mtime") ?? { seconds: raw.mtime, nanoseconds: 0 },
      atime: timeOf("atime"),
      ctime: timeOf("ctime"),
      devMajor: isDevice ? raw.devMajor : undefined,
      devMinor: isDevice ? raw.devMinor : undefined,
      xattrs,
      otherRecords,
      contentOffset: this.#source.position,
      storedSize,
      extents: sparse?.extents,
      fragments: () => this.#fragments(sparse?.extents ?? [{ offset: 0, length: storedSize }]),
      content: () => withHoles(entry),
      bytes: (limit) => allBytes(entry, limit),
    };
    if (storedSize > 0) await this.#recorder?.payload(entry, storedSize);
    return entry;
  }

  async #sparseMap(
    raw: RawHeader,
    block: Buffer,
    records: PaxRecords,
  ): Promise<SparseMap | undefined> {
    const take = async (length: number) => {
      const bytes = await this.#source.take(length);
      if (bytes.length < length) throw cut();
      await this.#record(bytes);
      return bytes;
    };
    const map =
      raw.typeflag === "S" && raw.gnu
        ? await readOldGnuMap(Buffer.from(block), take)
        : await readPaxMap(records, take);
    if (!map) return undefined;
    this.#left -= map.mapBytes;
    const total = map.extents.reduce((sum, extent) => sum + extent.length, 0);
    if (total !== this.#left) {
      throw new TarError("malformed", "the map of a sparse file does not match its size");
    }
    return map;
  }

  async *#fragments(extents: readonly Extent[]): AsyncGenerator<Fragment> {
    for (const extent of extents) {
      let done = 0;
      while (done < extent.length) {
        const data = await this.#source.some(extent.length - done);
        if (!data) throw cut();
        this.#left -= data.length;
        yield { offset: extent.offset + done, data };
        done += data.length;
      }
    }
  }

  /** Content of a PAX header or long name. */
  async #extension(raw: RawHeader): Promise<Buffer> {
    if (raw.size > MAX_EXTENSION || raw.size < 0) {
      throw new TarError("too-large", `a header of the archive claims ${raw.size} bytes`);
    }
    const total = raw.size + paddingOf(raw.size);
    const data = await this.#source.take(total);
    if (data.length < total) throw cut();
    await this.#record(data);
    // A copy: records live longer than the chunk they came in.
    return Buffer.from(data.subarray(0, raw.size));
  }

  #record(bytes: Buffer): void | Promise<void> {
    if (bytes.length > 0) return this.#recorder?.raw(bytes);
  }
}

const KNOWN = new Set([
  "path",
  "linkpath",
  "size",
  "uid",
  "gid",
  "uname",
  "gname",
  "mtime",
  "atime",
  "ctime",
  "hdrcharset",
]);

async function* withHoles(entry: TarEntry): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const { offset, data } of entry.fragments()) {
    yield* zeros(offset - at);
    yield data;
    at = offset + data.length;
  }
  yield* zeros(entry.size - at);
}

function* zeros(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= ZEROS.length) {
    yield left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS;
  }
}

async function allBytes(entry: TarEntry, limit: number): Promise<Buffer> {
  if (entry.size > limit) {
    throw new TarError(
      "too-large",
      `'${shownPath(entry.path)}' in the archive has ${entry.size} bytes; at most ${limit} are expected`,
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function untilNul(data: Buffer): Buffer {
  const end = data.indexOf(0);
  return end < 0 ? data : data.subarray(0, end);
}

function cut(): TarError {
  return new TarError("truncated", "the tar archive ends too early");
}
