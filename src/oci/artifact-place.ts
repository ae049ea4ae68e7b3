/**
 * A name in a registry or an OCI layout under which documents and blobs are kept that are no image:
 * an artifact, as the OCI image specification 1.1 has it (manifest.md, "Guidelines for Artifact Usage").
 */
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { UsageError } from "../errors/index.ts";
import { sha256 } from "./digest.ts";
import { type Descriptor, MEDIA } from "./documents.ts";
import { writeWhole } from "./files.ts";
import type { Digest, LayerBlob } from "./image.ts";
import { findInIndex, Layout, REF_NAME } from "./layout.ts";
import { parseImageName, parseImageReference, splitPath } from "./reference.ts";
import { RegistryClient, RegistryError } from "./registry/client.ts";
import { Repository } from "./registry/repository.ts";

export interface ArtifactPlace {
  /** As the user would write it. */
  readonly label: string;
  /** The manifest under the name; `undefined` when there is none. */
  manifest(): Promise<Buffer | undefined>;
  /** The bytes as they are there; the caller checks their digest. */
  open(blob: Pick<Descriptor, "digest" | "size">): Promise<Readable>;
  has(digest: Digest, size: number): Promise<boolean>;
  /** Makes sure that the blob is there. @returns the bytes that were sent */
  push(blob: LayerBlob): Promise<number>;
  /** Puts the manifest under the name; all that it refers to must be there. */
  publish(manifest: Buffer): Promise<void>;
  close(): void;
}

export interface ArtifactPlaceOptions {
  readonly insecure: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

const DEFAULT_NAME = "layerbook-cache";

/**
 * @param text `docker://registry/name[:tag]`, `oci:directory[:name]`, or the path of a directory
 * @throws UsageError for anything else
 */
export function openArtifactPlace(text: string, options: ArtifactPlaceOptions): ArtifactPlace {
  if (/^(\.{0,2}\/|~)/.test(text) || (!text.includes(":") && existsSync(text))) {
    return new LayoutPlace(text, text, DEFAULT_NAME);
  }
  const { scheme, reference, bare } = parseImageReference(text);
  if (scheme === "docker" && !bare) return new RegistryPlace(text, reference, options);
  if (scheme === "oci") {
    const { path, name } = splitPath(reference, scheme);
    return new LayoutPlace(text, path, name ?? DEFAULT_NAME);
  }
  throw new UsageError(`'${text}' is no place for a cache`, {
    hint: "Write docker://registry/name:tag, or the path of a directory: ./cache.",
  });
}

class LayoutPlace implements ArtifactPlace {
  readonly label: string;
  readonly #layout: Layout;
  readonly #name: string;

  constructor(label: string, path: string, name: string) {
    this.label = label;
    this.#layout = new Layout(resolve(path));
    this.#name = name;
  }

  async manifest(): Promise<Buffer | undefined> {
    if (!existsSync(`${this.#layout.root}/index.json`)) return undefined;
    const found = findInIndex(await this.#layout.index(this.label), this.#name, this.label);
    return found && (await readFile(this.#layout.blobPath(found.digest as Digest)));
  }

  open(blob: Pick<Descriptor, "digest" | "size">): Promise<Readable> {
    return this.#layout.open({ mediaType: "", ...blob });
  }

  async has(digest: Digest, size: number): Promise<boolean> {
    return (await stat(this.#layout.blobPath(digest)).catch(() => undefined))?.size === size;
  }

  async push(blob: LayerBlob): Promise<number> {
    if (await this.has(blob.digest, blob.size)) return 0;
    await writeWhole(this.#layout.blobPath(blob.digest), await blob.open());
    return blob.size;
  }

  async publish(manifest: Buffer): Promise<void> {
    const digest = sha256(manifest);
    await writeWhole(this.#layout.blobPath(digest), manifest);
    const descriptor: Descriptor = {
      mediaType: MEDIA.ociManifest,
      digest,
      size: manifest.length,
      annotations: { [REF_NAME]: this.#name },
    };
    await this.#layout.changeIndex((manifests) => [
      ...manifests.filter((one) => one.annotations?.[REF_NAME] !== this.#name),
      descriptor,
    ]);
    await this.#layout.collectGarbage();
  }

  close(): void {}
}

class RegistryPlace implements ArtifactPlace {
  readonly label: string;
  readonly #client: RegistryClient;
  readonly #repository: Repository;
  readonly #tag: string;

  constructor(label: string, reference: string, options: ArtifactPlaceOptions) {
    const name = parseImageName(reference);
    this.label = label;
    this.#tag = name.tag ?? DEFAULT_NAME;
    this.#client = new RegistryClient(name.registry, options);
    this.#repository = new Repository(this.#client, name.repository, options.signal);
  }

  async manifest(): Promise<Buffer | undefined> {
    try {
      return (await this.#repository.manifest(this.#tag)).bytes;
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return undefined;
      throw error;
    }
  }

  open(blob: Pick<Descriptor, "digest" | "size">): Promise<Readable> {
    return this.#repository.open({ mediaType: "", ...blob });
  }

  has(digest: Digest): Promise<boolean> {
    return this.#repository.has(digest);
  }

  push(blob: LayerBlob): Promise<number> {
    return this.#repository.push(blob);
  }

  async publish(manifest: Buffer): Promise<void> {
    await this.#repository.pushManifest(this.#tag, manifest, MEDIA.ociManifest);
  }

  close(): void {
    this.#client.close();
  }
}
