/**
 * `community.general.ini_file`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/general/ini_file_module.html
 */
import { decodeBytes, encodeText } from "../lib/bytes.ts";
import { EDIT_OPTIONS, finishEdit, readTextFile } from "../lib/edit-file.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { pathInfo, readStatus } from "../lib/status.ts";
import { touchedPaths } from "../lib/touches.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { removeOption, setOption } from "./ini-lines.ts";

const { validate: _, ...options } = EDIT_OPTIONS;

export const spec = {
  name: "community.general.ini_file",
  summary: "Sets an option in a file of sections and options",
  options: {
    ...options,
    path: { ...EDIT_OPTIONS.path, aliases: ["dest"] },
    section: { type: "str", description: "The section. Without one: what comes before the first." },
    option: { type: "str", description: "The option. Without one the whole section is meant." },
    value: { type: "str", description: "Its value." },
    values: {
      type: "list",
      elements: "str",
      description: "Several values: the option is there once for each.",
    },
    state: {
      type: "str",
      choices: ["absent", "present"],
      default: "present",
      description: "Whether it shall be there.",
    },
    exclusive: {
      type: "bool",
      default: true,
      description: "No other values of the option are left.",
    },
    no_extra_spaces: { type: "bool", default: false, description: "No spaces around `=`." },
    ignore_spaces: {
      type: "bool",
      default: false,
      description: "Other spaces are no difference.",
    },
    allow_no_value: { type: "bool", default: false, description: "Options may have no value." },
    modify_inactive_option: {
      type: "bool",
      default: true,
      description: "An option that is commented out is put in use.",
    },
    create: { type: "bool", default: true, description: "Make the file if it is not there." },
    follow: {
      type: "bool",
      default: false,
      description: "Write to what a link leads to.",
      noEffect: "What a link leads to is always what is written.",
    },
  },
  mutuallyExclusive: [["value", "values"]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: { msg: "What was done.", path: "The file.", backup_file: "Copy of the file as it was." },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const option = textOption(args, "option");
    const value = textOption(args, "value");
    const values = listOption(args, "values") ?? (value === undefined ? [] : [value]);
    const isPresent = textOption(args, "state") !== "absent";
    const allowsNone = flagOption(args, "allow_no_value") ?? false;
    if (isPresent && option !== undefined && !allowsNone && values.length === 0) {
      return fail(
        "Parameter 'value(s)' must be defined if state=present and allow_no_value=False.",
      );
    }
    const file = await readTextFile(context, path);
    if (file.status?.kind === "directory") fail(`${path} is a directory`, { rc: 256 });
    if (!file.status && !(flagOption(args, "create") ?? true)) {
      return fail(`Destination ${path} does not exist!`, { rc: 257 });
    }
    const text = decodeBytes(file.bytes);
    const lines = text === "" ? [] : text.split(/(?<=\n)/);
    const request = {
      section: textOption(args, "section"),
      option,
      values,
      exclusive: flagOption(args, "exclusive") ?? true,
      spaces: !(flagOption(args, "no_extra_spaces") ?? false),
      ignoreSpaces: flagOption(args, "ignore_spaces") ?? false,
      allowsNone,
      useInactive: flagOption(args, "modify_inactive_option") ?? true,
    };
    const edited = isPresent ? setOption(lines, request) : removeOption(lines, request);
    const isChanged = edited.lines.join("") !== text || (isPresent && !file.status);
    const done = await finishEdit(context, args, {
      file,
      content: isChanged ? encodeText(edited.lines.join("")) : undefined,
      message: isChanged ? edited.message : "OK",
    });
    const status = await readStatus(context, path);
    return {
      changed: done.changed,
      msg: isChanged ? edited.message : "OK",
      path,
      diff: Array.isArray(done.diff) ? done.diff[0] : done.diff,
      ...(done.backup === "" ? {} : { backup_file: done.backup }),
      ...pathInfo(status),
    };
  },
);

/** What stands at `path`. */
export function touches(args: Arguments): readonly string[] | undefined {
  return touchedPaths(args, "path");
}
