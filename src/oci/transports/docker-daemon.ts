/** `docker-daemon:name:tag`: images of the Docker daemon that `DOCKER_HOST` or the CLI's context names. */
import { type DockerClient, DockerError, isNotFound } from "../../docker/index.ts";
import { ArchiveFile } from "../archive-file.ts";
import { sha256 } from "../digest.ts";
import { chooseItem, listItems, readItem, writeArchive } from "../docker-format.ts";
import { encodeDocument, parsePlatform } from "../documents.ts";
import { ImageError, ImageNotFoundError } from "../errors.ts";
import type {
  Image,
  ImageConfig,
  LayerSource,
  ReadOptions,
  Transport,
  WriteOptions,
  Written,
} from "../image.ts";
import { withTag } from "../reference.ts";

/** Inspections of other images that are under way at once. */
const PARALLEL = 16;

/** Label of the images that hold staged layers. */
const STAGED = "layerbook.staged";

function stagedImage(layers: readonly LayerSource[]): Image {
  const { os, architecture } = parsePlatform(undefined);
  const config: ImageConfig = {
    // The daemon prunes by it.
    created: new Date().toISOString(),
    architecture,
    os,
    config: { Labels: { [STAGED]: "true" } },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  };
  const configBytes = encodeDocument(config);
  return { config, configBytes, id: sha256(configBytes), layers };
}

export class DockerDaemonTransport implements Transport {
  readonly scheme = "docker-daemon";
  readonly #client: DockerClient;
  /** Images that hold staged layers until the real one is there. */
  readonly #staged: string[] = [];
  #stagedLayers = 0;
  #stagedBytes = 0;
  #staging: Promise<void> = Promise.resolve();
  #next: readonly LayerSource[] | undefined;

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
    try {
      // A name, an id, or the beginning of one: the daemon knows them apart.
      return (await this.#client.images.inspect(reference, options.signal)).Id;
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

  /**
   * Gives the daemon layers of an image that is still being made, so that it unpacks them meanwhile
   * (a graphdriver takes some 45 ms for the smallest one). They are held by an image without a name,
   * which {@link write} and {@link unstage} remove. Returns at once; calls that come while the daemon
   * is busy are joined. A failure is none: what is missing is sent with the image.
   *
   * @param layers from the base upwards, as they will be in the image
   */
  stage(layers: readonly LayerSource[]): void {
    const idle = this.#next === undefined;
    this.#next = layers;
    if (!idle) return;
    this.#staging = this.#staging.then(async () => {
      const now = this.#next ?? [];
      this.#next = undefined;
      await this.#stage(now).catch(() => undefined);
    });
  }

  /** Forgets what was staged; for a build that failed. */
  async unstage(): Promise<void> {
    await this.#staging;
    for (const id of this.#staged.splice(0)) await this.#client.images.remove(id).catch(() => []);
  }

  /** Sends only the layers that the daemon lacks; none at all when it has the image. */
  async write(image: Image, reference: string, options: WriteOptions = {}): Promise<Written> {
    await this.#staging;
    try {
      const written = await this.#write(image, reference, options);
      return {
        ...written,
        layersSent: written.layersSent + this.#stagedLayers,
        bytesSent: written.bytesSent + this.#stagedBytes,
      };
    } finally {
      this.#stagedLayers = 0;
      this.#stagedBytes = 0;
      await this.unstage();
    }
  }

  async #write(image: Image, reference: string, options: WriteOptions): Promise<Written> {
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

  async #stage(layers: readonly LayerSource[]): Promise<void> {
    const { images, system } = this.#client;
    if (await system.usesContainerdStore()) return;
    // What a build that was killed has left.
    if (this.#staged.length === 0) {
      await images.prune({ dangling: ["true"], label: [STAGED], until: ["1h"] });
    }
    const image = stagedImage(layers);
    const known = await this.#knownLayers(image);
    if (known === layers.length) return;
    const { stream, sent } = writeArchive(image, { names: [], leaveOut: known });
    await images.load(stream);
    this.#staged.push(image.id);
    this.#stagedLayers += sent.layers;
    this.#stagedBytes += sent.bytes;
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
