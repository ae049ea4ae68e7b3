/**
 * `ansible.builtin.replace`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/replace_module.html
 */
import { compileRegex } from "../../template/python/regex.ts";
import { EDIT_OPTIONS, finishEdit, readTextFile } from "../lib/edit-file.ts";
import { decodeAs, encodeAs } from "../lib/encodings.ts";
import { fail, failing } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { touchedPaths } from "../lib/touches.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.replace",
  summary: "Replaces every match of an expression in a file",
  options: {
    ...EDIT_OPTIONS,
    regexp: {
      type: "str",
      required: true,
      description: "What is replaced; `^` and `$` match at every line.",
    },
    replace: {
      type: "str",
      default: "",
      description: "What takes its place, with `\\1` or `\\g<name>` for groups.",
    },
    after: { type: "str", description: "Only what comes after a match of this is looked at." },
    before: { type: "str", description: "Only what comes before a match of this is looked at." },
    encoding: { type: "str", default: "utf-8", description: "Encoding of the file." },
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    msg: "How many were replaced.",
    rc: "0; 256 for a directory, 257 for a file that is not there.",
    backup_file: "Name of the copy of the file as it was.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const encoding = textOption(args, "encoding") ?? "utf-8";
    const file = await readTextFile(context, path);
    if (file.status?.kind === "directory") {
      return fail(`Path ${path} is a directory !`, { rc: 256 });
    }
    if (!file.status) return fail(`Path ${path} does not exist !`, { rc: 257 });
    const text = decodeAs(file.bytes, encoding);
    const replaced = replaceIn(args, text);
    if (typeof replaced === "string") return { rc: 0, msg: replaced, changed: false };
    const isChanged = replaced.count > 0 && replaced.text !== text;
    const done = await finishEdit(context, args, {
      file,
      content: isChanged ? encodeAs(replaced.text, encoding) : undefined,
      message: isChanged ? `${replaced.count} replacements made` : "",
    });
    const diff =
      isChanged && context.diffMode
        ? {
            diff: {
              before_header: path,
              before: text,
              after_header: path,
              after: replaced.text,
            },
          }
        : {};
    const backup = done.backup === "" ? {} : { backup_file: done.backup };
    return { rc: 0, ...diff, ...backup, msg: done.msg, changed: done.changed };
  },
);

/** The new text and how many matches were replaced, or why nothing was looked at. */
function replaceIn(
  args: Arguments,
  text: string,
): { readonly text: string; readonly count: number } | string {
  const after = textOption(args, "after");
  const before = textOption(args, "before");
  try {
    let from = 0;
    let to = text.length;
    if (after !== undefined || before !== undefined) {
      const lazy = before === undefined ? "" : "?";
      const match = compileRegex(
        `(?P<lb_head>${after ?? ""})(?P<subsection>.*${after === undefined ? "" : lazy})${before ?? ""}`,
        { dotAll: true },
      ).search(text);
      if (!match) {
        const pattern = `${after ?? ""}(?P<subsection>.*${after === undefined ? "" : lazy})${before ?? ""}`;
        return `Pattern for before/after params did not match the given file: ${pattern}`;
      }
      const group = (name: string) => match.groups[match.groupNames.get(name) ?? 0] ?? "";
      from = match.start + group("lb_head").length;
      to = from + group("subsection").length;
    }
    const expression = compileRegex(textOption(args, "regexp") ?? "", { multiline: true });
    const section = text.slice(from, to);
    const result = expression.sub(textOption(args, "replace") ?? "", section);
    return { text: text.slice(0, from) + result.text + text.slice(to), count: result.count };
  } catch (error) {
    return fail(
      `Unable to process replace due to error: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** What stands at `path`. */
export function touches(args: Arguments): readonly string[] | undefined {
  return touchedPaths(args, "path");
}
