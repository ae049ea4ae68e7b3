/** Connections by the name that `ansible_connection` gives them. Adding one is adding a row. */
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { type Connection, ConnectionError } from "../connection/connection.ts";
import { connectLocal } from "../connection/local.ts";
import { connectSsh } from "../connection/ssh.ts";
import type { ConnectionFactory, ConnectionRequest } from "../engine/options.ts";
import type { EngineSettings } from "../engine/settings.ts";
import type { SettingName } from "../engine/settings-table.ts";
import { nearest } from "../errors/nearest.ts";
import { splitShell } from "../template/python/shlex.ts";
import { str } from "../values/python.ts";
import { openDocker, openNsenter, openPodman } from "./container-connections.ts";

type Opener = (request: ConnectionRequest, settings: EngineSettings) => Promise<Connection>;

const OPENERS: Readonly<Record<string, Opener>> = {
  local: async (request) => connectLocal({ cwd: request.playbookDirectory }),
  ssh: openSsh,
  smart: openSsh,
  "ansible.builtin.ssh": openSsh,
  "ansible.builtin.local": async (request) => connectLocal({ cwd: request.playbookDirectory }),
  paramiko: openSsh,
  docker: openDocker,
  docker_api: openDocker,
  "community.docker.docker": openDocker,
  "community.docker.docker_api": openDocker,
  nsenter: openNsenter,
  podman: openPodman,
};

/** Does that name of a connection mean a container of a Docker daemon? */
export function isDocker(connection: string): boolean {
  return OPENERS[connection] === openDocker;
}

/** Every name that a connection goes by. */
export function connectionNames(): readonly string[] {
  return Object.keys(OPENERS);
}

/** The factory that the engine asks for connections. */
export function connectionFactory(settings: EngineSettings): ConnectionFactory {
  return (request) => {
    const open = Object.hasOwn(OPENERS, request.connection)
      ? OPENERS[request.connection]
      : undefined;
    if (open) return open(request, settings);
    const meant = nearest(request.connection, Object.keys(OPENERS));
    throw new ConnectionError(
      `the connection '${request.connection}' of ${request.host} is not supported`,
      {
        hint: meant
          ? `Did you mean '${meant}'?`
          : "Supported are local, ssh, docker, podman and nsenter.",
        exitCode: 4,
      },
    );
  };
}

/** The first of these variables that is set, as text. */
function textVariable(request: ConnectionRequest, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = request.variable(name);
    if (value !== undefined && value !== null) return str(value);
  }
  return undefined;
}

async function openSsh(request: ConnectionRequest, settings: EngineSettings): Promise<Connection> {
  const words = (name: string, setting: SettingName) =>
    splitShell(textVariable(request, name) ?? settings.text(setting) ?? "");
  const checking = textVariable(
    request,
    "ansible_host_key_checking",
    "ansible_ssh_host_key_checking",
  );
  const timeout = textVariable(request, "ansible_ssh_timeout");
  return connectSsh({
    host: textVariable(request, "ansible_host", "ansible_ssh_host") ?? request.host,
    port: request.port,
    user: request.user,
    password:
      textVariable(request, "ansible_password", "ansible_ssh_password", "ansible_ssh_pass") ??
      request.password,
    privateKeyFile:
      textVariable(request, "ansible_private_key_file", "ansible_ssh_private_key_file") ??
      settings.text("DEFAULT_PRIVATE_KEY_FILE"),
    passphrase: textVariable(request, "ansible_ssh_private_key_passphrase"),
    passwordPrompt:
      textVariable(request, "ansible_sshpass_prompt") ?? settings.text("SSHPASS_PROMPT"),
    retries: Number(
      textVariable(request, "ansible_ssh_retries") ?? settings.number("SSH_RETRIES") ?? 0,
    ),
    timeout: timeout === undefined ? settings.number("DEFAULT_TIMEOUT") : Number(timeout),
    hostKeyChecking:
      checking === undefined
        ? settings.bool("HOST_KEY_CHECKING")
        : !/^(false|no|0|off)$/i.test(checking),
    extraArguments: [
      ...words("ansible_ssh_args", "SSH_ARGS"),
      ...words("ansible_ssh_common_args", "SSH_COMMON_ARGS"),
      ...words("ansible_ssh_extra_args", "SSH_EXTRA_ARGS"),
    ],
    executable: textVariable(request, "ansible_ssh_executable") ?? settings.text("SSH_EXECUTABLE"),
    controlPath: controlPath(request, settings),
  });
}

/**
 * Where the user wants the master's socket; nothing when nothing is said of it.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/ssh_connection.html
 */
function controlPath(request: ConnectionRequest, settings: EngineSettings): string | undefined {
  const path = textVariable(request, "ansible_control_path") ?? settings.text("SSH_CONTROL_PATH");
  const named =
    textVariable(request, "ansible_control_path_dir") ?? settings.text("SSH_CONTROL_PATH_DIR");
  if (!path && !named) return undefined;
  const directory = (named || "~/.ansible/cp").replace(/^~(?=\/|$)/, homedir());
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // The setting is a format of Python's, in which `%%` is ssh's `%`.
  return (path || "%(directory)s/%%C").replace(/%\(directory\)s|%%/g, (found) =>
    found === "%%" ? "%" : directory,
  );
}
