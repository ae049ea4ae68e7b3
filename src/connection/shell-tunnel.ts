/** The streams of a shell that was given up for one program, as one stream. */
import { Duplex } from "node:stream";
import { ConnectionError, type OutputStream } from "./connection.ts";
import type { ShellStream } from "./stream-shell.ts";

/** How much of the program's standard error is kept for a message. */
const KEPT = 2000;

export class ShellTunnel extends Duplex {
  readonly #stream: ShellStream;
  readonly #close: () => Promise<void>;
  #said = "";
  #silent = true;

  constructor(stream: ShellStream, close: () => Promise<void>) {
    super({ allowHalfOpen: true });
    this.#stream = stream;
    this.#close = close;
  }

  /** Bytes that the program wrote. */
  receive(name: OutputStream, chunk: Buffer): void {
    if (chunk.length === 0 || this.destroyed) return;
    if (name === "stderr") {
      this.#said = (this.#said + chunk.toString()).slice(-KEPT);
      return;
    }
    this.#silent = false;
    if (!this.push(chunk)) this.#stream.stdout.pause();
  }

  /** The program has ended, or the way to it was cut. */
  finish(reason: string): void {
    if (this.destroyed) return;
    const said = this.#said.trim().split("\n").slice(-2).join(" ");
    if (this.#silent) this.destroy(new ConnectionError(said || reason, { exitCode: 4 }));
    else this.push(null);
  }

  override _read(): void {
    this.#stream.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { stdin } = this.#stream;
    if (stdin.destroyed || stdin.write(chunk)) done();
    else {
      const go = () => {
        stdin.off("drain", go);
        stdin.off("close", go);
        done();
      };
      stdin.on("drain", go);
      stdin.on("close", go);
    }
  }

  override _final(done: () => void): void {
    const { stdin } = this.#stream;
    // Why it is gone the end of the streams tells.
    if (stdin.destroyed) done();
    else stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#close().then(
      () => done(error),
      () => done(error),
    );
  }
}
