/** A client of the Docker Engine API (Docker 1.12 to 29, Podman's compatible socket). */
import type { Environment } from "./config-file.ts";
import { Containers } from "./containers.ts";
import { type Endpoint, findEndpoint } from "./endpoint.ts";
import { Exec } from "./exec.ts";
import { EngineHttp } from "./http.ts";
import { Images } from "./images.ts";
import { Networks } from "./networks.ts";
import { System } from "./system.ts";
import { Volumes } from "./volumes.ts";

export { type CliConfig, configDirectory, type Environment, readOptional } from "./config-file.ts";
export type { CommitOptions, PathStat } from "./containers.ts";
export {
  type Credentials,
  credentialsFrom,
  DOCKER_HUB,
  findCredentials,
  registryOf,
} from "./credentials.ts";
export { type DaemonSettings, endpointOf, environmentOf } from "./daemon-settings.ts";
export { type Endpoint, findEndpoint, parseEndpoint, type TlsFiles } from "./endpoint.ts";
export { DockerError, DockerUnreachableError, isNotFound } from "./errors.ts";
export type { ExecOptions, ExecOutcome, ExecProcess } from "./exec.ts";
export { splitTag, type TransferOptions } from "./images.ts";
export {
  BASE_LABEL,
  SESSION_LABEL,
  SNAPSHOT_LABEL,
  STACK_LABEL,
  STATE_LABEL,
} from "./labels.ts";
export { type Attached, demultiplexer } from "./multiplex.ts";
export type { NetworkInspect } from "./networks.ts";
export type { ProgressMessage } from "./progress.ts";
export type * from "./types.ts";
export type { VolumeInspect } from "./volumes.ts";

/** A daemon. Making one talks to nobody; the first request finds out whether it is there. */
export class DockerClient {
  readonly endpoint: Endpoint;
  readonly containers: Containers;
  readonly exec: Exec;
  readonly images: Images;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly system: System;
  readonly #http: EngineHttp;

  /**
   * @param env where `DOCKER_HOST` and the others are looked up
   * @param options.timeoutMs how long the daemon may be silent on a request; default: for ever
   * @throws EnvironmentError when they name no usable endpoint
   */
  constructor(
    env: Environment = process.env,
    endpoint: Endpoint = findEndpoint(env),
    options: { readonly timeoutMs?: number } = {},
  ) {
    this.endpoint = endpoint;
    const http = new EngineHttp(env, endpoint, options.timeoutMs);
    this.#http = http;
    this.containers = new Containers(http);
    this.exec = new Exec(http);
    this.images = new Images(http);
    this.networks = new Networks(http);
    this.volumes = new Volumes(http);
    this.system = new System(http);
  }

  /** Closes idle connections; those in use go on. */
  close(): void {
    this.#http.close();
  }
}
