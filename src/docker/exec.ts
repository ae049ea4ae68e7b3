/** Processes in running containers. https://docs.docker.com/reference/api/engine/#tag/Exec */
import { setTimeout as sleep } from "node:timers/promises";
import { LayerbookError } from "../errors/index.ts";
import { type EngineHttp, segment } from "./http.ts";
import { type Attached, attach } from "./multiplex.ts";
import type { ExecInspect } from "./types.ts";

export interface ExecOptions {
  /** Name, uid, or `user:group`. */
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  /** Added to the container's own, `NAME=value`. */
  readonly env?: readonly string[] | undefined;
  readonly tty?: boolean;
  readonly privileged?: boolean;
  /** Whether the process has an input; without one it reads the end at once. Default true. */
  readonly stdin?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A process in a container, with its streams. */
export interface ExecProcess extends Attached {
  readonly id: string;
  /** Waits for the end of the streams and asks for the exit code. */
  exitCode(): Promise<number>;
}

export interface ExecOutcome {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** How long the daemon may take to note the exit code of a process whose streams have ended. */
const EXIT_CODE_PATIENCE_MS = 10_000;

export class Exec {
  readonly #http: EngineHttp;

  constructor(http: EngineHttp) {
    this.#http = http;
  }

  /** Starts a process and hands over its streams. */
  async start(
    container: string,
    argv: readonly string[],
    options: ExecOptions = {},
  ): Promise<ExecProcess> {
    const tty = options.tty ?? false;
    const id = await this.#create(container, argv, options, true);
    const hijacked = await this.#http.hijack({
      method: "POST",
      path: `/exec/${segment(id)}/start`,
      json: { Detach: false, Tty: tty },
      signal: options.signal,
    });
    const attached = attach(hijacked, tty);
    const exitCode = async () => {
      await attached.closed;
      return this.#exitCode(id, argv[0] ?? "");
    };
    return { ...attached, id, exitCode };
  }

  /** Runs a process to its end. */
  async run(
    container: string,
    argv: readonly string[],
    options: Omit<ExecOptions, "stdin"> & { readonly input?: Uint8Array } = {},
  ): Promise<ExecOutcome> {
    const stdin = options.input !== undefined;
    const process = await this.start(container, argv, { ...options, stdin });
    // Behind a terminal the Engine takes the end of the input for the wish to hang up.
    if (!options.tty) process.stdin.end(options.input);
    else if (options.input) process.stdin.write(options.input);
    const abort = () => process.destroy();
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      const [stdout, stderr] = await Promise.all([all(process.stdout), all(process.stderr)]);
      const failure = await process.closed;
      options.signal?.throwIfAborted();
      if (failure) throw failure;
      return { exitCode: await process.exitCode(), stdout, stderr };
    } finally {
      options.signal?.removeEventListener("abort", abort);
    }
  }

  /** Starts a process that nobody listens to. Answers the id of the exec. */
  async detached(
    container: string,
    argv: readonly string[],
    options: ExecOptions = {},
  ): Promise<string> {
    const id = await this.#create(container, argv, options, false);
    const path = `/exec/${segment(id)}/start`;
    await this.#http.send({ method: "POST", path, json: { Detach: true, Tty: false } });
    return id;
  }

  inspect(id: string): Promise<ExecInspect> {
    return this.#http.json({ method: "GET", path: `/exec/${segment(id)}/json` });
  }

  resize(id: string, size: { readonly rows: number; readonly columns: number }): Promise<void> {
    const query = { h: size.rows, w: size.columns };
    return this.#http.send({ method: "POST", path: `/exec/${segment(id)}/resize`, query });
  }

  async #create(
    container: string,
    argv: readonly string[],
    options: ExecOptions,
    attached: boolean,
  ): Promise<string> {
    const { Id } = await this.#http.json<{ Id: string }>({
      method: "POST",
      path: `/containers/${segment(container)}/exec`,
      json: {
        AttachStdin: attached && options.stdin !== false,
        AttachStdout: attached,
        AttachStderr: attached,
        Tty: options.tty ?? false,
        Cmd: argv,
        Env: options.env ?? [],
        Privileged: options.privileged ?? false,
        User: options.user ?? "",
        WorkingDir: options.workdir ?? "",
      },
      signal: options.signal,
    });
    return Id;
  }

  /** The streams may end before the daemon has noted the exit: asked again until it has. */
  async #exitCode(id: string, program: string): Promise<number> {
    const deadline = Date.now() + EXIT_CODE_PATIENCE_MS;
    for (let pause = 2; ; pause = Math.min(pause * 2, 200)) {
      const { Running, ExitCode } = await this.inspect(id);
      if (!Running && ExitCode !== null) return ExitCode;
      if (Date.now() > deadline) {
        throw new LayerbookError(`the output of '${program}' has ended, but it is still running`, {
          hint: "The connection to the Docker daemon may have been cut.",
        });
      }
      await sleep(pause);
    }
  }
}

async function all(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
