/** Builds in a container of a Docker daemon: what the image is, and what breaks. Needs root and Docker. */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BIN, busyboxRoot, files, layerbook, must, run, scratch } from "./support.ts";

const folder = scratch();
const base = "layerbook-test/docker-build-base:1";
const image = "layerbook-test/docker-build:1";
const env = { LAYERBOOK_STORE: join(folder.path, "store") };

const build = (play: string, ...flags: string[]) =>
  layerbook(
    [
      ...["build", play, "--from", `docker-daemon:${base}`, "-t", image, "--on", "docker"],
      ...["--plain", ...flags],
    ],
    { cwd: folder.path, env },
  );

/** Containers that builds have started and not removed. */
const containers = () =>
  must("docker", ["ps", "-aq", "--filter", "label=layerbook.session"]).trim();

const inImage = (script: string) => must("docker", ["run", "--rm", image, "sh", "-c", script]);

beforeAll(() => {
  files(folder.path, {
    "slow.yml": `
- hosts: all
  gather_facts: false
  tasks:
    - {name: first, copy: {content: "1", dest: /srv/first}}
    - {name: slow, shell: "sleep {{ seconds }}; echo x >/srv/slow"}
`,
  });
  const root = busyboxRoot(folder.path);
  mkdirSync(join(root, "data"));
  const tar = join(folder.path, "base.tar");
  must("tar", ["-C", root, "-cf", tar, "."]);
  must("docker", ["import", "-c", 'CMD ["sh"]', "-c", "VOLUME /data", tar, base]);
});
afterAll(() => {
  must("docker", ["rmi", "-f", image, base]);
  folder.remove();
});

describe("layerbook build --on docker", () => {
  it("keeps what tasks write to a volume of the base, and nothing of the build's container", async () => {
    files(folder.path, {
      "volume.yml": `
- hosts: all
  gather_facts: false
  tasks:
    - {name: data, copy: {content: "kept", dest: /data/file}}
    - {name: made, file: {path: /srv/made, state: directory, mode: "2750", owner: nobody}}
    - {name: gone, file: {path: /srv/made, state: absent}}
    - {name: link, file: {src: /data/file, dest: /srv/link, state: link}}
    - {name: odd, shell: "echo x >'/srv/a b\tc'; ln /data/file /data/second; mkfifo /srv/pipe"}
`,
    });
    const built = await build("volume.yml", "--layers", "task");
    expect(built.stderr).toBe("");
    expect(built.code).toBe(0);
    const flat = must("docker", ["create", image]).trim();
    const names = must("sh", ["-c", `docker export ${flat} | tar -t`]).split("\n");
    must("docker", ["rm", flat]);
    expect(names).toContain("data/file");
    expect(names).toContain("data/second");
    expect(names).toContain("srv/link");
    expect(names).toContain("srv/pipe");
    expect(names).not.toContain("srv/made/");
    const [{ Config }] = JSON.parse(must("docker", ["inspect", image]));
    expect(Config.Cmd).toEqual(["sh"]);
    expect(Config.Entrypoint ?? null).toBeNull();
    expect(Config.Volumes).toEqual({ "/data": {} });
    expect(Config.Labels ?? null).toBeNull();
    expect(must("docker", ["history", "-q", image]).trim().split("\n")).toHaveLength(6);
    expect(containers()).toBe("");
  });

  it("goes on where it failed, from a state that the daemon holds", async () => {
    files(folder.path, {
      "steps.yml": `
- hosts: all
  gather_facts: false
  tasks:
    - {name: one, shell: "echo one >>/srv/log"}
    - {name: two, shell: "echo two >>/srv/log; test {{ ok | default(0) }} = 1"}
    - {name: three, shell: "cat /srv/log", register: log}
    - {name: tell, copy: {content: "{{ log.stdout }}", dest: /srv/told}}
`,
    });
    const failed = await build("steps.yml");
    expect(failed.code).toBe(2);
    expect(failed.stderr).toContain("steps.yml:6");
    const again = await build("steps.yml", "-e", "ok=1");
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/cached\s+one/);
    expect(again.stdout).toMatch(/changed\s+two/);
    expect(inImage("cat /srv/told")).toBe("one\ntwo");
    const cached = await build("steps.yml", "-e", "ok=1");
    expect(cached.stdout).toMatch(/4 cached, 0 run/);
    expect(containers()).toBe("");
  });

  it("says so when someone removes the container, and goes on next time", async () => {
    const building = build("slow.yml", "-e", "seconds=60");
    await containerOf("sleep 60");
    must("docker", ["rm", "-f", containers()]);
    const broken = await building;
    expect(broken.code).toBe(4);
    expect(broken.stderr).toContain("slow.yml:6");
    expect(broken.stderr).toMatch(/was stopped or removed by someone/);
    const again = await build("slow.yml", "-e", "seconds=0");
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/cached\s+first/);
  });

  it("leaves no container behind when it is killed", async () => {
    const child = spawn(
      process.execPath,
      [
        ...[BIN, "build", "slow.yml", "--from", `docker-daemon:${base}`, "-t", image],
        ...["--on", "docker", "-e", "seconds=3"],
      ],
      { cwd: folder.path, env: { ...process.env, ...env }, stdio: "ignore" },
    );
    await containerOf("sleep 3");
    child.kill("SIGKILL");
    for (let i = 0; i < 100 && containers() !== ""; i++) await sleep(100);
    expect(containers()).toBe("");
  });

  it("says which daemon does not answer", async () => {
    const built = await layerbook(
      ["build", "slow.yml", "--from", "scratch", "-t", image, "--on", "docker"],
      { cwd: folder.path, env: { ...env, DOCKER_HOST: "unix:///nowhere/docker.sock" } },
    );
    expect(built.code).toBe(1);
    expect(built.stderr).toContain("unix:///nowhere/docker.sock");
    expect(built.stderr).not.toContain("    at ");
  });
});

describe("a daemon that dies in mid-build", () => {
  it("is one clear message, and the next build goes on", async () => {
    const place = join(folder.path, "engine");
    mkdirSync(place);
    const socket = join(place, "docker.sock");
    // The second one gets a new place for what runs: the first cannot tidy up.
    const start = (exec: string) =>
      spawn(
        "unshare",
        [
          // In a network of its own: it would take the other daemon's bridge away.
          ...[
            "--net",
            "dockerd",
            "--data-root",
            join(place, "data"),
            "--exec-root",
            join(place, exec),
          ],
          ...["--pidfile", join(place, "pid"), "--host", `unix://${socket}`],
          ...["--bridge=none", "--iptables=false"],
        ],
        { stdio: "ignore" },
      );
    const host = { DOCKER_HOST: `unix://${socket}` };
    const ready = async () => {
      for (let i = 0; i < 100; i++) {
        if ((await run("docker", ["version"], { env: host })).code === 0) return;
        await sleep(200);
      }
      throw new Error("the second dockerd does not start");
    };
    const args = [
      ...["build", "slow.yml", "--from", `rootfs:${join(folder.path, "busybox")}`, "-t", image],
      ...["--on", "docker", "--plain", "-e"],
    ];
    const own = { cwd: folder.path, env: { LAYERBOOK_STORE: join(place, "store"), ...host } };
    let engine = start("exec1");
    try {
      await ready();
      const building = layerbook([...args, "seconds=61"], own);
      await Promise.race([
        containerOf("sleep 61", host),
        building.then(({ stdout, stderr }) => {
          throw new Error(`the build has ended: ${stdout}${stderr}`);
        }),
      ]);
      engine.kill("SIGKILL");
      const broken = await building;
      expect(broken).toMatchObject({ code: 4 });
      expect(broken.stderr).toMatch(/connection to the daemon was lost/);
      expect(broken.stderr).not.toContain("    at ");
      await run("pkill", ["-9", "-f", join(place, "exec1")]);
      rmSync(join(place, "pid"), { force: true });
      engine = start("exec2");
      await ready();
      const again = await layerbook([...args, "seconds=0"], own);
      expect(again.stderr).toBe("");
      expect(again.stdout).toMatch(/cached\s+first/);
    } finally {
      engine.kill("SIGTERM");
      for (let i = 0; i < 100 && engine.exitCode === null && engine.signalCode === null; i++) {
        await sleep(100);
      }
      await run("pkill", ["-9", "-f", place]);
      await run("sh", [
        "-c",
        `grep -o '${place}[^ ]*' /proc/mounts | sort -r | xargs -r umount -l`,
      ]);
    }
  });
});

/** Waits until a build's container runs a command. */
async function containerOf(command: string, env = {}): Promise<void> {
  const list = ["ps", "-q", "--filter", "label=layerbook.session"];
  for (let i = 0; i < 600; i++) {
    const id = (await run("docker", list, { env })).stdout.trim();
    if (id !== "" && (await run("docker", ["top", id], { env })).stdout.includes(command)) return;
    await sleep(50);
  }
  throw new Error(`no container runs '${command}'`);
}
