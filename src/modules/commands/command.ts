/**
 * `ansible.builtin.command`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/command_module.html
 */
import { failing } from "../lib/failure.ts";
import { expandPaths } from "../lib/paths.ts";
import { COMMAND_OPTIONS, COMMAND_RETURNS, runCommand } from "../lib/run-command.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.command",
  summary: "Runs a program, without a shell",
  options: {
    ...COMMAND_OPTIONS,
    argv: { type: "list", elements: "str", description: "The command as a list of words." },
    expand_argument_vars: {
      type: "bool",
      default: true,
      description: "Replace `~` and `$NAME` in the words.",
    },
    executable: {
      ...COMMAND_OPTIONS.executable,
      noEffect: "A command is run without a shell; use the shell module.",
    },
  },
  freeForm: "_raw_params",
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: COMMAND_RETURNS,
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, args: Arguments): Promise<ModuleResult> =>
    runCommand(context, await expandPaths(context, spec, args), false),
);
