/** Reading flags with commander, with this program's errors and exit codes. */
import { type Command, CommanderError } from "commander";
import { UsageError } from "../errors/index.ts";

/** Collects an option that may be given more than once. */
export function repeated(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

export interface Parsed<T> {
  /** Absent when help was asked for and shown. */
  readonly flags: T | undefined;
  readonly operands: readonly string[];
}

/** @throws UsageError for a flag that is not known or lacks its value */
export function parseFlags<T extends object>(command: Command, argv: readonly string[]): Parsed<T> {
  if (!command.options.some(({ long }) => long === "--debug")) {
    command.option("--debug", "stack traces of errors");
  }
  command
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError(true);
  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return { flags: undefined, operands: [] };
    const [message = "", ...more] = error.message.replace(/^error: /, "").split("\n");
    throw new UsageError(message, {
      hint: more.join(" ").replace(/[()]/g, "").trim() || `See ${command.name()} --help.`,
      cause: error,
    });
  }
  return { flags: command.opts<T>(), operands: command.args };
}
