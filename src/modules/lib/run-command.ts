/** Starting a program as the command and shell modules do it. */
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { quoteShell, splitShell } from "../../template/python/shlex.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, OptionSpec } from "../module.ts";
import { encodeText, pathWord, word } from "./bytes.ts";
import { flagOption, listOption, textOption } from "./option-values.ts";
import { outputFields, spanText, timeText } from "./output.ts";
import { expandedWord, globWord, isExpandable } from "./paths.ts";

export const COMMAND_OPTIONS = {
  _raw_params: { type: "str", description: "The command, as free text." },
  cmd: { type: "str", description: "The command." },
  chdir: { type: "path", description: "Directory to run it in." },
  creates: { type: "path", description: "File or pattern: if it exists, the command is not run." },
  removes: {
    type: "path",
    description: "File or pattern: if it does not exist, the command is not run.",
  },
  stdin: { type: "str", description: "Text for its standard input." },
  stdin_add_newline: {
    type: "bool",
    default: true,
    description: "Add a newline to that text.",
  },
  strip_empty_ends: {
    type: "bool",
    default: true,
    description: "Drop empty lines at the end of the output.",
  },
  executable: { type: "path", description: "The shell to use." },
  warn: {
    type: "bool",
    default: false,
    description: "Warn of commands that have a module.",
    noEffect: "The original has no such warnings any more either.",
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const COMMAND_RETURNS = {
  cmd: "The command.",
  rc: "Exit code.",
  stdout: "Standard output.",
  stderr: "Standard error.",
  stdout_lines: "Standard output, by lines.",
  stderr_lines: "Standard error, by lines.",
  start: "When it began.",
  end: "When it ended.",
  delta: "How long it took.",
  msg: "Why it failed or was not run.",
} as const;

/** Names that a shell would not look up on PATH. */
const BUILTINS = new Set(
  "[ alias bg break builtin caller cd chdir command compgen complete compopt continue declare dirs disown echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit umask unalias unset wait . :".split(
    " ",
  ),
);

/** What a script tells on standard error instead of running the command. */
type Verdict = "chdir" | "creates" | "removes" | "missing" | "denied" | "check";

/** @param shell whether the command is a script for a shell */
export async function runCommand(
  context: ModuleContext,
  args: Arguments,
  shell: boolean,
): Promise<ModuleResult> {
  const empty: Record<string, Data> = {
    changed: false,
    stdout: "",
    stderr: "",
    rc: null,
    cmd: null,
    start: null,
    end: null,
    delta: null,
    msg: "",
    stdout_lines: [],
    stderr_lines: [],
  };
  const text = textOption(args, "_raw_params") || textOption(args, "cmd");
  const other = shell ? undefined : textOption(args, "executable");
  if (other !== undefined) {
    context.warn(
      `As of Ansible 2.4, the parameter 'executable' is no longer supported with the 'command' module. Not using '${other}'.`,
    );
  }
  const argv = shell ? undefined : listOption(args, "argv");
  if (!text?.trim() && !argv?.length) {
    return { ...empty, failed: true, rc: 256, msg: "no command given" };
  }
  if (text && argv) {
    return { ...empty, failed: true, rc: 256, msg: "only command or argv can be given, not both" };
  }
  let words: string[];
  try {
    words = argv ?? (shell ? [] : splitShell(text ?? ""));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...empty, failed: true, rc: 1, msg: `cannot split the command: ${reason}` };
  }
  const cmd: Data = shell ? (text ?? "") : words;
  const program = shell ? (textOption(args, "executable") ?? "/bin/sh") : (words[0] ?? "");
  const shown = shell ? `${program} -c ${quoteShell(text ?? "")}` : words.map(quoteShell).join(" ");
  const marker = `lb-${randomBytes(9).toString("hex")}`;
  const expand = flagOption(args, "expand_argument_vars") ?? true;
  const invocation = shell
    ? `${word(program)} -c ${word(text ?? "")}`
    : words
        .map((part) => (expand && isExpandable(part) ? expandedWord(part) : word(part)))
        .join(" ");
  const script = [
    ...conditions(args, context.checkMode, marker),
    start(program, invocation, marker),
  ].join("\n");
  const stdin = textOption(args, "stdin");
  const newline = (flagOption(args, "stdin_add_newline") ?? true) ? "\n" : "";
  const begun = new Date();
  const before = performance.now();
  const result = await context.sh(
    script,
    stdin === undefined ? undefined : { stdin: encodeText(stdin + newline) },
  );
  const delta = performance.now() - before;
  const verdict = verdictOf(result.stderr, marker);
  if (verdict) return notRun(context, args, verdict, { ...empty, cmd }, program, shown);
  const fields = outputFields(
    result.stdout,
    result.stderr,
    flagOption(args, "strip_empty_ends") ?? true,
  );
  return {
    changed: true,
    stdout: fields.stdout,
    stderr: fields.stderr,
    rc: result.rc,
    cmd,
    start: timeText(begun),
    end: timeText(new Date(begun.getTime() + delta)),
    delta: spanText(delta),
    msg: result.rc === 0 ? "" : "non-zero return code",
    ...(result.rc === 0 ? {} : { failed: true }),
    stdout_lines: fields.stdout_lines,
    stderr_lines: fields.stderr_lines,
  };
}

/** Lines that leave with a verdict when the command is not to be run. */
function conditions(args: Arguments, checkMode: boolean, marker: string): string[] {
  const lines: string[] = [];
  const leave = (verdict: Verdict) => `{ printf ${marker}${verdict} >&2; exit 0; }`;
  const chdir = textOption(args, "chdir");
  if (chdir !== undefined) {
    lines.push(`cd -P ${pathWord(chdir)} || ${leave("chdir")}`);
  }
  const exists = (pattern: string) =>
    `e=; for g in ${globWord(pattern)}; do if [ -e "$g" ] || [ -h "$g" ]; then e=1; break; fi; done`;
  const creates = textOption(args, "creates");
  if (creates) lines.push(`${exists(creates)}; [ "$e" ] && ${leave("creates")}`);
  const removes = textOption(args, "removes");
  if (removes) lines.push(`${exists(removes)}; [ "$e" ] || ${leave("removes")}`);
  if (checkMode) lines.push(leave("check"));
  return lines;
}

/** The line that starts the program; what cannot be started is a verdict, as it is for execve(2). */
function start(program: string, invocation: string, marker: string): string {
  const leave = (verdict: Verdict) => `{ printf ${marker}${verdict} >&2; exit 0; }`;
  if (isExpandable(program)) return `exec ${invocation}`;
  const p = word(program);
  if (program.includes("/")) {
    return `[ -x ${p} ] && [ ! -d ${p} ] || { [ -e ${p} ] && ${leave("denied")}; ${leave("missing")}; }
exec ${invocation}`;
  }
  if (!BUILTINS.has(program)) {
    return `command -v ${p} >/dev/null || ${leave("missing")}\nexec ${invocation}`;
  }
  // exec starts programs only, never what the shell has under the same name.
  return `(IFS=:; for d in $PATH; do [ -x "$d"/${p} ] && exit 0; done; exit 1) || ${leave("missing")}
exec ${invocation}`;
}

function verdictOf(stderr: Buffer, marker: string): Verdict | undefined {
  const at = stderr.lastIndexOf(marker);
  return at < 0 ? undefined : (stderr.subarray(at + marker.length).toString() as Verdict);
}

function notRun(
  context: ModuleContext,
  args: Arguments,
  verdict: Verdict,
  empty: Record<string, Data>,
  program: string,
  shown: string,
): ModuleResult {
  const shoulda = context.checkMode ? "Would" : "Did";
  const skipped = (reason: string, path: string | undefined, state: string): ModuleResult => ({
    ...empty,
    rc: 0,
    stdout: `skipped, since ${path} ${state}`,
    stdout_lines: [`skipped, since ${path} ${state}`],
    msg: reason,
  });
  switch (verdict) {
    case "chdir": {
      const path = textOption(args, "chdir");
      const msg = `Unable to change directory before execution: [Errno 2] No such file or directory: b'${path}'`;
      return { ...empty, failed: true, msg };
    }
    case "creates": {
      const path = textOption(args, "creates");
      return skipped(`${shoulda} not run command since '${path}' exists`, path, "exists");
    }
    case "removes": {
      const path = textOption(args, "removes");
      const msg = `${shoulda} not run command since '${path}' does not exist`;
      return skipped(msg, path, "does not exist");
    }
    case "check": {
      const conditional = Boolean(textOption(args, "creates") || textOption(args, "removes"));
      return {
        ...empty,
        rc: 0,
        msg: "Command would have run if not in check mode",
        ...(conditional ? { changed: true } : { skipped: true }),
      };
    }
    default: {
      const [errno, reason] =
        verdict === "missing" ? [2, "No such file or directory"] : [13, "Permission denied"];
      return {
        rc: errno,
        stdout: "",
        stderr: "",
        cmd: shown,
        msg: `[Errno ${errno}] ${reason}: b'${program}'`,
        stdout_lines: [],
        stderr_lines: [],
        changed: false,
        failed: true,
      };
    }
  }
}
