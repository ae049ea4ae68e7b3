import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DockerClient } from "../docker/index.ts";
import { connectionContract } from "./contract.ts";
import { connectDocker } from "./docker.ts";

const PREFIX = "oci-connection";
const BUSYBOX = `${PREFIX}-busybox:test`;
const client = new DockerClient();
let serial = 0;

/** A container that does nothing for a while. */
async function container(image = "debian:bookworm", more: object = {}): Promise<string> {
  const name = `${PREFIX}-${process.pid}-${serial++}`;
  const Labels = { [PREFIX]: String(process.pid) };
  await client.containers.create(
    { Image: image, Cmd: ["sleep", "600"], Labels, StopTimeout: 0, ...more },
    { name },
  );
  await client.containers.start(name);
  return name;
}

beforeAll(() => {
  const root = mkdtempSync(join(tmpdir(), `${PREFIX}-`));
  for (const dir of ["bin", "etc", "tmp", "proc", "root"]) mkdirSync(join(root, dir));
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  for (const name of ["sh", "sleep", "cat", "dd", "head", "id", "kill", "grep", "su", "ps"]) {
    symlinkSync("busybox", join(root, "bin", name));
  }
  execFileSync("sh", [
    "-c",
    "printf 'root:x:0:0::/root:/bin/sh\\nnobody:x:65534:65534::/tmp:/bin/sh\\n' >$1/etc/passwd; tar -C $1 -c . | docker import - $2",
    "sh",
    root,
    BUSYBOX,
  ]);
  rmSync(root, { recursive: true });
});
afterAll(async () => {
  const filters = { label: [`${PREFIX}=${process.pid}`] };
  for (const { Id } of await client.containers.list({ all: true, filters })) {
    await client.containers.remove(Id, { force: true });
  }
  await client.images.remove(BUSYBOX, { force: true });
  client.close();
});

describe("the docker connection", () => {
  let name: string;
  connectionContract(
    async () => {
      name ??= await container();
      return connectDocker(client, name);
    },
    { user: "nobody", method: "su" },
  );
});

describe("the docker connection to a container with busybox only", () => {
  let name: string;
  connectionContract(
    async () => {
      name ??= await container(BUSYBOX);
      return connectDocker(client, name);
    },
    { user: "nobody", method: "su" },
  );
});

describe("a container", () => {
  it("is entered as the user, in the directory and with the environment that are asked for", async () => {
    const name = await container();
    const shell = await connectDocker(client, name, {
      user: "nobody",
      workdir: "/usr/share",
      env: ["GREETING=hello world"],
    });
    const result = await shell.run('id -un; pwd; echo "$GREETING"');
    expect(result.stdout.toString()).toBe("nobody\n/usr/share\nhello world\n");
    await shell.close();
  });
  it("that stops in the middle of a task is an error in words", async () => {
    const name = await container();
    const shell = await connectDocker(client, name);
    const task = shell.run("echo begun; sleep 60", {
      onOutput: () => void client.containers.kill(name),
    });
    await expect(task).rejects.toThrow(
      `container ${name}: the container has stopped (exit code 137)`,
    );
    await expect(shell.run("true")).rejects.toThrow("has stopped");
    await shell.close();
    await expect(connectDocker(client, name)).rejects.toMatchObject({
      message: `container ${name}: the container is not running`,
      hint: expect.stringContaining("docker start"),
    });
  });
  it("that is removed in the middle of a task is an error in words", async () => {
    const name = await container();
    const shell = await connectDocker(client, name);
    let removal: Promise<void> | undefined;
    const task = shell.run("echo begun; sleep 60", {
      onOutput: () => {
        removal ??= client.containers.remove(name, { force: true });
      },
    });
    await expect(task).rejects.toThrow(/container .* (was removed|has stopped)/);
    await shell.close();
    await removal;
    await expect(connectDocker(client, name)).rejects.toThrow("there is no such container");
  });
  it("without a shell, or that is paused, says so", async () => {
    const name = await container(BUSYBOX);
    await client.exec.run(name, ["busybox", "rm", "/bin/sh"]);
    const shell = await connectDocker(client, name);
    await expect(shell.run("true")).rejects.toThrow(/cannot start a shell: .*sh/);
    await shell.close();
    await client.containers.pause(name);
    await expect(connectDocker(client, name)).rejects.toThrow("the container is paused");
    await client.containers.unpause(name);
  });
  it("keeps no process of a closed connection, but the daemons that were started", async () => {
    const name = await container();
    const shell = await connectDocker(client, name);
    await shell.run("setsid sleep 1234 >/dev/null 2>&1 </dev/null & :");
    const running = shell.run("sleep 4321").catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await shell.close();
    await running;
    const { Processes } = await client.containers.top(name);
    const commands = Processes.map((columns) => columns.at(-1)).join("\n");
    expect(commands).toContain("sleep 1234");
    expect(commands).not.toContain("sleep 4321");
    expect(commands).not.toContain("lb_read");
  });
});
