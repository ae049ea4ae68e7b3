/** Large data on its way: files in the temporary directory that vanish with the process. */
import { closeSync, existsSync, openSync, read, rmSync, unlinkSync, write } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Meter } from "./digest.ts";
import { writeProblem } from "./files.ts";
import type { Digest } from "./image.ts";

const CHUNK = 1 << 18;
const descriptors = new FinalizationRegistry<number>((fd) => closeSync(fd));

/** `TMPDIR`, else /var/tmp: /tmp is often in memory. */
export function largeTemporaryDirectory(): string {
  if (process.env.TMPDIR || process.platform !== "linux") return tmpdir();
  return existsSync("/var/tmp") ? "/var/tmp" : tmpdir();
}

/** Data that can be read again and from anywhere. Its file has no name: nothing is left behind. */
export class Spool {
  readonly size: number;
  readonly digest: Digest;
  readonly fd: number;

  private constructor(fd: number, size: number, digest: Digest) {
    this.fd = fd;
    this.size = size;
    this.digest = digest;
    descriptors.register(this, fd);
  }

  /** Takes everything that the source gives. */
  static async of(source: Readable, signal?: AbortSignal): Promise<Spool> {
    // It may fail before the file is there.
    source.on("error", () => undefined);
    const fd = await openNameless();
    const meter = new Meter();
    try {
      if (source.errored) throw source.errored;
      const stages = [source, meter, appender(fd)] as const;
      await (signal ? pipeline(...stages, { signal }) : pipeline(...stages));
    } catch (error) {
      closeSync(fd);
      throw writeProblem(`a temporary file in ${largeTemporaryDirectory()} (see TMPDIR)`, error);
    }
    return new Spool(fd, meter.size, meter.digest);
  }

  /** @param length to the end when absent */
  open(start = 0, length = this.size - start): Readable {
    return readRange(this.fd, start, length, this);
  }
}

/**
 * Part of an open file as a stream. Unlike node's own, it never closes the file, however it ends.
 * @param keep what owns the descriptor; it stays alive as long as the stream is read
 */
export function readRange(fd: number, start: number, length: number, keep: object): Readable {
  const end = start + length;
  let at = start;
  return new Readable({
    highWaterMark: CHUNK,
    read() {
      const wanted = Math.min(CHUNK, end - at);
      if (wanted <= 0) {
        this.push(null);
        return;
      }
      read(fd, Buffer.allocUnsafe(wanted), 0, wanted, at, (error, count, buffer) => {
        if (error) this.destroy(error);
        else if (count === 0) this.destroy(new Error("a file was cut short while it was read"));
        else {
          at += count;
          this.push(buffer.subarray(0, count));
        }
      });
    },
    destroy(error, done) {
      void keep;
      done(error);
    },
  });
}

async function openNameless(): Promise<number> {
  const directory = await mkdtemp(join(largeTemporaryDirectory(), "layerbook-"));
  const path = join(directory, "spool");
  const fd = openSync(path, "wx+", 0o600);
  try {
    unlinkSync(path);
    rmSync(directory, { recursive: true });
  } catch {
    // Where an open file cannot lose its name, it goes with the process.
    process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  }
  return fd;
}

function appender(fd: number): Writable {
  let at = 0;
  return new Writable({
    highWaterMark: 1 << 20,
    write(chunk: Buffer, _encoding, done) {
      const next = (from: number): void => {
        write(fd, chunk, from, chunk.length - from, at, (error, written) => {
          if (error) return done(error);
          at += written;
          if (from + written < chunk.length) next(from + written);
          else done();
        });
      };
      next(0);
    },
  });
}
