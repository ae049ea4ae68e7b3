/** Images of a daemon that sessions start from: one for each stack of layers. */
import { createHash } from "node:crypto";
import type { DockerClient } from "../docker/index.ts";
import { isNotFound, STATE_LABEL } from "../docker/index.ts";
import { sha256 } from "../oci/digest.ts";
import { encodeDocument } from "../oci/documents.ts";
import type { Image, ImageConfig, LayerSource, Transport } from "../oci/image.ts";

/** Repository of the images that hold the state of a build between two tasks. */
export const STATE_REPOSITORY = "layerbook/state";

/** So many states stay in the daemon for the next build; older ones go. */
const KEPT = 8;

export interface StateImageParts {
  readonly client: DockerClient;
  readonly transport: Transport;
  readonly baseConfig: ImageConfig;
  readonly layers: readonly LayerSource[];
  /** Names the stack. */
  readonly key: string;
}

/**
 * The image of a stack, sent if the daemon does not have it.
 * @returns its name
 */
export async function stateImage(parts: StateImageParts): Promise<string> {
  const { client, transport, baseConfig, layers, key } = parts;
  const tag = createHash("sha256").update(key).digest("hex").slice(0, 16);
  const name = `${STATE_REPOSITORY}:${tag}`;
  try {
    await client.images.inspect(name);
    return name;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  // Nothing of the base's but what processes see: no volumes, which would hide what tasks write.
  const config: ImageConfig = {
    created: new Date().toISOString(),
    architecture: baseConfig.architecture,
    ...(baseConfig.variant && { variant: baseConfig.variant }),
    os: baseConfig.os,
    config: { Env: baseConfig.config?.Env ?? [], Labels: { [STATE_LABEL]: tag } },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  };
  const configBytes = encodeDocument(config);
  const image: Image = { config, configBytes, id: sha256(configBytes), layers };
  await transport.write?.(image, name);
  await removeOld(client);
  return name;
}

/** Those that a container still uses stay, since the daemon refuses. */
async function removeOld(client: DockerClient): Promise<void> {
  const images = await client.images.list({ filters: { label: [STATE_LABEL] } });
  const old = images.sort((a, b) => b.Created - a.Created).slice(KEPT);
  for (const { Id, RepoTags } of old) {
    for (const name of RepoTags ?? [Id]) await client.images.remove(name).catch(() => []);
  }
}
