/**
 * A shared cache as documents: a manifest whose first blob is the list of outcomes, and whose other
 * blobs are the layers that they need. What comes from elsewhere is checked member by member: it may be
 * damaged, of another version, or made to deceive.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { isDigest, sha256 } from "../../oci/digest.ts";
import { encodeDocument, MEDIA } from "../../oci/documents.ts";
import type { Digest } from "../../oci/image.ts";
import type { Aside } from "../../workspace/manifest.ts";
import { replaceFloats, reviveFloats, type StepRecord } from "../step-store.ts";

export const CACHE_TYPE = "application/vnd.layerbook.cache.v1+json";
export const OUTCOMES_TYPE = "application/vnd.layerbook.cache.outcomes.v1+gzip";

/** Changes when the meaning of an outcome does; others are no cache. */
const FORMAT = 1;
/** No list of outcomes comes near it. Bytes, uncompressed. */
const MOST_BYTES = 256 << 20;

export interface SharedLayer {
  /** What the layer changes ({@link Layer.content}). */
  readonly content: Digest;
  readonly size: number;
  readonly files: { readonly written: number; readonly removed: number };
  /** Of the uncompressed tar, with all its times. */
  readonly diffId: Digest;
  /** The compressed tar. */
  readonly blob: { readonly digest: Digest; readonly size: number };
  /** Paths that are in the tar without being changes. */
  readonly asides: Readonly<Record<string, Aside>>;
}

export interface SharedOutcome {
  readonly record: Omit<StepRecord, "layer" | "parts">;
  readonly layer: SharedLayer | null;
  /** When a build last used it. Unix ms. */
  readonly used: number;
}

export interface SharedOutcomes {
  readonly outcomes: ReadonlyMap<Digest, SharedOutcome>;
  /** Keys of what steps touch, to keys of outcomes. */
  readonly touched: ReadonlyMap<Digest, Digest>;
}

export function encodeOutcomes({ outcomes, touched }: SharedOutcomes): Buffer {
  const document = {
    format: FORMAT,
    outcomes: [...outcomes],
    touched: [...touched],
  };
  return gzipSync(JSON.stringify(document, replaceFloats), { level: 6 });
}

/** @throws Error that says what is wrong */
export function decodeOutcomes(bytes: Uint8Array): SharedOutcomes {
  const text = gunzipSync(bytes, { maxOutputLength: MOST_BYTES }).toString("utf8");
  const document = object(JSON.parse(text, reviveFloats), "the list of outcomes");
  if (document.format !== FORMAT) throw new Error(`it has the format ${document.format}`);
  const outcomes = new Map<Digest, SharedOutcome>();
  for (const entry of list(document.outcomes, "outcomes")) {
    const [key, outcome] = list(entry, "an outcome");
    outcomes.set(digest(key, "a key"), decodeOutcome(object(outcome, "an outcome")));
  }
  const touched = new Map<Digest, Digest>();
  for (const entry of list(document.touched, "touched")) {
    const [key, at] = list(entry, "a key");
    touched.set(digest(key, "a key"), digest(at, "a key"));
  }
  return { outcomes, touched };
}

/** The manifest of a cache. */
export function cacheManifest(outcomes: Buffer, layers: readonly SharedLayer["blob"][]): Buffer {
  const blobs = new Map(layers.map((blob) => [blob.digest, blob]));
  return encodeDocument({
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    artifactType: CACHE_TYPE,
    config: { mediaType: CACHE_TYPE, digest: sha256(EMPTY), size: EMPTY.length },
    layers: [
      { mediaType: OUTCOMES_TYPE, digest: sha256(outcomes), size: outcomes.length },
      ...[...blobs.values()].map(({ digest, size }) => ({
        mediaType: MEDIA.ociLayerGzip,
        digest,
        size,
      })),
    ],
  });
}

/** The configuration of a manifest that has none. */
export const EMPTY = Buffer.from("{}");

/**
 * Where a cache's list of outcomes is.
 * @throws Error when the manifest is not one of a cache
 */
export function outcomesBlob(manifest: Uint8Array): {
  readonly digest: Digest;
  readonly size: number;
} {
  const document = object(JSON.parse(Buffer.from(manifest).toString("utf8")), "the manifest");
  const config = object(document.config, "the configuration");
  if (config.mediaType !== CACHE_TYPE) throw new Error("it is no cache of Layerbook");
  const [first] = list(document.layers, "the blobs");
  const blob = object(first, "the first blob");
  if (blob.mediaType !== OUTCOMES_TYPE) throw new Error("it has no list of outcomes");
  return { digest: digest(blob.digest, "a digest"), size: count(blob.size, "a size") };
}

function decodeOutcome(outcome: Readonly<Record<string, unknown>>): SharedOutcome {
  const record = object(outcome.record, "a record");
  const deferred = list(record.deferred, "deferred services").map((pair) => {
    const [service, state] = list(pair, "a service");
    return [text(service, "a service"), text(state, "a state")] as const;
  });
  return {
    record: {
      result: object(record.result, "a result") as StepRecord["result"],
      busy: record.busy === true,
      deferred,
      durationMs: count(record.durationMs, "a duration"),
      created: count(record.created, "a time"),
      title: text(record.title, "a title"),
    },
    layer: outcome.layer === null ? null : decodeLayer(object(outcome.layer, "a layer")),
    used: count(outcome.used, "a time"),
  };
}

function decodeLayer(layer: Readonly<Record<string, unknown>>): SharedLayer {
  const files = object(layer.files, "a count");
  const blob = object(layer.blob, "a blob");
  const asides = object(layer.asides, "paths");
  return {
    content: digest(layer.content, "a content"),
    size: count(layer.size, "a size"),
    files: { written: count(files.written, "a count"), removed: count(files.removed, "a count") },
    diffId: digest(layer.diffId, "a digest"),
    blob: { digest: digest(blob.digest, "a digest"), size: count(blob.size, "a size") },
    asides: Object.fromEntries(
      Object.entries(asides).map(([path, aside]) => {
        if (aside !== "parent" && aside !== "touched") throw new Error("a path of no known kind");
        return [path, aside];
      }),
    ),
  };
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new Error(`${what} is missing or malformed`);
}

function list(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${what}: no list`);
}

function digest(value: unknown, what: string): Digest {
  if (typeof value === "string" && isDigest(value)) return value;
  throw new Error(`${what} is no digest`);
}

function count(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${what} is no number`);
}

function text(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw new Error(`${what} is no text`);
}
