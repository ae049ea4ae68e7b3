/** community.general.pam_limits: lines of /etc/security/limits.conf. */
import { quote } from "../../connection/connection.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { outputOf } from "../lib/sections.ts";
import { readText, writeText } from "../lib/text-file.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.pam_limits",
  summary: "Set limits of users and groups",
  options: {
    domain: { type: "str", required: true, description: "User, @group, or pattern." },
    limit_type: {
      type: "str",
      required: true,
      choices: ["hard", "soft", "-"],
      description: "Type of the limit.",
    },
    limit_item: {
      type: "str",
      required: true,
      choices: [
        "core",
        "data",
        "fsize",
        "memlock",
        "nofile",
        "rss",
        "stack",
        "cpu",
        "nproc",
        "as",
        "maxlogins",
        "maxsyslogins",
        "priority",
        "locks",
        "sigpending",
        "msgqueue",
        "nice",
        "rtprio",
        "chroot",
      ],
      description: "What is limited.",
    },
    value: { type: "str", required: true, description: "The limit." },
    use_max: { type: "bool", default: false, description: "Keep the greater of both values." },
    use_min: { type: "bool", default: false, description: "Keep the smaller of both values." },
    backup: { type: "bool", default: false, description: "Keep a copy of the file." },
    dest: { type: "str", default: "/etc/security/limits.conf", description: "The file." },
    comment: { type: "str", default: "", description: "Comment behind the line." },
  },
  mutuallyExclusive: [["use_max", "use_min"]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: { msg: "The line." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const text = (name: string) => textOption(args, name) ?? "";
  const [domain, type, item, value] = ["domain", "limit_type", "limit_item", "value"].map(text);
  const dest = text("dest");
  const before = await readText(context, dest);
  if (before === undefined && dest === "/etc/security/limits.conf") {
    return {
      failed: true,
      msg: `${dest} is not visible (check presence, access rights, use sudo)`,
    };
  }
  if (!/^(unlimited|infinity|-?\d+)$/.test(value ?? "")) {
    return {
      failed: true,
      msg: ` Value of '${value}' for item '${item}' is invalid. Value must either be 'unlimited', 'infinity' or -1, all of which indicate no limit, or a limit of 0 or larger. Refer to the limits.conf(5) manual pages for more details.`,
    };
  }
  const comment = text("comment") === "" ? "" : `\t#${text("comment")}`;
  let final = value ?? "";
  let found = false;
  let made = `${domain}\t${type}\t${item}\t${final}${comment}`;
  const lines = (before ?? "")
    .replace(/\n$/, "")
    .split("\n")
    .flatMap((line) => {
      if (/^\s*(#|$)/.test(line)) return [line];
      const [content = ""] = line.split("#");
      const parts = content.trim().split(/\s+/);
      if (parts.length !== 4 || parts[0] !== domain || parts[1] !== type || parts[2] !== item)
        return [line];
      if (found) return [];
      found = true;
      const old = parts[3] ?? "";
      final = choose(
        old,
        value ?? "",
        flagOption(args, "use_max") === true,
        flagOption(args, "use_min") === true,
      );
      const note =
        comment === "" && line.includes("#") ? `\t${line.slice(line.indexOf("#"))}` : comment;
      made = old === final ? line : `${domain}\t${type}\t${item}\t${final}${note}`;
      return [made];
    });
  if (!found) {
    if (lines.length === 1 && lines[0] === "") lines.pop();
    lines.push(made);
  }
  const after = `${lines.join("\n")}\n`;
  const changed = after !== before;
  const result: Record<string, string> = {};
  if (changed && !context.checkMode) {
    if (flagOption(args, "backup") === true && before !== undefined) {
      const copy = await context.sh(
        `lb_b=${quote(dest)}.$$.$(date +%Y-%m-%d@%H:%M:%S)~; cp -p ${quote(dest)} "$lb_b" && printf %s "$lb_b"`,
      );
      result.backup_file = outputOf(copy);
    }
    const problem = await writeText(context, dest, after);
    if (problem !== undefined) return { failed: true, msg: problem };
  }
  return {
    changed,
    msg: `${made}\n`,
    ...result,
    diff: { before: before ?? "", after },
  };
}

/** The greater or the smaller limit; `unlimited` is greater than every number. */
function choose(old: string, wanted: string, max: boolean, min: boolean): string {
  if (!max && !min) return wanted;
  const size = (text: string) => (/^\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY);
  return size(old) > size(wanted) === max ? old : wanted;
}
