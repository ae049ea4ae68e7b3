/**
 * What inventory and the folders beside it say about a host: `group_vars`, `host_vars`, variables of
 * groups and of the host itself, merged in the documented order and kept until the inventory changes.
 */
import { readdirSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { ParseError } from "../errors/index.ts";
import type { Group, Host, Inventory } from "../inventory/inventory.ts";
import { isDirectory, isFile, type Loader } from "../playbook/loader.ts";
import { Dict, type Value } from "../values/model.ts";
import { positionOf } from "../values/positions.ts";
import { type Layer, layerOf, mergeLayers } from "./layers.ts";

const EXTENSIONS = ["", ".yml", ".yaml", ".json"];

/** Files for a name in `group_vars` or `host_vars`: one file, or all files of a folder. */
function varsFiles(directory: string, name: string): string[] {
  // A group's name may hold a slash only by mistake; it must not lead out of the folder.
  if (name.includes("/")) return [];
  return EXTENSIONS.flatMap((extension) => {
    const path = join(directory, `${name}${extension}`);
    if (isFile(path)) return [path];
    return extension === "" && isDirectory(path) ? filesWithin(path) : [];
  });
}

function filesWithin(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith(".") && !entry.name.endsWith("~"))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (isDirectory(path)) return filesWithin(path);
      return EXTENSIONS.includes(extname(path)) ? [path] : [];
    });
}

export interface HostVariablesOptions {
  readonly inventory: Inventory;
  readonly loader: Loader;
  readonly mergeDicts: boolean;
}

export class HostVariables {
  readonly #options: HostVariablesOptions;
  #playbookDirectory: string | undefined;
  #revision = -1;
  readonly #merged = new Map<Host, ReadonlyMap<string, Value>>();
  readonly #files = new Map<string, readonly Layer[]>();

  constructor(options: HostVariablesOptions) {
    this.#options = options;
  }

  /** `hash_behaviour=merge`. */
  get mergeDicts(): boolean {
    return this.#options.mergeDicts;
  }

  /** `group_vars` and `host_vars` beside the playbook count from now on. */
  usePlaybookDirectory(directory: string | undefined): void {
    if (this.#playbookDirectory === directory) return;
    this.#playbookDirectory = directory;
    this.#merged.clear();
  }

  /** Everything is read again when next asked for. */
  forget(): void {
    this.#merged.clear();
    this.#files.clear();
  }

  of(host: Host): ReadonlyMap<string, Value> {
    const { inventory, mergeDicts } = this.#options;
    if (this.#revision !== inventory.revision) {
      this.#merged.clear();
      this.#revision = inventory.revision;
    }
    let merged = this.#merged.get(host);
    if (!merged) {
      merged = mergeLayers(this.#layers(host), mergeDicts);
      this.#merged.set(host, merged);
    }
    return merged;
  }

  /** What is said of the host itself, without its groups. */
  ofHostAlone(host: Host): ReadonlyMap<string, Value> {
    const layers = [host.vars, ...this.#adjacent("host_vars", [host])];
    return mergeLayers(layers, this.#options.mergeDicts);
  }

  /** What is said of the group itself. */
  ofGroupAlone(group: Group): ReadonlyMap<string, Value> {
    const layers = [group.vars, ...this.#adjacent("group_vars", [group])];
    return mergeLayers(layers, this.#options.mergeDicts);
  }

  *#layers(host: Host): IterableIterator<Layer> {
    // An implicit localhost is in no group, but the variables of `all` are for every host.
    const { all } = this.#options.inventory;
    const others = host.groupsInOrder().filter((group) => group.name !== "all");
    for (const group of [all, ...others]) yield group.vars;
    yield* this.#adjacent("group_vars", [{ name: "all" }]);
    yield* this.#adjacent("group_vars", others);
    yield host.vars;
    yield* this.#adjacent("host_vars", [host]);
  }

  /** Beside the inventory first, then beside the playbook. */
  *#adjacent(
    folder: "group_vars" | "host_vars",
    names: readonly Pick<Group, "name">[],
  ): IterableIterator<Layer> {
    for (const directory of this.#directories()) {
      for (const { name } of names) yield* this.#read(join(directory, folder), name);
    }
  }

  #directories(): string[] {
    const beside = this.#options.inventory.sources.map((source) =>
      isDirectory(source) ? source : dirname(source),
    );
    const playbook = this.#playbookDirectory === undefined ? [] : [this.#playbookDirectory];
    return [...new Set([...beside, ...playbook])];
  }

  #read(directory: string, name: string): readonly Layer[] {
    const key = join(directory, name);
    let layers = this.#files.get(key);
    if (!layers) {
      layers = isDirectory(directory)
        ? varsFiles(directory, name).map((file) => layerOf(this.#readFile(file)))
        : [];
      this.#files.set(key, layers);
    }
    return layers;
  }

  #readFile(file: string): Dict {
    const value = this.#options.loader.load(file);
    if (value === null) return new Dict();
    if (!(value instanceof Dict)) {
      throw new ParseError("A file of variables must be a dictionary", {
        position: positionOf(value) ?? { file, line: 1, column: 1 },
      });
    }
    return value;
  }
}
