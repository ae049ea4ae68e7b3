/**
 * Groups and variables made from those that are there.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/constructed_inventory.html
 */
import { extname } from "node:path";
import { LayerbookError, messageOf, ParseError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { isFile } from "../playbook/loader.ts";
import { Templar } from "../template/templar.ts";
import { Dict, isText, type Value } from "../values/model.ts";
import { positionOfKey } from "../values/positions.ts";
import { str, truth } from "../values/python.ts";
import type { Host, Inventory } from "./inventory.ts";
import type { InventoryPlugin, SourceContext } from "./source.ts";

const NAMES = ["constructed", "ansible.builtin.constructed", "ansible.legacy.constructed"];
const OPTIONS = [
  "plugin",
  "strict",
  "compose",
  "groups",
  "keyed_groups",
  "leading_separator",
  "use_extra_vars",
  "use_vars_plugins",
];

export const constructedInventory: InventoryPlugin = {
  name: "constructed",
  accepts: (source) =>
    isFile(source) && ["", ".config", ".yml", ".yaml", ".json"].includes(extname(source)),
  parse(inventory, source, context) {
    const config = context.loadYaml(source);
    const position = { file: source, line: 1, column: 1 };
    if (config === null || (config instanceof Dict && config.size === 0)) {
      throw new ParseError(`${source} is empty`, { position, exitCode: 1 });
    }
    if (!(config instanceof Dict)) {
      throw new ParseError(`${source} must be a dictionary`, { position, exitCode: 1 });
    }
    const name = str(config.get("plugin") ?? "none found");
    if (!NAMES.includes(name)) {
      throw new ParseError(`Incorrect plugin name in file: ${name}`, { position, exitCode: 1 });
    }
    for (const rawKey of config.keys()) {
      const key = str(rawKey);
      if (OPTIONS.includes(key)) continue;
      const meant = nearest(key, OPTIONS);
      throw new ParseError(`the plugin constructed has no option '${key}'`, {
        position: positionOfKey(config, key) ?? position,
        hint: meant ? `Did you mean '${meant}'?` : `Its options are ${OPTIONS.join(", ")}.`,
        exitCode: 1,
      });
    }
    inventory.reconcile();
    for (const host of [...inventory.hosts.values()]) construct(inventory, host, config, context);
  },
};

/**
 * Applies `compose`, `groups` and `keyed_groups` to one host; other plugins with constructed
 * features call it too.
 * @param facts variables that only the expressions see; they go before the host's own
 */
export function construct(
  inventory: Inventory,
  host: Host,
  config: Dict,
  context: SourceContext,
  facts: ReadonlyMap<string, Value> = new Map(),
): void {
  const flag = (name: string) => truth(config.get(name) ?? false);
  const strict = flag("strict");
  const variables = () => {
    const layers: ReadonlyMap<string, Value>[] = [
      ...host.groupsInOrder().map((group) => group.vars),
      host.vars,
      facts,
    ];
    if (flag("use_vars_plugins")) layers.push(...context.varsBeside(inventory, host));
    if (flag("use_extra_vars")) layers.push(context.extraVars);
    const merged = new Map<string, Value>();
    for (const layer of layers) for (const [key, value] of layer) merged.set(key, value);
    merged.set("inventory_hostname", host.name);
    merged.set("inventory_hostname_short", host.name.split(".")[0] ?? host.name);
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
  const leading = config.get("leading_separator") ?? true;
  for (const entry of Array.isArray(keyed) ? keyed : []) {
    if (!(entry instanceof Dict)) {
      throw new LayerbookError(`Invalid keyed group entry, it must be a dictionary: ${str(entry)}`);
    }
    attempt("keyed groups", () => keyedGroups(inventory, host, entry, variables(), truth(leading)));
  }
  inventory.reconcile();
}

function keyedGroups(
  inventory: Inventory,
  host: Host,
  entry: Dict,
  templar: Templar,
  leadingSeparator: boolean,
): void {
  const key = templar.template(`{{${str(entry.get("key") ?? "")}}}`);
  const fallback = entry.get("default_value") ?? undefined;
  const trailing = entry.get("trailing_separator") ?? undefined;
  if (fallback !== undefined && trailing !== undefined) {
    throw new LayerbookError(
      "parameters are mutually exclusive for keyed groups: default_value|trailing_separator",
    );
  }
  const prefix = str(entry.get("prefix") ?? "");
  const separator = str(entry.get("separator") ?? "_");
  const filled = (value: Value) => {
    const text = value === null ? "" : str(value);
    return text === "" && fallback !== undefined ? str(fallback) : text;
  };
  const names: string[] = [];
  if (key instanceof Dict) {
    for (const [name, value] of key) {
      const text = filled(value);
      const bare = text === "" && trailing !== undefined && !truth(trailing);
      names.push(bare ? str(name) : `${str(name)}${separator}${text}`);
    }
  } else if (Array.isArray(key)) names.push(...key.map(filled));
  else if (isText(key) || key === null) names.push(filled(key));
  else {
    throw new LayerbookError(
      `Invalid group name format, expected a string or a list of them or dictionary, got: ${str(key)}`,
    );
  }
  const parent = entry.get("parent_group");
  for (const name of names.filter((text) => text !== "")) {
    const between = prefix === "" && !leadingSeparator ? "" : separator;
    const group = safe(`${prefix}${between}${name}`);
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
