/** Volumes of a daemon. https://docs.docker.com/reference/api/engine/#tag/Volume */
import { type EngineHttp, segment } from "./http.ts";
import { type Filters, filtersText, type JsonObject } from "./types.ts";

export interface VolumeInspect extends JsonObject {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Options: Readonly<Record<string, string>> | null;
}

export class Volumes {
  readonly #http: EngineHttp;

  constructor(http: EngineHttp) {
    this.#http = http;
  }

  async list(filters?: Filters): Promise<VolumeInspect[]> {
    const query = { filters: filtersText(filters) };
    const answer = await this.#http.json<{ Volumes: VolumeInspect[] | null }>({
      method: "GET",
      path: "/volumes",
      query,
    });
    return answer.Volumes ?? [];
  }

  inspect(volume: string): Promise<VolumeInspect> {
    return this.#http.json({ method: "GET", path: `/volumes/${segment(volume)}` });
  }

  /** @param config the request's body as the API documents it */
  create(config: JsonObject): Promise<VolumeInspect> {
    return this.#http.json({ method: "POST", path: "/volumes/create", json: config });
  }

  remove(volume: string, force = false): Promise<void> {
    const query = { force };
    return this.#http.send({ method: "DELETE", path: `/volumes/${segment(volume)}`, query });
  }

  prune(filters?: Filters): Promise<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }> {
    const query = { filters: filtersText(filters) };
    return this.#http.json({ method: "POST", path: "/volumes/prune", query });
  }
}
