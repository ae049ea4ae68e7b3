/** Containers of a daemon. https://docs.docker.com/reference/api/engine/#tag/Container */
import type { Readable } from "node:stream";
import { type EngineHttp, segment } from "./http.ts";
import { type Attached, attach } from "./multiplex.ts";
import {
  type ContainerInspect,
  type ContainerSummary,
  type Filters,
  filtersText,
  type JsonObject,
} from "./types.ts";

export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's file mode bits. */
  readonly mode: number;
  readonly mtime: string;
  readonly linkTarget: string;
}

export interface CommitOptions {
  readonly repo?: string;
  readonly tag?: string;
  readonly comment?: string;
  readonly author?: string;
  /** Default false: a shell that waits changes nothing, and a pause costs time. */
  readonly pause?: boolean;
  /** Dockerfile instructions. */
  readonly changes?: readonly string[];
  /** The configuration of the image; what it leaves empty is taken from the container. */
  readonly config?: JsonObject;
}

/** `container` is always a name or an id. Everything throws `DockerError` with the daemon's words. */
export class Containers {
  readonly #http: EngineHttp;

  constructor(http: EngineHttp) {
    this.#http = http;
  }

  list(
    options: { readonly all?: boolean; readonly filters?: Filters; readonly size?: boolean } = {},
  ): Promise<ContainerSummary[]> {
    const { all, size, filters } = options;
    const query = { all, size, filters: filtersText(filters) };
    return this.#http.json({ method: "GET", path: "/containers/json", query });
  }

  inspect(container: string, signal?: AbortSignal): Promise<ContainerInspect> {
    return this.#http.json({ method: "GET", path: `${path(container)}/json`, signal });
  }

  /** @param config the request's body as the API documents it */
  async create(
    config: JsonObject,
    options: { readonly name?: string; readonly platform?: string } = {},
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }> {
    const answer = await this.#http.json<{ Id: string; Warnings: string[] | null }>({
      method: "POST",
      path: "/containers/create",
      query: options,
      json: config,
    });
    return { id: answer.Id, warnings: answer.Warnings ?? [] };
  }

  /** No error when it runs already. */
  start(container: string): Promise<void> {
    return this.#post(container, "start");
  }

  /** @param seconds until it is killed; the container's own stop timeout when absent */
  stop(container: string, options: { seconds?: number; signal?: string } = {}): Promise<void> {
    return this.#post(container, "stop", { t: options.seconds, signal: options.signal });
  }

  restart(container: string, options: { seconds?: number; signal?: string } = {}): Promise<void> {
    return this.#post(container, "restart", { t: options.seconds, signal: options.signal });
  }

  kill(container: string, signal = "KILL"): Promise<void> {
    return this.#post(container, "kill", { signal });
  }

  pause(container: string): Promise<void> {
    return this.#post(container, "pause");
  }

  unpause(container: string): Promise<void> {
    return this.#post(container, "unpause");
  }

  rename(container: string, name: string): Promise<void> {
    return this.#post(container, "rename", { name });
  }

  /** Changes limits and the restart policy of a container that exists. */
  update(container: string, changes: JsonObject): Promise<{ Warnings: string[] | null }> {
    return this.#http.json({ method: "POST", path: `${path(container)}/update`, json: changes });
  }

  remove(container: string, options: { force?: boolean; volumes?: boolean } = {}): Promise<void> {
    const query = { force: options.force, v: options.volumes };
    return this.#http.send({ method: "DELETE", path: path(container), query });
  }

  /** Resolves when the container is in that state. */
  async wait(
    container: string,
    condition: "not-running" | "next-exit" | "removed" = "not-running",
    signal?: AbortSignal,
  ): Promise<{ readonly exitCode: number; readonly error: string | undefined }> {
    const answer = await this.#http.json<{
      StatusCode: number;
      Error?: { Message: string } | null;
    }>({
      method: "POST",
      path: `${path(container)}/wait`,
      query: { condition },
      signal,
      patient: true,
    });
    return { exitCode: answer.StatusCode, error: answer.Error?.Message };
  }

  /** The standard streams of the container's own process. */
  async attach(
    container: string,
    options: { readonly tty: boolean; readonly logs?: boolean; readonly signal?: AbortSignal },
  ): Promise<Attached> {
    const query = { stream: true, stdin: true, stdout: true, stderr: true, logs: options.logs };
    const hijacked = await this.#http.hijack({
      method: "POST",
      path: `${path(container)}/attach`,
      query,
      signal: options.signal,
    });
    return attach(hijacked, options.tty);
  }

  /** What it wrote, in the frames of `multiplex.ts` unless it has a terminal. */
  logs(
    container: string,
    options: {
      readonly follow?: boolean;
      readonly tail?: number | "all";
      readonly since?: number;
      readonly timestamps?: boolean;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Readable> {
    const { signal, ...rest } = options;
    const query = { stdout: true, stderr: true, ...rest };
    return this.#http.stream({ method: "GET", path: `${path(container)}/logs`, query, signal });
  }

  top(container: string): Promise<{ Titles: string[]; Processes: string[][] }> {
    return this.#http.json({ method: "GET", path: `${path(container)}/top` });
  }

  changes(container: string): Promise<{ Path: string; Kind: 0 | 1 | 2 }[] | null> {
    return this.#http.json({ method: "GET", path: `${path(container)}/changes` });
  }

  /**
   * Unpacks a tar (plain, gzip, bzip2 or xz) below a directory that exists.
   * @param options.keepOwner takes owners and groups as the archive has them
   */
  putArchive(
    container: string,
    directory: string,
    archive: Readable | Uint8Array,
    options: { readonly keepOwner?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    return this.#http.send({
      method: "PUT",
      path: `${path(container)}/archive`,
      query: {
        path: directory,
        noOverwriteDirNonDir: true,
        copyUIDGID: options.keepOwner ? 1 : undefined,
      },
      headers: { "Content-Type": "application/x-tar" },
      body: archive,
      signal: options.signal,
    });
  }

  /** A file or directory as a tar whose members are below its base name, and what it is. */
  async getArchive(
    container: string,
    source: string,
    signal?: AbortSignal,
  ): Promise<{ readonly archive: Readable; readonly stat: PathStat }> {
    const response = await this.#http.stream({
      method: "GET",
      path: `${path(container)}/archive`,
      query: { path: source },
      signal,
    });
    const header = String(response.headers["x-docker-container-path-stat"] ?? "");
    return { archive: response, stat: JSON.parse(Buffer.from(header, "base64").toString()) };
  }

  /** The whole filesystem as a tar. */
  export(container: string, signal?: AbortSignal): Promise<Readable> {
    return this.#http.stream({ method: "GET", path: `${path(container)}/export`, signal });
  }

  /** Makes an image of the container's filesystem. Answers the image's id. */
  async commit(container: string, options: CommitOptions = {}): Promise<string> {
    const { repo, tag, comment, author, pause = false, changes, config } = options;
    const answer = await this.#http.json<{ Id: string }>({
      method: "POST",
      path: "/commit",
      query: { container, repo, tag, comment, author, pause, changes },
      json: config ?? {},
      patient: true,
    });
    return answer.Id;
  }

  prune(
    filters?: Filters,
  ): Promise<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }> {
    const query = { filters: filtersText(filters) };
    return this.#http.json({ method: "POST", path: "/containers/prune", query });
  }

  #post(
    container: string,
    verb: string,
    query: Record<string, string | number | undefined> = {},
  ): Promise<void> {
    // Stopping may take as long as the container likes.
    const patient = verb === "stop" || verb === "restart";
    return this.#http.send({ method: "POST", path: `${path(container)}/${verb}`, query, patient });
  }
}

function path(container: string): string {
  return `/containers/${segment(container)}`;
}
