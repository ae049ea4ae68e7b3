/**
 * `ansible.builtin.raw`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/raw_module.html
 */
import { word } from "../lib/bytes.ts";
import { failing } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import { outputFields } from "../lib/output.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.raw",
  summary: "Runs a command line as it is",
  options: {
    _raw_params: { type: "str", required: true, description: "The command line." },
    executable: { type: "str", description: "The shell to use. Default: the login shell's `sh`." },
  },
  freeForm: "_raw_params",
  checkMode: "skip",
  diff: false,
  effect: "target",
  returns: {
    rc: "Exit code.",
    stdout: "Standard output.",
    stderr: "Standard error.",
    stdout_lines: "Standard output, by lines.",
    stderr_lines: "Standard error, by lines.",
    msg: "`non-zero return code`, if it failed.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, args: Arguments): Promise<ModuleResult> => {
    if (context.checkMode) return { changed: false, skipped: true };
    const shell = textOption(args, "executable") ?? "/bin/sh";
    const result = await context.sh(
      `exec ${word(shell)} -c ${word(textOption(args, "_raw_params") ?? "")}`,
    );
    return {
      rc: result.rc,
      ...outputFields(result.stdout, result.stderr, false),
      changed: true,
      ...(result.rc === 0 ? {} : { failed: true, msg: "non-zero return code" }),
    };
  },
);
