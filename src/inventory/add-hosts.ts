/** Hosts of inventories that are written as data: YAML and TOML. */
import { Dict, type Value } from "../values/model.ts";
import type { Inventory } from "./inventory.ts";
import { expandRanges, splitPort } from "./ranges.ts";

/** Adds the hosts that a pattern (`web[1:3]:2222`) names to a group, with their variables. */
export function addHosts(
  inventory: Inventory,
  pattern: string,
  group: string,
  vars: Value,
  source: string,
): void {
  const { host, port } = splitPort(pattern);
  for (const name of expandRanges(host)) {
    const added = inventory.addHost(name, group, source);
    if (port !== undefined) added.vars.set("ansible_port", port);
    if (vars instanceof Dict) {
      for (const [key, value] of vars) added.vars.setNamed(key, value);
    }
  }
}
