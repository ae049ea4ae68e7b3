/** Modules and action plugins as files: in `library` folders and in installed collections. */
import { existsSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";

const NOT_MODULES =
  /(?:^__init__|\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|ya?ml|ini|json|orig|ps1|psm1))$|~$/;

const listed = new Map<string, ReadonlyMap<string, string>>();

/** Names of the modules in a folder, with their paths; what has no extension goes by its whole name. */
function modulesIn(folder: string): ReadonlyMap<string, string> {
  const known = listed.get(folder);
  if (known) return known;
  const modules = new Map<string, string>();
  const entries = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  for (const file of files.sort()) {
    if (NOT_MODULES.test(file) || file.startsWith("__init__")) continue;
    const name = file.slice(0, file.length - extname(file).length);
    for (const key of [name, file]) {
      if (!modules.has(key)) modules.set(key, join(folder, file));
    }
  }
  listed.set(folder, modules);
  return modules;
}

/** Is there a module in the folder? It is looked into once. */
export function holdsModules(folder: string): boolean {
  return modulesIn(folder).size > 0;
}

/**
 * A module by its short name.
 * @param folders searched in order
 */
export function fileOfModule(folders: Iterable<string>, name: string): string | undefined {
  for (const folder of folders) {
    const path = modulesIn(folder).get(name);
    if (path !== undefined) return path;
  }
  return undefined;
}

/** The Python file of an action plugin by its short name. */
export function fileOfAction(folders: Iterable<string>, name: string): string | undefined {
  return fileOfModule(folders, `${name}.py`);
}

/** A folder and those right below it. */
export function withSubfolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return [
    folder,
    ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name)),
  ];
}

/** Where a collection is installed. */
export function collectionFolder(roots: Iterable<string>, collection: string): string | undefined {
  const [namespace = "", name = ""] = collection.split(".");
  for (const root of roots) {
    const path = join(root, "ansible_collections", namespace, name);
    if (existsSync(path)) return path;
  }
  return undefined;
}
