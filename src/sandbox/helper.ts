/**
 * The helper: a shell in mount and process namespaces of its own (and a user namespace where this
 * process is not root). It mounts, starts containers and runs file tools. Everything mounted or
 * started in it ends with it, and it ends with this process, however that ends: the first process of
 * the namespace waits for the end of a pipe that only this process holds open, and when that first
 * process is gone the kernel kills all others and drops the mounts.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { RunOptions, RunResult } from "../connection/connection.ts";
import { LOOP, StreamShell } from "../connection/stream-shell.ts";
import { SandboxError } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import { assignIds, type IdRanges } from "./user-namespace.ts";

/** First process of the namespace: `$1` is the loop; descriptor 3 is the pipe to wait for. */
const FIRST_PROCESS = `
exec 4<&0
sh -c "$1" <&4 4<&- 3<&- &
exec </dev/null 4<&-
cat <&3 >/dev/null 2>&1 &
exec 3<&-
wait $!
`;

const UNSHARE = [
  ...["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
  ...["--propagation", "private"],
];

/** Names that sh and tools must not take from the user's environment. */
const TOOL_ENVIRONMENT = {
  PATH: `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  LC_ALL: "C",
  LANG: "C",
};

export class Helper {
  readonly rootless: boolean;
  /** Name of overlayfs' attribute of opaque directories. */
  readonly opaqueAttribute: string;
  /** A command line that runs what follows it in the helper's namespaces. */
  get enter(): readonly string[] {
    const own = `/proc/${this.#pid}/ns`;
    const user = this.rootless ? [`--user=${own}/user`, "--preserve-credentials"] : [];
    return ["nsenter", ...user, `--mount=${own}/mnt`, `--pid=${own}/pid_for_children`, "--"];
  }
  /** Where this process sees the helper's root directory, mounts included. */
  readonly root: string;
  readonly #shell: StreamShell;
  readonly #lifeline: Duplex;
  readonly #pid: number;
  readonly ended: Promise<string>;

  private constructor(
    shell: StreamShell,
    ended: Promise<string>,
    lifeline: Duplex,
    pid: number,
    rootless: boolean,
  ) {
    this.#shell = shell;
    this.#lifeline = lifeline;
    this.ended = ended;
    this.#pid = pid;
    this.root = `/proc/${pid}/root`;
    this.rootless = rootless;
    this.opaqueAttribute = rootless ? "user.overlay.opaque" : "trusted.overlay.opaque";
  }

  /**
   * @param runtime what containers will be started with
   * @param ids subordinate ids for a user namespace; absent for root
   * @throws SandboxError when namespaces cannot be made
   */
  static async start(runtime: Runtime["name"], ids?: IdRanges): Promise<Helper> {
    const first = ["sh", "-c", FIRST_PROCESS, "layerbook-sandbox", LOOP];
    const argv = ids
      ? // Waits for its ids, then becomes root by starting anew.
        [
          "unshare",
          "--user",
          "sh",
          "-c",
          'echo; read -r _ && exec "$@"',
          "sh",
          ...UNSHARE,
          ...first,
        ]
      : [...UNSHARE, ...first];
    const [program = "unshare", ...args] = argv;
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      detached: true,
      env: { ...process.env, ...TOOL_ENVIRONMENT },
      cwd: "/",
    });
    const ended = new Promise<string>((resolve) => {
      child.on("error", (error) => resolve(`cannot start ${program}: ${error.message}`));
      child.on("exit", (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`));
    });
    if (child.pid === undefined)
      throw new SandboxError(`the sandbox does not start: ${await ended}`);
    const pid = child.pid;
    const lifeline = child.stdio[3] as Duplex;
    lifeline.on("error", () => undefined);
    const kill = () => {
      lifeline.destroy();
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
    };
    if (ids) {
      const ready = await Promise.race([once(child.stdout, "data"), ended]);
      try {
        if (typeof ready === "string") throw new Error(ready);
        await assignIds(pid, ids);
      } catch (error) {
        kill();
        const said = error instanceof Error ? error.message : String(error);
        throw new SandboxError(`cannot make a user namespace: ${said}`);
      }
      child.stdin.write("\n");
    }
    const { stdin, stdout, stderr } = child;
    const shell = new StreamShell("sandbox", { stdin, stdout, stderr, ended, kill }, "umask 022");
    const helper = new Helper(shell, ended, lifeline, pid, ids !== undefined);
    let early = "";
    try {
      const result = await shell.run(PREPARE[runtime], {
        onOutput: (_, chunk) => {
          early += chunk.toString();
        },
      });
      if (result.rc !== 0) throw new Error(early);
    } catch (error) {
      await helper.close();
      const said = early.trim() || (error instanceof Error ? error.message : String(error));
      throw new SandboxError(`the sandbox does not start: ${said}`);
    }
    return helper;
  }

  /** Runs a script as root of the namespace. */
  run(script: string, options?: RunOptions): Promise<RunResult> {
    return this.#shell.run(script, options);
  }

  /**
   * Runs a script that must succeed.
   * @param failure begins the message of the error when it does not
   */
  async must(script: string, failure: string, options?: RunOptions): Promise<Buffer> {
    const result = await this.run(script, options);
    if (result.rc === 0) return result.stdout;
    const said = result.stderr.toString().trim().split("\n").slice(-3).join(" ");
    throw new SandboxError(`${failure}: ${said || `exit code ${result.rc}`}`);
  }

  /**
   * A program of its own beside the shell, with pipes, as root of the user namespace. It sees the
   * files, not the helper's mounts.
   */
  spawn(script: string): ChildProcessWithoutNullStreams {
    const enter = [
      "nsenter",
      "--target",
      String(this.#pid),
      "--user",
      "--setuid",
      "0",
      "--setgid",
      "0",
    ];
    const [program = "sh", ...args] = [...(this.rootless ? enter : []), "sh", "-c", script];
    const env = { ...process.env, ...TOOL_ENVIRONMENT };
    const child = spawn(program, args, { stdio: "pipe", env, cwd: "/", detached: true });
    child.on("error", () => undefined);
    return child;
  }

  /** Ends everything in the namespace and waits until it is gone. */
  async close(): Promise<void> {
    this.#lifeline.destroy();
    await this.#shell.close();
  }
}

/**
 * Containers get no control groups of their own: nothing is limited here, and a killed build would
 * leave them. crun can do without, but refuses some machines' mix of versions even so: they are
 * hidden from it. runc passes over those that it cannot write to.
 */
const PREPARE = {
  crun: `
[ ! -d /sys/fs/cgroup ] || mount -t tmpfs -o ro,size=4k none /sys/fs/cgroup 2>/dev/null || :`,
  runc: `
while read -r _ place kind _; do
  case "$kind" in cgroup*) mount -o remount,bind,ro "$place" 2>/dev/null;; esac
done </proc/self/mounts; :`,
};
