/** Reads inventory sources: files of every kind, folders of them, lists of hosts. */
import { readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { LayerbookError } from "../errors/index.ts";
import { isDirectory, Loader } from "../playbook/loader.ts";
import { Environment } from "../template/environment.ts";
import { constructedInventory } from "./constructed.ts";
import { hostList } from "./host-list.ts";
import { iniInventory } from "./ini.ts";
import { Inventory } from "./inventory.ts";
import { scriptInventory } from "./script.ts";
import type { InventoryPlugin, SourceContext } from "./source.ts";
import { yamlInventory } from "./yaml.ts";

/** In the order in which they are tried. */
const PLUGINS: readonly InventoryPlugin[] = [
  hostList,
  scriptInventory,
  constructedInventory,
  yamlInventory,
  iniInventory,
];

export interface LoadInventoryOptions {
  /** Paths, or lists of hosts with a comma; read in order, later ones win. */
  readonly sources: readonly string[];
  readonly warn?: (message: string) => void;
  readonly loader?: Loader;
  readonly environment?: Environment;
  /** Further plugins, tried first (docker). */
  readonly plugins?: readonly InventoryPlugin[];
  /** Endings of files that a folder's reading leaves out. */
  readonly ignoreExtensions?: readonly string[];
  /** `hash_behaviour=merge`. */
  readonly mergeDicts?: boolean;
  /** A source that cannot be read is an error. */
  readonly anyUnparsedIsFailed?: boolean;
  /** It is an error when none can be read. */
  readonly unparsedIsFailed?: boolean;
}

const IGNORED = [
  ".pyc",
  ".pyo",
  ".swp",
  ".bak",
  "~",
  ".rpm",
  ".md",
  ".txt",
  ".rst",
  ".orig",
  ".ini",
  ".cfg",
  ".retry",
];

/** @throws LayerbookError for a source with an error, or for one that is not there if asked for */
export async function loadInventory(options: LoadInventoryOptions): Promise<Inventory> {
  const inventory = new Inventory(options.mergeDicts);
  await readSources(inventory, options);
  return inventory;
}

/** Reads the sources into an inventory that may hold hosts already. */
export async function readSources(
  inventory: Inventory,
  options: LoadInventoryOptions,
): Promise<void> {
  const warn = options.warn ?? (() => undefined);
  const loader = options.loader ?? new Loader({ warn });
  const context: SourceContext = {
    environment: options.environment ?? new Environment(),
    read: (path) => loader.read(path),
    loadYaml: (path) => loader.load(path),
    warn,
  };
  const plugins = [...(options.plugins ?? []), ...PLUGINS];
  let parsed = 0;
  for (const source of options.sources) {
    const path = source.includes(",") ? source : resolve(source);
    const done = await readSource(inventory, path, plugins, context, options);
    if (done) {
      parsed += 1;
      if (!path.includes(",")) inventory.sources.push(path);
    } else {
      const message = `Unable to parse ${path} as an inventory source`;
      if (options.anyUnparsedIsFailed) throw new LayerbookError(message);
      warn(message);
    }
  }
  inventory.reconcile();
  if (parsed === 0 && options.sources.length > 0) {
    if (options.unparsedIsFailed) throw new LayerbookError("No inventory was parsed");
    warn("No inventory was parsed, only implicit localhost is available");
  }
}

async function readSource(
  inventory: Inventory,
  source: string,
  plugins: readonly InventoryPlugin[],
  context: SourceContext,
  options: LoadInventoryOptions,
): Promise<boolean> {
  if (isDirectory(source)) {
    const ignored = options.ignoreExtensions ?? IGNORED;
    let any = false;
    for (const name of readdirSync(source).sort()) {
      if (name.startsWith(".") || ignored.some((ending) => name.endsWith(ending))) continue;
      const path = join(source, name);
      if (
        isDirectory(path) &&
        ["group_vars", "host_vars", "vars_plugins"].includes(basename(path))
      ) {
        continue;
      }
      any = (await readSource(inventory, path, plugins, context, options)) || any;
    }
    return any;
  }
  const plugin = plugins.find((candidate) => candidate.accepts(source, context));
  if (!plugin) return false;
  await plugin.parse(inventory, source, context);
  return true;
}
