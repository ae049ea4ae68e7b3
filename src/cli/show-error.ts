/** Turns an error into what a person reads: what, where with the line shown, and what to do. */
import { readFileSync } from "node:fs";
import { type ExitCode, LayerbookError, messageOf, type SourcePosition } from "../errors/index.ts";
import type { Colours } from "../report/colours.ts";

/** The exit code of anything that was thrown: 250 for what nobody foresaw. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof LayerbookError ? error.exitCode : 250;
}

/**
 * @param debug adds the stack trace
 * @returns lines for standard error, with a final newline
 */
export function describeError(error: unknown, colours: Colours, debug: boolean): string {
  const lines = [`${colours.red("ERROR!")} ${messageOf(error)}`];
  if (error instanceof LayerbookError) {
    if (error.position) lines.push("", ...excerpt(error.position, colours));
    if (error.hint) lines.push("", `${colours.bold("hint:")} ${error.hint}`);
  } else if (!debug) {
    lines.push("", "This is a defect of Layerbook. Run again with --debug for the stack trace.");
  }
  if (debug && error instanceof Error) lines.push("", error.stack ?? "");
  for (let cause = causeOf(error); debug && cause; cause = causeOf(cause)) {
    lines.push(`caused by: ${cause instanceof Error ? cause.stack : String(cause)}`);
  }
  return `${lines.join("\n")}\n`;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

/** `file:line:column`, the line with one before and after it, and a mark under the column. */
export function excerpt(position: SourcePosition, colours: Colours): string[] {
  const { file, line, column } = position;
  const lines = [colours.bold(`${shorten(file)}:${line}:${column}`)];
  let text: string[];
  try {
    text = readFileSync(file, "utf8").split("\n");
  } catch {
    return lines;
  }
  const width = String(line + 1).length;
  for (const number of [line - 1, line, line + 1]) {
    const source = text[number - 1];
    if (source === undefined || (number === line + 1 && source === "")) continue;
    lines.push(`${colours.dim(`${String(number).padStart(width)} |`)} ${source}`);
    if (number === line) {
      const indent = source.slice(0, column - 1).replaceAll(/[^\t]/g, " ");
      lines.push(`${colours.dim(`${" ".repeat(width)} |`)} ${indent}${colours.red("^ here")}`);
    }
  }
  return lines;
}

/** Relative to the working directory where that is shorter. */
export function shorten(path: string): string {
  const here = `${process.cwd()}/`;
  return path.startsWith(here) ? path.slice(here.length) : path;
}
