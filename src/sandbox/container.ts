/**
 * A running container: an overlay mount over a stack of layers, and a shell in it that reads scripts
 * from a pipe. One lives on over many snapshots.
 */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { quote } from "../connection/connection.ts";
import { PRELUDE } from "../connection/prelude.ts";
import { LOOP, StreamShell } from "../connection/stream-shell.ts";
import type { RootAttributes } from "../workspace/layer-store.ts";
import type { AttachOptions, SessionOptions } from "../workspace/workspace.ts";
import { survivors } from "./busy.ts";
import { containerConfig } from "./container-config.ts";
import { SandboxError } from "./errors.ts";
import type { Helper } from "./helper.ts";
import { hostsFile, resolvConf } from "./network-files.ts";
import type { Runtime } from "./runtime.ts";
import { makeStubs } from "./stubs.ts";

/** Nothing in a layer may point elsewhere: what is below it must be all it needs. */
const MOUNT_OPTIONS = "index=off,redirect_dir=off,metacopy=off";
/** In a user namespace; the kernel then neither makes nor follows redirects and metacopies. */
const ROOTLESS_MOUNT_OPTIONS = "index=off,userxattr";
const DEFAULT_HOSTNAME = "layerbook";

export interface ContainerPlan {
  readonly helper: Helper;
  readonly runtime: Runtime;
  /** An empty directory on the disk of the store. */
  readonly directory: string;
  /** Directories of the layers, lowest first. */
  readonly lower: readonly string[];
  readonly root: RootAttributes;
  readonly options: SessionOptions;
}

export class Container {
  readonly shell: StreamShell;
  /** The directory that overlayfs writes to. */
  readonly upper: string;
  /** The layers below, merged: a mount of the helper. */
  readonly view: string;
  readonly #plan: ContainerPlan;
  readonly #pid: string;
  readonly #devices: ReadonlySet<string>;
  #stopped: Promise<void> | undefined;
  #ended = false;

  private constructor(plan: ContainerPlan, pid: string, pipes: Pipes) {
    this.#plan = plan;
    this.#pid = pid;
    this.upper = join(plan.directory, "upper");
    this.view = join(plan.directory, "view");
    const { stdin, stdout, stderr } = pipes;
    const closed = new Promise<string>((resolve) => {
      stdout.on("close", () => resolve("the container has ended"));
      void plan.helper.ended.then(() => resolve("the sandbox has ended"));
    });
    void closed.then(() => {
      this.#ended = true;
    });
    this.shell = new StreamShell(
      "sandbox",
      {
        ...{ stdin, stdout, stderr, ended: closed },
        kill: async () => {
          await this.#kill();
          for (const pipe of [stdin, stdout, stderr]) pipe.destroy();
        },
      },
      PRELUDE,
    );
    this.#devices = new Set(this.#list("dev"));
  }

  /** Mounts and starts. */
  static async start(plan: ContainerPlan): Promise<Container> {
    const { helper, directory, lower, options } = plan;
    for (const name of ["upper", "work", "merged", "view", "l", "bundle"]) {
      mkdirSync(join(directory, name), { mode: 0o755 });
    }
    const binds = [
      { source: join(directory, "resolv.conf"), target: "/etc/resolv.conf", writable: true },
      { source: join(directory, "hosts"), target: "/etc/hosts", writable: true },
      ...(options.mounts ?? []),
    ];
    const hostname = options.hostname ?? DEFAULT_HOSTNAME;
    writeFileSync(join(directory, "resolv.conf"), resolvConf(options.network));
    writeFileSync(join(directory, "hosts"), hostsFile(options.network, hostname));
    makeStubs(join(directory, "stubs"), binds);
    // Short names, so that the options of mount(2) with hundreds of layers fit into its 4096 bytes.
    const names = lower.map((_, index) => String(lower.length - index));
    for (const [index, path] of lower.entries()) {
      symlinkSync(path, join(directory, "l", names[index] ?? ""));
    }
    names.reverse();
    const config = containerConfig({
      args: ["/bin/sh", "-c", LOOP],
      root: join(directory, "merged"),
      env: options.env,
      network: options.network,
      hostname,
      binds,
      rootless: helper.rootless,
    });
    writeFileSync(join(directory, "bundle", "config.json"), JSON.stringify(config));
    await helper.must(mountScript(plan, names), "cannot mount the layers");
    const pipes = new Pipes(directory);
    try {
      const pid = await startRuntime(plan);
      pipes.attach();
      return new Container(plan, pid, pipes);
    } catch (error) {
      pipes.close();
      await helper.run(unmountScript(directory));
      throw error;
    }
  }

  /**
   * What would not be in a snapshot: processes that scripts left running, files in memory.
   * In words for the user; empty when there is nothing.
   */
  leftovers(): string[] {
    const found = survivors(join(this.#root, "proc"));
    for (const place of ["dev/shm", "dev/mqueue"]) {
      for (const name of this.#list(place)) found.push(`/${place}/${name} (a file in memory)`);
    }
    for (const name of this.#list("dev")) {
      if (!this.#devices.has(name)) found.push(`/dev/${name} (a file in memory)`);
    }
    return found;
  }

  /** Runs in the helper's namespaces, where the runtime finds the container. */
  attach(command: readonly string[], options: AttachOptions): readonly string[] {
    const { helper, runtime, directory } = this.#plan;
    return [
      ...helper.enter,
      ...[runtime.path, "--root", join(directory, "state"), managerFlag(runtime), "exec"],
      ...(options.terminal ? ["--tty"] : []),
      ...(options.user ? ["--user", options.user] : []),
      ...(options.workdir ? ["--cwd", options.workdir] : []),
      "layerbook",
      ...command,
    ];
  }

  /** Is it gone, by whatever cause? */
  get ended(): boolean {
    return this.#ended;
  }

  /** Kills every process and unmounts. The upper directory stays. */
  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      await this.shell.close();
      await this.#plan.helper.must(
        unmountScript(this.#plan.directory),
        "cannot unmount the container",
      );
    })();
    return this.#stopped;
  }

  async #kill(): Promise<void> {
    await this.#plan.helper
      .run(`
kill -9 ${this.#pid} 2>/dev/null
while kill -0 ${this.#pid} 2>/dev/null; do sleep 0.002; done`)
      .catch(() => undefined);
  }

  /** The root directory of the container's first process, as this process sees it. */
  get #root(): string {
    return `${this.#plan.helper.root}/proc/${this.#pid}/root`;
  }

  #list(place: string): string[] {
    try {
      return readdirSync(join(this.#root, place));
    } catch {
      return [];
    }
  }
}

function mountScript({ helper, directory, lower, root }: ContainerPlan, names: string[]): string {
  const own = helper.rootless ? ROOTLESS_MOUNT_OPTIONS : MOUNT_OPTIONS;
  const upper = `upperdir=../upper,workdir=../work`;
  const all = [...names, "../stubs"].join(":");
  const view =
    lower.length === 0
      ? ":"
      : lower.length === 1
        ? "mount --bind 1/ ../view"
        : `mount -t overlay -o ro,${own},lowerdir=${names.join(":")} overlay ../view`;
  const owner = root.uid === 0 && root.gid === 0 ? ":" : `chown ${root.uid}:${root.gid} upper`;
  // Without a device cgroup, nodev keeps device nodes in the image from being more than files.
  // volatile: what apt and dpkg flush is thrown away with the mount or checked (layer-store.ts).
  return `
cd ${quote(directory)} && mkfifo -m 600 stdin stdout stderr && ${owner} && chmod ${root.mode.toString(8)} upper &&
cd l && {
mount -t overlay -o nodev,${own},volatile,lowerdir=${all},${upper} overlay ../merged 2>/dev/null ||
mount -t overlay -o nodev,${own},lowerdir=${all},${upper} overlay ../merged
} && ${view}`;
}

function unmountScript(directory: string): string {
  return `cd ${quote(directory)} && { umount -l merged; umount -l view; } 2>/dev/null; :`;
}

/** Nobody accounts for a build's processes: no cgroup is made. */
function managerFlag(runtime: Runtime): string {
  return runtime.name === "crun" ? "--cgroup-manager=disabled" : "--rootless=true";
}

async function startRuntime({ helper, runtime, directory }: ContainerPlan): Promise<string> {
  // Absolute: runtimes go to the bundle's directory before they use them.
  const at = (name: string) => quote(join(directory, name));
  const flags = `--root ${at("state")} --log ${at("log")} ${managerFlag(runtime)}`;
  const run = `run --detach --bundle ${at("bundle")} --pid-file ${at("pid")} layerbook`;
  const result = await helper.run(
    `cd ${quote(directory)} && ${quote(runtime.path)} ${flags} ${run} <stdin >stdout 2>stderr`,
  );
  if (result.rc === 0) return readFileSync(join(directory, "pid"), "latin1").trim();
  let said = "";
  try {
    said = readFileSync(join(directory, "log"), "utf8").trim().split("\n").at(-1) ?? "";
  } catch {
    // It had nothing to say.
  }
  said = /msg="((?:[^"\\]|\\.)*)"/.exec(said)?.[1] ?? said.replace(/^\S+T\S+Z?: /, "");
  if (/\/bin\/sh/.test(said)) {
    throw new SandboxError("the image has no /bin/sh: tasks need a shell in it", {
      hint: "Start from an image with a shell, for example debian or busybox.",
    });
  }
  throw new SandboxError(
    `${runtime.name} cannot start a container: ${said || result.stderr.toString().trim() || `exit code ${result.rc}`}`,
  );
}

/**
 * Named pipes to the container's standard streams. Real pipes, since a program that opens /dev/stdout
 * or /dev/stderr cannot open the sockets that Node gives its children.
 */
class Pipes {
  readonly #directory: string;
  readonly #fds: number[];
  stdin!: Socket;
  stdout!: Socket;
  stderr!: Socket;

  /** Opens this side first: the other side's open waits for it. */
  constructor(directory: string) {
    this.#directory = directory;
    const open = (name: string, flags: number) =>
      openSync(join(directory, name), flags | constants.O_NONBLOCK);
    this.#fds = [
      // Both ways, since there is no reader yet.
      open("stdin", constants.O_RDWR),
      open("stdout", constants.O_RDONLY),
      open("stderr", constants.O_RDONLY),
    ];
  }

  /** Once the container holds the other ends. */
  attach(): void {
    const [both = -1, stdout = -1, stderr = -1] = this.#fds;
    const path = join(this.#directory, "stdin");
    const stdin = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    closeSync(both);
    this.stdin = new Socket({ fd: stdin, readable: false, writable: true });
    this.stdout = new Socket({ fd: stdout, readable: true, writable: false });
    this.stderr = new Socket({ fd: stderr, readable: true, writable: false });
  }

  close(): void {
    for (const fd of this.#fds) closeSync(fd);
  }
}
