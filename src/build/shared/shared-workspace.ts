/** A workspace in which layers of a shared cache seem to be there; they are fetched when they are needed. */
import type { LayerSource } from "../../oci/image.ts";
import type { LayerId, Session, SessionOptions, Workspace } from "../../workspace/workspace.ts";
import type { SharedCache } from "./shared-cache.ts";

export function withSharedLayers(inner: Workspace, cache: SharedCache): Workspace {
  const { entries } = inner;
  return {
    kind: inner.kind,
    canMount: inner.canMount,
    problem: () => inner.problem(),
    importImage: (image, signal) => inner.importImage(image, signal),
    open: async (stack: readonly LayerId[], options: SessionOptions): Promise<Session> => {
      await cache.fetch(stack);
      return inner.open(stack, options);
    },
    has: async (id) => (await inner.has(id)) || cache.offers(id),
    exportLayer: async (ids: readonly LayerId[], epoch: number): Promise<LayerSource> => {
      await cache.fetch(ids);
      return inner.exportLayer(ids, epoch);
    },
    ...(entries && {
      entries: async (id: LayerId) => {
        await cache.fetch([id]);
        return entries.call(inner, id);
      },
    }),
    removeLayers: (ids) => inner.removeLayers(ids),
    listLayers: () => inner.listLayers(),
    close: () => inner.close(),
  };
}
