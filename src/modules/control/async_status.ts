/** ansible.builtin.async_status. The engine itself answers it: it holds the jobs. */
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.async_status",
  summary: "Obtain status of asynchronous task",
  options: {
    jid: { type: "str", description: "Id of the job.", required: true },
    mode: {
      type: "str",
      description: "Ask for the status, or forget the job.",
      choices: ["status", "cleanup"],
      default: "status",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { finished: "Whether it has ended.", started: "Whether it has begun." },
} as const satisfies ModuleSpec;

export async function run(_context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  return { failed: true, msg: `could not find job ${String(args.jid)}` };
}
