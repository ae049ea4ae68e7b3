/** Podman's Docker-compatible socket, and the namespaces of a process of one of its containers. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DockerClient } from "../docker/index.ts";
import { connectionContract } from "./contract.ts";
import { connectDocker } from "./docker.ts";
import { connectNamespaces } from "./nsenter.ts";

const IMAGE = "localhost/layerbook-podman:test";
// Below /var/tmp: an overlay cannot be the upper directory of another one, which /tmp often is.
const folder = mkdtempSync("/var/tmp/layerbook-podman-");
const socket = join(folder, "sock");
// runc is there where Docker is; crun refuses machines that have both versions of cgroups.
const globals = `--root=${folder}/root --runroot=${folder}/run --runtime=runc --cgroup-manager=cgroupfs`;
const podman = (...words: readonly string[]) =>
  execFileSync("podman", [...globals.split(" "), ...words], { encoding: "utf8" });
// Limits that may be set where the test itself may raise none.
const HostConfig = {
  NetworkMode: "none",
  Ulimits: [
    { Name: "nofile", Soft: 1024, Hard: 1024 },
    { Name: "nproc", Soft: 1024, Hard: 1024 },
  ],
};
let service: ChildProcess;
let client: DockerClient;
let name: string;

beforeAll(async () => {
  const tree = join(folder, "tree");
  for (const dir of ["bin", "etc", "tmp", "proc", "root"]) {
    mkdirSync(join(tree, dir), { recursive: true });
  }
  copyFileSync("/bin/busybox", join(tree, "bin/busybox"));
  for (const tool of "sh sleep cat dd head id kill grep su ps hostname".split(" ")) {
    symlinkSync("busybox", join(tree, "bin", tool));
  }
  execFileSync("sh", [
    "-c",
    "printf 'root:x:0:0::/root:/bin/sh\\nnobody:x:65534:65534::/tmp:/bin/sh\\n' >$1/etc/passwd; tar -C $1 -cf $1.tar .",
    "sh",
    tree,
  ]);
  podman("import", "--quiet", `${tree}.tar`, IMAGE);
  service = spawn(
    "podman",
    [...globals.split(" "), "system", "service", "--time=0", `unix://${socket}`],
    { stdio: "ignore" },
  );
  for (let i = 0; i < 200 && !existsSync(socket); i++) await sleep(50);
  client = new DockerClient({ DOCKER_HOST: `unix://${socket}` });
  name = `layerbook-podman-${process.pid}`;
  await client.containers.create(
    {
      Image: IMAGE,
      Cmd: ["sleep", "600"],
      Hostname: "inside",
      StopTimeout: 0,
      HostConfig,
    },
    { name },
  );
  await client.containers.start(name);
}, 60_000);
afterAll(async () => {
  client?.close();
  podman("rm", "--all", "--force", "--time=0");
  const gone = new Promise((resolve) => service.on("close", resolve));
  service.kill();
  await gone;
  // Monitors of execs stay for five minutes; ended softly, they would make the store anew.
  for (const line of execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" }).split("\n")) {
    if (line.includes("/conmon ") && line.includes(folder))
      process.kill(Number.parseInt(line, 10), "SIGKILL");
  }
  try {
    execFileSync("umount", ["--lazy", join(folder, "root/overlay")], { stdio: "ignore" });
  } catch {
    // It was not mounted.
  }
  rmSync(folder, { recursive: true, force: true });
});

describe("the podman connection", () => {
  connectionContract(async () => connectDocker(client, name), { user: "nobody", method: "su" });
  it("is entered as the user, in the directory and with the environment that are asked for", async () => {
    const shell = await connectDocker(client, name, {
      user: "nobody",
      workdir: "/etc",
      env: ["GREETING=hello world"],
    });
    const result = await shell.run('id -un; pwd; echo "$GREETING"');
    expect(result.stdout.toString()).toBe("nobody\n/etc\nhello world\n");
    await shell.close();
  });
  it("keeps no process of a closed connection", async () => {
    const shell = await connectDocker(client, name);
    const running = shell.run("sleep 4321").catch((error: unknown) => error);
    await sleep(300);
    await shell.close();
    await running;
    const own = await connectDocker(client, name);
    const { stdout } = await own.run("ps -o args");
    expect(stdout.toString()).not.toContain("sleep 4321");
    await own.close();
  });
  it("says that there is no such container, or that it does not run", async () => {
    await expect(connectDocker(client, "layerbook-nosuch")).rejects.toThrow(
      "there is no such container",
    );
    const stopped = `${name}-stopped`;
    await client.containers.create(
      { Image: IMAGE, Cmd: ["sleep", "1"], HostConfig },
      { name: stopped },
    );
    await expect(connectDocker(client, stopped)).rejects.toThrow("the container is not running");
  });
  it("that is removed in the middle of a task is an error in words", async () => {
    const victim = `${name}-victim`;
    await client.containers.create(
      {
        Image: IMAGE,
        Cmd: ["sleep", "600"],
        StopTimeout: 0,
        HostConfig,
      },
      { name: victim },
    );
    await client.containers.start(victim);
    const shell = await connectDocker(client, victim);
    let removal: Promise<void> | undefined;
    const task = shell.run("echo begun; sleep 60", {
      onOutput: () => {
        removal ??= client.containers.remove(victim, { force: true });
      },
    });
    await expect(task).rejects.toThrow(/container .* (was removed|has stopped)/);
    await shell.close();
    await removal;
  });
});

describe("the nsenter connection", () => {
  const pid = async () => Number((await client.containers.inspect(name)).State.Pid);
  connectionContract(async () => connectNamespaces(await pid()), {
    user: "nobody",
    method: "su",
  });
  it("is in the root, the host name and the processes of the container", async () => {
    const shell = await connectNamespaces(await pid());
    const result = await shell.run("hostname; pwd; cat /proc/1/cmdline");
    expect(result.stdout.toString()).toBe("inside\n/\nsleep\x00600\x00");
    await shell.close();
  });
  it("says what a process that is not there means", async () => {
    await expect(connectNamespaces(4_194_303)).rejects.toMatchObject({
      message: expect.stringContaining("nsenter 4194303: cannot enter its namespaces"),
      hint: expect.stringContaining("util-linux"),
    });
  });
});
