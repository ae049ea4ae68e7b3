/**
 * The local image store: an OCI layout whose tags are full image names. It takes the results of builds
 * where there is no Docker daemon; `store:name:tag` names an image in it.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { imageOf, resolveManifest } from "./blobs.ts";
import { type Descriptor, parsePlatform } from "./documents.ts";
import { ImageNotFoundError } from "./errors.ts";
import type { Digest, Image, ReadOptions, Transport, WriteOptions, Written } from "./image.ts";
import { Layout, REF_NAME } from "./layout.ts";
import { fullName } from "./reference.ts";

export interface StoredImage {
  /** As people write it: `web:1`. */
  readonly name: string;
  readonly manifest: Digest;
}

export class ImageStore implements Transport {
  readonly scheme = "store";
  readonly root: string;
  readonly #layout: Layout;

  /** @param root a directory; it comes into being with the first image */
  constructor(root: string) {
    this.root = root;
    this.#layout = new Layout(root);
  }

  async list(): Promise<StoredImage[]> {
    const images = (await this.#manifests()).map((m) => ({
      name: shortName(m.annotations?.[REF_NAME] ?? ""),
      manifest: m.digest,
    }));
    return images.filter(({ name }) => name !== "");
  }

  async has(name: string): Promise<boolean> {
    return (await this.#find(name)) !== undefined;
  }

  /** The digest of the manifest. */
  async identify(name: string, options: ReadOptions = {}): Promise<string> {
    return (await this.#resolve(name, options)).descriptor.digest;
  }

  async read(name: string, options: ReadOptions = {}): Promise<Image> {
    const { bytes } = await this.#resolve(name, options);
    return imageOf(this.#layout, bytes, `store:${name}`);
  }

  /** Layers are kept as they come: plain ones stay plain, since compressing costs more than disk. */
  async write(image: Image, name: string, options: WriteOptions = {}): Promise<Written> {
    const names = [name, ...(options.additionalTags ?? [])].map(fullName);
    const written = await this.#layout.write(image, names, false, options);
    return { ...written, reference: `store:${name}` };
  }

  /** Takes a name away, and what only its image needed. Answers the bytes that became free. */
  async remove(name: string): Promise<number> {
    const full = fullName(name);
    if (!(await this.has(name))) throw await this.#missing(name);
    await this.#layout.changeIndex((manifests) =>
      manifests.filter((m) => m.annotations?.[REF_NAME] !== full),
    );
    return this.#layout.collectGarbage();
  }

  async #resolve(name: string, options: ReadOptions) {
    const found = await this.#find(name);
    if (!found) throw await this.#missing(name);
    return resolveManifest(this.#layout, found, parsePlatform(options.platform), `store:${name}`);
  }

  async #find(name: string): Promise<Descriptor | undefined> {
    const full = fullName(name);
    return (await this.#manifests()).find((m) => m.annotations?.[REF_NAME] === full);
  }

  async #manifests(): Promise<Descriptor[]> {
    const there = await stat(join(this.root, "index.json")).catch(() => undefined);
    return there ? (await this.#layout.index(`the image store ${this.root}`)).manifests : [];
  }

  async #missing(name: string): Promise<ImageNotFoundError> {
    const names = (await this.list()).map((image) => image.name);
    return new ImageNotFoundError(
      `store:${name}`,
      `the image store ${this.root} does not have it`,
      { hint: `There is: ${names.join(", ") || "nothing yet"}.` },
    );
  }
}

function shortName(full: string): string {
  return full.replace(/^docker\.io\/(?:library\/)?/, "");
}
