/**
 * YAML (and JSON) inventories.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/yaml_inventory.html
 */
import { extname } from "node:path";
import { ParseError } from "../errors/index.ts";
import { isFile } from "../playbook/loader.ts";
import { Dict, isText, type Value } from "../values/model.ts";
import { positionOf, positionOfKey } from "../values/positions.ts";
import { str } from "../values/python.ts";
import { addHosts } from "./add-hosts.ts";
import type { Inventory } from "./inventory.ts";
import type { InventoryPlugin, SourceContext } from "./source.ts";

export const yamlInventory: InventoryPlugin = {
  name: "yaml",
  accepts: (source) => isFile(source) && [".yaml", ".yml", ".json"].includes(extname(source)),
  parse(inventory, source, context) {
    const data = context.loadYaml(source);
    if (data === null) {
      throw new ParseError("Parsed empty YAML file", {
        position: { file: source, line: 1, column: 1 },
        exitCode: 1,
      });
    }
    if (!(data instanceof Dict) || data.size === 0) {
      throw new ParseError("YAML inventory has invalid structure, it should be a dictionary", {
        position: positionOf(data) ?? { file: source, line: 1, column: 1 },
        exitCode: 1,
      });
    }
    if (data.has("plugin")) {
      throw new ParseError("Plugin configuration YAML file, not YAML inventory", {
        position: positionOfKey(data, "plugin"),
        exitCode: 1,
      });
    }
    for (const [name, group] of data) {
      readGroup(inventory, str(name), group, data, source, context);
    }
  },
};

function readGroup(
  inventory: Inventory,
  name: string,
  data: Value,
  parent: Dict,
  source: string,
  context: SourceContext,
): void {
  if (data !== null && !(data instanceof Dict)) {
    context.warn(`Skipping '${name}' as this is not a valid group definition`);
    return;
  }
  if (/\s/.test(name)) {
    throw new ParseError(`Invalid group name '${name}'`, {
      position: positionOfKey(parent, name),
      exitCode: 1,
    });
  }
  inventory.addGroup(name);
  for (const [rawKey, value] of data ?? new Dict()) {
    const key = str(rawKey);
    if (value !== null && !(value instanceof Dict) && !(key === "hosts" && isName(value))) {
      throw new ParseError(
        `Invalid "${key}" entry for "${name}" group, requires a dictionary, found "${str(value)}" instead.`,
        { position: positionOf(data, key), exitCode: 1 },
      );
    }
    const entries = value instanceof Dict ? value : new Dict();
    switch (key) {
      case "vars":
        for (const [variable, item] of entries) {
          inventory.addGroup(name).vars.setNamed(variable, item);
        }
        break;
      case "children":
        for (const [child, item] of entries) {
          readGroup(inventory, str(child), item, entries, source, context);
          if (!inventory.addGroup(name).children.has(str(child))) {
            inventory.addChild(name, str(child));
          }
        }
        break;
      case "hosts":
        if (isName(value)) addHosts(inventory, str(value), name, null, source);
        for (const [host, vars] of entries) {
          if (!isText(host)) {
            throw new ParseError(
              `Host pattern ${str(host)} must be a string. Enclose integers/floats in quotation marks.`,
              { position: positionOf(entries) ?? positionOf(data, key), exitCode: 1 },
            );
          }
          addHosts(inventory, str(host), name, vars, source);
        }
        break;
      default:
        context.warn(
          `Skipping unexpected key (${key}) in group (${name}), only "vars", "children" and "hosts" are valid`,
        );
    }
  }
}

function isName(value: Value): boolean {
  return typeof value === "string";
}
