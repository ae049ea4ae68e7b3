/**
 * TOML inventories: a table for each group, with `hosts`, `children` and `vars`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/toml_inventory.html
 */
import { extname } from "node:path";
import { ParseError } from "../errors/index.ts";
import { isFile } from "../playbook/loader.ts";
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { readToml } from "../values/toml-reader.ts";
import { addHosts } from "./add-hosts.ts";
import type { Inventory } from "./inventory.ts";
import type { InventoryPlugin, SourceContext } from "./source.ts";

export const tomlInventory: InventoryPlugin = {
  name: "toml",
  accepts: (source) => isFile(source) && extname(source) === ".toml",
  parse(inventory, source, context) {
    const data = readToml(context.read(source).toString("utf8"), source);
    const position = { file: source, line: 1, column: 1 };
    if (data.size === 0) throw new ParseError("Parsed empty TOML file", { position, exitCode: 1 });
    if (data.has("plugin")) {
      throw new ParseError("Plugin configuration TOML file, not TOML inventory", {
        position,
        exitCode: 1,
      });
    }
    for (const [name, group] of data) readGroup(inventory, str(name), group, source, context);
  },
};

function readGroup(
  inventory: Inventory,
  name: string,
  data: Value,
  source: string,
  context: SourceContext,
): void {
  if (!(data instanceof Dict)) {
    context.warn(`Skipping '${name}' as this is not a valid group definition`);
    return;
  }
  const group = inventory.addGroup(name);
  for (const [rawKey, value] of data) {
    const key = str(rawKey);
    const position = { file: source, line: 1, column: 1 };
    const wrong = (kind: string) =>
      new ParseError(`Invalid "${key}" entry for "${name}" group, requires ${kind}.`, {
        position,
        exitCode: 1,
      });
    switch (key) {
      case "vars":
        if (!(value instanceof Dict)) throw wrong("a table");
        for (const [variable, item] of value) group.vars.set(str(variable), item);
        break;
      case "children":
        if (!Array.isArray(value)) throw wrong("an array");
        for (const child of value) {
          inventory.addGroup(str(child));
          if (!group.children.has(str(child))) inventory.addChild(name, str(child));
        }
        break;
      case "hosts":
        if (!(value instanceof Dict)) throw wrong("a table");
        for (const [host, vars] of value) addHosts(inventory, str(host), name, vars, source);
        break;
      default:
        context.warn(
          `Skipping unexpected key "${key}" in group "${name}", only "vars", "children" and "hosts" are valid`,
        );
    }
  }
}
