/**
 * `ansible.builtin.shell`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/shell_module.html
 */
import { failing } from "../lib/failure.ts";
import { expandPaths } from "../lib/paths.ts";
import { COMMAND_OPTIONS, COMMAND_RETURNS, runCommand } from "../lib/run-command.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.shell",
  summary: "Runs a command in a shell",
  options: COMMAND_OPTIONS,
  freeForm: "_raw_params",
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: COMMAND_RETURNS,
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, args: Arguments): Promise<ModuleResult> =>
    runCommand(context, await expandPaths(context, spec, args), true),
);
