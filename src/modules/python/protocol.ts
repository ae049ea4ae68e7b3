/** What is said between this process and a plugin host (host-program.ts). */
import { TemplateRuntimeError } from "../../template/errors.ts";

export type Request = { readonly op: string } & Readonly<Record<string, unknown>>;

/** A question that the host asks while it works on a request. */
export interface Question {
  readonly ask: string;
  readonly name?: string;
  /** Whose variable, when it is not that of the task's host. */
  readonly host?: string | null;
  readonly command?: string;
  /** Base64. */
  readonly input?: string | null;
  readonly source?: string;
  readonly destination?: string;
}

export type HostMessage =
  | Question
  | { readonly say: "warning" | "deprecated"; readonly text: string }
  | { readonly done: unknown }
  | { readonly failed: HostFailure };

export interface HostFailure {
  /** Name of Python's exception. */
  readonly type: string;
  readonly message: string;
  readonly traceback?: string;
}

/** What every host is told first. */
export interface HostStart {
  /** Where relative names begin: the playbook's folder. */
  readonly directory: string;
  /** Folders of `-M` and ANSIBLE_LIBRARY. */
  readonly modulePath: readonly string[];
  readonly verbosity: number;
  readonly warn: (message: string) => void;
  readonly deprecate: (message: string) => void;
}

export function startRequest(start: HostStart): Request {
  const { directory, modulePath, verbosity } = start;
  return { op: "start", directory, modulePath, verbosity, collectionsPath: [] };
}

/** An exception of a plugin. */
export class PluginError extends TemplateRuntimeError {
  /** Python's traceback. */
  readonly traceback: string | undefined;
  constructor(failure: HostFailure) {
    super(failure.type, failure.message);
    this.traceback = failure.traceback;
  }
}

export type Answer = { readonly value: unknown } | { readonly error: string };
