/** Against a real sshd on a free port of the loopback address. Needs root, openssh-server and -client. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect as connectTcp, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "./connection.ts";
import { connectionContract } from "./contract.ts";
import { connectSsh } from "./ssh.ts";

const folder = mkdtempSync(join(tmpdir(), "layerbook-sshd-"));
const user = "layerbook-ssh-test";
let daemon: ChildProcess;
let port: number;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

async function waitForPort(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connectTcp(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("sshd does not listen");
}

beforeAll(async () => {
  port = await freePort();
  mkdirSync("/run/sshd", { recursive: true });
  for (const name of ["host", "id"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  }
  copyFileSync(join(folder, "id.pub"), join(folder, "authorized_keys"));
  writeFileSync(
    join(folder, "sshd_config"),
    `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${join(folder, "host")}\nPidFile none\nStrictModes no\n` +
      `AuthorizedKeysFile ${join(folder, "authorized_keys")}\nPermitRootLogin yes\nUsePAM no\nPasswordAuthentication yes\n`,
  );
  try {
    execFileSync("userdel", ["-r", user], { stdio: "ignore" });
  } catch {
    // It was not there.
  }
  const crypted = execFileSync("openssl", ["passwd", "-6", "right"], { encoding: "utf8" }).trim();
  execFileSync("useradd", ["-m", "-s", "/bin/sh", "-p", crypted, user]);
  daemon = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(folder, "sshd_config")], {
    stdio: "ignore",
  });
  await waitForPort();
});
afterAll(() => {
  daemon.kill("SIGKILL");
  execFileSync("userdel", ["-r", user], { stdio: "ignore" });
  rmSync(folder, { recursive: true });
});

const target = () => ({
  host: "127.0.0.1",
  port,
  user: "root",
  privateKeyFile: join(folder, "id"),
  extraArguments: ["-o", `UserKnownHostsFile=${join(folder, "known_hosts")}`],
});

/** Process ids of masters of this process. They say so in their title: `ssh: <socket> [mux]`. */
function masters(): string[] {
  const processes = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" });
  return processes
    .split("\n")
    .filter((line) => line.includes(`/lb-ssh-${process.pid}-`) && line.includes("[mux]"))
    .map((line) => line.trim().split(" ")[0] ?? "");
}

describe("the ssh connection", () => {
  connectionContract(async () => connectSsh({ ...target(), hostKeyChecking: false }), {
    user: "nobody",
    method: "su",
  });
  it("refuses a machine whose key it does not know", async () => {
    const unknown = { ...target(), extraArguments: ["-o", "UserKnownHostsFile=/dev/null"] };
    await expect(connectSsh({ ...unknown, hostKeyChecking: true })).rejects.toThrow(
      /Host key verification/,
    );
  });
  it("answers only the question that the user has named, where one is", async () => {
    const { privateKeyFile: _, ...withoutKey } = target();
    const login = { ...withoutKey, user, hostKeyChecking: false, password: "right" };
    const connection = await connectSsh({ ...login, passwordPrompt: "assword:" });
    expect((await connection.run("id -un")).stdout.toString()).toBe(`${user}\n`);
    await connection.close();
    const open = connectSsh({ ...login, passwordPrompt: "Token:" });
    open.catch(() => undefined);
    const waited = new Promise((resolve) => setTimeout(() => resolve("waits"), 1500));
    expect(await Promise.race([open, waited])).toBe("waits");
  });
  it("logs in with a password, and says so when it is wrong", async () => {
    const { privateKeyFile: _, ...withoutKey } = target();
    const login = { ...withoutKey, user, hostKeyChecking: false };
    const connection = await connectSsh({ ...login, password: "right" });
    expect((await connection.run("id -un")).stdout.toString()).toBe(`${user}\n`);
    await connection.close();
    await expect(connectSsh({ ...login, password: "wrong" })).rejects.toThrow(/Permission denied/);
  });
  it("opens a key that has a passphrase", async () => {
    const key = join(folder, "locked");
    copyFileSync(join(folder, "id"), key);
    chmodSync(key, 0o600);
    execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", "open it", "-f", key]);
    const login = { ...target(), privateKeyFile: key, hostKeyChecking: false };
    const connection = await connectSsh({ ...login, passphrase: "open it" });
    expect((await connection.run("echo in")).stdout.toString()).toBe("in\n");
    await connection.close();
    await expect(connectSsh({ ...login, passphrase: "no" })).rejects.toThrow(/Permission denied/);
  });
  it("goes through a jump host", async () => {
    const jump = `ssh -i ${join(folder, "id")} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p ${port} -W %h:%p root@127.0.0.1`;
    const connection = await connectSsh({
      ...target(),
      hostKeyChecking: false,
      extraArguments: [...target().extraArguments, "-o", `ProxyCommand=${jump}`],
    });
    expect((await connection.run('echo "$SSH_CONNECTION"')).stdout.toString()).toContain(
      "127.0.0.1",
    );
    await connection.close();
  });
  it("tries again when it is told to", async () => {
    const late = await freePort();
    const begun = Date.now();
    const connecting = connectSsh({ ...target(), port: late, hostKeyChecking: false, retries: 5 });
    const forward = createServer((socket) => {
      const to = connectTcp(port, "127.0.0.1");
      socket.pipe(to).pipe(socket);
      for (const end of [socket, to]) end.on("error", () => undefined);
    });
    setTimeout(() => forward.listen(late, "127.0.0.1"), 500);
    const connection = await connecting;
    expect(Date.now() - begun).toBeGreaterThan(500);
    await connection.close();
    forward.close();
  });
  it("becomes root by sudo and by su with passwords, which may be wrong", async () => {
    const sudoers = "/etc/sudoers.d/layerbook-ssh-test";
    writeFileSync(sudoers, `${user} ALL=(ALL) ALL\n`, { mode: 0o440 });
    try {
      const { privateKeyFile: _, ...login } = target();
      const open = () => connectSsh({ ...login, user, password: "right", hostKeyChecking: false });
      const connection = await open();
      const sudo = { user: "root", method: "sudo", password: "right" };
      expect((await connection.run("id -un", { become: sudo })).stdout.toString()).toBe("root\n");
      const su = { user, method: "su", password: "right" };
      expect((await connection.run("id -un", { become: su })).stdout.toString()).toBe(`${user}\n`);
      await connection.close();
      const other = await open();
      const wrong = { user: "root", method: "sudo", password: "wrong" };
      await expect(other.run("id", { become: wrong })).rejects.toThrow(
        /cannot become 'root' by sudo/,
      );
      await other.close();
      const doas = { user: "root", method: "doas", password: "right" };
      const third = await open();
      await expect(third.run("id", { become: doas })).rejects.toThrow(/doas takes a password only/);
      await third.close();
    } finally {
      rmSync(sudoers);
    }
  });
  it("gives its streams to a program, and tells why one cannot start", async () => {
    const connection = await connectSsh({ ...target(), hostKeyChecking: false });
    const tunnel = await connection.tunnel?.("exec cat");
    const bytes = randomBytes(3_000_000);
    tunnel?.end(bytes);
    const back: Buffer[] = [];
    for await (const chunk of tunnel ?? []) back.push(chunk as Buffer);
    expect(Buffer.concat(back).equals(bytes)).toBe(true);
    const other = await connectSsh({ ...target(), hostKeyChecking: false });
    const failed = await other.tunnel?.("exec no-such-program");
    failed?.end();
    await expect(
      (async () => {
        for await (const _ of failed ?? []);
      })(),
    ).rejects.toThrow(/no-such-program/);
  });
  it("says that nobody listens", async () => {
    await expect(connectSsh({ ...target(), port: 1 })).rejects.toThrow(/refused/);
  });
});

describe("ssh connections to one machine", () => {
  const whence = async (connection: Connection) =>
    (await connection.run('echo "$SSH_CONNECTION"')).stdout.toString();
  it("go through the first one's master, which ends with the last of them", async () => {
    // As many an ansible.cfg has it.
    const words = ["-C", "-o", "ControlMaster=auto", "-o", "ControlPersist=60s"];
    const login = { ...target(), hostKeyChecking: false };
    login.extraArguments.push(...words);
    const first = await connectSsh(login);
    const second = await connectSsh(login);
    const from = await whence(first);
    expect(await whence(second)).toBe(from);
    const tunnel = await (await connectSsh(login)).tunnel?.('echo "$SSH_CONNECTION"');
    const said: Buffer[] = [];
    for await (const chunk of tunnel ?? []) said.push(chunk as Buffer);
    expect(Buffer.concat(said).toString()).toBe(from);
    const other = await connectSsh({ ...login, user: "root", timeout: 11 });
    expect(await whence(other)).not.toBe(from);
    await other.close();
    // Who logs in after a reset has the groups of that time.
    await first.close();
    const anew = await connectSsh(login);
    expect(await whence(anew)).not.toBe(from);
    expect(await whence(second)).toBe(from);
    await Promise.all([second.close(), anew.close()]);
    expect(masters()).toEqual([]);
  });
  it("share nothing when their arguments say so, and use the socket that is named", async () => {
    const login = { ...target(), hostKeyChecking: false };
    const alone = {
      ...login,
      extraArguments: [...login.extraArguments, "-o", "ControlMaster=no"],
    };
    const pair = await Promise.all([connectSsh(alone), connectSsh(alone)]);
    const ports = await Promise.all(pair.map(whence));
    expect(ports[0]).not.toBe(ports[1]);
    await Promise.all(pair.map((connection) => connection.close()));
    const controlPath = join(folder, "cp-%p");
    const named = await connectSsh({ ...login, controlPath });
    const socket = join(folder, `cp-${port}`);
    expect(existsSync(socket)).toBe(true);
    await named.close();
    // It is the user's: it stays for the next run, as long as it persists.
    expect(existsSync(socket)).toBe(true);
    execFileSync("ssh", ["-S", socket, "-O", "exit", "x"], { stdio: "ignore" });
  });
  it("come back when the master does not answer any more", async () => {
    const login = { ...target(), hostKeyChecking: false, timeout: 1 };
    const first = await connectSsh(login);
    const [master] = masters();
    process.kill(Number(master), "SIGSTOP");
    try {
      const second = await connectSsh(login);
      expect((await second.run("echo in")).stdout.toString()).toBe("in\n");
      await second.close();
    } finally {
      process.kill(Number(master), "SIGCONT");
    }
    await first.close();
    expect(masters()).toEqual([]);
  });
});
