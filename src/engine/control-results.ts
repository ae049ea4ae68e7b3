/** Results that change the run itself: `add_host`, `group_by`, `set_stats`. */
import type { Host } from "../inventory/inventory.ts";
import { Dict, type Value } from "../values/model.ts";
import { add, str, truth } from "../values/python.ts";
import type { RunState } from "./run-state.ts";

/**
 * Applies a result to the run, and notes in it whether the inventory changed.
 * @param result of a task without a loop, or of one item
 */
export function applyControlResult(run: RunState, result: Dict, host: Host): void {
  const added = result.get("add_host");
  const { inventory } = run.options;
  if (added instanceof Dict) {
    const vars = added.get("host_vars");
    const entries = vars instanceof Dict ? [...vars] : [];
    const changed = inventory.addFromTask(
      str(added.get("host_name") ?? ""),
      names(added.get("groups")),
      new Map(entries.map(([key, value]) => [str(key), value] as const)),
      host.source,
    );
    result.set("changed", changed);
  }
  const group = result.get("add_group");
  if (group !== undefined) {
    const parents = names(result.get("parent_groups"));
    result.set("changed", inventory.groupFromTask(host, str(group), parents));
  }
  const stats = result.get("ansible_stats");
  if (stats instanceof Dict) setStats(run, stats, host.name);
}

function names(value: Value | undefined): string[] {
  return Array.isArray(value) ? value.map((item) => str(item)) : [];
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
