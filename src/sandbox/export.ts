/** Layers of the store as tars for an image: imported ones as they came, others put together. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { messageOf } from "../errors/index.ts";
import type { LayerSource } from "../oci/image.ts";
import { replayTarSplit } from "../oci/tar/index.ts";
import { DamagedLayerError } from "../workspace/errors.ts";
import type { LayerStore } from "../workspace/layer-store.ts";
import { layerTar } from "../workspace/layer-tar.ts";
import type { LayerId } from "../workspace/workspace.ts";
import type { Files } from "./files.ts";

/**
 * One layer of an image from one or several of the store, lowest first.
 * @param epoch Unix seconds: later times become it
 */
export async function exportLayers(
  store: LayerStore,
  files: () => Promise<Files>,
  ids: readonly LayerId[],
  epoch: number,
): Promise<LayerSource> {
  const [id] = ids;
  const imported = id !== undefined && ids.length === 1 ? store.meta(id)?.diffId : undefined;
  if (id !== undefined && imported) {
    return {
      diffId: imported,
      open: async () =>
        Readable.from(checked(await reopen(store, await files(), id), id, imported)),
    };
  }
  return layerTar(store, ids, epoch, async () => {
    const reader = await files();
    return (wanted) =>
      reader.contents(
        wanted.map(({ entry, layer }) => ({
          tree: store.contents(ids[layer] ?? ""),
          path: entry.path,
          size: entry.size,
        })),
      );
  });
}

/** @throws DamagedLayerError at its end when it is not what it was */
async function* checked(
  tar: AsyncIterable<Buffer>,
  id: LayerId,
  diffId: string,
): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of tar) {
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw new DamagedLayerError(id, messageOf(error));
  }
  if (`sha256:${hash.digest("hex")}` !== diffId) {
    throw new DamagedLayerError(id, "it has changed in the store");
  }
}

/** An imported layer as it came. */
async function reopen(store: LayerStore, files: Files, id: LayerId): Promise<Readable> {
  const directory = store.directory(id);
  const whole = join(directory, "layer.tar");
  if (existsSync(whole)) return createReadStream(whole, { highWaterMark: 1 << 18 });
  const sizes = new Map(store.manifest(id).map((e) => [e.path, e.size]));
  const tree = store.contents(id);
  return replayTarSplit(createReadStream(join(directory, "split")), (bytes) => {
    const path = bytes.toString("latin1");
    return files.contents([{ tree, path, size: sizes.get(path) ?? 0 }]);
  });
}
