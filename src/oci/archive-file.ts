/** A tar archive on disk whose members can be opened by name, in any order. */
import { closeSync, openSync, read } from "node:fs";
import { stat } from "node:fs/promises";
import { posix } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { compressionOf, decompressed } from "./compression.ts";
import { ImageError } from "./errors.ts";
import { readRange, Spool } from "./spool.ts";
import type { SkippableInput } from "./tar/byte-source.ts";
import { readTar } from "./tar/index.ts";

interface Member {
  readonly start: number;
  readonly size: number;
}

/** Something that gives any part of itself. */
interface Source {
  open(start?: number, length?: number): Readable;
}

const readAsync = promisify(read);
const descriptors = new FinalizationRegistry<number>((fd) => closeSync(fd));

export class ArchiveFile {
  readonly #source: Source;
  readonly #members: ReadonlyMap<string, Member>;
  readonly #links: ReadonlyMap<string, string>;
  readonly #what: string;

  private constructor(
    source: Source,
    members: ReadonlyMap<string, Member>,
    links: ReadonlyMap<string, string>,
    what: string,
  ) {
    this.#source = source;
    this.#members = members;
    this.#links = links;
    this.#what = what;
  }

  /** @param what for messages: `docker-archive:web.tar` */
  static async open(path: string, what: string, signal?: AbortSignal): Promise<ArchiveFile> {
    const { size } = await stat(path);
    const file = new OpenFile(path, size);
    const start = Buffer.alloc(6);
    await readAsync(file.fd, start, 0, 6, 0);
    if (compressionOf(start) !== undefined) {
      const spool = await Spool.of(await decompressed(file.open(), what), signal);
      return ArchiveFile.#index(spool, new FileBytes(spool.fd, spool.size, spool), what);
    }
    return ArchiveFile.#index(file, new FileBytes(file.fd, size, file), what);
  }

  /** An archive that arrives as a stream: it is spooled. */
  static async receive(stream: Readable, what: string, signal?: AbortSignal): Promise<ArchiveFile> {
    const spool = await Spool.of(stream, signal);
    return ArchiveFile.#index(spool, new FileBytes(spool.fd, spool.size, spool), what);
  }

  static async #index(
    source: Source,
    input: AsyncIterable<Uint8Array>,
    what: string,
  ): Promise<ArchiveFile> {
    const members = new Map<string, Member>();
    const links = new Map<string, string>();
    for await (const entry of readTar(input)) {
      const name = entry.path.toString();
      const target = entry.linkPath?.toString() ?? "";
      if (entry.type === "file") {
        members.set(name, { start: entry.contentOffset, size: entry.storedSize });
      } else if (entry.type === "symlink") {
        links.set(name, posix.join(posix.dirname(name), target));
      } else if (entry.type === "hardlink") {
        links.set(name, target);
      }
    }
    return new ArchiveFile(source, members, links, what);
  }

  has(name: string): boolean {
    return this.#members.has(this.#resolve(name));
  }

  size(name: string): number {
    return this.#member(name).size;
  }

  open(name: string): Readable {
    const { start, size } = this.#member(name);
    return this.#source.open(start, size);
  }

  /** @throws ImageError beyond `limit` bytes */
  async bytes(name: string, limit: number): Promise<Buffer> {
    if (this.size(name) > limit) {
      throw new ImageError(`${this.#what}: ${name} has more than ${limit} bytes`);
    }
    const chunks: Buffer[] = [];
    for await (const chunk of this.open(name)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  #member(name: string): Member {
    const member = this.#members.get(this.#resolve(name));
    if (!member) throw new ImageError(`${this.#what} is damaged: ${name} is missing in it`);
    return member;
  }

  /** Old versions of Docker save a layer that occurs twice as a link. */
  #resolve(name: string): string {
    let found = name;
    for (let i = 0; i < 10; i++) found = this.#links.get(found) ?? found;
    return found;
  }
}

class OpenFile implements Source {
  readonly fd: number;
  readonly #size: number;

  constructor(path: string, size: number) {
    this.fd = openSync(path, "r");
    this.#size = size;
    descriptors.register(this, this.fd);
  }

  open(start = 0, length = this.#size - start): Readable {
    return readRange(this.fd, start, length, this);
  }
}

/** A file from its beginning, with the contents of members left out unread. */
class FileBytes implements SkippableInput {
  readonly #fd: number;
  readonly #size: number;
  readonly keep: object;
  #at = 0;

  constructor(fd: number, size: number, keep: object) {
    this.#fd = fd;
    this.#size = size;
    this.keep = keep;
  }

  async skip(length: number): Promise<number> {
    const skipped = Math.min(length, this.#size - this.#at);
    this.#at += skipped;
    return skipped;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const buffer = Buffer.allocUnsafe(8192);
      const { bytesRead } = await readAsync(this.#fd, buffer, 0, buffer.length, this.#at);
      if (bytesRead === 0) return;
      this.#at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}
