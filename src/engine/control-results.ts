/** Results that change the run itself: `add_host`, `group_by`, `set_stats`. */
import type { Host } from "../inventory/inventory.ts";
import { Dict, type Value } from "../values/model.ts";
import { add, str, truth } from "../values/python.ts";
import type { RunState } from "./run-state.ts";

/** Applies the result of a task, or of each item of its loop. */
export function applyControlResult(run: RunState, result: Dict, host: Host): void {
  const items = result.get("results");
  if (Array.isArray(items)) {
    for (const item of items) if (item instanceof Dict) applyControlResult(run, item, host);
  }
  const added = result.get("add_host");
  if (added instanceof Dict) addHost(run, added, host);
  const group = result.get("add_group");
  if (group !== undefined) groupBy(run, str(group), result.get("parent_groups"), host);
  const stats = result.get("ansible_stats");
  if (stats instanceof Dict) setStats(run, stats, host.name);
}

function names(value: Value | undefined): string[] {
  return Array.isArray(value) ? value.map((item) => str(item)) : [];
}

function addHost(run: RunState, added: Dict, by: Host): void {
  const { inventory } = run.options;
  const host = inventory.addHost(str(added.get("host_name") ?? ""), undefined, by.source);
  for (const group of names(added.get("groups"))) inventory.addHost(host.name, group);
  const vars = added.get("host_vars");
  if (vars instanceof Dict) {
    for (const [key, value] of vars) host.vars.set(str(key), value);
  }
  inventory.reconcile();
}

function groupBy(run: RunState, name: string, parents: Value | undefined, host: Host): void {
  const { inventory } = run.options;
  inventory.addGroup(name);
  for (const parent of names(parents)) {
    if (parent !== name && !inventory.addGroup(parent).children.has(name)) {
      inventory.addChild(parent, name);
    }
  }
  if (!host.implicit) inventory.addHost(host.name, name);
  inventory.reconcile();
}

function setStats(run: RunState, stats: Dict, host: string): void {
  const data = stats.get("data");
  if (!(data instanceof Dict)) return;
  const name = truth(stats.get("per_host") ?? false) ? host : "_run";
  let kept = run.customStats.get(name);
  if (!kept) {
    kept = new Dict();
    run.customStats.set(name, kept);
  }
  const aggregate = truth(stats.get("aggregate") ?? true);
  for (const [key, value] of data) {
    const before = kept.get(key);
    kept.set(key, aggregate && before !== undefined ? merged(before, value) : value);
  }
}

function merged(before: Value, value: Value): Value {
  if (before instanceof Dict && value instanceof Dict) return new Dict([...before, ...value]);
  try {
    return add(before, value);
  } catch {
    // Values that do not add up: the later one stands.
    return value;
  }
}
