/**
 * A plugin host that is asked synchronously: templates are rendered without promises, so a filter that
 * is written in Python is waited for. Two named pipes whose ends here block; the host ends when its
 * end of the first is closed, however this process ends.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

const NOTHING_TO_ASK = (question: Question): Answer => ({
  error: `nothing can be asked here: ${question.ask}`,
});

export class PluginHost {
  readonly #start: HostStart;
  readonly #directory: string;
  readonly #process: ChildProcess;
  readonly #requests: number;
  readonly #answers: number;
  /** However the run ends, its folder goes. */
  readonly #onExit = () => this.close();
  #held: Buffer = Buffer.alloc(0);
  #closed = false;

  /** @throws EnvironmentError when Python does not start, or cannot import ansible-core */
  constructor(ansible: InstalledAnsible, start: HostStart) {
    this.#start = start;
    this.#directory = mkdtempSync(join(tmpdir(), "layerbook-plugins-"));
    const place = (name: string) => join(this.#directory, name);
    writeFileSync(place("host.py"), HOST_PROGRAM);
    const made = spawnSync("mkfifo", [place("requests"), place("answers")], { encoding: "utf8" });
    if (made.status !== 0) {
      throw new EnvironmentError(`cannot make pipes: ${made.stderr || messageOf(made.error)}`);
    }
    const errors = openSync(place("stderr"), "w");
    const requests = pipeEnds(place("requests"));
    const answers = pipeEnds(place("answers"));
    this.#process = spawn(ansible.python, [place("host.py")], {
      stdio: ["ignore", errors, errors, requests.read, answers.write],
      env: { ...process.env, ANSIBLE_LOCAL_TEMP: place("tmp") },
    });
    // The host must not keep this process alive, nor an error of starting it end it.
    this.#process.unref();
    this.#process.on("error", () => undefined);
    for (const descriptor of [errors, requests.read, answers.write]) closeSync(descriptor);
    this.#requests = requests.write;
    this.#answers = answers.read;
    process.once("exit", this.#onExit);
    this.request(startRequest(start));
  }

  /**
   * @param answer what the host may ask meanwhile
   * @throws PluginError for an exception in Python
   * @throws EnvironmentError when the host has ended
   */
  request(request: Request, answer: (question: Question) => Answer = NOTHING_TO_ASK): unknown {
    this.#write(request);
    for (;;) {
      const message = this.#read();
      if ("done" in message) return message.done;
      if ("failed" in message) throw new PluginError(message.failed);
      if ("say" in message) {
        if (message.say === "warning") this.#start.warn(message.text);
        else this.#start.deprecate(message.text);
        continue;
      }
      let reply: Answer;
      try {
        reply = answer(message);
      } catch (error) {
        reply = { error: messageOf(error) };
      }
      this.#write(reply);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    process.off("exit", this.#onExit);
    closeSync(this.#requests);
    // It ends at the end of its input, and its end of this pipe with it.
    const rest = Buffer.alloc(65_536);
    while (readSync(this.#answers, rest) > 0);
    closeSync(this.#answers);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #write(message: unknown): void {
    const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#requests, bytes, at);
    } catch (error) {
      throw this.#ended(messageOf(error));
    }
  }

  #read(): HostMessage {
    for (;;) {
      const end = this.#held.indexOf(10);
      if (end >= 0) {
        const line = this.#held.subarray(0, end).toString("utf8");
        this.#held = this.#held.subarray(end + 1);
        return JSON.parse(line) as HostMessage;
      }
      const chunk = Buffer.alloc(65_536);
      const length = readSync(this.#answers, chunk);
      if (length === 0) throw this.#ended("it ended");
      this.#held = Buffer.concat([this.#held, chunk.subarray(0, length)]);
    }
  }

  #ended(why: string): EnvironmentError {
    const said = readFileSync(join(this.#directory, "stderr"), "utf8").trim().split("\n").at(-1);
    return new EnvironmentError(
      `the Python that serves plugins does not answer: ${why}${said ? ` (${said})` : ""}`,
    );
  }
}

/** Both ends of a named pipe; opened so that neither waits for the other. */
function pipeEnds(path: string): { readonly read: number; readonly write: number } {
  const both = openSync(path, "r+");
  const ends = { read: openSync(path, "r"), write: openSync(path, "w") };
  closeSync(both);
  return ends;
}
