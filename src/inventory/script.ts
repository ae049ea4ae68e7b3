/**
 * Executable inventories: `--list`, and `--host NAME` when there is no `_meta`.
 * @see https://docs.ansible.com/ansible/latest/dev_guide/developing_inventory.html#inventory-scripts
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { LayerbookError, messageOf } from "../errors/index.ts";
import { isFile } from "../playbook/loader.ts";
import { Dict, type Value } from "../values/model.ts";
import { fromJson, str } from "../values/python.ts";
import type { Inventory } from "./inventory.ts";
import type { InventoryPlugin } from "./source.ts";

export const scriptInventory: InventoryPlugin = {
  name: "script",
  accepts(source, context) {
    if (!isFile(source)) return false;
    try {
      accessSync(source, constants.X_OK);
    } catch {
      return false;
    }
    return context.read(source).subarray(0, 2).toString("latin1") === "#!";
  },
  parse(inventory, source, context) {
    const data = runScript(source, ["--list"]);
    const meta = data.get("_meta");
    const hostvars = meta instanceof Dict ? meta.get("hostvars") : undefined;
    const before = new Set(inventory.hosts.keys());
    for (const [name, group] of data) {
      if (str(name) !== "_meta") readGroup(inventory, str(name), group, source, context.warn);
    }
    for (const host of inventory.hosts.values()) {
      if (before.has(host.name) && !(hostvars instanceof Dict && hostvars.has(host.name))) continue;
      const vars =
        hostvars instanceof Dict
          ? hostvars.get(host.name)
          : runScript(source, ["--host", host.name]);
      if (!(vars instanceof Dict)) continue;
      for (const [key, value] of vars) host.vars.set(str(key), value);
    }
  },
};

function runScript(source: string, args: readonly string[]): Dict {
  const done = spawnSync(source, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  const problem = (why: string) =>
    new LayerbookError(`Inventory script (${source}) had an execution error: ${why}`);
  if (done.error) throw problem(messageOf(done.error));
  if (done.status !== 0) throw problem(done.stderr.trim() || `it ended with code ${done.status}`);
  let value: Value;
  try {
    value = fromJson(JSON.parse(done.stdout.trim() === "" ? "{}" : done.stdout));
  } catch (error) {
    throw new LayerbookError(
      `failed to parse executable inventory script results from ${source}: ${messageOf(error)}`,
    );
  }
  if (value instanceof Dict) return value;
  throw new LayerbookError(
    `failed to parse executable inventory script results from ${source}: needs to be a json dict`,
  );
}

function readGroup(
  inventory: Inventory,
  name: string,
  data: Value,
  source: string,
  warn: (message: string) => void,
): void {
  inventory.addGroup(name);
  // A bare list is the group's hosts; a dict without known keys is the variables of a host.
  const keys = ["hosts", "vars", "children"];
  const group = Array.isArray(data)
    ? new Dict([["hosts", data]])
    : data instanceof Dict && !keys.some((key) => data.has(key))
      ? new Dict([["hosts", [name]] as const, ["vars", data] as const])
      : data;
  if (!(group instanceof Dict)) {
    warn(`Skipping '${name}' as this is not a valid group definition`);
    return;
  }
  const hosts = group.get("hosts");
  if (Array.isArray(hosts)) {
    for (const host of hosts) inventory.addHost(str(host), name, source);
  }
  const vars = group.get("vars");
  if (vars instanceof Dict) {
    for (const [key, value] of vars) inventory.addGroup(name).vars.set(str(key), value);
  }
  const children = group.get("children");
  if (Array.isArray(children)) {
    for (const child of children) {
      if (!inventory.addGroup(name).children.has(str(child))) inventory.addChild(name, str(child));
    }
  }
}
