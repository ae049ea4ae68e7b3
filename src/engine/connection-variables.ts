/**
 * What a task sees of its connection where no variable says it: `ansible_host`, `ansible_connection`,
 * `ansible_user`, `ansible_port`, of the host that the task is delegated to if there is one; and
 * `ansible_delegated_vars`.
 */
import type { Host } from "../inventory/inventory.ts";
import type { Task } from "../playbook/node.ts";
import { Dict, type Value } from "../values/model.ts";
import type { Layer } from "../variables/layers.ts";
import { textKeyword } from "./keyword-values.ts";
import type { Scope } from "./run-state.ts";
import type { EngineSettings } from "./settings.ts";

export interface ConnectionVariablesOptions {
  readonly task: Task;
  readonly settings: EngineSettings;
  readonly scope: () => Scope;
  /** The host of that name, if there is one. */
  readonly find: (name: string) => Host | undefined;
  /** `hostvars` of a host. */
  readonly variablesOf: (name: string) => Dict | undefined;
}

/** The weakest layer of all. It lists no names: it says only what is asked for. */
export function connectionVariables(o: ConnectionVariablesOptions): Layer {
  const { task, settings } = o;
  let asking = false;
  /** The delegate's name; a template for it that asks for these variables gets the host's own. */
  const delegate = (): string | undefined => {
    if (asking || task.effective("delegate_to") === undefined) return undefined;
    asking = true;
    try {
      return textKeyword(o.scope(), task, "delegate_to");
    } finally {
      asking = false;
    }
  };
  const ofDelegate = (name: string, ...variables: string[]): Value => {
    const vars = o.find(name) ? o.variablesOf(name) : undefined;
    for (const variable of variables) {
      const value = vars?.get(variable);
      if (value !== undefined && value !== null) return value;
    }
    return name;
  };
  const sources: Readonly<Record<string, () => Value | undefined>> = {
    ansible_host: () => {
      const name = delegate();
      if (name !== undefined) return ofDelegate(name, "ansible_host", "ansible_ssh_host");
      const scope = o.scope();
      return scope.variables.get("ansible_ssh_host") ?? scope.host.name;
    },
    ansible_connection: () =>
      textKeyword(o.scope(), task, "connection") ?? settings.text("DEFAULT_TRANSPORT"),
    ansible_user: () =>
      textKeyword(o.scope(), task, "remote_user") ?? settings.text("DEFAULT_REMOTE_USER"),
    ansible_port: () => settings.number("DEFAULT_REMOTE_PORT"),
    ansible_delegated_vars: () => {
      const name = delegate();
      if (name === undefined) return undefined;
      const vars = o.find(name) ? o.variablesOf(name) : undefined;
      return new Dict([[name, vars ?? new Dict([["ansible_host", name]])]]);
    },
  };
  return {
    get: (name) => (Object.hasOwn(sources, name) ? sources[name]?.() : undefined),
    keys: () => [],
  };
}
