/**
 * A daemon as Ansible's options name it, which go before the environment's `DOCKER_*` variables.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docsite/scenario_guide.html
 */
import { join } from "node:path";
import { EnvironmentError } from "../errors/index.ts";
import { configDirectory, type Environment, readOptional } from "./config-file.ts";
import { type Endpoint, findEndpoint, parseEndpoint, type TlsFiles } from "./endpoint.ts";

export interface DaemonSettings {
  readonly dockerHost?: string | undefined;
  /** TLS without a look at the daemon's certificate. */
  readonly tls?: boolean | undefined;
  /** TLS with a check of the daemon's certificate. */
  readonly validateCerts?: boolean | undefined;
  readonly tlsHostname?: string | undefined;
  readonly caPath?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  /** `auto` is as good as none. */
  readonly apiVersion?: string | undefined;
}

/** @throws EnvironmentError for an address that is none, or a file that is not there */
export function endpointOf(settings: DaemonSettings, env: Environment): Endpoint {
  const host = settings.dockerHost;
  const tls = tlsOf(settings, env);
  if (host === undefined && tls === undefined) return findEndpoint(env);
  if (host === undefined) {
    if (!env.DOCKER_HOST) {
      throw new EnvironmentError("TLS was asked for, but no docker_host to talk to", {
        hint: "Set docker_host, or DOCKER_HOST, to tcp://HOST:2376.",
      });
    }
    return parseEndpoint(env.DOCKER_HOST, " (from DOCKER_HOST)", () => tls);
  }
  return parseEndpoint(host, " (from docker_host)", () => tls ?? tlsFromEnvironment(env));
}

/** The environment in which a client with these settings looks for the rest. */
export function environmentOf(settings: DaemonSettings, env: Environment): Environment {
  const { apiVersion } = settings;
  return apiVersion === undefined || apiVersion === "auto"
    ? env
    : { ...env, DOCKER_API_VERSION: apiVersion };
}

function tlsOf(settings: DaemonSettings, env: Environment): TlsFiles | undefined {
  if (!settings.validateCerts && !settings.tls) return undefined;
  const { DOCKER_CERT_PATH: folder } = env;
  const file = (given: string | undefined, name: string) => {
    const path = given ?? (folder ? join(folder, name) : undefined);
    if (path === undefined) return undefined;
    const text = readOptional(path);
    if (text !== undefined) return text;
    throw new EnvironmentError(`${path}, which TLS to the Docker daemon needs, does not exist`);
  };
  return {
    ca: file(settings.caPath, "ca.pem"),
    cert: file(settings.clientCert, "cert.pem"),
    key: file(settings.clientKey, "key.pem"),
    verify: settings.validateCerts ?? false,
    serverName: settings.tlsHostname ?? env.DOCKER_TLS_HOSTNAME,
  };
}

function tlsFromEnvironment(env: Environment): TlsFiles | undefined {
  const verify = Boolean(env.DOCKER_TLS_VERIFY);
  if (!verify && !env.DOCKER_CERT_PATH) return undefined;
  const folder = env.DOCKER_CERT_PATH ?? configDirectory(env);
  const file = (name: string) => readOptional(join(folder, name));
  const serverName = env.DOCKER_TLS_HOSTNAME;
  return { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem"), verify, serverName };
}
