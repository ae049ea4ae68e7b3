/** The shell of a build's session: it starts the container with the first script, and anew where it must. */
import { type Connection, ConnectionError, type RunOptions, type RunResult } from "./connection.ts";

/** What the session gives its connection. */
export interface ShellSource {
  /** Runs work when everything asked for before is done. */
  enqueue<T>(work: () => Promise<T>): Promise<T>;
  /** The shell of the running container, which is started if need be. */
  shell(): Promise<Connection>;
  /** The shell if there is one. */
  running(): Connection | undefined;
  close(): Promise<void>;
  readonly signal: AbortSignal | undefined;
}

export class SequencedConnection implements Connection {
  readonly label: string;
  readonly #source: ShellSource;

  /** @param label for messages */
  constructor(label: string, source: ShellSource) {
    this.label = label;
    this.#source = source;
  }

  run(script: string, options: RunOptions = {}): Promise<RunResult> {
    return this.#source.enqueue(async () => {
      const signal = either(options.signal, this.#source.signal);
      if (signal?.aborted)
        throw new ConnectionError(`${this.label}: interrupted`, { exitCode: 99 });
      const shell = await this.#source.shell();
      return shell.run(script, signal ? { ...options, signal } : options);
    });
  }

  leave(): Promise<void> {
    return this.#source.enqueue(async () => this.#source.running()?.leave());
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

function either(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a && b ? AbortSignal.any([a, b]) : (a ?? b);
}
