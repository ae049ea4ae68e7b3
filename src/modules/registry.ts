/** Finds modules by any name that Ansible would find them by, and loads them on demand. */
import { type SourcePosition, UnsupportedError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { MODULES, type ModuleEntry } from "./index.generated.ts";
import type { Module } from "./module.ts";

export type { ModuleEntry };

/** A module with the code's revision. */
export interface LoadedModule {
  /** Fully qualified. */
  readonly name: string;
  /** Digest of the module's code: part of a step's key. */
  readonly revision: string;
  readonly module: Module;
}

/** Collections whose content moved into another one; old full names go on working. */
const MOVED: Readonly<Record<string, string>> = {
  "ansible.mysql": "community.mysql",
  "ansible.legacy": "ansible.builtin",
};

const byName = new Map<string, ModuleEntry>();
const loaded = new Map<ModuleEntry, Promise<LoadedModule>>();

for (const entry of MODULES) {
  for (const name of [entry.name, ...entry.aliases]) {
    byName.set(name, entry);
    const short = name.slice(name.lastIndexOf(".") + 1);
    // A short name that two collections have is that of ansible.builtin.
    if (!byName.has(short) || entry.name.startsWith("ansible.builtin.")) byName.set(short, entry);
  }
}

/**
 * Resolves a module's name as Ansible does: full names, `ansible.legacy`, short names of builtin
 * modules, and short names of modules that have moved to a collection.
 *
 * @param collections the `collections` keyword, searched first for short names
 * @see https://docs.ansible.com/ansible/latest/collections_guide/collections_using_playbooks.html
 */
export function findModule(
  name: string,
  collections: readonly string[] = [],
): ModuleEntry | undefined {
  const dot = name.lastIndexOf(".");
  if (dot < 0) {
    for (const collection of collections) {
      const found = byName.get(`${collection}.${name}`);
      if (found) return found;
    }
    return byName.get(name);
  }
  const collection = name.slice(0, dot);
  const short = name.slice(dot + 1);
  const exact = byName.get(name) ?? byName.get(`${MOVED[collection] ?? collection}.${short}`);
  if (exact) return exact;
  // ansible.builtin.sysctl and community.general.mysql_db are routed to where the module went.
  const redirects = ["ansible.builtin", "ansible.legacy", "community.general"];
  return redirects.includes(collection) ? byName.get(short) : undefined;
}

/** All modules, by full name. */
export function moduleNames(): readonly string[] {
  return MODULES.map((entry) => entry.name);
}

/** Loads a module's code; the second time it is already there. */
export function loadModule(entry: ModuleEntry): Promise<LoadedModule> {
  let promise = loaded.get(entry);
  if (!promise) {
    promise = entry
      .load()
      .then((module) => ({ name: entry.name, revision: entry.revision, module }));
    loaded.set(entry, promise);
  }
  return promise;
}

/**
 * Finds and loads.
 * @throws UnsupportedError for a name that no module has
 */
export async function resolveModule(
  name: string,
  options: {
    readonly position?: SourcePosition | undefined;
    readonly collections?: readonly string[];
  } = {},
): Promise<LoadedModule> {
  const entry = findModule(name, options.collections);
  if (!entry) throw unknownModule(name, options.position);
  return loadModule(entry);
}

/** The error for a module that is not there, with the nearest name that is. */
export function unknownModule(name: string, position?: SourcePosition): UnsupportedError {
  const close = nearest(name.slice(name.lastIndexOf(".") + 1), [...byName.keys()]);
  return new UnsupportedError(
    `couldn't resolve module/action '${name}': there is no such module in Layerbook`,
    {
      position,
      hint: close
        ? `Did you mean '${close}'?`
        : "`layerbook doc -l` lists the modules that are there.",
    },
  );
}
