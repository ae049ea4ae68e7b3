/**
 * Plugin hosts that are asked with promises: they pack modules and run action plugins, which run
 * commands in the target meanwhile. A host serves one request at a time; there are as many as are
 * needed at once.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { EnvironmentError, messageOf } from "../../errors/index.ts";
import type { InstalledAnsible } from "./find-ansible.ts";
import { HOST_PROGRAM } from "./host-program.ts";
import {
  type Answer,
  type HostMessage,
  type HostStart,
  PluginError,
  type Question,
  type Request,
  startRequest,
} from "./protocol.ts";

type Answering = (question: Question) => Promise<Answer>;

const NOTHING_TO_ASK: Answering = async (question) => ({
  error: `nothing can be asked here: ${question.ask}`,
});

class ActionHost {
  readonly #start: HostStart;
  readonly #process: ChildProcess;
  readonly #requests: Writable;
  #waiting: { resolve: (message: HostMessage) => void; reject: (error: Error) => void } | undefined;
  /** Messages that came before they were waited for. */
  readonly #arrived: HostMessage[] = [];
  #gone: EnvironmentError | undefined;
  #said = "";
  /** The folders that it knows of. */
  readonly directories = new Set<string>();

  constructor(ansible: InstalledAnsible, program: string, start: HostStart) {
    this.#start = start;
    this.#process = spawn(ansible.python, [program], {
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      env: { ...process.env, ANSIBLE_LOCAL_TEMP: join(dirname(program), "tmp") },
    });
    const [, stdout, stderr, requests, answers] = this.#process.stdio;
    for (const stream of [stdout, stderr]) {
      (stream as Readable).setEncoding("utf8").on("data", (text: string) => {
        this.#said = (this.#said + text).slice(-2000);
      });
    }
    this.#requests = requests as Writable;
    this.#requests.on("error", () => undefined);
    createInterface({ input: answers as Readable }).on("line", (line) => {
      const message = JSON.parse(line) as HostMessage;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting) waiting.resolve(message);
      else this.#arrived.push(message);
    });
    const ended = (why: string) => {
      const last = this.#said.trim().split("\n").at(-1);
      const told = last ? ` (${last})` : "";
      this.#gone ??= new EnvironmentError(
        `the Python that runs plugins does not answer: ${why}${told}`,
      );
      this.#waiting?.reject(this.#gone);
    };
    this.#process.on("error", (error) => ended(error.message));
    this.#process.on("close", () => ended("it ended"));
  }

  async request(request: Request, answer: Answering): Promise<unknown> {
    let message = await this.#exchange(request);
    for (;;) {
      if ("done" in message) return message.done;
      if ("failed" in message) throw new PluginError(message.failed);
      if ("say" in message) {
        if (message.say === "warning") this.#start.warn(message.text);
        else this.#start.deprecate(message.text);
        message = await this.#exchange(undefined);
        continue;
      }
      let reply: Answer;
      try {
        reply = await answer(message);
      } catch (error) {
        reply = { error: messageOf(error) };
      }
      message = await this.#exchange(reply);
    }
  }

  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  #exchange(message: unknown): Promise<HostMessage> {
    if (this.#gone) return Promise.reject(this.#gone);
    if (message !== undefined) this.#requests.write(`${JSON.stringify(message)}\n`);
    const arrived = this.#arrived.shift();
    if (arrived) return Promise.resolve(arrived);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** Resolves when the process has ended: it does at the end of its input. */
  async close(): Promise<void> {
    const ended = this.#gone ? undefined : once(this.#process, "close");
    this.#requests.destroy();
    await ended;
  }
}

export class ActionHosts {
  readonly #ansible: InstalledAnsible;
  readonly #start: HostStart;
  readonly #directories: ReadonlySet<string>;
  readonly #all: ActionHost[] = [];
  readonly #idle: ActionHost[] = [];
  #folder: string | undefined;

  /** @param directories folders of roles and playbooks with plugins of their own; it may grow */
  constructor(ansible: InstalledAnsible, start: HostStart, directories: ReadonlySet<string>) {
    this.#ansible = ansible;
    this.#start = start;
    this.#directories = directories;
  }

  /**
   * @throws PluginError for an exception in Python
   * @throws EnvironmentError when no host can be had
   */
  async request(request: Request, answer: Answering = NOTHING_TO_ASK): Promise<unknown> {
    const host = this.#idle.pop() ?? (await this.#open());
    const paths = [...this.#directories].filter((path) => !host.directories.has(path));
    if (paths.length > 0) {
      await host.request({ op: "directories", paths }, NOTHING_TO_ASK);
      for (const path of paths) host.directories.add(path);
    }
    try {
      return await host.request(request, answer);
    } finally {
      if (!host.isGone) this.#idle.push(host);
    }
  }

  async close(): Promise<void> {
    this.#idle.length = 0;
    await Promise.allSettled(this.#all.splice(0).map((host) => host.close()));
    process.off("exit", this.#removeFolder);
    this.#removeFolder();
  }

  readonly #removeFolder = () => {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  };

  async #open(): Promise<ActionHost> {
    if (this.#folder === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), "layerbook-actions-"));
      writeFileSync(join(this.#folder, "host.py"), HOST_PROGRAM);
      process.once("exit", this.#removeFolder);
    }
    const host = new ActionHost(this.#ansible, join(this.#folder, "host.py"), this.#start);
    this.#all.push(host);
    await host.request(startRequest(this.#start), NOTHING_TO_ASK);
    return host;
  }
}
