/** Reads one shared cache: its list of outcomes first, each layer when something needs it. */
import { messageOf } from "../../errors/index.ts";
import type { ArtifactPlace } from "../../oci/artifact-place.ts";
import { collect } from "../../oci/blobs.ts";
import { decompressed } from "../../oci/compression.ts";
import { checkDigest, verified } from "../../oci/digest.ts";
import type { Digest, LayerSource } from "../../oci/image.ts";
import {
  decodeOutcomes,
  outcomesBlob,
  type SharedLayer,
  type SharedOutcome,
} from "./cache-document.ts";

/** No list of outcomes comes near it. Bytes, compressed. */
const MOST_BYTES = 64 << 20;

export class SharedSource {
  readonly place: ArtifactPlace;
  outcomes: ReadonlyMap<Digest, SharedOutcome> = new Map();
  touched: ReadonlyMap<Digest, Digest> = new Map();

  constructor(place: ArtifactPlace) {
    this.place = place;
  }

  /** @returns why there is nothing to be had from it; `undefined` when all is well */
  async load(): Promise<string | undefined> {
    try {
      const manifest = await this.place.manifest();
      if (!manifest) return "there is no cache yet";
      const blob = outcomesBlob(manifest);
      if (blob.size > MOST_BYTES) return `its list of outcomes claims ${blob.size} bytes`;
      const what = `the cache ${this.place.label}`;
      const bytes = await collect(await this.place.open(blob), MOST_BYTES, what);
      checkDigest(bytes, blob.digest, what);
      ({ outcomes: this.outcomes, touched: this.touched } = decodeOutcomes(bytes));
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  /** The uncompressed tar of a layer, checked on the way. */
  layer({ blob, diffId }: SharedLayer): LayerSource {
    const what = `a layer of the cache ${this.place.label}`;
    return {
      diffId,
      open: async () => {
        const raw = verified(await this.place.open(blob), blob.digest, what);
        return verified(await decompressed(raw, what), diffId, what);
      },
    };
  }
}
