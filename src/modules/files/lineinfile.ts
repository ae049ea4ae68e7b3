/**
 * `ansible.builtin.lineinfile`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/lineinfile_module.html
 */
import { compileRegex, type Match, type Pattern } from "../../template/python/regex.ts";
import { latin } from "../lib/bytes.ts";
import { EDIT_OPTIONS, finishEdit, readTextFile } from "../lib/edit-file.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { touchedPaths } from "../lib/touches.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.lineinfile",
  summary: "Sees to it that a line is in a file, or is not",
  options: {
    ...EDIT_OPTIONS,
    state: {
      type: "str",
      choices: ["absent", "present"],
      default: "present",
      description: "Whether the line shall be there.",
    },
    regexp: {
      type: "str",
      aliases: ["regex"],
      description: "The last line that it matches is replaced; with `absent`, all are removed.",
    },
    search_string: { type: "str", description: "Like `regexp`, but a plain text." },
    line: { type: "str", aliases: ["value"], description: "The line." },
    backrefs: {
      type: "bool",
      default: false,
      description:
        "`line` may refer to groups of `regexp`; nothing is added where it does not match.",
    },
    insertafter: {
      type: "str",
      description: "Expression for the line to insert after; `EOF` for the end.",
    },
    insertbefore: {
      type: "str",
      description: "Expression for the line to insert before; `BOF` for the beginning.",
    },
    create: { type: "bool", default: false, description: "Make the file if it is not there." },
    firstmatch: {
      type: "bool",
      default: false,
      description: "Use the first line that matches, not the last.",
    },
  },
  mutuallyExclusive: [
    ["insertbefore", "insertafter"],
    ["regexp", "search_string"],
    ["backrefs", "search_string"],
  ],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    msg: "What was done.",
    backup: "Name of the copy of the file as it was.",
    found: "Number of lines that were removed.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    for (const name of ["regexp", "search_string"]) {
      if (textOption(args, name) !== "") continue;
      const kind = name === "regexp" ? "regular expression" : "search string";
      context.warn(
        `The ${kind} is an empty string, which will match every line in the file. This may have unintended consequences, such as replacing the last line in the file rather than appending.${
          name === "regexp"
            ? " If this is desired, use '^' to match every line in the file and avoid this warning."
            : ""
        }`,
      );
    }
    const present = textOption(args, "state") !== "absent";
    const line = textOption(args, "line");
    if (present && flagOption(args, "backrefs") && textOption(args, "regexp") === undefined) {
      return fail("regexp is required with backrefs=true");
    }
    if (present && line === undefined) return fail("line is required with state=present");
    const named = ["regexp", "search_string", "line"].some(
      (n) => textOption(args, n) !== undefined,
    );
    if (!present && !named) {
      return fail("one of line, search_string, or regexp is required with state=absent");
    }
    const file = await readTextFile(context, path);
    if (file.status?.kind === "directory") {
      return fail(`Path ${path} is a directory !`, { rc: 256 });
    }
    if (!file.status) {
      if (!present) return { changed: false, msg: "file not present" };
      if (!flagOption(args, "create")) {
        return fail(`Destination ${path} does not exist !`, { rc: 257 });
      }
    }
    const lines = splitKeep(file.bytes.toString("latin1"));
    const edited = present
      ? ensureLine(args, lines, latin(line ?? ""))
      : removeLines(args, lines, line === undefined ? undefined : latin(line));
    const content = edited.lines && Buffer.from(edited.lines.join(""), "latin1");
    const done = await finishEdit(context, args, { file, content, message: edited.message });
    const found = edited.found === undefined ? {} : { found: edited.found };
    return { changed: done.changed, ...found, msg: done.msg, backup: done.backup, diff: done.diff };
  },
);

interface EditedLines {
  /** Absent if nothing changed. */
  readonly lines?: readonly string[];
  readonly message: string;
  readonly found?: number;
}

/** Lines with their newlines. */
function splitKeep(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

function bare(line: string | undefined): string | undefined {
  return line?.replace(/[\r\n]+$/, "");
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

/** The lines with the line in its place. */
function ensureLine(args: Arguments, lines: string[], line: string): EditedLines {
  const { index, match, insertAt } = find(args, lines, line);
  const { after } = places(args);
  const backrefs = flagOption(args, "backrefs") ?? false;
  const added = (at: number): EditedLines => ({
    lines: [...lines.slice(0, at), `${line}\n`, ...lines.slice(at)],
    message: "line added",
  });
  const finishLast = () => {
    const last = lines.at(-1);
    if (last !== undefined && !/[\r\n]$/.test(last)) lines[lines.length - 1] = `${last}\n`;
  };
  if (index >= 0) {
    const text = backrefs && match ? expand(args, match, line) : line;
    const next = text.endsWith("\n") ? text : `${text}\n`;
    if (lines[index] === next) return { message: "" };
    const replaced = [...lines];
    replaced[index] = next;
    return { lines: replaced, message: "line replaced" };
  }
  if (backrefs) return { message: "" };
  if (textOption(args, "insertbefore") === "BOF" || after === "BOF") return added(0);
  if (after === "EOF" || insertAt < 0) {
    finishLast();
    return added(lines.length);
  }
  if (after !== undefined) {
    finishLast();
    const at = insertAt === lines.length ? insertAt - 1 : insertAt;
    return bare(lines[at]) === line ? { message: "" } : added(insertAt);
  }
  return added(insertAt);
}

/** Where `insertafter` and `insertbefore` say; the end is the default. */
function places(args: Arguments): { readonly after?: string; readonly before?: string } {
  const before = textOption(args, "insertbefore");
  const after = textOption(args, "insertafter") ?? (before === undefined ? "EOF" : undefined);
  return {
    ...(after === undefined ? {} : { after }),
    ...(before === undefined ? {} : { before }),
  };
}

/** The line that is to be replaced, and where a new one would go. */
function find(
  args: Arguments,
  lines: readonly string[],
  line: string,
): { readonly index: number; readonly match: Match | undefined; readonly insertAt: number } {
  const first = flagOption(args, "firstmatch") ?? false;
  const regexp = textOption(args, "regexp");
  const search = textOption(args, "search_string");
  const expression = regexp === undefined ? undefined : pattern(regexp);
  const wanted = search === undefined ? undefined : latin(search);
  let index = -1;
  let match: Match | undefined;
  if (expression || wanted !== undefined) {
    for (const [at, text] of lines.entries()) {
      const found = expression?.search(text);
      if (!found && !(wanted !== undefined && text.includes(wanted))) continue;
      index = at;
      match = found;
      if (first) break;
    }
    if (index >= 0) return { index, match, insertAt: -1 };
  }
  const { after, before } = places(args);
  const place =
    after !== undefined && after !== "BOF" && after !== "EOF"
      ? pattern(after)
      : before !== undefined && before !== "BOF"
        ? pattern(before)
        : undefined;
  let insertAt = -1;
  for (const [at, text] of lines.entries()) {
    if (bare(text) === line) index = at;
    else if (place?.search(text)) {
      insertAt = after === undefined ? at : at + 1;
      if (first) break;
    }
  }
  return { index, match: undefined, insertAt };
}

function expand(args: Arguments, match: Match, line: string): string {
  try {
    return pattern(textOption(args, "regexp") ?? "").template(line)(match);
  } catch (error) {
    return fail(`invalid reference in line: ${error instanceof Error ? error.message : error}`);
  }
}

function removeLines(
  args: Arguments,
  lines: readonly string[],
  line: string | undefined,
): EditedLines {
  const regexp = textOption(args, "regexp");
  const search = textOption(args, "search_string");
  const expression = regexp === undefined ? undefined : pattern(regexp);
  const wanted = search === undefined ? undefined : latin(search);
  const kept = lines.filter((text) => {
    if (expression) return !expression.search(text);
    if (wanted !== undefined) return !text.includes(wanted);
    return bare(text) !== line;
  });
  const found = lines.length - kept.length;
  if (found === 0) return { message: "", found };
  return { lines: kept, message: `${found} line(s) removed`, found };
}

/** What stands at `path`. */
export function touches(args: Arguments): readonly string[] | undefined {
  return touchedPaths(args, "path");
}
