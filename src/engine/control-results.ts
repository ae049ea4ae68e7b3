/** Results that change the run itself: `add_host`, `group_by`, `set_stats`. */
import type { Host } from "../inventory/inventory.ts";
import { Dict, type Value } from "../values/model.ts";
import { add, equals, str, truth } from "../values/python.ts";
import type { RunState } from "./run-state.ts";

/**
 * Applies a result to the run, and notes in it whether the inventory changed.
 * @param result of a task without a loop, or of one item
 */
export function applyControlResult(run: RunState, result: Dict, host: Host): void {
  const added = result.get("add_host");
  if (added instanceof Dict) result.set("changed", addHost(run, added, host));
  const group = result.get("add_group");
  if (group !== undefined) {
    result.set("changed", groupBy(run, str(group), result.get("parent_groups"), host));
  }
  const stats = result.get("ansible_stats");
  if (stats instanceof Dict) setStats(run, stats, host.name);
}

function names(value: Value | undefined): string[] {
  return Array.isArray(value) ? value.map((item) => str(item)) : [];
}

/** Says whether it is news. */
function addHost(run: RunState, added: Dict, by: Host): boolean {
  const { inventory } = run.options;
  const { revision } = inventory;
  const host = inventory.addHost(str(added.get("host_name") ?? ""), undefined, by.source);
  for (const group of names(added.get("groups"))) inventory.addHost(host.name, group);
  let changed = inventory.revision !== revision;
  const vars = added.get("host_vars");
  if (vars instanceof Dict) {
    for (const [rawKey, value] of vars) {
      const key = str(rawKey);
      const before = host.vars.get(key);
      if (before === undefined || !equals(before, value)) changed = true;
      host.vars.set(key, value);
    }
  }
  if (changed) inventory.reconcile();
  return changed;
}

/** Says whether the host is new in the group. */
function groupBy(run: RunState, name: string, parents: Value | undefined, host: Host): boolean {
  const { inventory } = run.options;
  const { revision } = inventory;
  inventory.addGroup(name);
  for (const parent of names(parents)) {
    if (parent !== name && !inventory.addGroup(parent).children.has(name)) {
      inventory.addChild(parent, name);
    }
  }
  if (!host.implicit) inventory.addHost(host.name, name);
  const changed = inventory.revision !== revision;
  if (changed) inventory.reconcile();
  return changed;
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
