/** The places that images come from and go to, as the command line names them. */
import { join } from "node:path";
import type { BaseSource } from "../build/base-image.ts";
import type { Destination } from "../build/deliver.ts";
import { DockerClient } from "../docker/index.ts";
import { UsageError } from "../errors/index.ts";
import { parseImageReference } from "../oci/reference.ts";
import { Transports } from "../oci/transports/index.ts";

export class ImagePlaces {
  readonly root: string;
  readonly #transports: Transports;
  #client: DockerClient | undefined;

  /**
   * @param root the store's directory
   * @param insecure registries may be talked to without TLS
   */
  constructor(root: string, insecure = false) {
    this.root = root;
    this.#transports = new Transports({
      docker: () => this.#docker(),
      store: join(root, "named"),
      insecure,
    });
  }

  /** Where an image is. A bare name is looked for in the local store, the daemon, the registry. */
  source(text: string): Promise<BaseSource> {
    return this.#transports.locate(text);
  }

  /**
   * Where an image goes. Without a place: to the daemon when one answers, else to the local store.
   * @throws UsageError for a place that takes no images
   */
  async destination(to: string | undefined, tags: readonly string[]): Promise<Destination> {
    const [first = "", ...additionalTags] = tags;
    if (to === undefined) {
      const scheme = (await this.#daemonAnswers()) ? "docker-daemon" : "store";
      return { transport: this.#transports.get(scheme), reference: first, additionalTags };
    }
    const { scheme, reference, bare } = parseImageReference(to);
    const transport = this.#transports.get(bare ? "docker" : scheme);
    if (!transport.write) {
      throw new UsageError(`images cannot go to ${scheme}:`, {
        hint: "Use docker://NAME, docker-daemon:NAME, oci:DIR, oci-archive:FILE or docker-archive:FILE.",
      });
    }
    // Files take the image's name along where their own reference has none.
    return { transport, reference: withName(scheme, reference, first), additionalTags: [] };
  }

  close(): void {
    this.#client?.close();
  }

  async #daemonAnswers(): Promise<boolean> {
    try {
      await this.#docker().system.ping();
      return true;
    } catch {
      return false;
    }
  }

  #docker(): DockerClient {
    this.#client ??= new DockerClient();
    return this.#client;
  }
}

function withName(scheme: string, reference: string, name: string): string {
  const isFile = scheme === "oci" || scheme === "oci-archive" || scheme === "docker-archive";
  if (!isFile || reference.includes(":")) return reference;
  return `${reference}:${name.includes(":") ? name : `${name}:latest`}`;
}
