/** The finished image: put together from the layers and given to where it should go. */
import type { Image, Transport } from "../oci/image.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { assembleImage, type ConfigOverrides } from "./assemble.ts";
import type { BaseImage } from "./base-image.ts";
import { type Digestible, digestOf } from "./digest.ts";
import type { BuildEvent } from "./events.ts";
import { rememberLayers, rowOf } from "./layer-rows.ts";
import { type LayerPolicy, planLayers, type StackedLayer } from "./layering.ts";
import type { StepStore } from "./step-store.ts";

export interface Destination {
  readonly transport: Transport;
  readonly reference: string;
  /** Further names for the same image. */
  readonly additionalTags: readonly string[];
}

export interface DeliverInput {
  readonly base: BaseImage;
  readonly layers: readonly StackedLayer[];
  readonly policy: LayerPolicy;
  readonly config: ConfigOverrides;
  /** Unix seconds. */
  readonly epoch: number;
  readonly destination: Destination;
  readonly workspace: Workspace;
  readonly store: StepStore;
  readonly signal: AbortSignal;
  readonly emit: (event: BuildEvent) => void;
}

/** What is remembered of an image that was delivered. */
interface Delivered {
  readonly id: string;
  /** What the destination said the name meant right afterwards. */
  readonly identity: string | undefined;
}

type ImageEvent = Extract<BuildEvent, { type: "image" }>;

/** @returns what was delivered; the same is emitted as an `image` event */
export async function deliver(input: DeliverInput): Promise<ImageEvent> {
  const { base, destination, emit, epoch, store } = input;
  const plan = planLayers(input.layers, input.policy, base.layers.length);
  const { transport, reference } = destination;
  const key = digestOf([
    "image",
    transport.scheme,
    reference,
    [...destination.additionalTags],
    base.config as unknown as Digestible,
    plan.map((layer) => layer.parts.map((part) => [part.layer.id, part.title, part.module])),
    input.config as Digestible,
    epoch,
  ]);
  const rows = plan.map(rowOf);
  const event = (id: string, layersSent: number, bytesSent: number): ImageEvent => ({
    type: "image",
    reference: `${transport.scheme}:${reference}`,
    id,
    layers: rows,
    baseLayers: base.layers.length,
    layersSent,
    bytesSent,
  });
  const known = store.getFact<Delivered>("images", key);
  if (known && (await isThere(known, destination))) {
    const done = event(known.id, 0, 0);
    emit(done);
    return done;
  }
  if (!transport.write) throw new Error(`${transport.scheme}: takes no images`);
  emit({
    type: "delivering",
    destination: `${transport.scheme}:${reference}`,
    layers: plan.length,
  });
  const image = await assemble(input, plan);
  const written = await transport.write(image, reference, {
    additionalTags: destination.additionalTags,
    signal: input.signal,
  });
  const identity = await transport.identify(reference);
  store.putFact<Delivered>("images", key, { id: image.id, identity });
  rememberLayers(store, identity ?? image.id, {
    base: base.layers.length,
    baseLayers: base.layers.map((layer) => layer.id),
    layers: rows,
  });
  const done = event(image.id, written.layersSent, written.bytesSent);
  emit(done);
  return done;
}

async function isThere(known: Delivered, destination: Destination): Promise<boolean> {
  if (known.identity === undefined) return false;
  for (const name of [destination.reference, ...destination.additionalTags]) {
    try {
      if ((await destination.transport.identify(name)) !== known.identity) return false;
    } catch {
      // Not there, or not to be asked: writing it will say which.
      return false;
    }
  }
  return true;
}

async function assemble(input: DeliverInput, plan: ReturnType<typeof planLayers>): Promise<Image> {
  const { base, epoch, workspace } = input;
  const baseLayers = await Promise.all(
    base.layers.map((layer) => workspace.exportLayer([layer.id], epoch)),
  );
  const layers = [];
  for (const layer of plan) {
    const ids = layer.parts.map((part) => part.layer.id);
    layers.push({ ...layer, source: await workspace.exportLayer(ids, epoch) });
  }
  return assembleImage({ base: base.config, baseLayers, layers, config: input.config, epoch });
}
