/** Every place that images come from and go to. */
import type { DockerClient } from "../../docker/index.ts";
import { UsageError } from "../../errors/index.ts";
import type { Transport } from "../image.ts";
import {
  type ImageReference,
  parseImageReference,
  resolveBareName,
  SCHEMES,
} from "../reference.ts";
import { ImageStore } from "../store.ts";
import { DockerArchiveTransport } from "./docker-archive.ts";
import { DockerDaemonTransport } from "./docker-daemon.ts";
import { MmdebstrapTransport } from "./mmdebstrap.ts";
import { OciTransport } from "./oci.ts";
import { OciArchiveTransport } from "./oci-archive.ts";
import { RegistryTransport } from "./registry.ts";
import { RootfsTransport } from "./rootfs.ts";
import { ScratchTransport } from "./scratch.ts";

export interface TransportsOptions {
  /** Asked for when an image of the daemon is named, and not before. */
  readonly docker: () => DockerClient;
  /** Directory of the local image store. */
  readonly store: string;
  /** Registries may be talked to without TLS, or with a certificate that nobody vouches for. */
  readonly insecure?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

export class Transports {
  readonly store: ImageStore;
  readonly #options: TransportsOptions;
  readonly #made = new Map<string, Transport>();

  constructor(options: TransportsOptions) {
    this.#options = options;
    this.store = new ImageStore(options.store);
    this.#made.set("store", this.store);
  }

  /** @throws UsageError for a scheme that is not known */
  get(scheme: string): Transport {
    let found = this.#made.get(scheme);
    if (!found) {
      found = this.#make(scheme);
      this.#made.set(scheme, found);
    }
    return found;
  }

  /**
   * Where a text says the image is: a bare name is looked up in the local store, then in the daemon;
   * only an image that neither has is the registry's.
   */
  async locate(text: string): Promise<ImageReference & { readonly transport: Transport }> {
    const { bare, scheme, reference } = parseImageReference(text);
    const found = bare
      ? await resolveBareName(reference, {
          store: (name) => this.store.has(name),
          daemon: (name) => (this.get("docker-daemon") as DockerDaemonTransport).has(name),
        })
      : { scheme, reference };
    return { ...found, transport: this.get(found.scheme) };
  }

  #make(scheme: string): Transport {
    switch (scheme) {
      case "docker":
        return new RegistryTransport({
          insecure: this.#options.insecure ?? false,
          env: this.#options.env ?? process.env,
        });
      case "docker-daemon":
        return new DockerDaemonTransport(this.#options.docker());
      case "docker-archive":
        return new DockerArchiveTransport();
      case "oci":
        return new OciTransport();
      case "oci-archive":
        return new OciArchiveTransport();
      case "rootfs":
        return new RootfsTransport();
      case "mmdebstrap":
        return new MmdebstrapTransport();
      case "scratch":
        return new ScratchTransport();
      default:
        throw new UsageError(`images of the transport '${scheme}' are not supported`, {
          hint: `Known are: ${Object.values(SCHEMES).join(", ")}.`,
        });
    }
  }
}
