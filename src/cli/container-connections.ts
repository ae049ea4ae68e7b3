/** Connections into containers, as the variables of Ansible's docker, docker_api, nsenter and podman name them. */
import { existsSync } from "node:fs";
import type { ContainerTarget } from "../build/play-snapshots.ts";
import { type Connection, ConnectionError } from "../connection/connection.ts";
import { connectDocker } from "../connection/docker.ts";
import { connectNamespaces } from "../connection/nsenter.ts";
import type { DaemonSettings } from "../docker/index.ts";
import type { ConnectionRequest } from "../engine/options.ts";
import { toBool } from "../modules/convert.ts";
import { splitShell } from "../template/python/shlex.ts";
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { daemonSettings, dockerClient } from "./docker-daemons.ts";

/** @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_api_connection.html */
export async function openDocker(request: ConnectionRequest): Promise<Connection> {
  const { client, container, options } = dockerTarget(request);
  return connectDocker(client, container, options);
}

/** The container that a host of `connection: docker` is. */
export function dockerTarget(request: ConnectionRequest): ContainerTarget {
  const settings = {
    ...daemonSettings((name) => request.variable(`ansible_docker_${name}`)),
    ...extraArguments(request),
  };
  return targetOf(request, settings, "docker");
}

/** Podman by its socket, which speaks Docker's API. */
export async function openPodman(request: ConnectionRequest): Promise<Connection> {
  const settings = { dockerHost: podmanSocket() };
  const { client, container, options } = targetOf(request, settings, "podman");
  return connectDocker(client, container, options);
}

/** @see https://docs.ansible.com/ansible/latest/collections/community/docker/nsenter_connection.html */
export async function openNsenter(request: ConnectionRequest): Promise<Connection> {
  const pid = str(request.variable("ansible_nsenter_pid") ?? 1);
  if (!/^\d+$/.test(pid))
    throw new ConnectionError(`ansible_nsenter_pid '${pid}' is no process id`);
  return connectNamespaces(Number(pid));
}

function targetOf(
  request: ConnectionRequest,
  settings: DaemonSettings,
  kind: "docker" | "podman",
): ContainerTarget {
  const text = (...names: readonly string[]) => {
    for (const name of names) {
      const value = request.variable(name);
      if (value !== undefined && value !== null) return str(value);
    }
    return undefined;
  };
  const container = text(`ansible_${kind}_host`, "ansible_host") ?? request.host;
  const environment = request.variable(`ansible_${kind}_extra_env`);
  const privileged = request.variable(`ansible_${kind}_privileged`);
  return {
    client: dockerClient(settings),
    container,
    options: {
      user: text(`ansible_${kind}_user`) ?? request.user,
      workdir: text(`ansible_${kind}_working_dir`),
      env: environment instanceof Dict ? assignments(environment) : undefined,
      privileged: privileged !== undefined && privileged !== null && toBool(privileged),
    },
  };
}

function assignments(environment: Dict): string[] {
  return Array.from(environment, ([name, value]: [Value, Value]) => `${str(name)}=${str(value)}`);
}

/** `ansible_docker_extra_args`: options of the Docker CLI, as far as they say which daemon. */
function extraArguments(request: ConnectionRequest): DaemonSettings {
  const words = splitShell(str(request.variable("ansible_docker_extra_args") ?? ""));
  const settings: Record<string, string | boolean> = {};
  const fields: Readonly<Record<string, string>> = {
    "-H": "dockerHost",
    "--host": "dockerHost",
    "--tlscacert": "caPath",
    "--tlscert": "clientCert",
    "--tlskey": "clientKey",
  };
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const [, name = word, joined] = /^(--[a-z]+)=(.*)$/s.exec(word) ?? [];
    const field = fields[name];
    if (field !== undefined) {
      settings[field] = joined ?? words[++index] ?? "";
    } else if (name === "--tls") {
      settings.tls = true;
    } else if (name === "--tlsverify") {
      settings.validateCerts = true;
    } else {
      throw new ConnectionError(`ansible_docker_extra_args: '${word}' is not supported`, {
        hint: "Supported are --host, --tls, --tlsverify, --tlscacert, --tlscert and --tlskey.",
        exitCode: 4,
      });
    }
  }
  return settings;
}

function podmanSocket(): string {
  const named = process.env.CONTAINER_HOST;
  if (named) return named;
  const own = `${process.env.XDG_RUNTIME_DIR ?? `/run/user/${process.getuid?.() ?? 0}`}/podman/podman.sock`;
  return `unix://${process.getuid?.() !== 0 && existsSync(own) ? own : "/run/podman/podman.sock"}`;
}
