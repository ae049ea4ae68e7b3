/**
 * `community.general.pamd`: one rule of a PAM service.
 * @see https://docs.ansible.com/ansible/latest/collections/community/general/pamd_module.html
 */
import { decodeBytes, encodeText } from "../lib/bytes.ts";
import { readTextFile } from "../lib/edit-file.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import { expandPaths, joinPath } from "../lib/paths.ts";
import { replaceFile } from "../lib/write.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

const TYPES = [
  "account",
  "-account",
  "auth",
  "-auth",
  "password",
  "-password",
  "session",
  "-session",
];
const NEW = ["new_type", "new_control", "new_module_path"];

export const spec = {
  name: "community.general.pamd",
  summary: "Keeps a rule of a PAM service",
  options: {
    name: { type: "str", required: true, description: "The service, such as `system-auth`." },
    type: { type: "str", required: true, choices: TYPES, description: "Type of the rule." },
    control: { type: "str", required: true, description: "Its control, brackets included." },
    module_path: { type: "str", required: true, description: "Its module." },
    new_type: { type: "str", choices: TYPES, description: "The new type." },
    new_control: { type: "str", description: "The new control." },
    new_module_path: { type: "str", description: "The new module." },
    module_arguments: {
      type: "list",
      elements: "str",
      description: "Arguments of the module; they replace, are added or are removed.",
    },
    state: {
      type: "str",
      default: "updated",
      choices: ["absent", "before", "after", "args_absent", "args_present", "updated"],
      description: "What is done with the rule.",
    },
    path: { type: "path", default: "/etc/pam.d", description: "Where the services are." },
    backup: { type: "bool", default: false, description: "Keep the old file." },
  },
  requiredIf: [
    ["state", "args_present", ["module_arguments"]],
    ["state", "args_absent", ["module_arguments"]],
    ["state", "before", NEW],
    ["state", "after", NEW],
  ],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    change_count: "How many rules were changed.",
    backupdest: "The copy of the old file, or nothing.",
  },
} as const satisfies ModuleSpec;

interface Rule {
  type: string;
  control: string;
  module: string;
  args: string[];
}

/** A line as it stands, and the rule in it if there is one. */
interface Line {
  readonly text: string;
  rule?: Rule;
}

function parse(text: string): Line {
  const match =
    /^\s*(-?(?:account|auth|password|session))\s+(\[[^\]]*\]|[^\s[\]]+)\s+(\S+)\s*(.*)$/i.exec(
      text,
    );
  if (!match) return { text };
  const [, type = "", control = "", module = "", rest = ""] = match;
  return { text, rule: { type, control: control.replace(/\s+/g, " "), module, args: words(rest) } };
}

/** Arguments; one with spaces stands in brackets. */
function words(text: string): string[] {
  return text.match(/(?:\[[^\]]*\]|[^\s[])+/g) ?? [];
}

function show({ text, rule }: Line): string {
  if (!rule) return text;
  const args = rule.args.length > 0 ? ` ${rule.args.join(" ")}` : "";
  return `${rule.type.padEnd(10)} ${rule.control} ${rule.module}${args}`;
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = joinPath(textOption(args, "path") ?? "", textOption(args, "name") ?? "");
    const file = await readTextFile(context, path);
    if (!file.status) {
      fail(
        `Unable to open/read PAM module file ${path} with error [Errno 2] No such file or directory: '${path}'.`,
      );
    }
    const lines = decodeBytes(file.bytes)
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map(parse);
    const { lines: next, count } = edit(lines, args);
    let backupdest = "";
    if (count > 0 && !context.checkMode) {
      const texts = next.map(show);
      const stamp = `# Updated by Ansible - ${new Date().toISOString().replace("Z", "")}`;
      const marked = texts[1]?.startsWith("# Updated by Ansible") ? 2 : 1;
      const content = [...texts.slice(0, 1), stamp, ...texts.slice(marked)].join("\n");
      const replaced = await replaceFile(context, {
        path: file.real,
        content: encodeText(`${content}\n`),
        existing: file.status,
        wanted: {},
        backup: flagOption(args, "backup") ?? false,
      });
      backupdest = replaced.backup ?? "";
    }
    return { changed: count > 0, change_count: count, backupdest };
  },
);

function edit(lines: readonly Line[], args: Arguments): { lines: readonly Line[]; count: number } {
  const state = textOption(args, "state") ?? "updated";
  const option = (name: string) => textOption(args, name);
  const isMeant = ({ rule }: Line) =>
    rule !== undefined &&
    rule.type === option("type") &&
    rule.control === option("control")?.replace(/\s+/g, " ") &&
    rule.module === option("module_path");
  const given = args.module_arguments === undefined ? undefined : moduleArguments(args);
  const fresh = (): Line => ({
    text: "",
    rule: {
      type: option("new_type") ?? "",
      control: option("new_control") ?? "",
      module: option("new_module_path") ?? "",
      args: given ?? [],
    },
  });
  const isFresh = (line: Line | undefined) => {
    const wanted = fresh().rule;
    return (
      line?.rule?.type === wanted?.type &&
      line?.rule?.control === wanted?.control &&
      line?.rule?.module === wanted?.module
    );
  };
  let count = 0;
  const next = lines.flatMap((line, index): Line[] => {
    if (!isMeant(line) || !line.rule) return [line];
    if (state === "absent") {
      count += 1;
      return [];
    }
    if (state === "before" || state === "after") {
      const neighbour = ruleBeside(lines, index, state === "before" ? -1 : 1);
      if (isFresh(neighbour)) return [line];
      count += 1;
      return state === "before" ? [fresh(), line] : [line, fresh()];
    }
    const rule = changedRule(line.rule, state, given, option);
    const now: Line = { text: line.text, rule };
    if (show(now) === show(line)) return [line];
    count += 1;
    return [now];
  });
  return { lines: next, count };
}

function ruleBeside(lines: readonly Line[], index: number, step: number): Line | undefined {
  let at = index + step;
  while (lines[at] && !lines[at]?.rule) at += step;
  return lines[at];
}

/** The arguments, of which one text may hold several. */
function moduleArguments(args: Arguments): string[] {
  return (listOption(args, "module_arguments") ?? []).flatMap(words);
}

function changedRule(
  rule: Rule,
  state: string,
  given: readonly string[] | undefined,
  option: (name: string) => string | undefined,
): Rule {
  const nameOf = (argument: string) => argument.split("=")[0] ?? argument;
  if (state === "args_absent") {
    return { ...rule, args: rule.args.filter((argument) => !given?.includes(argument)) };
  }
  if (state === "args_present") {
    const args = [...rule.args];
    for (const argument of given ?? []) {
      if (args.includes(argument)) continue;
      const same = argument.includes("=")
        ? args.findIndex((old) => old.includes("=") && nameOf(old) === nameOf(argument))
        : -1;
      if (same < 0) args.push(argument);
      else args[same] = argument;
    }
    return { ...rule, args };
  }
  return {
    type: option("new_type") ?? rule.type,
    control: option("new_control") ?? rule.control,
    module: option("new_module_path") ?? rule.module,
    args: given ? [...given] : rule.args,
  };
}
