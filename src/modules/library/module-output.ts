/**
 * A module's result from what it printed: a JSON object, perhaps amid noise.
 * @see https://docs.ansible.com/ansible/latest/reference_appendices/common_return_values.html
 */
import type { RunResult } from "../../connection/connection.ts";
import { readJson } from "../../values/json-text.ts";
import { Dict } from "../../values/model.ts";
import { toData } from "../convert.ts";
import type { Data, ModuleContext, ModuleResult } from "../module.ts";

export type OutputContext = Pick<ModuleContext, "warn" | "deprecate" | "diffMode">;

/**
 * @param interpreter what ran it, to notice that it is not there
 */
export function parseOutput(
  output: RunResult,
  interpreter: string,
  context: OutputContext,
): ModuleResult {
  const stdout = output.stdout.toString("utf8");
  const found = jsonWithin(stdout);
  const value = found && readJson(found.json);
  if (!(value instanceof Dict)) return failure(output, stdout, interpreter);
  if (found && found.junk !== "") {
    context.warn(`Module invocation had junk after the JSON data: ${found.junk}`);
  }
  return tidy(toData(value) as Record<string, Data>, context);
}

/** The lines from the first that begins with a brace to the last that ends with one. */
function jsonWithin(text: string): { readonly json: string; readonly junk: string } | undefined {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.trimStart().startsWith("{"));
  if (first < 0) return undefined;
  const last = lines.findLastIndex((line) => line.trimEnd().endsWith("}"));
  if (last < first) return undefined;
  return {
    json: lines.slice(first, last + 1).join("\n"),
    junk: lines
      .slice(last + 1)
      .join("\n")
      .trim(),
  };
}

/** Keys that are for the engine, not for the play, are taken out or made what they stand for. */
export function tidy(data: Readonly<Record<string, Data>>, context: OutputContext): ModuleResult {
  const result: Record<string, Data> = {};
  for (const [key, value] of Object.entries(data)) {
    // Some modules return it always; it is for those who asked for it.
    if (key === "diff" && !context.diffMode) continue;
    if (key === "warnings") for (const text of asList(value)) context.warn(String(text));
    else if (key === "deprecations") for (const item of asList(value)) deprecate(item, context);
    else if (key === "results" && !Array.isArray(value)) {
      context.warn(
        "Found internal 'results' key in module return, renamed to 'ansible_module_results'.",
      );
      result.ansible_module_results = value;
    } else if (!key.startsWith("_ansible_") || key === "_ansible_facts_cacheable") {
      result[key] = value;
    }
  }
  return result;
}

function asList(value: Data): readonly Data[] {
  return Array.isArray(value) ? value : [value];
}

function deprecate(item: Data, context: Pick<ModuleContext, "deprecate">): void {
  if (item === null || typeof item !== "object" || Array.isArray(item)) {
    context.deprecate(String(item));
    return;
  }
  const { msg, version, date, collection_name: collection } = item as Record<string, Data>;
  const when = version
    ? `in version ${String(version)}`
    : date
      ? `in a release after ${String(date)}`
      : "in a future release";
  const whose = collection ? ` from ${String(collection)}` : "";
  context.deprecate(`${String(msg)}. This feature will be removed${whose} ${when}.`);
}

function failure(output: RunResult, stdout: string, interpreter: string): ModuleResult {
  const stderr = output.stderr.toString("utf8");
  const exception = [stderr, stdout].find((text) => text.startsWith("Traceback"));
  const missing = [stderr, stdout].some((text) =>
    ["No such file or directory", "not found"].some((why) =>
      text.includes(`${interpreter}: ${why}`),
    ),
  );
  const what = missing
    ? "The module failed to execute correctly, you probably need to set the interpreter."
    : "MODULE FAILURE";
  return {
    failed: true,
    module_stdout: stdout,
    module_stderr: stderr,
    ...(exception !== undefined && { exception }),
    msg: `${what}\nSee stdout/stderr for the exact error`,
    rc: output.rc,
  };
}
