/** Results of tasks: the fields that the engine adds, censoring, and their status. */
import type { ModuleResult } from "../modules/module.ts";
import { Dict, TaggedString, textOf, type Value } from "../values/model.ts";
import { fromJson, str, truth } from "../values/python.ts";
import { untrusted } from "../variables/layers.ts";
import type { HostStatus } from "./events.ts";

/**
 * A module's result as a value of the language, with the defaults that Ansible fills in.
 * @param trusted its facts were written by the playbook's author (`include_vars`): templates in them
 *   are templates; what a target says never is one
 */
export function resultOf(data: ModuleResult, trusted = false): Dict {
  const { ansible_facts: facts, ...rest } = data;
  const result = untrusted(fromJson(rest)) as Dict;
  if (facts !== undefined) {
    result.set("ansible_facts", trusted ? fromJson(facts) : untrusted(fromJson(facts)));
  }
  for (const stream of ["stdout", "stderr"]) {
    const text = textOf(result.get(stream));
    if (text !== undefined && !result.has(`${stream}_lines`)) {
      result.set(`${stream}_lines`, splitLines(text).map(untrusted));
    }
  }
  if (!result.has("changed")) result.set("changed", false);
  if (!result.has("failed") && result.has("rc")) {
    const rc = result.get("rc") ?? 0;
    if (str(rc) !== "0") result.set("failed", true);
  }
  return result;
}

/** str.splitlines(). */
export function splitLines(text: string): string[] {
  if (text === "") return [];
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

export function failure(message: string, more: Iterable<readonly [string, Value]> = []): Dict {
  const result = new Dict([["failed", true]]);
  result.set("msg", untrusted(message));
  for (const [key, value] of more) result.set(key, value);
  return result;
}

/** What of a result a variable keeps: what the module was given is only shown. */
export function registrable(result: Dict): Dict {
  if (!result.has("invocation")) return result;
  const kept = new Dict(result);
  kept.delete("invocation");
  return kept;
}

export function flag(result: Dict, key: string): boolean {
  const value = result.get(key);
  return value !== undefined && truth(value);
}

export function statusOf(result: Dict): HostStatus {
  if (flag(result, "unreachable")) return "unreachable";
  if (flag(result, "failed")) return "failed";
  if (flag(result, "skipped")) return "skipped";
  return flag(result, "changed") ? "changed" : "ok";
}

const CENSORED =
  "the output has been hidden due to the fact that 'no_log: true' was specified for this result";

/** What may be shown of the result of a task with `no_log`. */
export function censored(result: Dict): Dict {
  const shown = new Dict([["censored", CENSORED]]);
  for (const key of ["changed", "failed", "skipped", "unreachable", "attempts", "retries"]) {
    const value = result.get(key);
    if (value !== undefined) shown.set(key, value);
  }
  return shown;
}

/** Replaces secrets wherever they stand in a result. */
export function masked(value: Value, secrets: readonly string[]): Value {
  if (secrets.length === 0) return value;
  const text = textOf(value);
  if (text !== undefined) {
    let shown = text;
    for (const secret of secrets) {
      if (shown.includes(secret)) shown = shown.replaceAll(secret, "********");
    }
    if (shown === text) return value;
    return value instanceof TaggedString ? new TaggedString(shown, value) : shown;
  }
  if (Array.isArray(value)) return value.map((item) => masked(item, secrets));
  if (value instanceof Dict) {
    return new Dict(Array.from(value, ([key, item]) => [key, masked(item, secrets)] as const));
  }
  return value;
}

/** The result of a task whose condition, as it was written, does not hold. */
export function skipped(condition: Value): Dict {
  return new Dict([
    ["changed", false],
    ["skipped", true],
    ["skip_reason", "Conditional result was False"],
    ["false_condition", condition],
  ]);
}

/** The result of a loop from those of its items. */
export function loopSummary(results: Value[]): Dict {
  const dicts = results.filter((item) => item instanceof Dict);
  const any = (key: string) => dicts.some((item) => flag(item, key));
  const result = new Dict([["results", results]]);
  const failed = any("failed");
  const allSkipped = dicts.every((item) => flag(item, "skipped"));
  result.set("changed", any("changed"));
  result.set("skipped", allSkipped);
  if (any("unreachable")) result.set("unreachable", true);
  if (failed) result.set("failed", true);
  result.set(
    "msg",
    failed ? "One or more items failed" : allSkipped ? "All items skipped" : "All items completed",
  );
  return result;
}
