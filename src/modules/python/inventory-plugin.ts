/** Inventories of plugins that are written in Python: `plugin: NAME` in a YAML file. */
import { dirname, extname, resolve } from "node:path";
import { UnsupportedError } from "../../errors/index.ts";
import type { Inventory } from "../../inventory/inventory.ts";
import type { InventoryPlugin, SourceContext } from "../../inventory/source.ts";
import { isFile } from "../../playbook/loader.ts";
import { Dict, type Value } from "../../values/model.ts";
import { positionOfKey } from "../../values/positions.ts";
import { str } from "../../values/python.ts";
import { findAnsible } from "./find-ansible.ts";
import { PluginHost } from "./plugin-host.ts";
import { fromWire, type Wire } from "./wire.ts";

/** Plugins that are Layerbook's own. */
const OWN = ["constructed", "docker_containers"];

interface Answer {
  readonly hosts: Readonly<Record<string, Wire>>;
  readonly groups: Readonly<
    Record<
      string,
      {
        readonly hosts: readonly string[];
        readonly children: readonly string[];
        readonly vars: Wire;
        readonly priority: number;
      }
    >
  >;
}

/** Tried before the plugin for YAML, which does not take such files. */
export const pythonInventory: InventoryPlugin = {
  name: "python",
  accepts(source, context) {
    const name = pluginOf(source, context);
    return name !== undefined && !OWN.includes(name.slice(name.lastIndexOf(".") + 1));
  },
  parse(inventory, source, context) {
    const ansible = findAnsible();
    if (!ansible) {
      const data = context.loadYaml(source);
      throw new UnsupportedError(
        `inventory plugin '${pluginOf(source, context)}' is written in Python and needs ansible-core on this machine, which is not installed`,
        {
          position: data instanceof Dict ? positionOfKey(data, "plugin") : undefined,
          hint: "Install ansible-core, or name the Python that has it with LAYERBOOK_PYTHON.",
          exitCode: 1,
        },
      );
    }
    const host = new PluginHost(ansible, {
      directory: process.cwd(),
      modulePath: [],
      verbosity: 0,
      warn: context.warn,
      deprecate: context.warn,
    });
    try {
      host.request({ op: "directories", paths: [process.cwd(), dirname(resolve(source))] });
      // Plugins that build on other hosts see those of the sources before theirs.
      const sources = [...inventory.sources, resolve(source)];
      fill(inventory, host.request({ op: "inventory", sources }) as Answer, source);
    } finally {
      host.close();
    }
  },
};

function pluginOf(source: string, context: SourceContext): string | undefined {
  if (!isFile(source) || ![".yml", ".yaml"].includes(extname(source))) return undefined;
  if (!context.read(source).includes("plugin")) return undefined;
  const data = context.loadYaml(source);
  const name = data instanceof Dict ? data.get("plugin") : undefined;
  return name === undefined || name === null ? undefined : str(name);
}

function fill(inventory: Inventory, answer: Answer, source: string): void {
  for (const [name, group] of Object.entries(answer.groups)) {
    const own = inventory.addGroup(name);
    own.priority = group.priority;
    for (const [key, value] of entriesOf(group.vars)) own.vars.set(key, value);
    for (const member of group.hosts) inventory.addHost(member, name, source);
  }
  for (const [name, group] of Object.entries(answer.groups)) {
    for (const child of group.children) inventory.addChild(name, child);
  }
  for (const [name, vars] of Object.entries(answer.hosts)) {
    const own = inventory.addHost(name, undefined, source);
    for (const [key, value] of entriesOf(vars)) own.vars.set(key, value);
  }
}

function entriesOf(vars: Wire): [string, Value][] {
  const dict = fromWire(vars);
  return dict instanceof Dict ? Array.from(dict, ([key, value]) => [str(key), value]) : [];
}
