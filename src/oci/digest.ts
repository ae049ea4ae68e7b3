/** Digests, and streams that are checked against them. */
import { createHash } from "node:crypto";
import { pipeline, type Readable, Transform } from "node:stream";
import { ImageError } from "./errors.ts";
import type { Digest } from "./image.ts";

export function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** The 64 hexadecimal digits. */
export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** What went through a {@link Meter}. */
export class Meter extends Transform {
  readonly #hash = createHash("sha256");
  /** Bytes so far. */
  size = 0;
  #digest: Digest | undefined;

  /** Of everything; only after the end. */
  get digest(): Digest {
    this.#digest ??= `sha256:${this.#hash.digest("hex")}`;
    return this.#digest;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: DoneWith): void {
    this.#hash.update(chunk);
    this.size += chunk.length;
    done(null, chunk);
  }
}

type DoneWith = (error?: Error | null, data?: unknown) => void;

/**
 * The stream, which fails at its end if it was not what the digest says.
 * @param what for the message: `layer 3 of oci:web`
 */
export function verified(source: Readable, digest: Digest, what: string): Readable {
  return joined(source, new Verifier(digest, what));
}

class Verifier extends Meter {
  readonly #expected: Digest;
  readonly #what: string;

  constructor(expected: Digest, what: string) {
    super();
    this.#expected = expected;
    this.#what = what;
  }

  override _flush(done: DoneWith): void {
    if (this.digest === this.#expected) done();
    else done(damaged(this.#what, this.#expected, this.digest));
  }
}

/** Bytes that must have this digest. @throws ImageError */
export function checkDigest(bytes: Uint8Array, digest: Digest, what: string): void {
  const found = sha256(bytes);
  if (found !== digest) throw damaged(what, digest, found);
}

function damaged(what: string, expected: Digest, found: Digest): ImageError {
  return new ImageError(`${what} is damaged: its digest is ${found}, not ${expected}`, {
    hint: "Fetch or make it anew; it changed on disk or on the way.",
  });
}

/** A stream through transforms; a failure or the end of any of them reaches all. */
export function joined(source: Readable, ...transforms: Transform[]): Readable {
  const last = transforms.at(-1);
  if (!last) return source;
  pipeline([source, ...transforms], () => undefined);
  return last;
}
