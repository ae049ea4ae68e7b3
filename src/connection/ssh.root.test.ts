/** Against a real sshd on a free port of the loopback address. Needs root, openssh-server and -client. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
  it("logs in with a password, and says so when it is wrong", async () => {
    const { privateKeyFile: _, ...withoutKey } = target();
    const login = { ...withoutKey, user, hostKeyChecking: false };
    const connection = await connectSsh({ ...login, password: "right" });
    expect((await connection.run("id -un")).stdout.toString()).toBe(`${user}\n`);
    await connection.close();
    await expect(connectSsh({ ...login, password: "wrong" })).rejects.toThrow(/Permission denied/);
  });
  it("says that nobody listens", async () => {
    await expect(connectSsh({ ...target(), port: 1 })).rejects.toThrow(/refused/);
  });
});
