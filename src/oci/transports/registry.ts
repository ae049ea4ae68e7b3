/** `docker://registry/name:tag`: images of a registry. A bare name is one of Docker Hub's. */

import { Readable } from "node:stream";
import { compressedBlob, imageOf, resolveManifest } from "../blobs.ts";
import { sha256 } from "../digest.ts";
import { MEDIA, ociManifest, parsePlatform } from "../documents.ts";
import { ImageNotFoundError } from "../errors.ts";
import type { Digest, Image, ReadOptions, Transport, WriteOptions, Written } from "../image.ts";
import { type ImageName, parseImageName } from "../reference.ts";
import { RegistryClient, RegistryError, type RegistryOptions } from "../registry/client.ts";
import { Repository } from "../registry/repository.ts";

/** Blobs that are sent at once. */
const PARALLEL = 4;

export class RegistryTransport implements Transport {
  readonly scheme = "docker";
  readonly #options: RegistryOptions;
  readonly #clients = new Map<string, RegistryClient>();
  /** Where blobs were seen: `registry digest` to the repository that they can be mounted from. */
  readonly #origins = new Map<string, string>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** The digest of the platform's manifest. One request, two for an index. */
  async identify(reference: string, options: ReadOptions = {}): Promise<string> {
    return (await this.#find(reference, options)).descriptor.digest;
  }

  /** Layers are fetched when they are opened. */
  async read(reference: string, options: ReadOptions = {}): Promise<Image> {
    const { repository, bytes, name } = await this.#find(reference, options);
    const image = await imageOf(repository, bytes, `docker://${reference}`);
    for (const { blob } of image.layers) {
      if (blob) this.#origins.set(`${name.registry} ${blob.digest}`, name.repository);
    }
    return image;
  }

  /** Sends the blobs that the repository lacks, then the manifest: half an image is never seen. */
  async write(image: Image, reference: string, options: WriteOptions = {}): Promise<Written> {
    const name = parseImageName(reference);
    const repository = this.#repository(name, options.signal);
    let layersSent = 0;
    let bytesSent = 0;
    const blobs: { digest: Digest; size: number; mediaType: string }[] = [];
    const queue = [...image.layers.entries()];
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [i, layer] = next;
        const blob = await compressedBlob(layer, options.signal);
        blobs[i] = { digest: blob.digest, size: blob.size, mediaType: blob.mediaType };
        const origin = this.#origins.get(`${name.registry} ${blob.digest}`);
        const bytes = await repository.push(blob, origin);
        if (bytes > 0) layersSent++;
        bytesSent += bytes;
        this.#origins.set(`${name.registry} ${blob.digest}`, name.repository);
      }
    };
    const workers = Array.from({ length: Math.min(PARALLEL, queue.length) }, () =>
      work().catch((error) => {
        queue.length = 0;
        throw error;
      }),
    );
    const failed = (await Promise.allSettled(workers)).find((r) => r.status === "rejected");
    if (failed) throw failed.reason;
    bytesSent += await repository.push({
      digest: image.id,
      size: image.configBytes.length,
      mediaType: MEDIA.ociConfig,
      open: async () => Readable.from([Buffer.from(image.configBytes)], { objectMode: false }),
    });
    const manifest = ociManifest(image.configBytes, blobs);
    await repository.pushManifest(name.tag ?? "latest", manifest, MEDIA.ociManifest);
    for (const tag of options.additionalTags ?? []) {
      await this.write(image, tag, options.signal ? { signal: options.signal } : {});
    }
    return {
      id: image.id,
      manifest: sha256(manifest),
      reference: `docker://${reference}`,
      layersSent,
      bytesSent,
    };
  }

  /** Closes idle connections. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  async #find(reference: string, options: ReadOptions) {
    const name = parseImageName(reference);
    const repository = this.#repository(name, options.signal);
    const what = `docker://${reference}`;
    const first = await repository.manifest(name.digest ?? name.tag ?? "latest").catch((error) => {
      throw error instanceof RegistryError && error.status === 404 ? missing(what, name) : error;
    });
    const platform = parsePlatform(options.platform);
    const found = await resolveManifest(
      {
        open: (descriptor) => repository.open(descriptor),
        // The first one is here already.
        openManifest: async (descriptor) =>
          descriptor.digest === first.descriptor.digest
            ? Readable.from([first.bytes], { objectMode: false })
            : repository.openManifest(descriptor),
      },
      first.descriptor,
      platform,
      what,
    );
    return { repository, name, ...found };
  }

  #repository(name: ImageName, signal: AbortSignal | undefined): Repository {
    let client = this.#clients.get(name.registry);
    if (!client) {
      client = new RegistryClient(name.registry, this.#options);
      this.#clients.set(name.registry, client);
    }
    return new Repository(client, name.repository, signal);
  }
}

function missing(what: string, { registry, repository }: ImageName): ImageNotFoundError {
  return new ImageNotFoundError(what, `the registry ${registry} has no such tag or repository`, {
    hint: `Check the name and the tag of ${repository}; for an image of the Docker daemon write docker-daemon:.`,
  });
}
