/** A stream that is still being opened, as node:http wants its sockets: there at once. */
import { Duplex } from "node:stream";

export class LateStream extends Duplex {
  #inner: Duplex | undefined;
  readonly #opening: Promise<Duplex | undefined>;

  /** @param open called at once; its failure becomes this stream's error */
  constructor(open: () => Promise<Duplex>) {
    super({ allowHalfOpen: true });
    this.#opening = open().then(
      (inner) => this.#joined(inner),
      (error: Error) => {
        this.destroy(error);
        return undefined;
      },
    );
  }

  override _read(): void {
    this.#inner?.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error) => void): void {
    void this.#opening.then((inner) => {
      if (!inner || inner.destroyed) done();
      else if (inner.write(chunk, encoding)) done();
      else inner.once("drain", () => done());
    });
  }

  override _final(done: () => void): void {
    void this.#opening.then((inner) => {
      inner?.end();
      done();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    void this.#opening.then((inner) => inner?.destroy());
    done(error);
  }

  #joined(inner: Duplex): Duplex {
    this.#inner = inner;
    if (this.destroyed) {
      inner.destroy();
      return inner;
    }
    inner.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) inner.pause();
    });
    inner.on("end", () => this.push(null));
    inner.on("error", (error) => this.destroy(error));
    inner.on("close", () => {
      if (!this.readableEnded) this.push(null);
    });
    return inner;
  }

  // What node:http calls on the sockets of an agent.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
