/** An SSH server and registries on the loopback device, for as long as a test lasts. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "../support.ts";

export interface Server {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * A real sshd that lets root in with the key `key` in the folder, which is made.
 * @param settings further lines of its configuration
 */
export async function startSshd(folder: string, settings: readonly string[] = []): Promise<Server> {
  mkdirSync("/run/sshd", { recursive: true });
  const port = await freePort();
  const key = join(folder, "key");
  const hostKey = join(folder, "sshd_host_key");
  for (const file of [key, hostKey]) {
    must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  }
  const authorized = join(folder, "sshd_authorized");
  writeFileSync(authorized, readFileSync(`${key}.pub`), { mode: 0o600 });
  const configuration = join(folder, "sshd_config");
  writeFileSync(
    configuration,
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${authorized}`,
      "PermitRootLogin yes",
      "StrictModes no",
      "PidFile none",
      "MaxStartups 200",
      "MaxSessions 200",
      "Subsystem sftp internal-sftp",
      ...settings,
      "",
    ].join("\n"),
  );
  return started("/usr/sbin/sshd", ["-D", "-e", "-f", configuration], port, {});
}

/** @param password of the user `builder`; absent: everybody is let in */
export async function startRegistry(folder: string, password?: string): Promise<Server> {
  const port = await freePort();
  const root = join(folder, `registry-${port}`);
  mkdirSync(root);
  const configuration = join(root, "config.yml");
  const lines = [
    "version: 0.1",
    "log: { level: error }",
    `storage: { filesystem: { rootdirectory: ${root} } }`,
    `http: { addr: "127.0.0.1:${port}" }`,
  ];
  if (password !== undefined) {
    const accounts = join(root, "htpasswd");
    // bcrypt, by the C library's crypt(3).
    const script = 'print crypt($ARGV[0], q($2y$05$) . "abcdefghijklmnopqrstuu")';
    const hash = must("perl", ["-e", script, password]);
    writeFileSync(accounts, `builder:${hash}\n`);
    lines.push(`auth: { htpasswd: { realm: test, path: ${accounts} } }`);
  }
  writeFileSync(configuration, `${lines.join("\n")}\n`);
  return started("docker-registry", ["serve", configuration], port, {
    OTEL_TRACES_EXPORTER: "none",
  });
}

/** A port that nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address
          ? resolve(address.port)
          : reject(new Error("no port")),
      );
    });
  });
}

/** Starts a server and waits until it listens. */
export async function started(
  program: string,
  args: readonly string[],
  port: number,
  env: Readonly<Record<string, string>>,
): Promise<Server> {
  const child = spawn(program, args, { stdio: "ignore", env: { ...process.env, ...env } });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  for (let tries = 0; !(await listens(port)); tries++) {
    if (child.exitCode !== null || tries > 200) {
      throw new Error(`${program} does not listen on port ${port}: ${reason(program, args)}`);
    }
    await sleep(50);
  }
  return { port, stop: () => stop(child, ended) };
}

function reason(program: string, args: readonly string[]): string {
  return spawnSync(program, args, { encoding: "utf8", timeout: 3000 }).stderr ?? "";
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill();
  await ended;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
