/** Docker daemons of this process: one client for each, whoever asks for it. */
import {
  type DaemonSettings,
  DockerClient,
  endpointOf,
  environmentOf,
  isNotFound,
} from "../docker/index.ts";
import type { ContainerSource } from "../inventory/docker-containers.ts";
import { toBool } from "../modules/convert.ts";
import type { Value } from "../values/model.ts";
import { str } from "../values/python.ts";

const clients = new Map<string, DockerClient>();

/** The client of a daemon. @throws EnvironmentError when the settings name none */
export function dockerClient(settings: DaemonSettings = {}): DockerClient {
  const key = JSON.stringify(Object.entries(settings).sort());
  let client = clients.get(key);
  if (!client) {
    const env = environmentOf(settings, process.env);
    client = new DockerClient(env, endpointOf(settings, env));
    clients.set(key, client);
  }
  return client;
}

/** Settings out of options that are called as those of Ansible's docker plugins. */
export function daemonSettings(option: (name: string) => Value | undefined): DaemonSettings {
  const text = (...names: readonly string[]) => {
    for (const name of names) {
      const value = option(name);
      if (value !== undefined && value !== null && str(value) !== "") return str(value);
    }
    return undefined;
  };
  const flag = (name: string) => {
    const value = option(name);
    return value === undefined || value === null ? undefined : toBool(value);
  };
  const settings: Record<string, string | boolean | undefined> = {
    dockerHost: text("docker_host"),
    tls: flag("tls") || undefined,
    validateCerts: flag("validate_certs") || undefined,
    tlsHostname: text("tls_hostname"),
    caPath: text("ca_path", "ca_cert", "tls_ca_cert", "cacert_path"),
    clientCert: text("client_cert", "tls_client_cert", "cert_path"),
    clientKey: text("client_key", "tls_client_key", "key_path"),
    apiVersion: text("api_version"),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** What the docker inventory asks. */
export function containerSource(option: (name: string) => Value | undefined): ContainerSource {
  const settings = daemonSettings(option);
  const client = dockerClient(settings);
  return {
    url: settings.dockerHost ?? client.endpoint.url,
    list: () => client.containers.list({ all: true }),
    inspect: async (id) => {
      try {
        return await client.containers.inspect(id);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    close: () => undefined,
  };
}
