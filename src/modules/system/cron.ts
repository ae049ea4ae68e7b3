/** ansible.builtin.cron: jobs and variables of crontabs. */

import { quote } from "../../connection/connection.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import { writeText } from "../lib/text-file.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.cron",
  summary: "Manage jobs of cron",
  options: {
    name: { type: "str", required: true, description: "Name of the job, or of the variable." },
    job: { type: "str", aliases: ["value"], description: "The command, or the variable's value." },
    state: {
      type: "str",
      default: "present",
      choices: ["present", "absent"],
      description: "Whether the job is there.",
    },
    user: { type: "str", description: "Whose crontab; for files, who runs the job." },
    cron_file: { type: "path", description: "A file in /etc/cron.d, or a full path." },
    backup: { type: "bool", default: false, description: "Keep a copy of the crontab." },
    minute: { type: "str", default: "*", description: "Minute." },
    hour: { type: "str", default: "*", description: "Hour." },
    day: { type: "str", default: "*", aliases: ["dom"], description: "Day of the month." },
    month: { type: "str", default: "*", description: "Month." },
    weekday: { type: "str", default: "*", aliases: ["dow"], description: "Day of the week." },
    special_time: {
      type: "str",
      choices: ["reboot", "yearly", "annually", "monthly", "weekly", "daily", "hourly"],
      description: "A named time instead of the fields.",
    },
    disabled: { type: "bool", default: false, description: "Comment the job out." },
    env: { type: "bool", default: false, description: "Manage a variable instead of a job." },
    insertafter: { type: "str", description: "With env: after which variable." },
    insertbefore: { type: "str", description: "With env: before which variable." },
  },
  mutuallyExclusive: [["insertafter", "insertbefore"]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    jobs: "Names of the jobs.",
    envs: "Names of the variables.",
    cron_file: "The file, if one was given.",
    backup_file: "Path of the copy, if one was made.",
  },
} as const satisfies ModuleSpec;

const MARK = "#Ansible: ";

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const name = textOption(args, "name") ?? "";
  const state = textOption(args, "state") ?? "present";
  // `user: "{{ lookup('env', 'USER') }}"` is empty where nobody logged in: it is then whoever runs.
  const user = textOption(args, "user") || undefined;
  const file = textOption(args, "cron_file") || undefined;
  const env = flagOption(args, "env") === true;
  const special = textOption(args, "special_time");
  const job = textOption(args, "job");
  const times = ["minute", "hour", "day", "month", "weekday"].map(
    (field) => textOption(args, field) ?? "*",
  );
  const fail = (msg: string): ModuleResult => ({ failed: true, msg });
  if (special !== undefined && times.some((time) => time !== "*")) {
    return fail("You must specify time and date fields or special time.");
  }
  if (state === "present" && job === undefined) {
    return fail("You must specify 'job' to install a new cron job or variable");
  }
  const after = textOption(args, "insertafter");
  const before = textOption(args, "insertbefore");
  if ((after ?? before) !== undefined && !(env && state === "present")) {
    return fail("Insertafter and insertbefore parameters are valid only with env=yes");
  }
  if (file !== undefined && state === "present" && !env && user === undefined) {
    return fail("To use cron_file=... parameter you must specify user=... as well");
  }
  const path = file === undefined ? undefined : file.startsWith("/") ? file : `/etc/cron.d/${file}`;
  const who = user === undefined ? "" : `-u ${quote(user)}`;
  const read = await context.sh(
    path === undefined
      ? `lb_have crontab || exit 60; crontab ${who} -l 2>/dev/null; exit 0`
      : `[ ! -e ${quote(path)} ] || cat ${quote(path)}`,
  );
  if (read.rc === 60) return fail('Failed to find required executable "crontab"');
  const old = outputOf(read);
  let lines = old.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (path === undefined) lines = withoutHeader(lines);
  const start = lines.join("\n");

  if (env) {
    const problem = editVariable(lines, name, state, job ?? "", after, before);
    if (problem !== undefined) return fail(problem);
  } else {
    const prefix = flagOption(args, "disabled") === true ? "#" : "";
    const runner = path === undefined ? "" : `${user} `;
    const text = (job ?? "").replace(/^[\r\n]+|[\r\n]+$/g, "");
    const line =
      special === undefined
        ? `${prefix}${times.join(" ")} ${runner}${text}`
        : `${prefix}@${special} ${runner}${text}`;
    editJob(lines, name, state === "absent" ? undefined : line);
  }
  const changed = lines.join("\n") !== start;
  const text = lines.length > 0 ? `${lines.join("\n")}\n` : "";
  const result: Record<string, Data> = {
    jobs: lines.filter((each) => each.startsWith(MARK)).map((each) => each.slice(MARK.length)),
    envs: lines.flatMap((each) => variableName(each) ?? []),
  };
  if (file !== undefined) result.cron_file = file;
  if (context.diffMode) {
    const header = path ?? `crontab${user === undefined ? "" : ` of ${user}`}`;
    result.diff = {
      before: start === "" ? "" : `${start}\n`,
      after: text,
      before_header: header,
      after_header: header,
    };
  }
  if (!changed) return { changed, ...result };
  // A file without any entry goes, as the original has it.
  const vanishes = path !== undefined && state === "absent" && text.trim() === "";
  if (!context.checkMode) {
    if (flagOption(args, "backup") === true) {
      const copy = await context.sh(
        `lb_b=$(mktemp /tmp/crontabXXXXXX) && cat >"$lb_b" && printf %s "$lb_b"`,
        { stdin: Buffer.from(old) },
      );
      result.backup_file = outputOf(copy);
    }
    if (path !== undefined) {
      const problem = vanishes
        ? await context.sh(`rm -f ${quote(path)}`).then(() => undefined)
        : await writeText(context, path, text);
      if (problem !== undefined) return fail(problem);
    } else {
      const done = await context.sh(`crontab ${who} -`, { stdin: Buffer.from(text) });
      if (done.rc !== 0) return fail(errorOf(done).trim());
    }
  }
  if (vanishes) return { changed, cron_file: file ?? null, state: "absent" };
  return { changed, ...result };
}

/** Old crontab programs print three lines about themselves first. */
function withoutHeader(lines: readonly string[]): string[] {
  return lines.filter(
    (line, index) =>
      index > 2 ||
      !/^# (DO NOT EDIT THIS FILE - edit the master and reinstall\.|\(.* installed on .*\)|\(Cron version .*\))/.test(
        line,
      ),
  );
}

function editJob(lines: string[], name: string, line: string | undefined): void {
  const at = lines.indexOf(`${MARK}${name}`);
  if (line === undefined) {
    if (at >= 0) lines.splice(at, 2);
    return;
  }
  if (at >= 0) lines.splice(at, 2, `${MARK}${name}`, line);
  else {
    // The same job without a name gets one.
    const bare = lines.indexOf(line);
    if (bare > 0 && lines[bare - 1]?.startsWith(MARK) !== true) {
      lines.splice(bare, 1, `${MARK}${name}`, line);
    } else if (bare === 0) lines.splice(0, 1, `${MARK}${name}`, line);
    else lines.push(`${MARK}${name}`, line);
  }
}

function variableName(line: string): string | undefined {
  return /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(line)?.[1];
}

function editVariable(
  lines: string[],
  name: string,
  state: string,
  value: string,
  after: string | undefined,
  before: string | undefined,
): string | undefined {
  const at = lines.findIndex((line) => variableName(line) === name);
  if (state === "absent") {
    if (at >= 0) lines.splice(at, 1);
    return undefined;
  }
  const line = `${name}="${value}"`;
  if (at >= 0) {
    lines[at] = line;
    return undefined;
  }
  const anchor = after ?? before;
  if (anchor === undefined) {
    lines.unshift(line);
    return undefined;
  }
  const place = lines.findIndex((each) => variableName(each) === anchor);
  if (place < 0) return `Variable named '${anchor}' not found.`;
  lines.splice(after === undefined ? place : place + 1, 0, line);
  return undefined;
}
