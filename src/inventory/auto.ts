/**
 * Configurations of inventory plugins: the file itself names the plugin.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/auto_inventory.html
 */
import { ParseError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { isFile } from "../playbook/loader.ts";
import { Dict, textOf } from "../values/model.ts";
import { positionOfKey } from "../values/positions.ts";
import type { InventoryPlugin } from "./source.ts";

export const autoInventory: InventoryPlugin = {
  name: "auto",
  accepts: (source) => isFile(source) && /\.ya?ml$/.test(source),
  async parse(inventory, source, context) {
    const config = context.loadYaml(source);
    const name = config instanceof Dict ? textOf(config.get("plugin")) : undefined;
    const position = { file: source, line: 1, column: 1 };
    if (!(config instanceof Dict) || name === undefined) {
      throw new ParseError(
        `no root 'plugin' key found, '${source}' is not a valid YAML inventory plugin config file`,
        { position, exitCode: 1 },
      );
    }
    const plugin = context.find(name);
    if (!plugin) {
      const meant = nearest(name, ["constructed", "ansible.builtin.constructed"]);
      throw new ParseError(`inventory config '${source}' specifies unknown plugin '${name}'`, {
        position: positionOfKey(config, "plugin") ?? position,
        hint: meant ? `Did you mean '${meant}'?` : undefined,
        exitCode: 1,
      });
    }
    if (!plugin.accepts(source, context)) {
      throw new ParseError(
        `inventory source '${source}' could not be verified by inventory plugin '${name}'`,
        { position, exitCode: 1 },
      );
    }
    await plugin.parse(inventory, source, context);
  },
};
