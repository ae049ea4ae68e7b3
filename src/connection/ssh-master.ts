/**
 * Masters of OpenSSH (`ControlMaster`): the second connection to a machine goes through the first
 * one's, without a handshake of its own. The masters are of this process: they live in a private
 * directory and end with the last connection that uses them.
 * @see https://man.openbsd.org/ssh_config#ControlMaster
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A path of a Unix socket may have 104 bytes (BSD, macOS); ssh adds 17 while it makes one. */
const LONGEST_PATH = 104 - 17;

interface Master {
  readonly path: string;
  /** Connections that go through it. */
  users: number;
}

/** A connection's share in a master. */
export interface MasterShare {
  /** For `ControlPath`. */
  readonly path: string;
  /** Whether another connection made the master before. */
  readonly joined: boolean;
  /**
   * Gives the share back. The master takes no new connections when the one is gone that made it, so
   * that who logs in after a reset has the groups of that time; it ends with its last connection.
   */
  release(): Promise<void>;
}

/** The masters that take connections, by what they were made for. */
const masters = new Map<string, Master>();
/** All that may still run, with the program that ends them. */
const running = new Map<string, string>();
let directory: string | undefined;
let serial = 0;

/**
 * @param purpose all that makes two logins the same: machine, user, keys, arguments
 * @param executable the ssh program
 * @returns nothing where the temporary directory has too long a name for a socket
 */
export function shareMaster(purpose: string, executable: string): MasterShare | undefined {
  directory ??= makeDirectory();
  const known = masters.get(purpose);
  const master = known ?? { path: join(directory, `m${serial++}`), users: 0 };
  if (Buffer.byteLength(master.path) > LONGEST_PATH) return undefined;
  masters.set(purpose, master);
  running.set(master.path, executable);
  master.users++;
  let released: Promise<void> | undefined;
  const release = async () => {
    if (!known && masters.get(purpose) === master) masters.delete(purpose);
    if (--master.users > 0) return;
    if (masters.get(purpose) === master) masters.delete(purpose);
    running.delete(master.path);
    await end(executable, master.path);
    if (running.size === 0) removeDirectory();
  };
  return {
    path: master.path,
    joined: known !== undefined,
    release: () => {
      released ??= release();
      return released;
    },
  };
}

/** No connection joins that master any more: it does not answer. */
export function abandonMaster(purpose: string): void {
  masters.delete(purpose);
}

function makeDirectory(): string {
  process.off("exit", endAll).once("exit", endAll);
  return mkdtempSync(join(tmpdir(), `lb-ssh-${process.pid}-`));
}

function removeDirectory(): void {
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  directory = undefined;
}

/** Whatever a run that was broken off has left. */
function endAll(): void {
  for (const [path, executable] of running) {
    spawnSync(executable, exitArguments(path), { stdio: "ignore", timeout: 1000 });
  }
  removeDirectory();
}

function end(executable: string, path: string): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(executable, exitArguments(path), { stdio: "ignore", timeout: 5000 });
    child.on("error", () => resolve());
    child.on("close", () => resolve());
  });
}

function exitArguments(path: string): string[] {
  // The configuration is not read: it is only about the socket.
  return ["-F", "none", "-o", `ControlPath="${path}"`, "-O", "exit", "--", "master"];
}
