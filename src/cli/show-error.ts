/** Turns an error into what a person reads: what, where with the line shown, and what to do. */
import { readFileSync } from "node:fs";
import { type ExitCode, LayerbookError, messageOf, type SourcePosition } from "../errors/index.ts";
import { coloured } from "../report/ansi.ts";
import type { Colours } from "../report/colours.ts";
import { ArgumentError } from "./arguments.ts";

export interface ShowErrorOptions {
  readonly colours: Colours;
  /** Adds the stack trace. */
  readonly debug: boolean;
  /** The name of Ansible's program that this stands in for: errors are shaped as its are. */
  readonly dropIn: string | undefined;
}

/** The exit code of anything that was thrown: 250 for what nobody foresaw. */
export function exitCodeOf(error: unknown, dropIn: string | undefined): ExitCode {
  if (dropIn !== undefined && error instanceof ArgumentError) return 2;
  return error instanceof LayerbookError ? error.exitCode : 250;
}

/** @returns lines for standard error, with a final newline */
export function describeError(error: unknown, options: ShowErrorOptions): string {
  if (options.dropIn !== undefined && error instanceof ArgumentError) {
    return `${error.usage}${options.dropIn}: error: ${error.message}\n`;
  }
  const lines =
    options.dropIn === undefined ? ownShape(error, options) : ansibleShape(error, options);
  const { debug } = options;
  if (debug && error instanceof Error) lines.push("", error.stack ?? "");
  for (let cause = causeOf(error); debug && cause; cause = causeOf(cause)) {
    lines.push(`caused by: ${cause instanceof Error ? cause.stack : String(cause)}`);
  }
  return `${lines.join("\n")}\n`;
}

function ownShape(error: unknown, { colours, debug }: ShowErrorOptions): string[] {
  const lines = [`${colours.red("ERROR!")} ${messageOf(error)}`];
  if (error instanceof LayerbookError) {
    if (error.position) lines.push("", ...excerpt(error.position, colours));
    if (error.hint) lines.push("", `${colours.bold("hint:")} ${error.hint}`);
  } else if (!debug) {
    lines.push("", "This is a defect of Layerbook. Run again with --debug for the stack trace.");
  }
  return lines;
}

/** As Ansible says it, with the hint below. */
function ansibleShape(error: unknown, { colours }: ShowErrorOptions): string[] {
  let text: string;
  if (!(error instanceof LayerbookError)) {
    text = `Unexpected Exception, this is probably a bug: ${messageOf(error)}`;
  } else if (error.exitCode === 99) {
    text = "User interrupted execution";
  } else {
    const parts = [error.message];
    if (error.position) parts.push(...ansiblePlace(error.position));
    if (error.hint) parts.push("", error.hint);
    text = parts.join("\n");
  }
  const shown = `ERROR! ${text}`;
  return [colours.isColorSupported ? coloured(shown, "red") : shown];
}

function ansiblePlace({ file, line, column }: SourcePosition): string[] {
  const lines = [
    "",
    `The error appears to be in '${file}': line ${line}, column ${column}, but may`,
    "be elsewhere in the file depending on the exact syntax problem.",
  ];
  const text = linesOf(file);
  const source = text?.[line - 1];
  if (text === undefined || source === undefined) return lines;
  const before = text[line - 2];
  return [
    ...lines,
    "",
    "The offending line appears to be:",
    "",
    ...(before === undefined ? [""] : [before]),
    source,
    `${" ".repeat(Math.max(0, column - 1))}^ here`,
  ];
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function linesOf(file: string): string[] | undefined {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return undefined;
  }
}

/** `file:line:column`, the line with one before and after it, and a mark under the column. */
export function excerpt(position: SourcePosition, colours: Colours): string[] {
  const { file, line, column } = position;
  const lines = [colours.bold(`${shorten(file)}:${line}:${column}`)];
  const text = linesOf(file);
  if (!text) return lines;
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
