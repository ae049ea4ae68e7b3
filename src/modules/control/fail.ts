/** ansible.builtin.fail: fails with a message. */
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.fail",
  summary: "Fail with custom message",
  options: {
    msg: {
      type: "raw",
      description: "Why.",
      default: "Failed as requested from task",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { msg: "The message." },
} as const satisfies ModuleSpec;

export async function run(_context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  return { changed: false, failed: true, msg: args.msg ?? null };
}
