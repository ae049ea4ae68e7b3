/**
 * `ansible.builtin.slurp`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/slurp_module.html
 */
import { pathWord } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.slurp",
  summary: "Reads a file of the target",
  options: {
    src: { type: "path", required: true, aliases: ["path"], description: "The file." },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    content: "The content, in base 64.",
    encoding: "`base64`.",
    source: "The file.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const src = textOption(await expandPaths(context, spec, given), "src") ?? "";
    const result = await context.sh(
      `p=${pathWord(src)}; [ -e "$p" ] || exit 81; [ -d "$p" ] && exit 82; [ -r "$p" ] || exit 83; exec cat "$p"`,
    );
    if (result.rc === 81) fail(`file not found: ${src}`);
    if (result.rc === 82) fail(`source is a directory and must be a file: ${src}`);
    if (result.rc === 83) fail(`file is not readable: ${src}`);
    if (result.rc !== 0) fail(`unable to slurp file: ${result.stderr.toString().trim()}`);
    return {
      content: result.stdout.toString("base64"),
      source: src,
      encoding: "base64",
      changed: false,
    };
  },
);
