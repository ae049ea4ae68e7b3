/** Hosts and groups, whatever source they came from. */
import { LayerbookError } from "../errors/index.ts";
import { equals } from "../values/compare.ts";
import { mergedDicts } from "../values/merged-dicts.ts";
import { Dict, isText, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";

/** Variables of a host or a group as its sources set them, one after the other. */
export class Variables extends Map<string, Value> {
  /** Names that the source gave as something else (`7.2: x`), which not every format can hold. */
  readonly namesThatWereNoText = new Set<string>();
  readonly #mergeDicts: boolean;

  constructor(mergeDicts: boolean) {
    super();
    this.#mergeDicts = mergeDicts;
  }

  /** Sets a variable whose name is as the source has it. */
  setNamed(name: Value, value: Value): this {
    if (!isText(name)) this.namesThatWereNoText.add(str(name));
    return this.set(str(name), value);
  }

  override set(name: string, value: Value): this {
    const before = this.#mergeDicts ? this.get(name) : undefined;
    return super.set(
      name,
      before instanceof Dict && value instanceof Dict ? mergedDicts(before, value) : value,
    );
  }
}

export class Group {
  readonly name: string;
  readonly vars: Variables;
  /** Hosts that were put into this very group, in order. */
  readonly hosts = new Map<string, Host>();
  readonly children = new Map<string, Group>();
  readonly parents = new Map<string, Group>();
  priority = 1;

  constructor(name: string, mergeDicts = false) {
    this.name = name;
    this.vars = new Variables(mergeDicts);
  }

  /** Length of the longest way down from `all`; deeper groups win over shallower ones. */
  get depth(): number {
    let deepest = 0;
    for (const parent of this.parents.values()) deepest = Math.max(deepest, parent.depth + 1);
    return deepest;
  }

  /** Hosts of this group and of all below it, each once: its own first, then level by level. */
  allHosts(): Host[] {
    const found = new Set<Host>();
    const seen = new Set<Group>([this]);
    let level: Group[] = [this];
    while (level.length > 0) {
      const next: Group[] = [];
      for (const group of level) {
        // `all` names every host; their order is that of the groups that they were put into.
        if (group.name !== "all") for (const host of group.hosts.values()) found.add(host);
        for (const child of group.children.values()) {
          if (!seen.has(child)) next.push(child);
          seen.add(child);
        }
      }
      level = next;
    }
    if (this.name === "all") for (const host of this.hosts.values()) found.add(host);
    return [...found];
  }
}

export class Host {
  readonly name: string;
  readonly vars: Variables;
  /** Groups that name it directly. */
  readonly groups = new Set<Group>();
  /** Not in any source: `localhost` as Ansible adds it by itself. */
  readonly implicit: boolean;
  /** File or folder that named it. */
  source: string | undefined;

  constructor(name: string, implicit = false, mergeDicts = false) {
    this.name = name;
    this.vars = new Variables(mergeDicts);
    this.implicit = implicit;
  }

  /** All groups it is in, with their parents, from the weakest to the strongest. */
  groupsInOrder(): Group[] {
    const found = new Set<Group>();
    const walk = (group: Group) => {
      if (found.has(group)) return;
      found.add(group);
      for (const parent of group.parents.values()) walk(parent);
    };
    for (const group of this.groups) walk(group);
    return sortGroups(found);
  }
}

/** From the weakest to the strongest: by depth, then priority, then name. */
export function sortGroups(groups: Iterable<Group>): Group[] {
  const order = [...groups].map((group) => ({ group, depth: group.depth }));
  order.sort(
    (a, b) =>
      a.depth - b.depth ||
      a.group.priority - b.group.priority ||
      (a.group.name < b.group.name ? -1 : a.group.name > b.group.name ? 1 : 0),
  );
  return order.map(({ group }) => group);
}

/** `ansible_playbook_python`: the Python of a controller that has one. */
export const PLAYBOOK_PYTHON = "/usr/bin/python3";

const LOCALHOST_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

export class Inventory {
  readonly groups = new Map<string, Group>();
  readonly hosts = new Map<string, Host>();
  readonly #implicit = new Map<string, Host>();
  /** Files and folders that it was read from, in order. */
  readonly sources: string[] = [];
  /** What tasks added, to be added again after the sources were read anew. */
  readonly #added: ((inventory: Inventory) => void)[] = [];
  /** Hosts before {@link restart}: those that come again are the same objects. */
  #before: ReadonlyMap<string, Host> = new Map();
  /** Raised with every change, for whoever keeps something that was computed from it. */
  revision = 0;

  readonly #mergeDicts: boolean;

  /** @param mergeDicts `hash_behaviour=merge`: dicts of several sources are one */
  constructor(mergeDicts = false) {
    this.#mergeDicts = mergeDicts;
    this.addGroup("all");
    this.addChild("all", "ungrouped");
  }

  get all(): Group {
    return this.addGroup("all");
  }

  addGroup(name: string): Group {
    let group = this.groups.get(name);
    if (!group) {
      group = new Group(name, this.#mergeDicts);
      this.groups.set(name, group);
      this.revision++;
    }
    return group;
  }

  /** Adds the host, to the group too when one is named. */
  addHost(name: string, groupName?: string, source?: string): Host {
    let host = this.hosts.get(name);
    if (!host) {
      host = this.#before.get(name) ?? new Host(name, false, this.#mergeDicts);
      host.source = source;
      this.hosts.set(name, host);
      this.revision++;
    }
    if (groupName !== undefined) {
      const group = this.addGroup(groupName);
      if (!group.hosts.has(name)) {
        group.hosts.set(name, host);
        host.groups.add(group);
        this.revision++;
      }
    }
    return host;
  }

  /** @throws LayerbookError when the groups would contain each other */
  addChild(parentName: string, childName: string): void {
    const parent = this.addGroup(parentName);
    const child = this.addGroup(childName);
    if (parent === child || isAbove(child, parent)) {
      throw new LayerbookError(
        `Adding group '${childName}' as child to '${parentName}' creates a recursive dependency loop.`,
      );
    }
    parent.children.set(childName, child);
    child.parents.set(parentName, parent);
    this.revision++;
  }

  /**
   * Adds a host as `add_host` does.
   * @returns whether the host, one of its groups or variables is news
   */
  addFromTask(
    name: string,
    groups: readonly string[],
    vars: ReadonlyMap<string, Value>,
    source?: string,
  ): boolean {
    const add = (inventory: Inventory): boolean => {
      const { revision } = inventory;
      const host = inventory.addHost(name, undefined, source);
      for (const group of groups) inventory.addHost(name, group);
      let changed = inventory.revision !== revision;
      for (const [key, value] of vars) {
        const before = host.vars.get(key);
        if (before === undefined || !equals(before, value)) changed = true;
        host.vars.set(key, value);
      }
      if (changed) inventory.reconcile();
      return changed;
    };
    this.#added.push(add);
    return add(this);
  }

  /**
   * Puts a host into a group as `group_by` does.
   * @returns whether that is news
   */
  groupFromTask(host: Host, name: string, parents: readonly string[]): boolean {
    const add = (inventory: Inventory): boolean => {
      const { revision } = inventory;
      inventory.addGroup(name);
      for (const parent of parents) {
        if (parent !== name && !inventory.addGroup(parent).children.has(name)) {
          inventory.addChild(parent, name);
        }
      }
      if (!host.implicit) inventory.addHost(host.name, name);
      const changed = inventory.revision !== revision;
      if (changed) inventory.reconcile();
      return changed;
    };
    this.#added.push(add);
    return add(this);
  }

  /** Forgets hosts and groups, so that the sources can be read anew. */
  restart(): void {
    this.#before = new Map(this.hosts);
    for (const host of this.hosts.values()) {
      host.vars.clear();
      host.groups.clear();
    }
    this.hosts.clear();
    this.groups.clear();
    this.sources.length = 0;
    this.addGroup("all");
    this.addChild("all", "ungrouped");
  }

  /** Adds again what tasks added before {@link restart}. */
  restoreAdded(): void {
    for (const add of this.#added) add(this);
    this.#before = new Map();
    this.reconcile();
  }

  /** The host of that name; `localhost` is there even when no source names it. */
  find(name: string): Host | undefined {
    const host = this.hosts.get(name);
    if (host) return host;
    if (!LOCALHOST_NAMES.has(name)) return undefined;
    for (const alias of LOCALHOST_NAMES) {
      const known = this.hosts.get(alias);
      if (known) return known;
    }
    return this.implicitLocalhost(name);
  }

  /** Names of all hosts, an implicit localhost that was asked for included. */
  knownHosts(): string[] {
    return [...this.hosts.keys(), ...this.#implicit.keys()];
  }

  implicitLocalhost(name = "localhost"): Host {
    let host = this.#implicit.get(name);
    if (!host) {
      host = new Host(name, true);
      host.vars.set("ansible_connection", "local");
      host.vars.set("ansible_python_interpreter", PLAYBOOK_PYTHON);
      this.#implicit.set(name, host);
    }
    return host;
  }

  /**
   * Puts every group below `all`, and every host that is in none into `ungrouped`. Called after the
   * sources were read and after hosts or groups were added.
   */
  reconcile(): void {
    for (const group of this.groups.values()) {
      if (group.name !== "all" && group.parents.size === 0) this.addChild("all", group.name);
    }
    const { all } = this;
    const ungrouped = this.addGroup("ungrouped");
    for (const host of this.hosts.values()) {
      const others = [...host.groups].filter((group) => group !== all && group !== ungrouped);
      if (others.length > 0) {
        if (host.groups.delete(ungrouped)) ungrouped.hosts.delete(host.name);
      } else if (!host.groups.has(ungrouped)) {
        host.groups.add(ungrouped);
        ungrouped.hosts.set(host.name, host);
      }
      if (!host.groups.has(all)) {
        host.groups.add(all);
        all.hosts.set(host.name, host);
      }
    }
    for (const group of this.groups.values()) {
      const priority = group.vars.get("ansible_group_priority");
      if (priority === undefined) continue;
      group.priority = Number(priority);
      group.vars.delete("ansible_group_priority");
    }
    this.revision++;
  }
}

function isAbove(group: Group, below: Group): boolean {
  for (const parent of below.parents.values()) {
    if (parent === group || isAbove(group, parent)) return true;
  }
  return false;
}
