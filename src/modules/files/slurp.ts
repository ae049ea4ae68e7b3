/**
 * `ansible.builtin.slurp`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/slurp_module.html
 */
import { pathWord } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { touchedPaths } from "../lib/touches.ts";
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
      `p=${pathWord(src)}; [ -d "$p" ] && [ -r "$p" ] && exit 82; LC_ALL=C exec cat "$p"`,
    );
    const said = result.stderr.toString().trim();
    if (result.rc === 82) fail(`source is a directory and must be a file: ${src}`);
    if (result.rc !== 0) {
      // Below a directory that may not be entered nobody knows what is there.
      if (/permission denied/i.test(said)) fail(`file is not readable: ${src}`);
      if (/no such file/i.test(said)) fail(`file not found: ${src}`);
      fail(`unable to slurp file: ${said}`);
    }
    return {
      content: result.stdout.toString("base64"),
      source: src,
      encoding: "base64",
      changed: false,
    };
  },
);

/** What stands at `src`. */
export function touches(args: Arguments): readonly string[] | undefined {
  return touchedPaths(args, "src");
}
