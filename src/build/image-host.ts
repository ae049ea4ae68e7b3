/**
 * Whom a playbook is for when an image is built without an inventory: the image is a member of every
 * group that a play names, so that playbooks written for machines need no change.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Inventory } from "../inventory/inventory.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { loadYaml } from "../values/yaml.ts";

/** Names in a host pattern that are no group of the image's. */
const NOT_GROUPS = new Set(["all", "*", "ungrouped", "localhost", "127.0.0.1", "::1"]);

/**
 * @param host the image's name as a host
 * @returns an inventory in which the plays of these playbooks find it
 */
export function inventoryFor(host: string, playbooks: readonly string[]): Inventory {
  const inventory = new Inventory();
  inventory.addHost(host);
  for (const group of groupsNamed(playbooks)) {
    if (group !== host) inventory.addHost(host, inventory.addGroup(group).name);
  }
  inventory.reconcile();
  return inventory;
}

/** What cannot be read is left to the engine, which says what is wrong with it and where. */
function groupsNamed(playbooks: readonly string[], seen = new Set<string>()): Set<string> {
  const groups = new Set<string>();
  for (const path of playbooks) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const play of readPlays(path)) {
      const imported = textOf(
        play.get("import_playbook") ?? play.get("ansible.builtin.import_playbook"),
      );
      if (imported !== undefined) {
        const inner = resolve(dirname(path), imported);
        for (const group of groupsNamed([inner], seen)) groups.add(group);
      }
      for (const name of patternNames(play.get("hosts"))) groups.add(name);
    }
  }
  return groups;
}

function readPlays(path: string): readonly Dict[] {
  try {
    const plays = loadYaml(readFileSync(path, "utf8"), { file: path });
    return Array.isArray(plays) ? plays.filter((play) => play instanceof Dict) : [];
  } catch {
    return [];
  }
}

/** `web:&prod:!old` names web and prod; wildcards, ranges and templates name nothing. */
function patternNames(hosts: Value | undefined): readonly string[] {
  const patterns = Array.isArray(hosts) ? hosts : [hosts];
  return patterns
    .flatMap((pattern) => textOf(pattern)?.split(/[,:]/) ?? [])
    .map((name) => name.trim().replace(/^&/, ""))
    .filter((name) => /^[A-Za-z0-9_.-]+$/.test(name) && !NOT_GROUPS.has(name));
}
