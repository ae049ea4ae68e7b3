/** ansible.builtin.set_stats: figures of the run that are shown at its end. */
import { isVariableName } from "../../playbook/attributes.ts";
import { fromJson, str } from "../../values/python.ts";
import { toBool } from "../convert.ts";
import { invalidName } from "../lib/variable-name.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.set_stats",
  summary: "Define and display stats for the current ansible run",
  options: {
    data: { type: "raw", description: "Names and values, a dictionary.", required: true },
    per_host: { type: "raw", description: "Of this host only.", default: false },
    aggregate: { type: "raw", description: "Add to what is there.", default: true },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { ansible_stats: "What was noted." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const given = args.data ?? null;
  if (given === null || typeof given !== "object" || Array.isArray(given)) {
    return { failed: true, msg: "The 'data' option needs to be a dictionary/hash" };
  }
  const data: Record<string, Data> = {};
  for (const [key, value] of Object.entries(given)) {
    const name = key.includes("{") ? str(context.template(key)) : key;
    if (!isVariableName(name)) return { failed: true, msg: invalidName(name) };
    data[name] = value;
  }
  return {
    changed: false,
    ansible_stats: {
      data,
      per_host: loosely(args.per_host, false),
      aggregate: loosely(args.aggregate, true),
    },
  };
}

/** What is no boolean counts as false. */
function loosely(value: Data | undefined, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  try {
    return toBool(fromJson(value));
  } catch {
    return false;
  }
}
