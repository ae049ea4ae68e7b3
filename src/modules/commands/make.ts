/**
 * `community.general.make`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/general/make_module.html
 */
import { quoteShell } from "../../template/python/shlex.ts";
import { pathWord, word } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { numberOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.make",
  summary: "Runs a target of a Makefile",
  options: {
    chdir: { type: "path", required: true, description: "Directory to run make in." },
    target: { type: "str", description: "The target; default: the Makefile's first." },
    params: { type: "dict", description: "Variables of the Makefile." },
    file: { type: "path", description: "The Makefile." },
    make: { type: "path", description: "The program." },
    jobs: { type: "int", description: "How many jobs may run at once." },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    command: "The command.",
    chdir: "The directory.",
    file: "The Makefile.",
    jobs: "How many jobs may run at once.",
    params: "Variables of the Makefile.",
    target: "The target.",
    stdout: "Output; empty when nothing was to do.",
    stderr: "Output of errors.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const chdir = textOption(args, "chdir") ?? "";
    const program = await findProgram(context, textOption(args, "make"));
    const params = (args.params ?? {}) as Readonly<Record<string, Data>>;
    const file = textOption(args, "file");
    const jobs = numberOption(args, "jobs");
    const target = textOption(args, "target");
    const command = [
      program,
      ...(jobs === undefined ? [] : ["-j", String(jobs)]),
      ...(file === undefined ? [] : ["-f", file]),
      ...(target === undefined ? [] : [target]),
      ...Object.keys(params).map((name) => {
        const value = textOption(params, name);
        return value === undefined ? name : `${name}=${value}`;
      }),
    ];
    const shown = (words: readonly string[]) => words.map(quoteShell).join(" ");
    const enter = `cd ${pathWord(chdir)} || exit 81`;
    const line = command.map(word).join(" ");
    // `-q` only asks whether there is anything to do.
    const asked = await context.sh(`${enter}\nexec ${line} -q >/dev/null 2>&1`);
    if (asked.rc === 81) fail(`cannot change to the directory ${chdir}`);
    let changed = asked.rc !== 0;
    let [stdout, stderr] = ["", ""];
    if (changed && !context.checkMode) {
      const made = await context.sh(`${enter}\nexec ${line}`);
      stdout = made.stdout.toString();
      stderr = made.stderr.toString();
      if (made.rc !== 0) {
        fail(stderr.trimEnd(), { cmd: shown(command), rc: made.rc, stdout, stderr });
      }
      changed = true;
    }
    return {
      changed,
      stdout: stdout.trim(),
      stderr: stderr.trim(),
      target: target ?? null,
      params: args.params ?? null,
      chdir,
      file: file ?? null,
      jobs: jobs ?? null,
      command: shown(
        target === undefined ? [...command.slice(0, 1), "", ...command.slice(1)] : command,
      ),
    };
  },
);

/** GNU make where it has a name of its own. */
async function findProgram(context: ModuleContext, wanted: string | undefined): Promise<string> {
  const names = wanted === undefined ? ["gmake", "make"] : [wanted];
  const found = await context.sh(names.map((name) => `command -v ${word(name)}`).join(" || "));
  const path = found.stdout.toString().trim();
  if (path !== "") return path;
  if (wanted === undefined) return fail("make was not found on PATH");
  return fail(`[Errno 2] No such file or directory: b'${wanted}'`, {
    rc: 2,
    stdout: "",
    stderr: "",
    cmd: `${quoteShell(wanted)} -q`,
  });
}
