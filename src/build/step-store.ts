/**
 * The step store: under the key of a step, its whole outcome. Plain files, each with the digest of
 * its own content in its first line, so that a torn or flipped record is a miss and never a wrong hit.
 * Records of secret steps are encrypted with a key that never leaves the store.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import type { Data, ModuleResult } from "../modules/module.ts";
import type { Digest } from "../oci/image.ts";
import { PyFloat } from "../values/model.ts";
import type { Layer } from "../workspace/workspace.ts";
import { writeAtomically } from "./atomic.ts";
import type { EncodedParts } from "./step-parts.ts";
import { SyncMark } from "./sync-mark.ts";

/** Changes when the meaning of a record does; older records are then misses. */
const FORMAT = 1;

/** How exactly the last use of a record is noted. Milliseconds. */
export const USE_PRECISION_MS = 60_000;

/** What is remembered besides outcomes. */
export type FactKind =
  /** What base images are made of. */
  | "bases"
  /** Which image came of which layers. */
  | "images"
  /** Under which key the outcome of a step is that touches only what it touches now. */
  | "touched";

const FACT_KINDS: readonly FactKind[] = ["bases", "images", "touched"];

/** What running a step came to. */
export interface StepRecord {
  readonly result: ModuleResult;
  /** The filesystem difference; `null` when the step changed nothing. */
  readonly layer: Layer | null;
  /**
   * A process of the step was alive afterwards, so there is no snapshot: the step is run again as
   * soon as a later step cannot be replayed.
   */
  readonly busy: boolean;
  /** Services whose start was left to the container, with the state that was asked for. */
  readonly deferred: readonly (readonly [service: string, state: string])[];
  readonly durationMs: number;
  /** Unix ms. */
  readonly created: number;
  /** For people: the task's name and the module. */
  readonly title: string;
  /** What the key was made of; absent for the end of a playbook. */
  readonly parts?: EncodedParts;
}

/** Outcomes of other machines. */
export interface FurtherRecords {
  get(key: Digest): StepRecord | undefined;
  /** The key of the outcome of a step that touches only what it touches now. */
  touched(key: Digest): Digest | undefined;
}

export interface FoundRecord {
  readonly key: Digest;
  readonly path: string;
  /** Of the record itself. */
  readonly bytes: number;
  /** Unix ms; within {@link USE_PRECISION_MS}. */
  readonly usedMs: number;
  readonly secret?: boolean;
  readonly record?: StepRecord;
  /** Why it is not used. */
  readonly damage?: string;
}

interface Envelope {
  readonly format: number;
  readonly boot: string;
  readonly created: number;
  readonly plain?: StepRecord;
  /** AES-256-GCM: nonce, tag, ciphertext; base64. */
  readonly sealed?: readonly [string, string, string];
}

export class StepStore {
  readonly root: string;
  readonly #sync: SyncMark;
  #secret: Buffer | undefined;
  #wrote = false;
  #further: FurtherRecords | undefined;
  readonly #touched = new Map<Digest, Digest>();

  /** @param root the store's directory; it and what is in it are made when first written */
  constructor(root: string) {
    this.root = root;
    this.#sync = new SyncMark(root);
  }

  /** Asks caches of other machines for what is not here. */
  consult(further: FurtherRecords): void {
    this.#further = further;
  }

  /** The record under a key; `undefined` when there is none, or none that can be trusted. */
  get(key: Digest): StepRecord | undefined {
    return this.#own(key) ?? this.#further?.get(key);
  }

  /** The same for a record that others may see: it holds no secret. */
  getShareable(key: Digest): StepRecord | undefined {
    const envelope = this.#read<Envelope>(this.#path("steps", key));
    return envelope?.format === FORMAT ? envelope.plain : this.#further?.get(key);
  }

  /** Keys of what steps touch that were met in this run, with the keys of their outcomes. */
  get touchedKeys(): ReadonlyMap<Digest, Digest> {
    return this.#touched;
  }

  getTouched(touched: Digest): Digest | undefined {
    const at = this.getFact<Digest>("touched", touched) ?? this.#further?.touched(touched);
    if (at) this.#touched.set(touched, at);
    return at;
  }

  putTouched(touched: Digest, at: Digest): void {
    this.putFact("touched", touched, at);
    this.#touched.set(touched, at);
  }

  #own(key: Digest): StepRecord | undefined {
    const envelope = this.#read<Envelope>(this.#path("steps", key));
    if (envelope?.format !== FORMAT) return undefined;
    if (envelope.plain) return envelope.plain;
    return envelope.sealed && this.#unseal(envelope.sealed);
  }

  /** @param secret the step handled a secret: its record is encrypted */
  put(key: Digest, record: StepRecord, secret: boolean): void {
    const common = { format: FORMAT, boot: this.#sync.boot, created: record.created };
    const envelope: Envelope = secret
      ? { ...common, sealed: this.#seal(record) }
      : { ...common, plain: record };
    this.#write(this.#path("steps", key), envelope);
  }

  /** Every record, whole or not. Reading it is no use of it. */
  *records(): Generator<FoundRecord> {
    for (const { key, path } of this.#files("steps")) {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (!stat) continue;
      const found = { key, path, bytes: stat.size, usedMs: stat.mtimeMs };
      const envelope = this.#parse<Envelope>(path);
      if (typeof envelope === "string") yield { ...found, damage: envelope };
      else if (envelope.format !== FORMAT) {
        yield { ...found, damage: `it has the format ${envelope.format}, not ${FORMAT}` };
      } else {
        const secret = envelope.plain === undefined;
        const record = envelope.plain ?? (envelope.sealed && this.#unseal(envelope.sealed));
        if (record) yield { ...found, secret, record };
        else yield { ...found, damage: "it cannot be decrypted" };
      }
    }
  }

  /** Every fact of a kind that can be read, with when it was last used (Unix ms). */
  *facts<T>(
    kind: FactKind,
  ): Generator<{ key: Digest; path: string; usedMs: number; fact: T | undefined }> {
    for (const { key, path } of this.#files(kind)) {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (!stat) continue;
      const envelope = this.#parse<{ format: number; boot: string; created: number; fact: T }>(
        path,
      );
      const fact = typeof envelope === "string" ? undefined : envelope.fact;
      yield { key, path, usedMs: stat.mtimeMs, fact };
    }
  }

  deleteFact(kind: FactKind, key: Digest): void {
    rmSync(this.#path(kind, key), { force: true });
  }

  /** Files that were being written when somebody was killed. */
  *leftovers(): Generator<string> {
    for (const kind of ["steps", ...FACT_KINDS]) {
      for (const { path, name } of listTwoLevels(join(this.root, kind))) {
        if (name.endsWith(".tmp")) yield path;
      }
    }
  }

  *#files(kind: string): Generator<{ key: Digest; path: string }> {
    for (const { path, prefix, name } of listTwoLevels(join(this.root, kind))) {
      const hex = `${prefix}${name}`;
      if (/^[0-9a-f]{64}$/.test(hex)) yield { key: `sha256:${hex}`, path };
    }
  }

  /** What a file holds, or why it cannot be trusted. */
  #parse<T extends { boot: string; created: number }>(path: string): T | string {
    const text = readFileSync(path, "utf8");
    const end = text.indexOf("\n");
    const body = text.slice(end + 1);
    if (text.slice(0, end) !== sha256(body)) return "it is not what its digest says";
    const value = JSON.parse(body, reviveFloats) as T;
    if (!this.#sync.trusts(value.boot, value.created)) {
      return "it was written before the machine went down, and may not have reached the disk";
    }
    return value;
  }

  /** Forgets a step, if it was known. */
  delete(key: Digest): void {
    rmSync(this.#path("steps", key), { force: true });
  }

  /**
   * Other facts that are worth remembering under a digest: what a base image is made of, which image
   * came of a stack of layers.
   */
  getFact<T>(kind: FactKind, key: Digest): T | undefined {
    const envelope = this.#read<{ format: number; boot: string; created: number; fact: T }>(
      this.#path(kind, key),
    );
    return envelope?.format === FORMAT ? envelope.fact : undefined;
  }

  putFact<T>(kind: FactKind, key: Digest, fact: T): void {
    const created = Date.now();
    this.#write(this.#path(kind, key), { format: FORMAT, boot: this.#sync.boot, created, fact });
  }

  /**
   * A digest that only this store can compute: the keys of steps that handle secrets do not give
   * the secret to whoever guesses at it.
   */
  privateDigest(digest: Digest): Digest {
    return `sha256:${createHmac("sha256", this.#key()).update(digest).digest("hex")}`;
  }

  /** Called at the end of a build: makes what was written survive a power cut, without waiting. */
  settle(): void {
    if (this.#wrote) this.#sync.start();
    this.#wrote = false;
  }

  #path(kind: string, key: Digest): string {
    const hex = key.slice("sha256:".length);
    return join(this.root, kind, hex.slice(0, 2), hex.slice(2));
  }

  #read<T extends { boot: string; created: number }>(path: string): T | undefined {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
    const end = text.indexOf("\n");
    const body = text.slice(end + 1);
    if (text.slice(0, end) !== sha256(body)) return undefined;
    const value = JSON.parse(body, reviveFloats) as T;
    if (!this.#sync.trusts(value.boot, value.created)) return undefined;
    this.#noteUse(path);
    return value;
  }

  /** The time of the last use is the file's, for whoever cleans up. */
  #noteUse(path: string): void {
    const now = Date.now();
    if (now - statSync(path).mtimeMs > USE_PRECISION_MS) utimesSync(path, now / 1000, now / 1000);
  }

  #write(path: string, value: unknown): void {
    const body = JSON.stringify(value, replaceFloats);
    // Renaming over a file makes ext4 write it out at once; that it is missing for a moment is a miss.
    rmSync(path, { force: true });
    writeAtomically(path, `${sha256(body)}\n${body}`);
    this.#wrote = true;
  }

  #key(): Buffer {
    if (this.#secret) return this.#secret;
    const path = join(this.root, "secret.key");
    try {
      this.#secret = readFileSync(path);
    } catch {
      mkdirSync(this.root, { recursive: true });
      writeAtomically(path, randomBytes(32), 0o600);
      chmodSync(path, 0o600);
      this.#secret = readFileSync(path);
    }
    return this.#secret;
  }

  #seal(record: StepRecord): [string, string, string] {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key(), nonce);
    const text = Buffer.concat([
      cipher.update(JSON.stringify(record, replaceFloats)),
      cipher.final(),
    ]);
    return [nonce, cipher.getAuthTag(), text].map((part) => part.toString("base64")) as [
      string,
      string,
      string,
    ];
  }

  #unseal(sealed: readonly [string, string, string]): StepRecord | undefined {
    const [nonce, tag, text] = sealed.map((part) => Buffer.from(part, "base64")) as [
      Buffer,
      Buffer,
      Buffer,
    ];
    try {
      const decipher = createDecipheriv("aes-256-gcm", this.#key(), nonce);
      decipher.setAuthTag(tag);
      const plain = Buffer.concat([decipher.update(text), decipher.final()]).toString();
      return JSON.parse(plain, reviveFloats) as StepRecord;
    } catch {
      // Another store's key: not ours to read.
      return undefined;
    }
  }
}

function listTwoLevels(root: string): { path: string; prefix: string; name: string }[] {
  const found = [];
  for (const prefix of listOf(root)) {
    for (const name of listOf(join(root, prefix))) {
      found.push({ path: join(root, prefix, name), prefix, name });
    }
  }
  return found;
}

function listOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** JSON has no float of its own: 1.0 must come back as a float. */
export function replaceFloats(_key: string, value: unknown): unknown {
  return value instanceof PyFloat ? { $float: value.value } : value;
}

export function reviveFloats(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const float = (value as { $float?: Data }).$float;
  return typeof float === "number" ? new PyFloat(float) : value;
}
