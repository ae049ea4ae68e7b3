/**
 * The Workspace seam: the filesystem being built. A workspace opens a session on a stack of layers,
 * gives a Connection into it, and turns what changed since the last snapshot into a layer. It knows
 * nothing of tasks or keys. Every implementation passes `contract.ts`.
 */
import type { Connection } from "../connection/connection.ts";
import type { Digest, Image, LayerSource } from "../oci/image.ts";
import type { Aside, Entry } from "./manifest.ts";

/** Name of a layer in the workspace's own store. */
export type LayerId = string;

/** A layer that the workspace holds. */
export interface Layer {
  readonly id: LayerId;
  /**
   * What the layer changes, whatever the clock said: paths, types, contents, modes, owners, extended
   * attributes, link targets, device numbers, removals; not times. Two runs of a deterministic task
   * have the same content digest (early cutoff depends on it).
   */
  readonly content: Digest;
  /** Bytes of the regular files in it. */
  readonly size: number;
  readonly files: { readonly written: number; readonly removed: number };
}

/** How processes run in a session. */
export interface SessionOptions {
  /** Environment of the base image, `NAME=value`. */
  readonly env: readonly string[];
  /** `host`: the controller's network; `none`: loopback only. */
  readonly network: "host" | "none";
  readonly hostname?: string;
  /** Directories of the controller that the session sees read-only; they never become part of a layer. */
  readonly mounts?: readonly { readonly source: string; readonly target: string }[];
  readonly signal?: AbortSignal;
}

export type Snapshot =
  /** Nothing that counts has changed. */
  | { readonly kind: "unchanged" }
  | { readonly kind: "layer"; readonly layer: Layer }
  /** A process that a script started is still alive (or left state outside of the filesystem). */
  | { readonly kind: "busy"; readonly processes: readonly string[] };

export interface Session {
  /**
   * A shell as root in the filesystem. The container is started by the first script, not before.
   * The connection stays valid over snapshots (it opens itself anew where the container must).
   */
  readonly connection: Connection;
  /**
   * Freezes what changed since the session was opened or last snapshotted into a layer on top of the
   * stack. Nothing else than the scripts' work is in it: no mount point, no resolv.conf, no hosts.
   */
  snapshot(): Promise<Snapshot>;
  /** The layers below the running state: those it was opened on and those that snapshots added. */
  readonly stack: readonly LayerId[];
  /**
   * A command line of this machine that runs a command in the session with the streams (and, if
   * asked, the terminal) of whoever starts it: `layerbook shell`.
   */
  attach(command: readonly string[], options: AttachOptions): Promise<readonly string[]>;
  /** Kills every process, unmounts, forgets what was not snapshotted. Safe to call twice. */
  close(): Promise<void>;
}

export interface AttachOptions {
  readonly terminal: boolean;
  /** `name`, `uid` or `user:group` of the image; root when absent. */
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
}

export interface Workspace {
  readonly kind: "sandbox" | "docker";
  /** Whether sessions can see directories of this machine ({@link SessionOptions.mounts}). */
  readonly canMount: boolean;
  /** Why this workspace cannot be used here, and what to do; `undefined` when it can. Cheap. */
  problem(): Promise<{ readonly message: string; readonly hint: string } | undefined>;
  /** Takes the layers of an image into the store; those that are there already are not read. */
  importImage(image: Image, signal?: AbortSignal): Promise<readonly Layer[]>;
  open(stack: readonly LayerId[], options: SessionOptions): Promise<Session>;
  /** Is the layer there, whole? (A cheap check: existence and completeness, not every byte.) */
  has(id: LayerId): Promise<boolean>;
  /**
   * The layer as a tar for an image: entries sorted, times later than `epoch` (Unix seconds) set to
   * `epoch`; imported layers come back bit for bit as they were. Adjacent layers may be folded into
   * one by giving several ids, lowest first. The same arguments give the same bytes.
   */
  exportLayer(ids: readonly LayerId[], epoch: number): Promise<LayerSource>;
  /** Every path that the layer says something of. @throws LayerError when it is not there */
  entries?(id: LayerId): Promise<readonly Entry[]>;
  /**
   * Takes over a layer of another workspace of the kind, unless it is there.
   * @param layer as it is to be known here
   * @param tar what the other's {@link exportLayer} gave for that layer alone, all times kept
   * @param asides paths whose entry says that they are no change (`Entry.aside`)
   * @throws LayerError when the tar does not come to `layer.content`
   */
  adopt?(
    layer: Layer,
    tar: LayerSource,
    asides: ReadonlyMap<string, Aside>,
    signal?: AbortSignal,
  ): Promise<void>;
  /**
   * Reads all of a layer. @returns what is wrong with it, in words; nothing when it is whole
   */
  damage?(id: LayerId): Promise<readonly string[]>;
  removeLayers(ids: readonly LayerId[]): Promise<void>;
  /** Ids of all layers in the store, with bytes on disk and when each was last used (Unix ms). */
  listLayers(): Promise<readonly { id: LayerId; bytes: number; lastUsed: number }[]>;
  /** Ends helper processes. Afterwards nothing of this workspace is mounted or running. */
  close(): Promise<void>;
}
