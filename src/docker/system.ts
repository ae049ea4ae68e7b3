/** The daemon itself. https://docs.docker.com/reference/api/engine/#tag/System */
import type { Credentials } from "./credentials.ts";
import { compareVersions, type EngineHttp } from "./http.ts";
import { jsonLines } from "./progress.ts";
import {
  type EngineEvent,
  type Filters,
  filtersText,
  type JsonObject,
  type SystemInfo,
} from "./types.ts";

/** Before this version of the API no daemon had the containerd image store, not even as an experiment. */
const FIRST_WITH_CONTAINERD_STORE = "1.42";

export class System {
  readonly #http: EngineHttp;

  constructor(http: EngineHttp) {
    this.#http = http;
  }

  /** Is a daemon there? @throws DockerUnreachableError */
  async ping(signal?: AbortSignal): Promise<void> {
    await this.#http.ping(signal);
  }

  /** Version of the API in use. */
  apiVersion(): Promise<string> {
    return this.#http.version();
  }

  info(): Promise<SystemInfo> {
    return this.#http.json({ method: "GET", path: "/info" });
  }

  version(): Promise<JsonObject> {
    return this.#http.json({ method: "GET", path: "/version" });
  }

  diskUsage(): Promise<JsonObject> {
    return this.#http.json({ method: "GET", path: "/system/df" });
  }

  /** Tries credentials at a registry. Answers what the daemon says: `Status`, `IdentityToken`. */
  login(credentials: Credentials): Promise<{ Status: string; IdentityToken?: string }> {
    return this.#http.json({ method: "POST", path: "/auth", json: credentials });
  }

  /** Removes the build cache of BuildKit. */
  pruneBuilds(
    options: { all?: boolean; keepBytes?: number; filters?: Filters } = {},
  ): Promise<JsonObject> {
    const query = {
      all: options.all,
      "keep-storage": options.keepBytes,
      filters: filtersText(options.filters),
    };
    return this.#http.json({ method: "POST", path: "/build/prune", query });
  }

  /** Events as they happen, until the signal is aborted. Times are Unix seconds. */
  async *events(
    options: {
      readonly filters?: Filters;
      readonly since?: number;
      readonly until?: number;
      readonly signal?: AbortSignal;
    } = {},
  ): AsyncGenerator<EngineEvent> {
    const { since, until, filters, signal } = options;
    const query = { since, until, filters: filtersText(filters) };
    const response = await this.#http.stream({ method: "GET", path: "/events", query, signal });
    try {
      yield* jsonLines<EngineEvent>(response);
    } finally {
      response.destroy();
    }
  }

  /** Whether images are kept by containerd (Docker 29's default) rather than by a graphdriver. */
  async usesContainerdStore(): Promise<boolean> {
    const version = await this.#http.version();
    if (compareVersions(version, FIRST_WITH_CONTAINERD_STORE) < 0) return false;
    const { DriverStatus } = await this.info();
    return (DriverStatus ?? []).some(
      ([key, value]) => key === "driver-type" && value === "io.containerd.snapshotter.v1",
    );
  }
}
