/** Reads inventory sources: files of every kind, folders of them, lists of hosts. */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { LayerbookError, messageOf } from "../errors/index.ts";
import { isDirectory, Loader } from "../playbook/loader.ts";
import { Environment } from "../template/environment.ts";
import type { Value } from "../values/model.ts";
import { autoInventory } from "./auto.ts";
import { constructedInventory } from "./constructed.ts";
import { advancedHostList, hostList } from "./host-list.ts";
import { iniInventory } from "./ini.ts";
import { Inventory } from "./inventory.ts";
import { scriptInventory } from "./script.ts";
import type { InventoryPlugin, SourceContext } from "./source.ts";
import { tomlInventory } from "./toml.ts";
import { yamlInventory } from "./yaml.ts";

/** Plugins that `enable_plugins` can name; `auto` finds the others by what a file says. */
const PLUGINS: readonly InventoryPlugin[] = [
  hostList,
  advancedHostList,
  scriptInventory,
  autoInventory,
  yamlInventory,
  constructedInventory,
  iniInventory,
  tomlInventory,
];

/** What is tried when nobody says otherwise, in this order. */
const ENABLED = ["host_list", "script", "auto", "yaml", "ini", "toml"];

export interface LoadInventoryOptions {
  /** Paths, or lists of hosts with a comma; read in order, later ones win. */
  readonly sources: readonly string[];
  readonly warn?: (message: string) => void;
  readonly loader?: Loader;
  readonly environment?: Environment;
  /** Further plugins (docker). */
  readonly plugins?: readonly InventoryPlugin[];
  /** Plugins that are tried first for every source, whatever is enabled (`-i docker`). */
  readonly first?: readonly InventoryPlugin[];
  /** Reads the files of plugins that are none of these (those written in Python). */
  readonly others?: InventoryPlugin;
  /** Names of the plugins to try, in order (`enable_plugins`). */
  readonly enabled?: readonly string[];
  /** `--extra-vars`, for plugins that look at them. */
  readonly extraVars?: ReadonlyMap<string, Value>;
  /** `group_vars` and `host_vars` beside sources, for plugins that look at them. */
  readonly varsBeside?: SourceContext["varsBeside"];
  /** Details that only `-vvv` shows. */
  readonly detail?: (message: string) => void;
  /** Endings of files that a folder's reading leaves out. */
  readonly ignoreExtensions?: readonly string[];
  /** `hash_behaviour=merge`. */
  readonly mergeDicts?: boolean;
  /** A source that cannot be read is an error. */
  readonly anyUnparsedIsFailed?: boolean;
  /** Warn when none can be read. Default true. */
  readonly unparsedWarning?: boolean;
  /** It is an error when none can be read. */
  readonly unparsedIsFailed?: boolean;
}

const IGNORED_EXTENSIONS = [
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

/** Never sources, wherever they are. */
const IGNORED_NAMES = /^(\.|host_vars$|group_vars$|vars_plugins$)/;

/** @throws LayerbookError where the options make an error of what cannot be read */
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
  const known = [...(options.plugins ?? []), ...PLUGINS];
  const context: SourceContext = {
    environment: options.environment ?? new Environment(),
    read: (path) => loader.read(path),
    loadYaml: (path) => loader.load(path),
    warn,
    detail: options.detail ?? (() => undefined),
    extraVars: options.extraVars ?? new Map(),
    varsBeside: options.varsBeside ?? (() => []),
    find: (name) => known.find((plugin) => names(plugin).includes(name)) ?? options.others,
  };
  const plugins = (options.enabled ?? ENABLED).flatMap((name) => {
    const plugin = context.find(name);
    if (!plugin) warn(`Failed to load inventory plugin, skipping ${name}`);
    return plugin ?? [];
  });
  if (plugins.length === 0) {
    throw new LayerbookError(
      "No inventory plugins available to generate inventory, make sure you have at least one enabled.",
    );
  }
  const reader = new SourceReader(
    inventory,
    [...(options.first ?? []), ...plugins],
    context,
    options,
  );
  let parsed = false;
  for (const source of options.sources) {
    const path = source.includes(",") ? source : resolve(source);
    if (!(await reader.read(path))) continue;
    parsed = true;
    if (!path.includes(",")) inventory.sources.push(path);
  }
  inventory.reconcile();
  if (!parsed && options.sources.length > 0) {
    if (options.unparsedIsFailed) {
      throw new LayerbookError(
        "No inventory was parsed, please check your configuration and options.",
      );
    }
    if (options.unparsedWarning ?? true)
      warn("No inventory was parsed, only implicit localhost is available");
  }
}

function names(plugin: InventoryPlugin): string[] {
  const short = plugin.name.slice(plugin.name.lastIndexOf(".") + 1);
  return short === plugin.name
    ? [short, `ansible.builtin.${short}`, `ansible.legacy.${short}`]
    : [plugin.name];
}

/** Finds the plugin that can read a source: the first that does not fail. */
class SourceReader {
  readonly #inventory: Inventory;
  readonly #plugins: readonly InventoryPlugin[];
  readonly #context: SourceContext;
  readonly #options: LoadInventoryOptions;

  constructor(
    inventory: Inventory,
    plugins: readonly InventoryPlugin[],
    context: SourceContext,
    options: LoadInventoryOptions,
  ) {
    this.#inventory = inventory;
    this.#plugins = plugins;
    this.#context = context;
    this.#options = options;
  }

  /** @returns whether anything was read */
  async read(source: string): Promise<boolean> {
    const failures: string[] = [];
    const parsed = isDirectory(source)
      ? await this.#directory(source)
      : await this.#single(source, failures);
    if (parsed) return true;
    const { warn } = this.#context;
    for (const failure of failures) warn(failure);
    if (this.#options.anyUnparsedIsFailed) {
      throw new LayerbookError(`Completely failed to parse inventory source ${source}`);
    }
    warn(`Unable to parse ${source} as an inventory source`);
    return false;
  }

  async #directory(source: string): Promise<boolean> {
    const ignored = this.#options.ignoreExtensions ?? IGNORED_EXTENSIONS;
    let any = false;
    for (const name of readdirSync(source).sort()) {
      if (IGNORED_NAMES.test(name) || ignored.some((ending) => name.endsWith(ending))) continue;
      any = (await this.read(join(source, name))) || any;
    }
    return any;
  }

  async #single(source: string, failures: string[]): Promise<boolean> {
    for (const plugin of this.#plugins) {
      if (!plugin.accepts(source, this.#context)) continue;
      try {
        await plugin.parse(this.#inventory, source, this.#context);
        return true;
      } catch (error) {
        if (!(error instanceof LayerbookError)) throw error;
        failures.push(
          `\n* Failed to parse ${source} with ${plugin.name} plugin: ${described(error)}`,
        );
      }
    }
    return false;
  }
}

function described(error: LayerbookError): string {
  const { position, hint } = error;
  const place = position ? ` (${position.file}:${position.line}:${position.column})` : "";
  return `${messageOf(error)}${place}${hint ? `. ${hint}` : ""}`;
}
