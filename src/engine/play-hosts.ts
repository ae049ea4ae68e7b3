/** Hosts of a play: chosen by its pattern and `--limit`, ordered, cut into batches. */
import { LayerbookError } from "../errors/index.ts";
import type { Host, Inventory } from "../inventory/inventory.ts";
import { expandLimit, selectHosts } from "../inventory/patterns.ts";
import type { Value } from "../values/model.ts";
import { PyFloat } from "../values/model.ts";
import { str } from "../values/python.ts";
import type { EngineEvents } from "./events.ts";
import type { EngineSettings } from "./settings.ts";

/** @throws LayerbookError when `--limit` names no host at all */
export function hostsOf(
  inventory: Inventory,
  pattern: readonly string[],
  limit: string | undefined,
  events: EngineEvents,
  settings: EngineSettings,
): Host[] {
  const selected = selectHosts(inventory, pattern);
  tellUnmatched(selected.unmatched, settings, (message) => events.warn(message));
  if (limit === undefined || limit === "") return [...selected.hosts];
  const limited = new Set(selectHosts(inventory, expandLimit(limit)).hosts);
  return selected.hosts.filter((host) => limited.has(host));
}

/**
 * Parts of a pattern that no host fits: a warning, unless `host_pattern_mismatch` says otherwise.
 * @throws LayerbookError where it is an error
 */
export function tellUnmatched(
  parts: readonly string[],
  settings: EngineSettings,
  warn: (message: string) => void,
): void {
  const mismatch = settings.text("HOST_PATTERN_MISMATCH");
  for (const part of parts) {
    const message = `Could not match supplied host pattern, ignoring: ${part}`;
    if (mismatch === "error") throw new LayerbookError(message);
    if (mismatch !== "ignore") warn(message);
  }
}

/** `order` of a play. */
export function orderHosts(hosts: readonly Host[], order: string | undefined): Host[] {
  const list = [...hosts];
  const byName = (a: Host, b: Host) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  switch (order) {
    case undefined:
    case "inventory":
      return list;
    case "reverse_inventory":
      return list.reverse();
    case "sorted":
      return list.sort(byName);
    case "reverse_sorted":
      return list.sort(byName).reverse();
    case "shuffle":
      return shuffled(list);
    default:
      throw new LayerbookError(`Invalid 'order' specified for inventory hosts: ${order}`, {
        hint: "Use inventory, reverse_inventory, sorted, reverse_sorted or shuffle.",
      });
  }
}

function shuffled(list: Host[]): Host[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    const other = list[j];
    const one = list[i];
    if (one && other) {
      list[i] = other;
      list[j] = one;
    }
  }
  return list;
}

/** `serial`: numbers and shares of hosts, the last of which goes on to the end. */
export function batchesOf(hosts: readonly Host[], serial: Value | undefined): Host[][] {
  if (serial === undefined || serial === null) return [[...hosts]];
  const sizes = (Array.isArray(serial) ? serial : [serial]).map((item) =>
    batchSize(item, hosts.length),
  );
  const last = sizes.at(-1);
  if (last === undefined || last <= 0) return [[...hosts]];
  const batches: Host[][] = [];
  let at = 0;
  for (let i = 0; at < hosts.length; i++) {
    const size = sizes[Math.min(i, sizes.length - 1)] ?? last;
    if (size <= 0) {
      batches.push(hosts.slice(at));
      break;
    }
    batches.push(hosts.slice(at, at + size));
    at += size;
  }
  return batches;
}

function batchSize(value: Value, total: number): number {
  const text = value instanceof PyFloat ? String(value.value) : str(value).trim();
  if (text.endsWith("%")) {
    return Math.max(1, Math.floor((Number(text.slice(0, -1)) / 100) * total));
  }
  const size = Number(text);
  if (!Number.isFinite(size)) throw new LayerbookError(`serial: '${text}' is no number of hosts`);
  return Math.trunc(size);
}
