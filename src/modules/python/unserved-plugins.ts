/** Kinds of plugins that are not run here: what a playbook or role brings of them is said. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const KINDS: Readonly<Record<string, string>> = {
  vars_plugins: "vars plugin",
  callback_plugins: "callback plugin",
  connection_plugins: "connection plugin",
  strategy_plugins: "strategy plugin",
  become_plugins: "become plugin",
  cache_plugins: "cache plugin",
};

/**
 * @param directory of a playbook or role
 * @returns a sentence for each plugin that Ansible would run from there
 */
export function unservedPlugins(directory: string): readonly string[] {
  return Object.entries(KINDS).flatMap(([folder, kind]) => {
    const path = join(directory, folder);
    if (!existsSync(path)) return [];
    return readdirSync(path)
      .filter((name) => name.endsWith(".py") && name !== "__init__.py")
      .map(
        (name) =>
          `the ${kind} '${name.slice(0, -3)}' (${join(path, name)}) is not run: plugins of this kind are not supported`,
      );
  });
}
