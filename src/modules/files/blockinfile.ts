/**
 * `ansible.builtin.blockinfile`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/blockinfile_module.html
 */
import { compileRegex, type Pattern } from "../../template/python/regex.ts";
import { latin } from "../lib/bytes.ts";
import { EDIT_OPTIONS, finishEdit, readTextFile } from "../lib/edit-file.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { touchedPaths } from "../lib/touches.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.blockinfile",
  summary: "Sees to it that a block of lines is in a file, between two marks",
  options: {
    ...EDIT_OPTIONS,
    state: {
      type: "str",
      choices: ["absent", "present"],
      default: "present",
      description: "Whether the block shall be there.",
    },
    marker: {
      type: "str",
      default: "# {mark} ANSIBLE MANAGED BLOCK",
      description: "The lines around the block; `{mark}` is replaced.",
    },
    block: {
      type: "str",
      default: "",
      aliases: ["content"],
      description: "The lines. Nothing removes the block.",
    },
    insertafter: {
      type: "str",
      description: "Expression for the line to insert a new block after; `EOF` for the end.",
    },
    insertbefore: {
      type: "str",
      description: "Expression for the line to insert a new block before; `BOF` for the beginning.",
    },
    create: { type: "bool", default: false, description: "Make the file if it is not there." },
    marker_begin: { type: "str", default: "BEGIN", description: "`{mark}` of the first line." },
    marker_end: { type: "str", default: "END", description: "`{mark}` of the last line." },
    append_newline: {
      type: "bool",
      default: false,
      description: "An empty line after the block, unless it ends the file.",
    },
    prepend_newline: {
      type: "bool",
      default: false,
      description: "An empty line before the block, unless it begins the file.",
    },
  },
  mutuallyExclusive: [["insertbefore", "insertafter"]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    msg: "What was done.",
    backup_file: "Name of the copy of the file as it was.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const file = await readTextFile(context, path);
    if (file.status?.kind === "directory") {
      return fail(`Path ${path} is a directory !`, { rc: 256 });
    }
    if (!file.status && !flagOption(args, "create")) {
      return fail(`Path ${path} does not exist !`, { rc: 257 });
    }
    const original = file.bytes.toString("latin1");
    const block = blockLines(args);
    const result = placeBlock(args, original, block);
    const changed = !file.status || result !== original;
    const message = !changed
      ? ""
      : !file.status
        ? "File created"
        : block.length === 0
          ? "Block removed"
          : "Block inserted";
    const content = changed ? Buffer.from(result, "latin1") : undefined;
    const done = await finishEdit(context, args, { file, content, message });
    const backup = done.backup === "" ? {} : { backup_file: done.backup };
    return { changed: done.changed, msg: done.msg, diff: done.diff, ...backup };
  },
);

function marker(args: Arguments, which: "marker_begin" | "marker_end"): string {
  const mark = textOption(args, which) ?? "";
  return `${latin((textOption(args, "marker") ?? "").replaceAll("{mark}", mark))}\n`;
}

/** The block with its marks; empty if there shall be none. */
function blockLines(args: Arguments): string[] {
  const block = latin(textOption(args, "block") ?? "");
  if (textOption(args, "state") === "absent" || block === "") return [];
  const text = block.endsWith("\n") ? block : `${block}\n`;
  return [marker(args, "marker_begin"), ...splitKeep(text), marker(args, "marker_end")];
}

/** Lines with their ends: `\n`, `\r\n` or `\r`. */
function splitKeep(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n|\r(?!\n))/);
}

function placeBlock(args: Arguments, original: string, block: readonly string[]): string {
  const begin = marker(args, "marker_begin");
  const end = marker(args, "marker_end");
  const lines = splitKeep(original);
  const at = lines.lastIndexOf(begin);
  let last = lines.lastIndexOf(end);
  // A final line without its newline is still the mark.
  if (last < 0 && lines.at(-1) !== undefined && `${lines.at(-1)}\n` === end)
    last = lines.length - 1;
  let place: number;
  if (at < 0 || last < 0) place = insertionPoint(args, lines);
  else if (at < last) {
    lines.splice(at, last - at + 1);
    place = at;
  } else {
    lines.splice(last, at - last + 1);
    place = last;
  }
  const before = lines[place - 1];
  if (before !== undefined && !before.endsWith("\n")) lines[place - 1] = `${before}\n`;
  const placed = [...block];
  if (block.length > 0) {
    if (flagOption(args, "prepend_newline") && place > 0 && !isBlank(lines[place - 1])) {
      placed.unshift("\n");
    }
    if (flagOption(args, "append_newline") && place < lines.length && !isBlank(lines[place])) {
      placed.push("\n");
    }
  }
  lines.splice(place, 0, ...placed);
  return lines.join("");
}

function isBlank(line: string | undefined): boolean {
  return line === "\n" || line === "\r\n";
}

/** Where a block goes that is not there yet: the last line that matches decides. */
function insertionPoint(args: Arguments, lines: readonly string[]): number {
  const after = textOption(args, "insertafter");
  const before = textOption(args, "insertbefore");
  if (before === "BOF") return 0;
  const expression = before ?? (after === "EOF" ? undefined : after);
  if (expression === undefined) return lines.length;
  const regex = pattern(expression);
  let found = -1;
  for (const [index, line] of lines.entries()) if (regex.search(line)) found = index;
  if (found < 0) return lines.length;
  return before === undefined ? found + 1 : found;
}

function pattern(expression: string): Pattern {
  try {
    return compileRegex(latin(expression), { ascii: true });
  } catch (error) {
    return fail(
      `invalid regular expression '${expression}': ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** What stands at `path`. */
export function touches(args: Arguments): readonly string[] | undefined {
  return touchedPaths(args, "path");
}
