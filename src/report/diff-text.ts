/** The `diff` of a result as it is shown with `--diff`. */
import type { EngineSettings } from "../engine/settings.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { str, truth } from "../values/python.ts";
import type { Tone } from "./ansi.ts";
import { jsonOf, type ResultEvent } from "./callback.ts";
import type { Display } from "./display.ts";
import { unifiedDiff } from "./unified-diff.ts";

/** @returns `undefined` when nothing changed, or the result has no differences */
export function diffText(
  event: ResultEvent,
  display: Display,
  settings: EngineSettings,
): string | undefined {
  if (!event.task.diffMode) return undefined;
  const diff = event.result.get("diff");
  if (diff === undefined || !truth(diff)) return undefined;
  if (!truth(event.result.get("changed") ?? false)) return undefined;
  const context = settings.number("DIFF_CONTEXT") ?? 3;
  const text = (Array.isArray(diff) ? diff : [diff])
    .filter((part) => part instanceof Dict)
    .map((part) => onePart(part, display, context))
    .join("");
  return text === "" ? undefined : text;
}

function onePart(diff: Dict, display: Display, context: number): string {
  const notes: string[] = [];
  if (diff.has("dst_binary")) notes.push("diff skipped: destination file appears to be binary\n");
  if (diff.has("src_binary")) notes.push("diff skipped: source file appears to be binary\n");
  for (const [key, what] of [
    ["dst_larger", "destination"],
    ["src_larger", "source"],
  ] as const) {
    const size = diff.get(key);
    if (size !== undefined) {
      notes.push(`diff skipped: ${what} file size is greater than ${str(size)}\n`);
    }
  }
  if (diff.has("before") && diff.has("after")) {
    const lines = unifiedDiff(
      linesOf(diff.get("before") ?? null),
      linesOf(diff.get("after") ?? null),
      { before: heading(diff, "before"), after: heading(diff, "after") },
      context,
    );
    notes.push(...lines.map((line) => display.paint(line, toneOf(line))));
    if (lines.length > 0) notes.push("\n");
  }
  const prepared = diff.get("prepared");
  if (prepared !== undefined) notes.push(str(prepared));
  return notes.join("");
}

function heading(diff: Dict, side: "before" | "after"): string {
  const given = diff.get(`${side}_header`) ?? null;
  return given === null || str(given) === "" ? side : `${side}: ${str(given)}`;
}

/** Lines with their ends; the last one says when it has none. */
function linesOf(value: Value): string[] {
  const text =
    value === null
      ? ""
      : value instanceof Dict
        ? `${jsonOf(value, { indent: 4 })}\n`
        : (textOf(value) ?? str(value));
  const lines: string[] = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const last = lines.at(-1);
  if (last !== undefined && !last.endsWith("\n")) {
    lines[lines.length - 1] = `${last}\n\\ No newline at end of file\n`;
  }
  return lines;
}

function toneOf(line: string): Tone | undefined {
  if (line.startsWith("+")) return "diff_add";
  if (line.startsWith("-")) return "diff_remove";
  return line.startsWith("@@") ? "diff_lines" : undefined;
}
