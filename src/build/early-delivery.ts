/**
 * Gives a Docker daemon the layers of an image while later steps still run: it takes tens of
 * milliseconds to unpack even the smallest one, and can do so meanwhile. Nothing depends on it; what
 * did not arrive in time is sent with the image.
 */
import type { LayerSource, Transport } from "../oci/image.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { BaseImage } from "./base-image.ts";
import { type LayerPolicy, MOST_LAYERS, planLayers, type StackedLayer } from "./layering.ts";

export interface EarlyDeliveryOptions {
  readonly transport: Transport;
  readonly workspace: Workspace;
  readonly base: BaseImage;
  readonly policy: LayerPolicy;
  /** Unix seconds. */
  readonly epoch: number;
}

export class EarlyDelivery {
  readonly #o: EarlyDeliveryOptions;
  #sources: LayerSource[] | undefined;
  #staged = 0;
  #work: Promise<void> = Promise.resolve();
  #wanted: readonly StackedLayer[] | undefined;

  constructor(options: EarlyDeliveryOptions) {
    this.#o = options;
  }

  /** Steps have added layers; all but the last group are final. Returns at once. */
  advance(stack: readonly StackedLayer[]): void {
    const { transport, base, policy } = this.#o;
    // With more layers than an image may have, which ones are folded is known only at the end.
    if (!transport.stage || base.layers.length + stack.length > MOST_LAYERS) return;
    if (planLayers(stack, policy, base.layers.length).length - 1 <= this.#staged) return;
    const idle = this.#wanted === undefined;
    this.#wanted = [...stack];
    if (idle) this.#work = this.#work.then(() => this.#stage()).catch(() => undefined);
  }

  /** Forgets what was given; for a build that failed. */
  async cancel(): Promise<void> {
    await this.#work;
    await this.#o.transport.unstage?.();
  }

  async #stage(): Promise<void> {
    const { base, epoch, policy, transport, workspace } = this.#o;
    this.#sources ??= await Promise.all(
      base.layers.map((layer) => workspace.exportLayer([layer.id], epoch)),
    );
    const stack = this.#wanted ?? [];
    this.#wanted = undefined;
    const final = planLayers(stack, policy, base.layers.length).slice(this.#staged, -1);
    for (const layer of final) {
      this.#sources.push(
        await workspace.exportLayer(
          layer.parts.map((part) => part.layer.id),
          epoch,
        ),
      );
      this.#staged++;
    }
    transport.stage?.([...this.#sources]);
  }
}
