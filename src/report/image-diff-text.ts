/** The difference of two images for people: paths, attributes, texts in the unified format. */
import type { ConfigDifference, FileDifference, ImageDifference } from "../build/image-diff.ts";
import { shownPath } from "../build/image-stack.ts";
import { tame } from "./build-rows.ts";
import type { Colours } from "./colours.ts";
import { unifiedDiff } from "./unified-diff.ts";
import { changeOf, describeEntry } from "./why-text.ts";

const CONTEXT = 3;

/** @param texts show how text files differ, not only that they do */
export function imageDiffText(
  difference: ImageDifference,
  colours: Colours,
  texts: boolean,
): string {
  const lines: string[] = [];
  for (const file of difference.files) lines.push(...fileLines(file, colours, texts));
  for (const part of difference.config) lines.push(...configLines(part, colours));
  lines.push(summary(difference));
  return `${lines.join("\n")}\n`;
}

function fileLines(file: FileDifference, colours: Colours, texts: boolean): string[] {
  const path = tame(shownPath(file.path));
  const { before, after } = file;
  if (file.kind === "added") return [`${colours.green(`+ ${path}`)}  ${about(after, colours)}`];
  if (file.kind === "removed") return [`${colours.red(`- ${path}`)}  ${about(before, colours)}`];
  if (!before || !after) return [];
  const lines = [colours.yellow(`~ ${path}`)];
  for (const part of file.parts) {
    if (part === "content" && texts && file.texts) continue;
    lines.push(`    ${changeOf(part, before, after)}`);
  }
  if (texts && file.texts) lines.push(...textLines(path, file.texts, colours));
  return lines;
}

function about(entry: FileDifference["after"], colours: Colours): string {
  return entry ? colours.dim(describeEntry(entry)) : "";
}

function textLines(
  path: string,
  texts: { readonly before: string; readonly after: string },
  colours: Colours,
): string[] {
  const headings = { before: `a${path}`, after: `b${path}` };
  const lines = unifiedDiff(linesOf(texts.before), linesOf(texts.after), headings, CONTEXT);
  return lines
    .flatMap((line) => line.replace(/\n$/, "").split("\n"))
    .map((line) => {
      const shown = `    ${tame(line)}`;
      if (line.startsWith("@@")) return colours.cyan(shown);
      if (line.startsWith("+")) return colours.green(shown);
      return line.startsWith("-") ? colours.red(shown) : shown;
    });
}

/** Lines with their ends; the last one says when it has none. */
function linesOf(text: string): string[] {
  const lines = text.split(/(?<=\n)/);
  const last = lines.at(-1);
  if (last === "") lines.pop();
  else if (last !== undefined && !last.endsWith("\n")) {
    lines[lines.length - 1] = `${last}\n\\ No newline at end of file\n`;
  }
  return lines;
}

function configLines(part: ConfigDifference, colours: Colours): string[] {
  const show = (value: unknown) => tame(JSON.stringify(value) ?? "not set");
  return [
    colours.yellow(`~ config ${tame(part.name)}`),
    colours.red(`    - ${show(part.before)}`),
    colours.green(`    + ${show(part.after)}`),
  ];
}

function summary({ files, config }: ImageDifference): string {
  if (files.length === 0 && config.length === 0) return "no difference";
  const count = (kind: FileDifference["kind"]) => files.filter((file) => file.kind === kind).length;
  const parts = [
    `${count("added")} added`,
    `${count("removed")} removed`,
    `${count("changed")} changed`,
  ];
  return `${parts.join(", ")}${config.length > 0 ? `, ${config.length} of the configuration` : ""}`;
}
