/** Where a task runs and as whom: connection, login, become. */
import type { Become } from "../connection/connection.ts";
import type { Host } from "../inventory/inventory.ts";
import { toBool } from "../modules/convert.ts";
import type { Task } from "../playbook/node.ts";
import { textOf, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { flagKeyword, intKeyword, textKeyword } from "./keyword-values.ts";
import type { ConnectionRequest } from "./options.ts";
import type { RunState, Scope, ScopePlay } from "./run-state.ts";

export interface Target {
  readonly request: ConnectionRequest;
  readonly become: Become | undefined;
  /** Another place than the host's own. */
  readonly delegated: boolean;
  /** Host whose variables say how the place is reached. */
  readonly host: Host;
}

/**
 * @param scope the task's own
 * @param delegate host of `delegate_to`
 */
export function targetOf(
  run: RunState,
  play: ScopePlay,
  scope: Scope,
  task: Task,
  delegate: Host | undefined,
): Target {
  const place = delegate ? run.scope(delegate, play, task, [], false) : scope;
  const variable = (name: string): Value | undefined => {
    const value = place.templar.variable(name);
    return value === null ? undefined : value;
  };
  const text = (...names: string[]): string | undefined => {
    for (const name of names) {
      const value = variable(name);
      if (value !== undefined) return textOf(value) ?? str(value);
    }
    return undefined;
  };
  const { settings } = run.options;
  const connection =
    text("ansible_connection") ??
    (delegate ? undefined : textKeyword(scope, task, "connection")) ??
    settings.text("DEFAULT_TRANSPORT") ??
    "smart";
  const port = text("ansible_port", "ansible_ssh_port");
  const host = delegate ?? scope.host;
  const isLocal = shortName(connection) === "local";
  return {
    host,
    delegated:
      (delegate !== undefined && delegate.name !== scope.host.name) ||
      (isLocal && run.options.target === "image"),
    request: {
      host: host.name,
      connection: shortName(connection),
      variable,
      user:
        text("ansible_user", "ansible_ssh_user") ??
        textKeyword(scope, task, "remote_user") ??
        settings.text("DEFAULT_REMOTE_USER"),
      port:
        port === undefined
          ? (intKeyword(scope, task, "port") ?? settings.number("DEFAULT_REMOTE_PORT"))
          : Number(port),
      password: run.options.passwords?.login,
      playbookDirectory: play.variables.play.directory,
      signal: run.options.signal,
    },
    become: becomeOf(run, scope, task, text, isLocal),
  };
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function becomeOf(
  run: RunState,
  scope: Scope,
  task: Task,
  text: (...names: string[]) => string | undefined,
  isLocal: boolean,
): Become | undefined {
  const { settings, target } = run.options;
  const asked = text("ansible_become");
  const wanted =
    asked === undefined
      ? (flagKeyword(scope, task, "become") ?? settings.bool("DEFAULT_BECOME"))
      : toBool(asked);
  if (!wanted) return undefined;
  const user =
    text("ansible_become_user") ??
    textKeyword(scope, task, "become_user") ??
    settings.text("DEFAULT_BECOME_USER") ??
    "root";
  const chosen = text("ansible_become_method") ?? textKeyword(scope, task, "become_method");
  const method = chosen ?? settings.text("DEFAULT_BECOME_METHOD") ?? "sudo";
  const short = shortName(method);
  const inImage = target === "image" && !isLocal;
  // The sandbox's login is root, and an image need not have sudo: `su` needs no package.
  if (inImage && user === "root") return undefined;
  const specific = (name: string) => text(`ansible_become_${name}`, `ansible_${short}_${name}`);
  const password =
    text(
      "ansible_become_password",
      "ansible_become_pass",
      `ansible_${short}_pass`,
      `ansible_${short}_password`,
    ) ?? run.options.passwords?.become;
  if (password !== undefined) run.secrets.add(password);
  return {
    user,
    method: inImage && chosen === undefined ? "su" : short,
    executable:
      specific("exe") ??
      textKeyword(scope, task, "become_exe") ??
      settings.text("DEFAULT_BECOME_EXE"),
    flags:
      specific("flags") ??
      textKeyword(scope, task, "become_flags") ??
      settings.text("DEFAULT_BECOME_FLAGS"),
    password,
  };
}
