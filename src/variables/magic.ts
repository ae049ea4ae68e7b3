/**
 * Magic variables: what Ansible itself says about the run, the play, the host and the role.
 * @see https://docs.ansible.com/ansible/latest/reference_appendices/special_variables.html
 */
import { dirname } from "node:path";
import { type Host, type Inventory, PLAYBOOK_PYTHON } from "../inventory/inventory.ts";
import type { Node } from "../playbook/node.ts";
import { Task } from "../playbook/node.ts";
import type { Role } from "../playbook/role.ts";
import { omitPlaceholder } from "../template/omit.ts";
import { Dict, type Value } from "../values/model.ts";
import type { Layer } from "./layers.ts";
import type { PlayVariables } from "./manager.ts";

/** What is the same for the whole run. */
export interface RunFacts {
  readonly inventory: Inventory;
  readonly checkMode: boolean;
  readonly diffMode: boolean;
  readonly verbosity: number;
  readonly forks: number;
  readonly configFile: string | undefined;
  readonly runTags: readonly string[];
  readonly skipTags: readonly string[];
  readonly limit: string | undefined;
  readonly hostvars: Dict;
}

/** Hosts of a play, as they change while it runs. */
export interface PlayHosts {
  readonly name: string;
  /** All hosts of the play, failed ones included. */
  readonly all: readonly string[];
  /** Those that are still in it. */
  readonly active: () => readonly string[];
  /** Those of the current `serial` batch that are still in it. */
  readonly batch: () => readonly string[];
}

export interface MagicScope {
  readonly host: Host;
  readonly node: Node | undefined;
  readonly play: PlayVariables | undefined;
  readonly hosts: PlayHosts | undefined;
  readonly facts: Dict;
  /** What `vars` holds: every variable, templated when it is asked for. */
  readonly vars: () => Dict;
  /** Environment of the task as it stands in `environment`. */
  readonly environment: () => Value;
}

/** The value of `omit`: arguments that hold it are left out. */
export const OMIT = omitPlaceholder();

type Source = (run: RunFacts, scope: MagicScope) => Value | undefined;

/** The version of Ansible whose dialect is spoken; roles compare with it. */
export const ANSIBLE_VERSION = "2.18.0";

const version = new Dict();
version.set("full", ANSIBLE_VERSION).set("major", 2).set("minor", 18).set("revision", 0);
version.set("string", ANSIBLE_VERSION);

function roleNames(roles: readonly Role[] | undefined): string[] {
  return [...new Set((roles ?? []).map((role) => role.name))];
}

/** Roles in whose tasks the node's role was included or imported, nearest first. */
function rolesAbove(node: Node | undefined): Role[] {
  const above: Role[] = [];
  for (let role = node?.role; role?.parentRole; role = role.parentRole) {
    if (role.origin !== "dependency") above.push(role.parentRole);
  }
  return above;
}

/** Folders in which a task's files are looked for, nearest first. */
export function searchPath(node: Node | undefined, playbookDirectory: string): string[] {
  const paths: string[] = [];
  for (let role = node?.role; role; role = role.parentRole) paths.push(role.path);
  for (let at = node; at; at = at.parent) if (at instanceof Task) paths.push(dirname(at.file));
  return [...new Set([...paths, playbookDirectory])];
}

const SOURCES: Readonly<Record<string, Source>> = {
  ansible_check_mode: (run) => run.checkMode,
  ansible_collection_name: (_, { node }) => node?.role?.collection,
  ansible_config_file: (run) => run.configFile ?? null,
  ansible_dependent_role_names: (_, { play }) =>
    play && roleNames(play.roles.filter((role) => role.origin === "dependency")),
  ansible_diff_mode: (run) => run.diffMode,
  ansible_facts: (_, { facts }) => facts,
  ansible_forks: (run) => run.forks,
  ansible_inventory_sources: (run) => [...run.inventory.sources],
  ansible_limit: (run) => run.limit,
  ansible_parent_role_names: (_, { node }) => orNothing(rolesAbove(node).map((r) => r.name)),
  ansible_parent_role_paths: (_, { node }) => orNothing(rolesAbove(node).map((r) => r.path)),
  ansible_play_batch: (_, { hosts }) => hosts && [...hosts.batch()],
  ansible_play_hosts: (_, { hosts }) => hosts && [...hosts.active()],
  ansible_play_hosts_all: (_, { hosts }) => hosts && [...hosts.all],
  ansible_play_name: (_, { hosts }) => hosts?.name,
  ansible_play_role_names: (_, { play }) =>
    play?.roles.filter((role) => role.origin !== "dependency").map((role) => role.name),
  ansible_playbook_python: () => PLAYBOOK_PYTHON,
  ansible_role_name: (_, { node }) => {
    const role = node?.role;
    return role && (role.collection ? `${role.collection}.${ownName(role)}` : role.name);
  },
  ansible_role_names: (_, { play }) => play && roleNames(play.roles),
  ansible_run_tags: (run) => [...(run.runTags.length > 0 ? run.runTags : ["all"])],
  ansible_search_path: (_, { node, play }) => play && searchPath(node, play.play.directory),
  ansible_skip_tags: (run) => [...run.skipTags],
  ansible_verbosity: (run) => run.verbosity,
  ansible_version: () => version,
  environment: (_, scope) => scope.environment(),
  group_names: (_, { host }) =>
    host
      .groupsInOrder()
      .map((group) => group.name)
      .filter((name) => name !== "all")
      .sort(),
  groups: (run) => groupsOf(run.inventory),
  hostvars: (run) => run.hostvars,
  omit: () => OMIT,
  inventory_dir: (_, { host }) =>
    host.source === undefined ? unlessImplicit(host) : dirname(host.source),
  inventory_file: (_, { host }) => host.source ?? unlessImplicit(host),
  inventory_hostname: (_, { host }) => host.name,
  inventory_hostname_short: (_, { host }) => host.name.split(".")[0] ?? host.name,
  play_hosts: (_, { hosts }) => hosts && [...hosts.batch()],
  playbook_dir: (_, { play }) => play?.play.directory,
  role_name: (_, { node }) => node?.role && ownName(node.role),
  role_names: (_, { play }) =>
    play && roleNames(play.roles.filter((role) => role.origin !== "dependency")),
  role_path: (_, { node }) => node?.role?.path,
  role_uuid: (_, { node }) => node?.role?.identity,
  vars: (_, scope) => scope.vars(),
};

export const MAGIC_NAMES: readonly string[] = Object.keys(SOURCES);

function orNothing(list: string[]): string[] | undefined {
  return list.length > 0 ? list : undefined;
}

/** The role's name without its collection. */
function ownName(role: Role): string {
  return role.collection === undefined ? role.name : shortName(role.name);
}

/** Hosts of `add_host` have no file; the implicit localhost does not even have the variable. */
function unlessImplicit(host: Host): null | undefined {
  return host.implicit ? undefined : null;
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

const groupLists = new WeakMap<Inventory, { revision: number; value: Dict }>();

function groupsOf(inventory: Inventory): Dict {
  const known = groupLists.get(inventory);
  if (known?.revision === inventory.revision) return known.value;
  const value = new Dict(
    Array.from(
      inventory.groups.values(),
      (group) => [group.name, group.allHosts().map((host) => host.name)] as const,
    ),
  );
  groupLists.set(inventory, { revision: inventory.revision, value });
  return value;
}

/** The magic variables of one place. Nothing is computed before it is asked for. */
export function magicLayer(run: RunFacts, scope: MagicScope): Layer {
  return {
    get: (name) => (Object.hasOwn(SOURCES, name) ? SOURCES[name]?.(run, scope) : undefined),
    keys: () => MAGIC_NAMES.filter((name) => SOURCES[name]?.(run, scope) !== undefined),
  };
}
