/** Containers that mean ill, many at once, and a daemon that goes away: the controller stays whole. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectDocker } from "../src/connection/docker.ts";
import { DockerClient } from "../src/docker/index.ts";
import * as fetchModule from "../src/modules/files/fetch.ts";
import { runModule } from "../src/modules/testing.ts";

const IMAGE = "lb-hostile:test";
const client = new DockerClient();
const folder = mkdtempSync(join(tmpdir(), "layerbook-hostile-"));
const made: string[] = [];

/** A busybox image with these programs in place of busybox's own. */
function image(name: string, programs: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(folder, "root-"));
  for (const dir of ["bin", "etc", "tmp", "proc", "root", "dev"]) mkdirSync(join(root, dir));
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  const applets =
    "sh sleep cat dd head id kill stat readlink sha1sum yes printf ln base64 wc od ls";
  for (const applet of applets.split(" ")) symlinkSync("busybox", join(root, "bin", applet));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
  for (const [program, text] of Object.entries(programs)) {
    rmSync(join(root, "bin", program), { force: true });
    writeFileSync(join(root, "bin", program), `#!/bin/busybox sh\n${text}\n`, { mode: 0o755 });
  }
  execFileSync("sh", ["-c", 'tar -C "$1" -c . | docker import - "$2"', "sh", root, name]);
  rmSync(root, { recursive: true });
  return name;
}

async function container(programs: Readonly<Record<string, string>> = {}): Promise<string> {
  const name = `lb-hostile-${process.pid}-${made.length}`;
  const from = image(`${IMAGE}-${made.length}`, programs);
  await client.containers.create({ Image: from, Cmd: ["busybox", "sleep", "600"] }, { name });
  made.push(name);
  await client.containers.start(name);
  return name;
}

afterAll(async () => {
  for (const [index, name] of made.entries()) {
    await client.containers.remove(name, { force: true });
    await client.images.remove(`${IMAGE}-${index}`, { force: true });
  }
  client.close();
  rmSync(folder, { recursive: true });
});

describe("a hostile container", () => {
  it("whose sh writes without end is given up in bounded memory", async () => {
    const shell = await connectDocker(client, await container({ sh: "exec busybox yes" }));
    const before = process.memoryUsage.rss();
    await expect(shell.run("true")).rejects.toThrow(/more than 1 MB of output|the shell/);
    await shell.close();
    expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000);
  });
  it("whose sh says nothing, or something else, ends in an error", async () => {
    const silent = await connectDocker(client, await container({ sh: "exit 3" }));
    await expect(silent.run("true")).rejects.toThrow(/the shell ended with code 3/);
    await silent.close();
    const liar = await connectDocker(
      client,
      await container({
        sh: "echo 1; printf '\\nlb-0000 0\\n'; busybox head -c 9 >/dev/null; exit 0",
      }),
    );
    await expect(liar.run("true")).rejects.toThrow(/the shell ended/);
    await liar.close();
  });
  it("cannot make fetch write anywhere but to its destination", async () => {
    const liars = {
      stat: "echo '81a4|0|0|../../../x|../../../y|7|1|1|1|0|0|0|8|4096|0|0|0|0|0'",
      readlink: "printf ../../../../../../tmp/lb-hostile-escaped",
      sha1sum: "echo '0000000000000000000000000000000000000000  ../../../escaped'",
    };
    const name = await container(liars);
    const shell = await connectDocker(client, name);
    await shell.run(
      "echo content >/f; ln -s /etc/passwd /link; ln -s ../../../../../../../etc/passwd /up",
    );
    const dest = join(folder, "fetched");
    for (const src of ["/f", "/link", "/up", "/nothing"]) {
      const arguments_ = { src, dest: `${dest}/`, flat: true, fail_on_missing: false };
      const result = await runModule(fetchModule, arguments_, shell).catch(
        (error: Error): { failed: boolean; msg: string } => ({ failed: true, msg: error.message }),
      );
      expect(result).toBeDefined();
    }
    await shell.close();
    const written = existsSync(dest) ? readdirSync(dest) : [];
    expect(written.filter((entry) => !["f", "link", "up", "nothing"].includes(entry))).toEqual([]);
    for (const entry of written) {
      expect(readFileSync(join(dest, entry), "utf8")).not.toContain("daemon:x:1:1");
    }
    expect(existsSync("/tmp/lb-hostile-escaped")).toBe(false);
  });
  it("whose cat writes without end does not fill the controller", async () => {
    const name = await container({ cat: "exec busybox yes" });
    const shell = await connectDocker(client, name);
    let seen = 0;
    const running = shell.run("/bin/cat /etc/passwd", {
      collect: false,
      timeoutMs: 1500,
      onOutput: (_stream, chunk) => {
        seen += chunk.length;
      },
    });
    await expect(running).rejects.toThrow("no end within 1.5 s");
    expect(seen).toBeGreaterThan(1000);
    await shell.close();
  });
});

describe("many connections at once", () => {
  it("50 shells answer, in bounded memory, and leave nothing behind", async () => {
    const name = await container();
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const before = { rss: process.memoryUsage.rss(), fds: descriptors() };
    const shells = await Promise.all(Array.from({ length: 50 }, () => connectDocker(client, name)));
    const bytes = Buffer.alloc(100_000, "x");
    const answers = await Promise.all(
      shells.map(async (shell, index) => {
        const result = await shell.run(`cat >/tmp/${index}; echo ${index}`, { stdin: bytes });
        return Number(result.stdout.toString());
      }),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(process.memoryUsage.rss() - before.rss).toBeLessThan(150_000_000);
    await Promise.all(shells.map((shell) => shell.close()));
    const processes = async () => (await client.containers.top(name)).Processes.length;
    for (let tries = 0; (await processes()) > 1 && tries < 50; tries++) await sleep(100);
    expect(await processes()).toBe(1);
    for (let tries = 0; descriptors() > before.fds + 8 && tries < 50; tries++) await sleep(100);
    expect(descriptors()).toBeLessThanOrEqual(before.fds + 8);
  });
  it("100 MB go there and back, streamed", async () => {
    const shell = await connectDocker(client, await container());
    const path = join(folder, "large");
    execFileSync("sh", ["-c", 'head -c 100000000 /dev/urandom >"$1"', "sh", path]);
    const sum = execFileSync("sha1sum", [path], { encoding: "utf8" }).slice(0, 40);
    await shell.run("cat >/large", { stdin: { path } });
    expect((await shell.run("sha1sum </large")).stdout.toString().slice(0, 40)).toBe(sum);
    const result = await runModule(
      fetchModule,
      { src: "/large", dest: join(folder, "back"), flat: true },
      shell,
    );
    expect(result).toMatchObject({ changed: true, checksum: sum });
    await shell.close();
  });
});

describe("a daemon that goes away", () => {
  const home = join(folder, "dockerd");
  const socket = join(home, "docker.sock");
  let daemon: ChildProcess;
  beforeAll(async () => {
    mkdirSync(home);
    // In a network of its own: it would take the other daemon's bridge away.
    daemon = spawn(
      "unshare",
      [
        ...[
          "--net",
          "dockerd",
          "--data-root",
          join(home, "data"),
          "--exec-root",
          join(home, "exec"),
        ],
        ...["--pidfile", join(home, "pid"), "--host", `unix://${socket}`],
        ...["--bridge=none", "--iptables=false", "--storage-driver=vfs", "--log-level=error"],
      ],
      { stdio: "ignore" },
    );
    for (let tries = 0; tries < 600 && !existsSync(socket); tries++) await sleep(100);
  }, 90_000);
  afterAll(async () => {
    if (daemon.exitCode === null) {
      const ended = new Promise((resolve) => daemon.on("close", resolve));
      daemon.kill("SIGTERM");
      await ended;
    }
  });
  it("ends the task with a clear message", async () => {
    const own = new DockerClient({ DOCKER_HOST: `unix://${socket}` });
    for (let tries = 0; ; tries++) {
      const up = await own.system.ping().then(
        () => true,
        () => false,
      );
      if (up || tries > 300) break;
      await sleep(100);
    }
    const from = image(`${IMAGE}-own`, {});
    execFileSync("sh", [
      "-c",
      'docker save "$1" | docker -H "unix://$2" load -q; docker rmi "$1"',
      "sh",
      from,
      socket,
    ]);
    const config = {
      Image: from,
      Cmd: ["busybox", "sleep", "60"],
      HostConfig: { NetworkMode: "none" },
    };
    const { id } = await own.containers.create(config);
    await own.containers.start(id);
    const shell = await connectDocker(own, id);
    expect((await shell.run("echo up")).stdout.toString()).toBe("up\n");
    const task = shell.run("echo begun; sleep 60", {
      onOutput: () => {
        daemon.kill("SIGTERM");
      },
    });
    await expect(task).rejects.toThrow(
      /connection to the daemon was lost|the container has stopped|the shell was killed/,
    );
    await shell.close();
    await new Promise((resolve) => {
      if (daemon.exitCode !== null) resolve(undefined);
      else daemon.on("close", resolve);
    });
    await expect(connectDocker(own, id)).rejects.toThrow(/cannot reach the Docker daemon/);
    own.close();
  });
});
