/** What a docker_container task does, step by step: each step is an action, and a change of the result. */
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type ContainerInspect, DockerError, isNotFound } from "../../../docker/index.ts";
import { fail } from "../../lib/failure.ts";
import { flagOption, numberOption, textOption } from "../../lib/option-values.ts";
import type { Arguments, Data, ModuleContext } from "../../module.ts";
import type { Daemon } from "../lib/daemon.ts";
import { asData, textAt } from "../lib/json.ts";

export class ContainerJob {
  readonly daemon: Daemon;
  readonly context: ModuleContext;
  readonly args: Arguments;
  readonly actions: Data[] = [];
  readonly before: Record<string, Data> = {};
  readonly after: Record<string, Data> = {};
  readonly extra: Record<string, Data> = {};
  changed = false;

  constructor(daemon: Daemon, context: ModuleContext, args: Arguments) {
    this.daemon = daemon;
    this.context = context;
    this.args = args;
  }

  get containers() {
    return this.daemon.client.containers;
  }

  /** By name or id; `undefined` when there is none. */
  async find(name: string): Promise<ContainerInspect | undefined> {
    try {
      return await this.containers.inspect(name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  differs(what: string, before: Data, after: Data): void {
    this.before[what] = before;
    this.after[what] = after;
  }

  /** Notes an action, and takes it unless nothing is to be changed. */
  async act(action: Data, work: () => Promise<unknown>): Promise<void> {
    this.actions.push(action);
    this.changed = true;
    if (!this.context.checkMode) await work();
  }

  async stop(container: ContainerInspect): Promise<void> {
    const { Id } = container;
    if (flagOption(this.args, "force_kill")) {
      const signal = textOption(this.args, "kill_signal");
      await this.act({ killed: Id, signal: signal ?? null }, () =>
        this.containers.kill(Id, signal).catch(unless(409)),
      );
      return;
    }
    const seconds = numberOption(this.args, "stop_timeout");
    await this.act({ stopped: Id, timeout: seconds ?? null }, async () => {
      // A paused container cannot take the signal.
      if (container.State.Paused) await this.containers.unpause(Id);
      await this.containers.stop(Id, seconds === undefined ? {} : { seconds });
    });
  }

  /** @param force kills it first */
  async remove(container: ContainerInspect, force = false): Promise<void> {
    const { Id } = container;
    const volumes = flagOption(this.args, "keep_volumes") === false;
    await this.act({ removed: Id, volume_state: volumes, link: false, force }, async () => {
      // It may be on its way out by itself (auto_remove).
      await this.containers.remove(Id, { volumes, force }).catch(unless(404, 409));
      await this.#gone(Id);
    });
  }

  async #gone(id: string): Promise<void> {
    const limit = this.args.removal_wait_timeout;
    const seconds = numberOption({ limit }, "limit") ?? 30;
    const end = Date.now() + seconds * 1000;
    for (let pause = 20; await this.find(id); pause = Math.min(pause * 2, 1000)) {
      if (Date.now() > end) {
        fail(`the container ${id} was removed, but is still there after ${seconds} s`);
      }
      await sleep(pause, undefined, { signal: this.context.signal });
    }
  }

  /** Starts it; with `detach: false` waits for its end. Answers its data where that is special. */
  async start(id: string): Promise<ContainerInspect | undefined> {
    await this.act({ started: id }, () => this.containers.start(id));
    if (this.context.checkMode || flagOption(this.args, "detach") !== false) return undefined;
    const { exitCode } = await this.containers.wait(id, "not-running", this.context.signal);
    const output = await this.#output(id);
    let inspected = await this.find(id);
    if (flagOption(this.args, "cleanup") && inspected) {
      await this.remove(inspected, true);
      inspected = undefined;
    }
    const container = { ...inspected, Output: output } as ContainerInspect & {
      Output: string;
    };
    this.extra.status = exitCode;
    if (exitCode !== 0) {
      fail(output, { changed: true, status: exitCode, container: asData(container) });
    }
    return container;
  }

  /** What its process wrote, where the daemon keeps it. */
  async #output(id: string): Promise<string> {
    if (flagOption(this.args, "auto_remove")) {
      return "Cannot retrieve result as auto_remove is enabled";
    }
    const inspected = await this.find(id);
    const driver = textAt(inspected, "HostConfig", "LogConfig", "Type") ?? "";
    if (!["json-file", "journald", "local"].includes(driver)) {
      return `Result logged using \`${driver}\` driver`;
    }
    const logs = await this.containers.logs(id, { signal: this.context.signal });
    const chunks: Buffer[] = [];
    const tty = inspected?.Config.Tty === true;
    if (tty) for await (const chunk of logs) chunks.push(chunk as Buffer);
    else await unframe(logs, (chunk) => chunks.push(chunk));
    const output = Buffer.concat(chunks).toString("utf8");
    if (flagOption(this.args, "output_logs")) this.context.warn(output);
    return output;
  }
}

/** Both streams of a log in their order: frames of eight bytes of header and a body. */
async function unframe(logs: Readable, take: (chunk: Buffer) => void): Promise<void> {
  let held = Buffer.alloc(0);
  for await (const chunk of logs) {
    held = Buffer.concat([held, chunk as Buffer]);
    while (held.length >= 8) {
      const length = held.readUInt32BE(4);
      if (held.length < 8 + length) break;
      take(held.subarray(8, 8 + length));
      held = held.subarray(8 + length);
    }
  }
}

/** Takes the daemon's refusals of these kinds for done. */
function unless(...statuses: readonly number[]) {
  return (error: unknown) => {
    if (!(error instanceof DockerError && statuses.includes(error.status))) throw error;
  };
}
