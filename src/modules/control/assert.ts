/** ansible.builtin.assert: fails unless all conditions hold. */
import { fromJson, str } from "../../values/python.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.assert",
  summary: "Asserts given expressions are true",
  options: {
    that: { type: "raw", description: "Conditions, as in `when`.", required: true },
    fail_msg: { type: "raw", description: "Said when one does not hold.", aliases: ["msg"] },
    success_msg: { type: "raw", description: "Said when all hold." },
    quiet: { type: "bool", description: "Say little when all hold.", default: false },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: {
    assertion: "The condition that did not hold.",
    evaluated_to: "What it was.",
    msg: "What came of it.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const that = args.that ?? null;
  const conditions: readonly Data[] = Array.isArray(that) ? that : [that];
  const quiet = args.quiet === true;
  if (context.isUnsafe("that")) {
    return {
      failed: true,
      msg: `The conditional check '${str(fromJson(that))}' failed. The error was: Conditional is marked as unsafe, and cannot be evaluated.`,
    };
  }
  for (const condition of conditions) {
    if (!context.condition(fromJson(condition))) {
      return {
        failed: true,
        evaluated_to: false,
        assertion: condition,
        msg: args.fail_msg ?? "Assertion failed",
        ...(!quiet && { _ansible_verbose_always: true }),
      };
    }
  }
  return {
    changed: false,
    msg: args.success_msg ?? "All assertions passed",
    ...(!quiet && { _ansible_verbose_always: true }),
  };
}
