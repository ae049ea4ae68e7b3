/** `docker-daemon:name:tag`: images of the Docker daemon that `DOCKER_HOST` or the CLI's context names. */
import { type DockerClient, DockerError, isNotFound } from "../../docker/index.ts";
import { ArchiveFile } from "../archive-file.ts";
import { isDigest } from "../digest.ts";
import { chooseItem, listItems, readItem, writeArchive } from "../docker-format.ts";
import { ImageError, ImageNotFoundError } from "../errors.ts";
import type { Image, ReadOptions, Transport, WriteOptions, Written } from "../image.ts";
import { withTag } from "../reference.ts";

/** Inspections of other images that are under way at once. */
const PARALLEL = 16;

export class DockerDaemonTransport implements Transport {
  readonly scheme = "docker-daemon";
  readonly #client: DockerClient;

  constructor(client: DockerClient) {
    this.#client = client;
  }

  /** Is there an image of that name? False also when no daemon answers. */
  async has(reference: string): Promise<boolean> {
    try {
      await this.#client.images.inspect(reference);
      return true;
    } catch {
      return false;
    }
  }

  /** The id that the daemon knows the image by. One request. */
  async identify(reference: string, options: ReadOptions = {}): Promise<string> {
    const name = isDigest(reference) ? reference : withTag(reference);
    try {
      return (await this.#client.images.inspect(name, options.signal)).Id;
    } catch (error) {
      throw isNotFound(error) ? this.#missing(reference) : error;
    }
  }

  async read(reference: string, options: ReadOptions = {}): Promise<Image> {
    const id = await this.identify(reference, options);
    const what = `docker-daemon:${reference}`;
    // By its id: the name may move to another image meanwhile.
    const stream = await this.#client.images.save([id], options.signal);
    const archive = await ArchiveFile.receive(stream, what, options.signal);
    return readItem(archive, chooseItem(await listItems(archive, what), undefined, what), what);
  }

  /** Sends only the layers that the daemon lacks; none at all when it has the image. */
  async write(image: Image, reference: string, options: WriteOptions = {}): Promise<Written> {
    const names = [reference, ...(options.additionalTags ?? [])].map(withTag);
    const { images, system } = this.#client;
    const answer = { id: image.id, reference: `docker-daemon:${reference}` };
    const containerd = await system.usesContainerdStore();
    if (!containerd && (await this.has(image.id))) {
      for (const name of names) await images.tag(image.id, name);
      return { ...answer, layersSent: 0, bytesSent: 0 };
    }
    // The containerd store takes layers for missing whose blobs it lacks, though they are unpacked.
    const known = containerd ? 0 : await this.#knownLayers(image);
    const load = async (leaveOut: number) => {
      const { signal } = options;
      const { stream, sent } = writeArchive(image, { names, leaveOut, signal });
      await images.load(stream, signal);
      return { ...answer, layersSent: sent.layers, bytesSent: sent.bytes };
    };
    try {
      return await load(known);
    } catch (error) {
      if (known === 0 || !(error instanceof DockerError)) throw this.#refused(reference, error);
      // Someone removed the image that had the layers we left out.
      return await load(0).catch((again) => {
        throw this.#refused(reference, again);
      });
    }
  }

  /** How many layers, from the base up, the daemon has below one of its images. */
  async #knownLayers(image: Image): Promise<number> {
    const wanted = image.config.rootfs.diff_ids;
    const ids = [...new Set((await this.#client.images.list()).map(({ Id }) => Id))];
    let best = 0;
    const look = async () => {
      for (let id = ids.pop(); id !== undefined && best < wanted.length; id = ids.pop()) {
        // An image that is removed meanwhile is no reason to fail.
        const other = await this.#client.images.inspect(id).catch(() => undefined);
        const layers = other?.RootFS.Layers ?? [];
        let same = 0;
        while (same < wanted.length && layers[same] === wanted[same]) same++;
        best = Math.max(best, same);
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, ids.length) }, look));
    return best;
  }

  #missing(reference: string): ImageNotFoundError {
    return new ImageNotFoundError(
      `docker-daemon:${reference}`,
      `the Docker daemon at ${this.#client.endpoint.url} does not have it`,
      {
        hint: `\`docker images\` lists what it has. Fetch it with \`docker pull ${reference}\`, or make it from packages with mmdebstrap:.`,
      },
    );
  }

  #refused(reference: string, error: unknown): unknown {
    if (!(error instanceof DockerError)) return error;
    return new ImageError(
      `the Docker daemon did not take the image ${reference}: ${error.daemonMessage}`,
      {
        hint: /no space/i.test(error.daemonMessage)
          ? "Its disk is full: `docker system df` shows what takes the space."
          : undefined,
        cause: error,
      },
    );
  }
}
