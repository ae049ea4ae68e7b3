/** The image a build starts from: found, and unpacked into the store when it is not there yet. */
import type { Digest, ImageConfig, Transport } from "../oci/image.ts";
import type { Layer, Workspace } from "../workspace/workspace.ts";
import { digestOf } from "./digest.ts";
import type { StepStore } from "./step-store.ts";

/** An image whose layers are in the store. */
export interface BaseImage {
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
  /** The layers' own digests, lowest first. */
  readonly diffIds: readonly Digest[];
}

interface Remembered extends BaseImage {
  /** What the name meant when the image was read. */
  readonly identity: string;
}

export interface BaseSource {
  readonly transport: Transport;
  /** What follows `scheme:`. */
  readonly reference: string;
}

export interface ResolvedBase extends BaseImage {
  readonly imported: boolean;
}

/**
 * What a name means now is asked each time, which is cheap; the image itself is read once. With
 * another identity but the same layers (a tag that was moved and came back) nothing is read either.
 *
 * @throws LayerbookError when there is no such image, naming it and where it was looked for
 */
export async function resolveBase(
  source: BaseSource,
  store: StepStore,
  workspace: Workspace,
  signal: AbortSignal,
): Promise<ResolvedBase> {
  const { transport, reference } = source;
  const identity = await transport.identify(reference, { signal });
  const key = digestOf(["base", workspace.kind, transport.scheme, reference, identity ?? null]);
  const known = identity === undefined ? undefined : store.getFact<Remembered>("bases", key);
  if (known && (await allThere(workspace, known.layers))) return { ...known, imported: false };
  const image = await transport.read(reference, { signal });
  const layers = await workspace.importImage(image, signal);
  const base: BaseImage = {
    config: image.config,
    layers,
    diffIds: image.layers.map((layer) => layer.diffId),
  };
  if (identity !== undefined) store.putFact<Remembered>("bases", key, { ...base, identity });
  store.putFact("bases", layersKey(base.diffIds), layers);
  return { ...base, imported: true };
}

/**
 * What {@link resolveBase} would give, without unpacking anything: of an image that is not in the
 * store only the configuration is read, and it has no layers.
 */
export async function lookAtBase(
  source: BaseSource,
  store: StepStore,
  workspace: Workspace,
  signal: AbortSignal,
): Promise<BaseImage> {
  const { transport, reference } = source;
  const identity = await transport.identify(reference, { signal });
  const key = digestOf(["base", transport.scheme, reference, identity ?? null]);
  const known = identity === undefined ? undefined : store.getFact<Remembered>("bases", key);
  if (known && (await allThere(workspace, known.layers))) return known;
  const image = await transport.read(reference, { signal });
  const diffIds = image.layers.map((layer) => layer.diffId);
  const layers = store.getFact<readonly Layer[]>("bases", layersKey(diffIds));
  if (layers && (await allThere(workspace, layers)))
    return { config: image.config, layers, diffIds };
  return { config: image.config, layers: [], diffIds };
}

function layersKey(diffIds: readonly Digest[]): Digest {
  return digestOf(["layers", [...diffIds]]);
}

async function allThere(workspace: Workspace, layers: readonly Layer[]): Promise<boolean> {
  for (const layer of layers) if (!(await workspace.has(layer.id))) return false;
  return true;
}
