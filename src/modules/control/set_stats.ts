/** ansible.builtin.set_stats: figures of the run that are shown at its end. */
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.set_stats",
  summary: "Define and display stats for the current ansible run",
  options: {
    data: { type: "dict", description: "Names and values.", required: true },
    per_host: { type: "bool", description: "Of this host only.", default: false },
    aggregate: { type: "bool", description: "Add to what is there.", default: true },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { ansible_stats: "What was noted." },
} as const satisfies ModuleSpec;

export async function run(_context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  return {
    changed: false,
    ansible_stats: {
      data: args.data ?? {},
      per_host: args.per_host ?? false,
      aggregate: args.aggregate ?? true,
    },
  };
}
