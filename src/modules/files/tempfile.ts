/**
 * `ansible.builtin.tempfile`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/tempfile_module.html
 */
import { randomBytes } from "node:crypto";
import { pathWord, word } from "../lib/bytes.ts";
import { osError } from "../lib/errno.ts";
import { fail, failing } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { Fields, pathInfo } from "../lib/status.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.tempfile",
  summary: "Makes a file or directory with a name of its own",
  options: {
    state: {
      type: "str",
      choices: ["directory", "file"],
      default: "file",
      description: "What to make.",
    },
    path: { type: "path", description: "Where. Default: the directory for temporary files." },
    prefix: { type: "str", default: "ansible.", description: "Begin of the name." },
    suffix: { type: "str", default: "", description: "End of the name." },
  },
  checkMode: "skip",
  diff: false,
  effect: "target",
  returns: { path: "What was made." },
} as const satisfies ModuleSpec;

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_";

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    if (context.checkMode) return { changed: false, skipped: true };
    const args = await expandPaths(context, spec, given);
    const middle = [...randomBytes(8)].map((byte) => LETTERS[byte % LETTERS.length]).join("");
    const name = `${textOption(args, "prefix") ?? ""}${middle}${textOption(args, "suffix") ?? ""}`;
    const where = textOption(args, "path");
    const directory = where === undefined ? '"${TMPDIR:-/tmp}"' : pathWord(where);
    // With noclobber the file is made by O_EXCL: never one that somebody else put there.
    const make = args.state === "directory" ? 'mkdir -m 700 "$p"' : '( set -C; : >"$p" )';
    const result = await context.sh(
      `p=${directory}/${word(name)}; umask 077; ${make} || exit 1; printf '%s\\0' "$p"; lb_st "$p"`,
    );
    if (result.rc !== 0) return fail(osError(result.stderr, where ?? name));
    const fields = new Fields(result.stdout);
    const path = fields.text();
    return { changed: true, path, ...pathInfo(fields.status()) };
  },
);
