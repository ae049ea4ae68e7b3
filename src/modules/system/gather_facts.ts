/** ansible.builtin.gather_facts: the setup module, as plays with `gather_facts: true` call it. */
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { run as setup, spec as setupSpec } from "./setup.ts";

export const spec = {
  ...setupSpec,
  name: "ansible.builtin.gather_facts",
  summary: "Gather facts about the target",
  options: {
    ...setupSpec.options,
    parallel: {
      type: "bool",
      description: "Run several fact modules at the same time.",
      noEffect: "there is one fact module",
    },
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  return setup(context, args);
}
