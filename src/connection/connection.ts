/**
 * The Connection seam: a shell in some place (a sandbox, a container, an SSH machine, this machine).
 * One long-lived POSIX shell a host; running a script costs a round trip, not a process tree on the
 * controller. Every implementation passes `contract.ts`.
 */
import type { Duplex } from "node:stream";
import { LayerbookError } from "../errors/index.ts";

/** Who a script runs as, when that is not the user the connection logged in as. */
export interface Become {
  readonly user: string;
  /** `sudo`, `su`, `doas`, `runuser`, ... as `become_method` names them. */
  readonly method: string;
  /** Replaces the method's program (`become_exe`). */
  readonly executable?: string | undefined;
  /** Replaces the method's default flags (`become_flags`). */
  readonly flags?: string | undefined;
  readonly password?: string | undefined;
}

/** Bytes for a script's standard input: in memory, or a file of the controller that is streamed. */
export type Input = Uint8Array | { readonly path: string };

export type OutputStream = "stdout" | "stderr";

export interface RunOptions {
  /** Absent: the script reads from /dev/null. */
  readonly stdin?: Input | undefined;
  readonly become?: Become | undefined;
  /**
   * Receives output while the script runs, in order for each stream. With `collect: false` it is the
   * only place the output goes, so that a large file is fetched in bounded memory.
   */
  readonly onOutput?: ((stream: OutputStream, chunk: Buffer) => void | Promise<void>) | undefined;
  /** Whether `stdout` and `stderr` of the result are filled. Default true. */
  readonly collect?: boolean | undefined;
  /** Kills the script, and with it the shell, when it has not ended by then. Milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
  /** Exit code of the script; 128 + n when signal n ended it. */
  readonly rc: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** A shell somewhere. Calls are served one after the other in the order they were made. */
export interface Connection {
  /** For messages: `sandbox`, `container builder`, `ssh web1`. */
  readonly label: string;
  /**
   * Runs a POSIX sh script in a subshell of the long-lived shell: `cd`, variables and traps of one
   * script do not reach the next. The functions of `prelude.ts` are defined. Nothing of the script
   * or its input appears in a process list.
   *
   * @throws ConnectionError when the place is gone or was never reached; never for rc != 0.
   */
  run(script: string, options?: RunOptions): Promise<RunResult>;
  /**
   * Gives the shell up for one program: its standard streams become the returned stream's. What the
   * program says on standard error, and its end, come as the stream's error when it said anything
   * before it wrote output. Destroying the stream closes the connection.
   *
   * @throws ConnectionError when the place is gone or was never reached
   */
  tunnel?(script: string, become?: Become): Promise<Duplex>;
  /** Goes back to the login user, so that the next `become` sees new groups and passwords. */
  leave(): Promise<void>;
  /** Ends the shell and all it holds. Safe to call twice. */
  close(): Promise<void>;
}

/** The place cannot be reached (any more): Ansible's UNREACHABLE. */
export class ConnectionError extends LayerbookError {}

/** A script did not end in the time it was given. The connection must be opened anew. */
export class ConnectionTimeout extends ConnectionError {}

/** Quotes a text as one word of a POSIX shell. Lossless for every text without NUL. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
