/**
 * `ansible.builtin.script`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/script_module.html
 */
import { splitShell } from "../../template/python/shlex.ts";
import { pathWord, word } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { outputFields } from "../lib/output.ts";
import { baseOf, expandPaths, globWord } from "../lib/paths.ts";
import { sourceOfFile } from "../lib/source.ts";
import type { Arguments, KeyInput, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.script",
  summary: "Runs a script of the controller in the target",
  options: {
    _raw_params: { type: "str", description: "The script and its arguments, as free text." },
    cmd: { type: "str", description: "The script and its arguments." },
    chdir: { type: "path", description: "Directory to run it in." },
    creates: { type: "path", description: "File or pattern: if it exists, nothing is run." },
    removes: {
      type: "path",
      description: "File or pattern: if it does not exist, nothing is run.",
    },
    executable: { type: "path", description: "Program that runs the script." },
    decrypt: { type: "bool", default: true, description: "Decrypt it when it is a vault file." },
  },
  freeForm: "_raw_params",
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    rc: "Exit code.",
    stdout: "Standard output.",
    stderr: "Standard error.",
    stdout_lines: "Standard output, by lines.",
    stderr_lines: "Standard error, by lines.",
  },
} as const satisfies ModuleSpec;

/** The script's name and the rest of the command line as it was written. */
function parts(args: Arguments): { readonly name: string; readonly rest: string } {
  const text = (textOption(args, "_raw_params") || textOption(args, "cmd") || "").trim();
  if (text === "") return fail("one of the following is required: _raw_params, cmd");
  const match = /^((?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)\s*([\s\S]*)$/.exec(text);
  const name = match ? splitShell(match[1] ?? "")[0] : undefined;
  if (!match || name === undefined || name === "") return fail("no command given");
  return { name, rest: match[2] ?? "" };
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const { name, rest } = parts(args);
    const creates = textOption(args, "creates");
    if (creates && (await exists(context, creates))) {
      return { msg: `${creates} exists, matching creates option`, changed: false, skipped: true };
    }
    const removes = textOption(args, "removes");
    if (removes && !(await exists(context, removes))) {
      const msg = `${removes} does not exist, matching removes option`;
      return { msg, changed: false, skipped: true };
    }
    const chdir = textOption(args, "chdir");
    if (chdir !== undefined && !chdir.startsWith("/")) {
      return fail("The chdir option requires an absolute path.");
    }
    const path = await context.controller
      .find("files", name)
      .catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
    if (context.checkMode) {
      const msg = "Check mode is not supported for this task.";
      return { changed: Boolean(creates || removes), msg, skipped: true };
    }
    const source = await sourceOfFile(context, path, flagOption(args, "decrypt") ?? true);
    const executable = textOption(args, "executable");
    const result = await context.sh(
      [
        'd=$(mktemp -d) || exit 1; chmod 700 "$d"',
        `s="$d"/${word(baseOf(path))}; cat >"$s"; chmod 700 "$s"`,
        ...(chdir === undefined ? [] : [`cd ${pathWord(chdir)} || { rm -rf "$d"; exit 1; }`]),
        `${executable === undefined ? "" : `${word(executable)} `}"$s" ${rest} </dev/null`,
        'r=$?; rm -rf "$d"; exit $r',
      ].join("\n"),
      { stdin: source.input },
    );
    return {
      changed: true,
      rc: result.rc,
      ...outputFields(result.stdout, result.stderr, false),
      ...(result.rc === 0 ? {} : { failed: true, msg: "non-zero return code" }),
    };
  },
);

async function exists(context: ModuleContext, pattern: string): Promise<boolean> {
  const script = `for g in ${globWord(pattern)}; do if [ -e "$g" ] || [ -h "$g" ]; then exit 0; fi; done; exit 1`;
  return (await context.sh(script)).rc === 0;
}

/** The script's content. */
export async function inputs(
  context: ModuleContext,
  args: Arguments,
): Promise<readonly KeyInput[]> {
  return [{ kind: "path", path: await context.controller.find("files", parts(args).name) }];
}
