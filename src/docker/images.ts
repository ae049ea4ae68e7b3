/** Images of a daemon. https://docs.docker.com/reference/api/engine/#tag/Image */
import type { Readable } from "node:stream";
import { type Credentials, headerJson, registryAuthHeader } from "./credentials.ts";
import { DockerError } from "./errors.ts";
import { type EngineHttp, segment } from "./http.ts";
import { followProgress, type ProgressMessage } from "./progress.ts";
import {
  type Filters,
  filtersText,
  type ImageHistoryItem,
  type ImageInspect,
  type ImageSummary,
  type JsonObject,
} from "./types.ts";

export interface TransferOptions {
  readonly credentials?: Credentials | undefined;
  readonly platform?: string;
  readonly onProgress?: (message: ProgressMessage) => void;
  readonly signal?: AbortSignal | undefined;
}

export class Images {
  readonly #http: EngineHttp;

  constructor(http: EngineHttp) {
    this.#http = http;
  }

  list(
    options: {
      readonly all?: boolean;
      readonly filters?: Filters;
      readonly digests?: boolean;
    } = {},
  ): Promise<ImageSummary[]> {
    const { all, digests, filters } = options;
    const query = { all, digests, filters: filtersText(filters) };
    return this.#http.json({ method: "GET", path: "/images/json", query });
  }

  inspect(image: string, signal?: AbortSignal): Promise<ImageInspect> {
    return this.#http.json({ method: "GET", path: `/images/${segment(image)}/json`, signal });
  }

  history(image: string): Promise<ImageHistoryItem[]> {
    return this.#http.json({ method: "GET", path: `/images/${segment(image)}/history` });
  }

  /** @param name `repository[:tag]` */
  tag(image: string, name: string): Promise<void> {
    const { repository, tag } = splitTag(name);
    const query = { repo: repository, tag };
    return this.#http.send({ method: "POST", path: `/images/${segment(image)}/tag`, query });
  }

  remove(
    image: string,
    options: { readonly force?: boolean; readonly noPrune?: boolean } = {},
  ): Promise<{ Untagged?: string; Deleted?: string }[]> {
    const query = { force: options.force, noprune: options.noPrune };
    return this.#http.json({ method: "DELETE", path: `/images/${segment(image)}`, query });
  }

  /** Images as one archive in the form of `docker save`. */
  save(names: readonly string[], signal?: AbortSignal): Promise<Readable> {
    return this.#http.stream({ method: "GET", path: "/images/get", query: { names }, signal });
  }

  /** Takes an archive as {@link save} gives it. Answers what the daemon says: `Loaded image: NAME`. */
  async load(archive: Readable, signal?: AbortSignal): Promise<readonly string[]> {
    const response = await this.#http.stream({
      method: "POST",
      path: "/images/load",
      query: { quiet: true },
      headers: { "Content-Type": "application/x-tar" },
      body: archive,
      signal,
      patient: true,
    });
    const messages = await followProgress(response, "loading an image");
    return messages.flatMap(({ stream }) => (stream === undefined ? [] : [stream]));
  }

  /** Makes an image of one layer out of a filesystem's tar. */
  async import(
    archive: Readable,
    name: string,
    options: { readonly changes?: readonly string[]; readonly message?: string } = {},
  ): Promise<void> {
    const { repository, tag } = splitTag(name);
    const response = await this.#http.stream({
      method: "POST",
      path: "/images/create",
      query: { fromSrc: "-", repo: repository, tag, ...options },
      headers: { "Content-Type": "application/x-tar" },
      body: archive,
    });
    await followProgress(response, `importing ${name}`);
  }

  /** @param name `repository[:tag]` or `repository@digest`; the tag `latest` when it has none */
  async pull(name: string, options: TransferOptions = {}): Promise<void> {
    const { repository, tag } = splitTag(name);
    const response = await this.#http.stream({
      method: "POST",
      path: "/images/create",
      query: { fromImage: repository, tag: tag ?? "latest", platform: options.platform },
      headers: registryAuthHeader(options.credentials),
      signal: options.signal,
    });
    await followProgress(response, `pulling ${name}`, options.onProgress);
  }

  /** Answers the digest of the manifest in the registry, where the daemon tells it. */
  async push(name: string, options: TransferOptions = {}): Promise<string | undefined> {
    const { repository, tag } = splitTag(name);
    const response = await this.#http.stream({
      method: "POST",
      path: `/images/${segment(repository)}/push`,
      query: { tag: tag ?? "latest" },
      // The daemon wants the header even when there is nothing to say.
      headers: registryAuthHeader(options.credentials ?? {}),
      signal: options.signal,
    });
    const messages = await followProgress(response, `pushing ${name}`, options.onProgress);
    const digest = messages.map((message) => message.aux?.Digest).find(Boolean);
    return typeof digest === "string" ? digest : undefined;
  }

  /**
   * Builds from a Dockerfile; `context` is a tar. Answers the id of the image.
   * @param query as the API documents it: `t`, `dockerfile`, `nocache`, `buildargs`, ...
   */
  async build(
    context: Readable | Uint8Array,
    query: Readonly<Record<string, string | number | boolean | undefined | readonly string[]>>,
    options: {
      readonly registries?: Readonly<Record<string, Credentials>>;
      readonly onProgress?: (message: ProgressMessage) => void;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<string> {
    const registries = headerJson(options.registries ?? {});
    const response = await this.#http.stream({
      method: "POST",
      path: "/build",
      query,
      headers: { "Content-Type": "application/x-tar", "X-Registry-Config": registries },
      body: context,
      signal: options.signal,
      patient: true,
    });
    const messages = await followProgress(response, "building an image", options.onProgress);
    const id = messages.map((message) => message.aux?.ID).findLast(Boolean);
    if (typeof id !== "string") throw new DockerError(500, "the build named no image", "build");
    return id;
  }

  search(term: string, limit = 25): Promise<JsonObject[]> {
    return this.#http.json({ method: "GET", path: "/images/search", query: { term, limit } });
  }

  prune(
    filters?: Filters,
  ): Promise<{ ImagesDeleted: JsonObject[] | null; SpaceReclaimed: number }> {
    const query = { filters: filtersText(filters) };
    return this.#http.json({ method: "POST", path: "/images/prune", query });
  }
}

/** Parts a name as the API wants it: a digest counts as the tag. */
export function splitTag(name: string): { repository: string; tag: string | undefined } {
  const at = name.indexOf("@");
  if (at >= 0) return { repository: name.slice(0, at), tag: name.slice(at + 1) };
  const colon = name.lastIndexOf(":");
  // The colon of `host:5000/name` is the port's.
  if (colon <= name.lastIndexOf("/")) return { repository: name, tag: undefined };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}
