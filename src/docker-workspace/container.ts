/**
 * The container that a session's scripts run in. Its first process is the shell itself, on the streams
 * of an attached connection: when this process dies the shell reads the end of its input, and the
 * daemon removes the container.
 */
import type { Connection } from "../connection/connection.ts";
import { PRELUDE } from "../connection/prelude.ts";
import { LOOP, type ShellStream, StreamShell } from "../connection/stream-shell.ts";
import { type DockerClient, DockerError, isNotFound, SESSION_LABEL } from "../docker/index.ts";
import { messageOf } from "../errors/index.ts";
import { WorkspaceError } from "../workspace/errors.ts";
import type { SessionOptions } from "../workspace/workspace.ts";

export class BuildContainer {
  readonly id: string;
  readonly shell: Connection;
  readonly #client: DockerClient;
  #removed: Promise<void> | undefined;

  private constructor(client: DockerClient, id: string, stream: ShellStream) {
    this.#client = client;
    this.id = id;
    this.shell = new StreamShell("container", stream, PRELUDE);
  }

  /** @throws WorkspaceError with the daemon's words when the container does not start */
  static async start(
    client: DockerClient,
    image: string,
    options: SessionOptions,
  ): Promise<BuildContainer> {
    const { containers } = client;
    let id: string | undefined;
    try {
      ({ id } = await containers.create(configOf(image, options)));
      const container = id;
      const attached = await containers.attach(container, { tty: false });
      let removed: Promise<void> | undefined;
      const remove = () => {
        removed ??= removeContainer(client, container);
        return removed;
      };
      const ended = attached.closed.then(async () =>
        removed ? "the container was removed" : reasonOf(client, container),
      );
      const stream: ShellStream = {
        stdin: attached.stdin,
        stdout: attached.stdout,
        stderr: attached.stderr,
        ended,
        kill: async () => {
          await remove();
          attached.destroy();
        },
      };
      await containers.start(container);
      return new BuildContainer(client, container, stream);
    } catch (error) {
      if (id !== undefined) await removeContainer(client, id).catch(() => undefined);
      throw startProblem(error);
    }
  }

  /** Ends every process and removes the container. Safe to call twice. */
  remove(): Promise<void> {
    this.#removed ??= (async () => {
      await this.shell.close();
      await removeContainer(this.#client, this.id);
    })();
    return this.#removed;
  }
}

function configOf(image: string, options: SessionOptions) {
  return {
    Image: image,
    Entrypoint: ["/bin/sh", "-c"],
    Cmd: [LOOP],
    User: "0:0",
    WorkingDir: "/",
    Env: options.env,
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    ...(options.hostname && { Hostname: options.hostname }),
    Healthcheck: { Test: ["NONE"] },
    Labels: { [SESSION_LABEL]: "build" },
    HostConfig: {
      AutoRemove: true,
      NetworkMode: options.network,
      LogConfig: { Type: "none" },
      Binds: (options.mounts ?? []).map(({ source, target }) => `${source}:${target}:ro`),
    },
  };
}

/** The daemon removes it too when the shell ends: whoever comes second has nothing to do. */
async function removeContainer(client: DockerClient, id: string): Promise<void> {
  try {
    await client.containers.remove(id, { force: true, volumes: true });
  } catch (error) {
    if (isNotFound(error)) return;
    if (error instanceof DockerError && error.status === 409) {
      await client.containers.wait(id, "removed").catch(() => undefined);
      return;
    }
    // A daemon that is gone took its containers along, or removes them when it is back.
  }
}

async function reasonOf(client: DockerClient, container: string): Promise<string> {
  try {
    const { State } = await client.containers.inspect(container);
    if (State.OOMKilled) return "it was stopped because it ran out of memory";
    if (State.Running) return "the connection to the daemon was lost";
    // Nothing but a signal ends the shell before its input does.
    return `the container was stopped or removed by someone (exit code ${State.ExitCode})`;
  } catch (error) {
    if (isNotFound(error)) return "the container was stopped or removed by someone";
    return `the connection to the daemon was lost: ${messageOf(error)}`;
  }
}

function startProblem(error: unknown): unknown {
  if (!(error instanceof DockerError)) return error;
  const said = error.daemonMessage;
  if (/\/bin\/sh|executable file not found|no such file or directory/.test(said)) {
    return new WorkspaceError("the image has no /bin/sh: tasks need a shell in it", {
      hint: "Start from an image with a shell, for example debian or busybox.",
      cause: error,
    });
  }
  return new WorkspaceError(`the Docker daemon cannot start the build's container: ${said}`, {
    cause: error,
  });
}
