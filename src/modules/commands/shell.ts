/**
 * `ansible.builtin.shell`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/shell_module.html
 */
import { fail, failing } from "../lib/failure.ts";
import { expandPaths } from "../lib/paths.ts";
import { COMMAND_OPTIONS, COMMAND_RETURNS, runCommand } from "../lib/run-command.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.shell",
  summary: "Runs a command in a shell",
  options: {
    ...COMMAND_OPTIONS,
    expand_argument_vars: {
      type: "raw",
      description: "Refused: a shell expands variables itself. The command module has it.",
    },
  },
  freeForm: "_raw_params",
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: COMMAND_RETURNS,
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, args: Arguments): Promise<ModuleResult> => {
    if (args.expand_argument_vars !== undefined)
      return fail("Unsupported parameters for (shell) module: expand_argument_vars");
    return runCommand(context, await expandPaths(context, spec, args), true);
  },
);
