/**
 * Typed errors. Every failure a user can meet is a {@link LayerbookError}: what happened, where
 * (file, line, column), why, and what to do about it. Only `cli/` turns one into text and an exit code.
 */

/** A place in a text that a person wrote. Lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Exit codes as `ansible-playbook` documents them: 1 an error before or outside of tasks,
 * 2 a host failed, 4 unreachable host or a playbook that cannot be parsed, 5 bad options,
 * 99 interrupted, 250 an unexpected exception.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 99 | 130 | 250;

export interface ErrorDetails {
  /** Where in the user's own text the cause is. */
  readonly position?: SourcePosition | undefined;
  /** What the user can do about it: one or two sentences, imperative. */
  readonly hint?: string | undefined;
  readonly exitCode?: ExitCode | undefined;
  readonly cause?: unknown;
}

/** Base of every error that is meant to be read by a user. */
export class LayerbookError extends Error {
  readonly position: SourcePosition | undefined;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.position = details.position;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? 1;
  }
}

/** The playbook, a role, an inventory or a project file is not what the language allows. */
export class ParseError extends LayerbookError {
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { exitCode: 4, ...details });
  }
}

/** Something Ansible has and Layerbook refuses by name. */
export class UnsupportedError extends LayerbookError {
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { exitCode: 4, ...details });
  }
}

/** A flag or argument of the command line is wrong. */
export class UsageError extends LayerbookError {
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { exitCode: 5, ...details });
  }
}

/** A tool, daemon or right that the machine would have to provide is missing. */
export class EnvironmentError extends LayerbookError {}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
