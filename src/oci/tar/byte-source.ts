/** Pulls exact numbers of bytes out of a stream of chunks. */

/** An input that can leave bytes out without reading them, as a file can. */
export interface SkippableInput extends AsyncIterable<Uint8Array> {
  /** Leaves out that many bytes. Answers how many there were: fewer only at the end. */
  skip(length: number): Promise<number>;
}

export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #skippable: SkippableInput | undefined;
  #held: Buffer = Buffer.alloc(0);
  /** Bytes taken out so far. */
  position = 0;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#chunks = input[Symbol.asyncIterator]();
    this.#skippable = "skip" in input ? (input as SkippableInput) : undefined;
  }

  /** Exactly `length` bytes; fewer, possibly none, only at the end of the input. */
  async take(length: number): Promise<Buffer> {
    if (this.#held.length < length) await this.#gather(length);
    return this.#cut(length);
  }

  /** The same without waiting, if the bytes are here already. */
  takeNow(length: number): Buffer | undefined {
    return this.#held.length < length ? undefined : this.#cut(length);
  }

  /** At least one and at most `limit` bytes, as they come; `undefined` at the end. */
  async some(limit: number): Promise<Buffer | undefined> {
    if (this.#held.length === 0) {
      const next = await this.#next();
      if (!next) return undefined;
      this.#held = next;
    }
    return this.#cut(limit);
  }

  /** Leaves out `length` bytes. Answers how many there were: fewer only at the end. */
  async skip(length: number): Promise<number> {
    let done = this.#cut(length).length;
    if (this.#skippable && done < length) {
      const skipped = await this.#skippable.skip(length - done);
      this.position += skipped;
      return done + skipped;
    }
    while (done < length) {
      const chunk = await this.some(length - done);
      if (!chunk) break;
      done += chunk.length;
    }
    return done;
  }

  /** Tells the input that no more is wanted. */
  async cancel(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #gather(length: number): Promise<void> {
    const parts = [this.#held];
    let total = this.#held.length;
    while (total < length) {
      const next = await this.#next();
      if (!next) break;
      parts.push(next);
      total += next.length;
    }
    this.#held = parts.length === 1 ? this.#held : Buffer.concat(parts, total);
  }

  async #next(): Promise<Buffer | undefined> {
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done) return undefined;
      if (value.length > 0) {
        return Buffer.isBuffer(value)
          ? value
          : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      }
    }
  }

  #cut(length: number): Buffer {
    const out = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(out.length);
    this.position += out.length;
    return out;
  }
}
