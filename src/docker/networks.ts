/** Networks of a daemon. https://docs.docker.com/reference/api/engine/#tag/Network */
import { type EngineHttp, segment } from "./http.ts";
import { type Filters, filtersText, type JsonObject } from "./types.ts";

export interface NetworkInspect extends JsonObject {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Containers?: Readonly<Record<string, JsonObject>> | null;
}

export class Networks {
  readonly #http: EngineHttp;

  constructor(http: EngineHttp) {
    this.#http = http;
  }

  list(filters?: Filters): Promise<NetworkInspect[]> {
    const query = { filters: filtersText(filters) };
    return this.#http.json({ method: "GET", path: "/networks", query });
  }

  inspect(network: string): Promise<NetworkInspect> {
    return this.#http.json({ method: "GET", path: `/networks/${segment(network)}` });
  }

  /** @param config the request's body as the API documents it, with `Name` */
  async create(config: JsonObject): Promise<string> {
    const path = "/networks/create";
    return (await this.#http.json<{ Id: string }>({ method: "POST", path, json: config })).Id;
  }

  remove(network: string): Promise<void> {
    return this.#http.send({ method: "DELETE", path: `/networks/${segment(network)}` });
  }

  connect(network: string, container: string, endpoint: JsonObject = {}): Promise<void> {
    return this.#http.send({
      method: "POST",
      path: `/networks/${segment(network)}/connect`,
      json: { Container: container, EndpointConfig: endpoint },
    });
  }

  disconnect(network: string, container: string, force = false): Promise<void> {
    return this.#http.send({
      method: "POST",
      path: `/networks/${segment(network)}/disconnect`,
      json: { Container: container, Force: force },
    });
  }

  prune(filters?: Filters): Promise<{ NetworksDeleted: string[] | null }> {
    const query = { filters: filtersText(filters) };
    return this.#http.json({ method: "POST", path: "/networks/prune", query });
  }
}
