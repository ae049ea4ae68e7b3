/**
 * A container of a Docker daemon as a target (`connection: docker`): one exec of the Engine, hijacked,
 * with the long-lived shell in it. Nothing but `sh` is needed in the container.
 */
import { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type DockerClient, DockerError, type ExecProcess, isNotFound } from "../docker/index.ts";
import { messageOf } from "../errors/index.ts";
import { ConnectionError } from "./connection.ts";
import { PRELUDE } from "./prelude.ts";
import { LOOP, type ShellStream, StreamShell } from "./stream-shell.ts";

export interface DockerConnectionOptions {
  /** Name, uid or `user:group`; the image's own when absent. */
  readonly user?: string | undefined;
  /** Directory that scripts start in; the image's own when absent. */
  readonly workdir?: string | undefined;
  /** Added to the container's environment, `NAME=value`. */
  readonly env?: readonly string[] | undefined;
  readonly privileged?: boolean;
}

/** How long an idle shell may take to end by itself before it is killed. Milliseconds. */
const PATIENCE = 300;

/** The loop, which first tells its process id: it is needed to kill it from beside. */
const NUMBERED_LOOP = `echo $$\n${LOOP}`;

/**
 * Opens a shell in a running container.
 *
 * @param container its name or id
 * @throws ConnectionError when there is no such container, or it does not run
 */
export async function connectDocker(
  client: DockerClient,
  container: string,
  options: DockerConnectionOptions = {},
): Promise<StreamShell> {
  const label = `container ${container}`;
  let process: ExecProcess;
  try {
    process = await client.exec.start(container, ["sh", "-c", NUMBERED_LOOP], options);
  } catch (error) {
    throw await startProblem(client, container, label, error);
  }
  return new StreamShell(label, shellStream(client, container, process), PRELUDE);
}

function shellStream(client: DockerClient, container: string, process: ExecProcess): ShellStream {
  const stdout = new AfterFirstLine();
  process.stdout.pipe(stdout);
  let killed = false;
  const ended = process.closed.then((failure) =>
    killed ? "the shell was ended" : reasonOf(client, container, process, stdout.line, failure),
  );
  const kill = async () => {
    killed = true;
    process.stdin.end();
    const over = process.closed.then(() => true);
    if (!(await Promise.race([over, sleep(PATIENCE, false, { ref: false })]))) {
      await killGroup(client, container, stdout.line);
      await Promise.race([over, sleep(PATIENCE, false, { ref: false })]);
    }
    process.destroy();
  };
  return { stdin: process.stdin, stdout, stderr: process.stderr, ended, kill };
}

/**
 * The Engine cannot kill what it has exec'd; a second exec does. The shell leads a process group, in
 * which everything is that it started and that did not make itself a daemon.
 */
async function killGroup(client: DockerClient, container: string, pid: string): Promise<void> {
  if (!/^\d+$/.test(pid)) return;
  const script = `kill -9 -${pid} 2>/dev/null || kill -9 ${pid}`;
  // As root: the shell may have become someone else. A container that is gone has nothing to kill.
  await client.exec
    .run(container, ["sh", "-c", script], { user: "0", signal: AbortSignal.timeout(5000) })
    .catch(() => undefined);
}

/** No process id, and no message of the daemon, is longer. */
const LONGEST_LINE = 4096;

/** Takes the first line away, and keeps it. */
class AfterFirstLine extends Transform {
  line = "";
  #found = false;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#found) {
      this.push(chunk);
    } else {
      const newline = chunk.indexOf(10);
      const end = Math.min(newline < 0 ? chunk.length : newline, LONGEST_LINE);
      if (this.line.length < LONGEST_LINE) this.line += chunk.toString("utf8", 0, end);
      if (newline >= 0) {
        this.#found = true;
        this.line = this.line.trim();
        if (newline + 1 < chunk.length) this.push(chunk.subarray(newline + 1));
      }
    }
    done();
  }
}

/** Why the shell is gone, in words. The daemon is asked about the container. */
async function reasonOf(
  client: DockerClient,
  container: string,
  process: ExecProcess,
  firstLine: string,
  failure: Error | undefined,
): Promise<string> {
  try {
    // An error of starting the process comes in the place of its output.
    if (firstLine !== "" && !/^\d+$/.test(firstLine)) return `cannot start a shell: ${firstLine}`;
    // Podman forgets an exec with its container.
    const ended = process.exitCode().catch(() => undefined);
    const code = await Promise.race([ended, sleep(2000, undefined, { ref: false })]);
    let { State } = await client.containers.inspect(container);
    // A shell that was killed is most often a container that is just being stopped.
    for (let i = 0; State.Running && (code ?? 137) > 128 && i < 10; i++) {
      await sleep(100);
      ({ State } = await client.containers.inspect(container));
    }
    if (State.OOMKilled) return "it was stopped because it ran out of memory";
    if (State.Restarting) return "the container is being restarted";
    if (!State.Running) return `the container has stopped (exit code ${State.ExitCode})`;
    if (failure || code === undefined) return "the connection to the daemon was lost";
    return code === 137 ? "the shell was killed" : `the shell ended with code ${code}`;
  } catch (error) {
    if (isNotFound(error)) return "the container was removed";
    return `the connection to the daemon was lost: ${messageOf(error)}`;
  }
}

async function startProblem(
  client: DockerClient,
  container: string,
  label: string,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof DockerError)) {
    const hint = (error as { hint?: string }).hint;
    return new ConnectionError(`${label}: ${messageOf(error)}`, {
      hint,
      cause: error,
      exitCode: 4,
    });
  }
  const of = (message: string, hint?: string) =>
    new ConnectionError(`${label}: ${message}`, { hint, cause: error, exitCode: 4 });
  if (error.status === 404) {
    return of(
      `there is no such container on the Docker daemon at ${client.endpoint.url}`,
      "`docker ps -a` lists the containers; DOCKER_HOST chooses the daemon.",
    );
  }
  const state = await client.containers.inspect(container).then(
    ({ State }) => State,
    () => undefined,
  );
  if (state?.Paused) return of("the container is paused", `Run \`docker unpause ${container}\`.`);
  if (state && !state.Running) {
    return of("the container is not running", `Start it with \`docker start ${container}\`.`);
  }
  return of(error.daemonMessage);
}
