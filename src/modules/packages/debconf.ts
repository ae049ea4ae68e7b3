/** ansible.builtin.debconf: answers to the questions that Debian packages ask. */
import { quote } from "../../connection/connection.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { errorOf, linesOf, parseSections, section } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.debconf",
  summary: "Preseed answers of debconf",
  options: {
    name: { type: "str", required: true, aliases: ["pkg"], description: "Name of the package." },
    question: {
      type: "str",
      aliases: ["selection", "setting"],
      description: "The question.",
    },
    vtype: {
      type: "str",
      choices: [
        "boolean",
        "error",
        "multiselect",
        "note",
        "password",
        "seen",
        "select",
        "string",
        "text",
        "title",
      ],
      description: "Type of the answer.",
    },
    value: { type: "raw", aliases: ["answer"], description: "The answer." },
    unseen: { type: "bool", default: false, description: "Do not mark the question as seen." },
  },
  requiredTogether: [["question", "vtype", "value"]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    current: "The answers as they are.",
    previous: "The answer as it was, after a change.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name") ?? "";
  const question = textOption(args, "question");
  const type = textOption(args, "vtype");
  let value = textOption(args, "value") ?? "";
  if (type === "boolean") value = value.toLowerCase();
  if (type === "password") context.secret(value);
  const secretive = type === "password" && question !== undefined;
  const report = await context.sh(
    `export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
lb_have debconf-show || exit 60
${section("show")}; debconf-show ${quote(name)} || exit
${
  secretive
    ? `${section("same")}; IFS= read -r lb_v; [ "$(printf 'GET %s\\n' ${quote(question)} | debconf-communicate ${quote(name)} 2>/dev/null)" = "0 $lb_v" ] && echo yes
exit 0`
    : ""
}`,
    secretive ? { stdin: Buffer.from(`${value}\n`) } : {},
  );
  if (report.rc === 60) {
    return { failed: true, msg: 'Failed to find required executable "debconf-show"' };
  }
  if (report.rc !== 0) return { failed: true, msg: errorOf(report) };
  const parts = parseSections(report.stdout);
  const current: Record<string, string> = {};
  for (const line of linesOf(parts.get("show"))) {
    const match = /^[* ]*([^:]+):\s?(.*)$/.exec(line);
    if (match) current[match[1] ?? ""] = (match[2] ?? "").trim();
  }
  if (question === undefined) return { changed: false, msg: "", current };
  const before = current[question];
  const same = secretive
    ? parts.get("same")?.trim() === "yes"
    : type === "multiselect"
      ? set(before ?? "") === set(value) && before !== undefined
      : before === value;
  if (same) return { changed: false, msg: "", current };
  if (!context.checkMode) {
    const done = await context.sh(
      `export DEBIAN_FRONTEND=noninteractive; debconf-set-selections ${flagOption(args, "unseen") ? "-u" : ""}`,
      { stdin: Buffer.from(`${name} ${question} ${type} ${value}\n`) },
    );
    if (done.rc !== 0) return { failed: true, msg: errorOf(done) };
  }
  const shown = secretive ? "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" : value;
  return {
    changed: true,
    msg: "",
    current: { [question]: shown },
    previous: { [question]: secretive ? "" : (before ?? "") },
    ...(context.diffMode
      ? { diff: { before: { [question]: before ?? "" }, after: { [question]: shown } } }
      : {}),
  };
}

/** The items of a multiselect in a fixed order. */
function set(value: string): string {
  return value
    .split(",")
    .map((item) => item.trim())
    .sort()
    .join(",");
}
