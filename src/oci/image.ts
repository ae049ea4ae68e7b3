/**
 * Images as data. The shapes follow the OCI image specification (config.md, manifest.md); field names
 * of documents are the specification's, so that they can be written out as they are.
 */
import type { Readable } from "node:stream";

/** `sha256:` and 64 hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** What a container of the image runs, and how: the `config` object of an image configuration. */
export interface RunConfig {
  User?: string;
  ExposedPorts?: Record<string, Record<string, never>>;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  Volumes?: Record<string, Record<string, never>>;
  WorkingDir?: string;
  Labels?: Record<string, string>;
  StopSignal?: string;
  Shell?: string[];
  /** Durations in nanoseconds, as Docker writes them. */
  Healthcheck?: {
    Test?: string[];
    Interval?: number;
    Timeout?: number;
    StartPeriod?: number;
    Retries?: number;
  };
}

export interface HistoryEntry {
  created?: string;
  created_by?: string;
  author?: string;
  comment?: string;
  empty_layer?: boolean;
}

/** An image configuration; its digest is Docker's image id. */
export interface ImageConfig {
  created?: string;
  author?: string;
  architecture: string;
  variant?: string;
  os: string;
  config?: RunConfig;
  rootfs: { type: "layers"; diff_ids: Digest[] };
  history?: HistoryEntry[];
}

/** One layer that can be read: always as the uncompressed tar whose digest is `diffId`. */
export interface LayerSource {
  readonly diffId: Digest;
  /** Bytes of the uncompressed tar, where that is known without reading it. */
  readonly size?: number | undefined;
  /** Opens the uncompressed tar. May be called more than once. */
  open(): Promise<Readable>;
  /** A compressed form that exists already; it is passed on as it is rather than compressed again. */
  readonly blob?: LayerBlob | undefined;
}

/** A layer as it is stored and sent. */
export interface LayerBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  open(): Promise<Readable>;
}

/** An image: the exact bytes of its configuration, and its layers from the base upwards. */
export interface Image {
  readonly config: ImageConfig;
  /** The bytes that `id` is the digest of. */
  readonly configBytes: Uint8Array;
  /** sha256 of `configBytes`. */
  readonly id: Digest;
  readonly layers: readonly LayerSource[];
}

/** What writing an image came to. */
export interface Written {
  readonly id: Digest;
  /** Digest of the manifest where the destination has one. */
  readonly manifest?: Digest;
  /** For the user: `docker-daemon:web:1`, `oci-archive:web.tar`. */
  readonly reference: string;
  /** Layers that had to be sent, and the bytes that went. */
  readonly layersSent: number;
  readonly bytesSent: number;
}

export interface ReadOptions {
  /** `linux/amd64`, `linux/arm64/v8`; the machine's own when absent. */
  readonly platform?: string;
  readonly signal?: AbortSignal;
}

export interface WriteOptions {
  /** Further names for the same image (`docker-daemon:`, archives). */
  readonly additionalTags?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * The Transport seam: a place that images come from and go to, named as skopeo names it. `reference`
 * is what follows `scheme:`. Every implementation passes `contract.ts`.
 */
export interface Transport {
  readonly scheme: string;
  /**
   * Cheap identity of what `reference` names now: changes when, and only when, reading it would give
   * another image. `undefined` where finding out costs as much as reading.
   */
  identify(reference: string, options?: ReadOptions): Promise<string | undefined>;
  read(reference: string, options?: ReadOptions): Promise<Image>;
  /** Absent where images cannot go (`scratch`, `mmdebstrap:`). */
  write?(image: Image, reference: string, options?: WriteOptions): Promise<Written>;
  /**
   * Takes layers of an image that is still being made, from the base upwards, so that they are there
   * when it is written. Returns at once; a failure is none.
   */
  stage?(layers: readonly LayerSource[]): void;
  /** Forgets what was staged and not used by a `write`. */
  unstage?(): Promise<void>;
}
