/**
 * Tar-split: the bytes of an archive that are no file content (headers, padding, the end), kept so
 * that the archive can be put together again, bit for bit, from the files it was unpacked to. The idea
 * is vbatts/tar-split's; the format is our own and smaller.
 *
 * A split is a gzip stream of records: `R` u32 length, bytes; `F` u32 path length, path, u32 count of
 * extents, for each offset and length as f64. Numbers are big-endian.
 */

import { once } from "node:events";
import { Readable, type Writable } from "node:stream";
import { createGunzip, createGzip, type Gzip } from "node:zlib";
import { ByteSource } from "./byte-source.ts";
import { shownPath, TarError } from "./entry.ts";
import type { TarEntry, TarRecorder } from "./reader.ts";

const RAW = 0x52;
const FILE = 0x46;
const FLUSH_AT = 1 << 16;

/** Writes the split of an archive while `readTar` reads it (its `recorder`). */
export class TarSplitWriter implements TarRecorder {
  readonly #gzip: Gzip;
  readonly #paths = new Set<string>();
  readonly #closed: Promise<unknown>;
  #parts: Buffer[] = [];
  #held = 0;
  #repeated = false;

  /** @param output receives the split; it is ended by {@link finish} */
  constructor(output: Writable) {
    this.#gzip = createGzip({ level: 1 });
    this.#closed = new Promise<void>((resolve, reject) => {
      output.on("close", resolve);
      output.on("error", reject);
      this.#gzip.on("error", reject);
    });
    this.#closed.catch(() => undefined);
    this.#gzip.pipe(output);
  }

  /**
   * Whether the files, once unpacked, can give the archive back: not when it has two contents under
   * one name, of which the first is lost. Keep such an archive as it is.
   */
  get replayable(): boolean {
    return !this.#repeated;
  }

  raw(bytes: Buffer): void | Promise<void> {
    this.#parts.push(Buffer.from(bytes));
    this.#held += bytes.length;
    if (this.#held >= FLUSH_AT) return this.#flush();
  }

  payload(entry: TarEntry, storedSize: number): Promise<void> {
    const key = entry.path.toString("latin1");
    if (this.#paths.has(key)) this.#repeated = true;
    this.#paths.add(key);
    const extents = entry.extents ?? [{ offset: 0, length: storedSize }];
    const record = Buffer.alloc(9 + entry.path.length + extents.length * 16);
    record[0] = FILE;
    let at = record.writeUInt32BE(entry.path.length, 1);
    at += entry.path.copy(record, at);
    at = record.writeUInt32BE(extents.length, at);
    for (const { offset, length } of extents) {
      at = record.writeDoubleBE(offset, at);
      at = record.writeDoubleBE(length, at);
    }
    return this.#flush(record);
  }

  /** Resolves when the output has everything. */
  async finish(): Promise<void> {
    await this.#flush();
    this.#gzip.end();
    await this.#closed;
  }

  async #flush(record?: Buffer): Promise<void> {
    if (this.#held > 0) {
      const head = Buffer.alloc(5);
      head[0] = RAW;
      head.writeUInt32BE(this.#held, 1);
      const parts = this.#parts;
      this.#parts = [];
      this.#held = 0;
      await this.#write(Buffer.concat([head, ...parts]));
    }
    if (record) await this.#write(record);
  }

  async #write(bytes: Buffer): Promise<void> {
    if (!this.#gzip.write(bytes)) await Promise.race([once(this.#gzip, "drain"), this.#closed]);
  }
}

/**
 * The archive again. A file that is not there or too short is a {@link TarError}; whether contents are
 * still what they were only the archive's digest tells: verify it.
 *
 * @param split what {@link TarSplitWriter} wrote
 * @param openContent the content, holes as zeros, of the file that was unpacked from this path
 */
export function replayTarSplit(
  split: AsyncIterable<Uint8Array>,
  openContent: (path: Buffer) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>,
): Readable {
  return Readable.from(replay(split, openContent), { objectMode: false });
}

async function* replay(
  split: AsyncIterable<Uint8Array>,
  openContent: (path: Buffer) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>,
): AsyncGenerator<Uint8Array> {
  const source = new ByteSource(Readable.from(split, { objectMode: false }).pipe(createGunzip()));
  const take = async (length: number): Promise<Buffer> => {
    const bytes = source.takeNow(length) ?? (await source.take(length));
    if (bytes.length < length) throw new TarError("truncated", "the split of a layer is cut short");
    return bytes;
  };
  for (;;) {
    const kind = (await source.take(1))[0];
    if (kind === undefined) return;
    if (kind === RAW) {
      yield await take((await take(4)).readUInt32BE());
    } else if (kind === FILE) {
      const path = Buffer.from(await take((await take(4)).readUInt32BE()));
      const extents: { offset: number; length: number }[] = [];
      for (let left = (await take(4)).readUInt32BE(); left > 0; left--) {
        const pair = await take(16);
        extents.push({ offset: pair.readDoubleBE(0), length: pair.readDoubleBE(8) });
      }
      yield* storedParts(path, extents, await openContent(path));
    } else {
      throw new TarError("malformed", "the split of a layer is damaged");
    }
  }
}

/** What an archive stores of a file, cut out of its whole content. */
async function* storedParts(
  path: Buffer,
  extents: readonly { offset: number; length: number }[],
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const last = extents.at(-1);
  if (!last) return;
  let at = 0;
  let index = 0;
  for await (const chunk of content) {
    while (index < extents.length) {
      const { offset, length } = extents[index] ?? last;
      const from = Math.max(offset, at);
      const to = Math.min(offset + length, at + chunk.length);
      if (to > from) yield chunk.subarray(from - at, to - at);
      if (offset + length > at + chunk.length) break;
      index++;
    }
    at += chunk.length;
    if (index === extents.length) break;
  }
  if (index < extents.length) {
    throw new TarError("malformed", `'${shownPath(path)}' is shorter than the layer it came from`);
  }
}
