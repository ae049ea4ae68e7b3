/**
 * `ansible.builtin.expect`. The command gets a terminal from the target's `script` program; its
 * input is a named pipe that answers are written to.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/expect_module.html
 */
import { setTimeout as sleep } from "node:timers/promises";
import { compileRegex, type Match } from "../../template/python/regex.ts";
import { decodeBytes, isUtf8, latin, pathWord, word } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, numberOption, textOption } from "../lib/option-values.ts";
import { spanText, splitLines, timeText } from "../lib/output.ts";
import { expandPaths, globWord } from "../lib/paths.ts";
import { Fields } from "../lib/status.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.expect",
  summary: "Runs a command and answers its questions",
  options: {
    command: { type: "str", required: true, description: "The command." },
    responses: {
      type: "dict",
      required: true,
      description: "Expressions and the answer (or answers, in turn) to what matches them.",
    },
    chdir: { type: "path", description: "Directory to run it in." },
    creates: { type: "path", description: "File or pattern: if it exists, nothing is run." },
    removes: {
      type: "path",
      description: "File or pattern: if it does not exist, nothing is run.",
    },
    timeout: { type: "raw", default: 30, description: "Longest time for a question, in seconds." },
    echo: { type: "bool", default: false, description: "Show answers in the output." },
  },
  checkMode: "skip",
  diff: false,
  effect: "target",
  returns: {
    cmd: "The command.",
    rc: "Exit code.",
    stdout: "Output.",
    stdout_lines: "Output, by lines.",
    start: "When it began.",
    end: "When it ended.",
    delta: "How long it took.",
  },
} as const satisfies ModuleSpec;

interface Question {
  readonly regex: ReturnType<typeof compileRegex>;
  readonly answers: readonly string[];
  next: number;
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    if (context.checkMode) return { changed: false, skipped: true };
    const args = await expandPaths(context, spec, given);
    const command = textOption(args, "command") ?? "";
    if (command.trim() === "") return fail("no command given", { rc: 256 });
    const skip = await unneeded(context, args);
    if (skip) return { cmd: command, stdout: skip, stdout_lines: [skip], changed: false, rc: 0 };
    const questions = Object.entries((args.responses ?? {}) as Record<string, Data>).map(
      ([expression, answer]): Question => ({
        regex: compileRegex(latin(expression), { ascii: true }),
        answers: (Array.isArray(answer) ? answer : [answer]).map(String),
        next: Array.isArray(answer) ? 0 : -1,
      }),
    );
    const begun = new Date();
    const directory = await start(context, args, command);
    try {
      const { output, rc, problem } = await talk(context, args, directory, questions);
      if (!isUtf8(Buffer.from(output, "latin1")))
        fail("the command that expect ran returned non UTF-8 data");
      const stdout = decodeBytes(Buffer.from(output, "latin1")).replace(/[\r\n]+$/, "");
      const delta = Date.now() - begun.getTime();
      const result: ModuleResult = {
        cmd: command,
        stdout,
        stdout_lines: splitLines(stdout),
        rc: rc ?? null,
        start: timeText(begun),
        end: timeText(new Date(begun.getTime() + delta)),
        delta: spanText(delta),
        changed: true,
      };
      if (problem !== undefined) return { ...result, failed: true, msg: problem };
      if (rc !== 0) return { ...result, failed: true, msg: "non-zero return code" };
      return result;
    } finally {
      await context.sh(
        `d=${pathWord(directory)}; for f in keeper runner; do kill "$(cat "$d/$f")" 2>/dev/null; done; rm -rf "$d"`,
      );
    }
  },
);

async function unneeded(context: ModuleContext, args: Arguments): Promise<string | undefined> {
  const chdir = textOption(args, "chdir");
  const at = chdir === undefined ? "" : `cd ${pathWord(chdir)} || exit 1; `;
  const exists = async (pattern: string) =>
    (
      await context.sh(
        `${at}for g in ${globWord(pattern)}; do if [ -e "$g" ] || [ -h "$g" ]; then exit 0; fi; done; exit 1`,
      )
    ).rc === 0;
  const creates = textOption(args, "creates");
  if (creates && (await exists(creates))) return `skipped, since ${creates} exists`;
  const removes = textOption(args, "removes");
  if (removes && !(await exists(removes))) return `skipped, since ${removes} does not exist`;
  return undefined;
}

/** Starts the command. @returns the directory with its pipe and its output */
async function start(context: ModuleContext, args: Arguments, command: string): Promise<string> {
  const chdir = textOption(args, "chdir");
  const quiet = flagOption(args, "echo") ? "" : "stty -echo 2>/dev/null; ";
  const inner = `${quiet}exec ${command}`;
  const result = await context.sh(
    `lb_have script || exit 81; umask 077; d=$(mktemp -d) || exit 82
${chdir === undefined ? "" : `cd ${pathWord(chdir)} || exit 83`}
mkfifo "$d/in"; : >"$d/out"
sleep 86400 >"$d/in" 2>/dev/null </dev/null & echo $! >"$d/keeper"
{ script -q -e -f -c ${word(inner)} /dev/null <"$d/in" >"$d/out" 2>&1; echo $? >"$d/rc.new"; mv "$d/rc.new" "$d/rc"; } >/dev/null 2>&1 </dev/null & echo $! >"$d/runner"
printf %s "$d"`,
  );
  if (result.rc === 81) {
    fail(
      "The target has no `script` program (bsdutils, util-linux or busybox), which gives the command a terminal",
    );
  }
  if (result.rc === 83) fail(`Unable to change directory before execution: ${chdir}`);
  if (result.rc !== 0) fail(result.stderr.toString().trim());
  return result.stdout.toString();
}

interface Talk {
  readonly output: string;
  readonly rc: number | undefined;
  readonly problem?: string;
}

async function talk(
  context: ModuleContext,
  args: Arguments,
  directory: string,
  questions: readonly Question[],
): Promise<Talk> {
  const d = pathWord(directory);
  const limit =
    args.timeout === null ? undefined : (numberOption(args, "timeout") ?? Number(args.timeout));
  let read = 0;
  let last = Date.now();
  for (;;) {
    const fields = new Fields(
      (await context.sh(`d=${d}; [ -f "$d/rc" ] && cat "$d/rc"; printf '\\0'; cat "$d/out"`))
        .stdout,
    );
    const rc = fields.text().trim();
    const output = fields.rest().toString("latin1");
    const found = firstMatch(questions, output.slice(read));
    if (found && rc === "") {
      const { question, match } = found;
      const answer = question.answers[question.next < 0 ? 0 : question.next++];
      if (answer === undefined) {
        const problem = `No remaining responses for '${question.regex.pattern}', output was '${output.slice(read)}'`;
        return { output, rc: undefined, problem };
      }
      read += match.end;
      last = Date.now();
      const line = answer.replace(/\n+$/, "");
      await context.sh(`printf '%s\\n' ${word(line)} >${d}/in`);
      continue;
    }
    if (rc !== "") return { output, rc: Number(rc) };
    if (limit !== undefined && Date.now() - last > limit * 1000) {
      return { output, rc: undefined, problem: "command exceeded timeout" };
    }
    await sleep(40, undefined, { signal: context.signal });
  }
}

function firstMatch(
  questions: readonly Question[],
  text: string,
): { readonly question: Question; readonly match: Match } | undefined {
  let best: { question: Question; match: Match } | undefined;
  for (const question of questions) {
    const match = question.regex.search(text);
    if (match && (!best || match.start < best.match.start)) best = { question, match };
  }
  return best;
}
