/**
 * An inventory as `ansible-inventory` gives it out: the dictionary of inventory scripts, the one of
 * YAML and TOML sources, and the graph.
 */
import { LayerbookError } from "../errors/index.ts";
import type { Group, Host, Inventory, Variables } from "../inventory/inventory.ts";
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";

export interface InventoryView {
  readonly inventory: Inventory;
  /** Variables of a host as they are shown. */
  readonly hostVars: (host: Host) => ReadonlyMap<string, Value>;
  readonly groupVars: (group: Group) => ReadonlyMap<string, Value>;
  /** Variables stay with the groups that have them. */
  readonly export: boolean;
  /** Hosts of `--limit`; absent: all. */
  readonly only: ReadonlySet<Host> | undefined;
}

function dictOf(variables: Iterable<readonly [string, Value]>): Dict {
  return new Dict(variables);
}

/** Hosts of the very group; those of `all` are in other groups, or in `ungrouped`. */
function ownHosts(view: InventoryView, group: Group): Host[] {
  if (group.name === "all") return [];
  return [...group.hosts.values()].filter((host) => view.only === undefined || view.only.has(host));
}

function groupVariables(view: InventoryView, group: Group): Dict {
  const variables = dictOf(view.groupVars(group));
  if (group.priority !== 1) variables.set("ansible_group_priority", group.priority);
  return variables;
}

/** As an inventory script answers `--list`. */
export function scriptDict(view: InventoryView): Dict {
  const output = new Dict();
  const add = (group: Group) => {
    if (output.has(group.name)) return;
    const entry = new Dict();
    output.set(group.name, entry);
    const hosts = ownHosts(view, group).map((host) => host.name);
    if (hosts.length > 0) entry.set("hosts", hosts);
    const children = [...group.children.values()];
    if (children.length > 0) {
      entry.set(
        "children",
        children.map((child) => child.name),
      );
    }
    for (const child of children) add(child);
    if (!view.export) return;
    const variables = groupVariables(view, group);
    if (variables.size > 0) entry.set("vars", variables);
  };
  add(view.inventory.all);
  for (const [name, entry] of output) {
    if (entry instanceof Dict && entry.size === 0) output.delete(name);
  }
  const hostvars = new Dict();
  for (const host of view.inventory.hosts.values()) {
    if (view.only !== undefined && !view.only.has(host)) continue;
    const variables = view.hostVars(host);
    if (variables.size > 0) hostvars.set(host.name, dictOf(variables));
  }
  output.set("_meta", new Dict([["hostvars", hostvars]]));
  return output;
}

/** As a YAML source would have it. */
export function yamlDict(view: InventoryView): Dict {
  const seen = new Set<Host>();
  const format = (group: Group): Dict => {
    const entry = new Dict();
    const children = new Dict();
    for (const child of group.children.values()) {
      if (child.name !== "all") children.set(child.name, format(child));
    }
    if (children.size > 0) entry.set("children", children);
    const hosts = new Dict();
    for (const host of ownHosts(view, group)) {
      hosts.set(host.name, seen.has(host) ? new Dict() : dictOf(view.hostVars(host)));
      seen.add(host);
    }
    if (hosts.size > 0) entry.set("hosts", hosts);
    if (view.export) {
      const variables = groupVariables(view, group);
      if (variables.size > 0) entry.set("vars", variables);
    }
    return entry;
  };
  const { all } = view.inventory;
  return new Dict([[all.name, format(all)]]);
}

/**
 * As a TOML source would have it.
 * @throws LayerbookError for a variable whose name is no text
 */
export function tomlDict(view: InventoryView): Dict {
  const output = new Dict();
  const seen = new Set<Host>();
  const hasUngrouped = (view.inventory.groups.get("ungrouped")?.hosts.size ?? 0) > 0;
  const add = (group: Group) => {
    if (output.has(group.name)) return;
    const entry = new Dict();
    output.set(group.name, entry);
    const children: Value[] = [];
    for (const child of group.children.values()) {
      if (child.name === "ungrouped" && !hasUngrouped) continue;
      if (group.name !== "all") children.push(child.name);
      add(child);
    }
    if (children.length > 0) entry.set("children", children);
    const hosts = new Dict();
    for (const host of ownHosts(view, group)) {
      refuseOddNames(host.name, host.vars);
      hosts.set(host.name, seen.has(host) ? new Dict() : dictOf(view.hostVars(host)));
      seen.add(host);
    }
    if (hosts.size > 0) entry.set("hosts", hosts);
    if (view.export) {
      refuseOddNames(group.name, group.vars);
      const variables = groupVariables(view, group);
      if (variables.size > 0) entry.set("vars", variables);
    }
  };
  add(view.inventory.all);
  for (const [name, entry] of output) {
    if (entry instanceof Dict && entry.size === 0) output.delete(name);
  }
  return output;
}

function refuseOddNames(owner: string, variables: Variables): void {
  const [name] = variables.namesThatWereNoText;
  if (name === undefined) return;
  throw new LayerbookError(
    `The source inventory contains a key that is no text, which TOML has no form for: ${name} of ${owner}`,
    { hint: "Put it in quotation marks." },
  );
}

/** Lines of `--graph`. */
export function inventoryGraph(view: InventoryView, top: Group, withVars: boolean): string[] {
  const lines: string[] = [];
  const line = (text: string, depth: number) =>
    lines.push(depth === 0 ? text : `${"  |".repeat(depth)}--${text}`);
  const variables = (values: ReadonlyMap<string, Value> | Dict, depth: number) => {
    if (!withVars) return;
    const pairs = Array.from(values as Iterable<readonly [Value, Value]>, ([key, value]) => [
      str(key),
      str(value),
    ]);
    pairs.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
    for (const [key, value] of pairs) line(`{${key} = ${value}}`, depth);
  };
  const walk = (group: Group, depth: number) => {
    line(`@${group.name}:`, depth);
    for (const child of group.children.values()) walk(child, depth + 1);
    for (const host of ownHosts(view, group)) {
      line(host.name, depth + 1);
      variables(view.hostVars(host), depth + 2);
    }
    variables(groupVariables(view, group), depth + 1);
  };
  walk(top, 0);
  return lines;
}
