/**
 * Groups and variables made from those that are there.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/constructed_inventory.html
 */
import { extname } from "node:path";
import { LayerbookError, messageOf } from "../errors/index.ts";
import { isFile } from "../playbook/loader.ts";
import { Templar } from "../template/templar.ts";
import { Dict, isText, type Value } from "../values/model.ts";
import { str, truth } from "../values/python.ts";
import type { Host, Inventory } from "./inventory.ts";
import type { InventoryPlugin, SourceContext } from "./source.ts";

const NAMES = ["constructed", "ansible.builtin.constructed"];

export const constructedInventory: InventoryPlugin = {
  name: "constructed",
  accepts(source, context) {
    if (!isFile(source) || ![".yml", ".yaml", ".config"].includes(extname(source))) return false;
    if (
      !context
        .read(source)
        .subarray(0, 1 << 16)
        .includes("plugin")
    )
      return false;
    const data = context.loadYaml(source);
    return data instanceof Dict && NAMES.includes(str(data.get("plugin") ?? ""));
  },
  parse(inventory, source, context) {
    const config = context.loadYaml(source);
    if (!(config instanceof Dict)) return;
    inventory.reconcile();
    for (const host of [...inventory.hosts.values()]) construct(inventory, host, config, context);
  },
};

/**
 * Applies `compose`, `groups` and `keyed_groups` to one host; other plugins with constructed
 * features call it too.
 */
export function construct(
  inventory: Inventory,
  host: Host,
  config: Dict,
  context: SourceContext,
): void {
  const strict = truth(config.get("strict") ?? false);
  const variables = () => {
    const merged = new Map<string, Value>();
    for (const group of host.groupsInOrder()) {
      for (const [key, value] of group.vars) merged.set(key, value);
    }
    for (const [key, value] of host.vars) merged.set(key, value);
    merged.set("inventory_hostname", host.name);
    merged.set(
      "group_names",
      host
        .groupsInOrder()
        .map((group) => group.name)
        .filter((name) => name !== "all")
        .sort(),
    );
    return new Templar(context.environment, {
      get: (name) => merged.get(name),
      names: () => merged.keys(),
    });
  };
  const attempt = (what: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof LayerbookError)) throw error;
      if (strict) {
        throw new LayerbookError(
          `Could not set ${what} for host ${host.name}: ${messageOf(error)}`,
        );
      }
    }
  };
  const compose = config.get("compose");
  if (compose instanceof Dict) {
    for (const [name, expression] of compose) {
      attempt(str(name), () => {
        host.vars.set(str(name), variables().template(`{{${str(expression)}}}`));
      });
    }
  }
  const groups = config.get("groups");
  if (groups instanceof Dict) {
    for (const [name, condition] of groups) {
      attempt(`group ${str(name)}`, () => {
        if (variables().evaluateCondition(condition)) inventory.addHost(host.name, safe(str(name)));
      });
    }
  }
  const keyed = config.get("keyed_groups");
  for (const entry of Array.isArray(keyed) ? keyed : []) {
    if (entry instanceof Dict) {
      attempt("keyed groups", () => keyedGroups(inventory, host, entry, variables()));
    }
  }
  inventory.reconcile();
}

function keyedGroups(inventory: Inventory, host: Host, entry: Dict, templar: Templar): void {
  const key = templar.template(`{{${str(entry.get("key") ?? "")}}}`);
  const fallback = entry.get("default_value");
  const prefix = str(entry.get("prefix") ?? "");
  const separator = str(entry.get("separator") ?? "_");
  const names: string[] = [];
  const filled = (value: Value) => {
    const text = value === null ? "" : str(value);
    return text === "" && fallback !== undefined ? str(fallback) : text;
  };
  if (key instanceof Dict) {
    for (const [name, value] of key) {
      const text = filled(value);
      names.push(text === "" ? str(name) : `${str(name)}${separator}${text}`);
    }
  } else if (Array.isArray(key)) names.push(...key.map(filled));
  else if (isText(key) || typeof key === "number" || typeof key === "boolean") {
    names.push(filled(key));
  } else if (key === null) names.push(filled(key));
  const parent = entry.get("parent_group");
  for (const name of names.filter((text) => text !== "")) {
    const group = safe(prefix === "" ? `${separator}${name}` : `${prefix}${separator}${name}`);
    inventory.addHost(host.name, group);
    if (parent !== undefined && parent !== null) {
      const above = safe(str(templar.template(parent)));
      if (!inventory.addGroup(above).children.has(group)) inventory.addChild(above, group);
    }
  }
}

/** Characters that cannot stand in the name of a group become underscores. */
function safe(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, "_");
}
