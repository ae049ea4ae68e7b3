/** The image that comes out: configuration, layers, history, and every place it can go to. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxRoot, files, layerbook, must, ROOT, scratch } from "./support.ts";

const folder = scratch();
const env = { LAYERBOOK_STORE: join(folder.path, "store") };
const image = "layerbook-test/image:1";
let root: string;

beforeAll(() => {
  root = busyboxRoot(folder.path);
});
afterAll(() => {
  must("sh", ["-c", "docker images -q 'layerbook-test/image*' | sort -u | xargs -r docker rmi -f"]);
  folder.remove();
});

const build = (args: readonly string[], cwd = folder.path) =>
  layerbook(["build", ...args], { cwd, env });

interface Inspected {
  readonly Id: string;
  readonly Author: string;
  readonly Config: Record<string, unknown>;
  readonly RootFS: { readonly Layers: readonly string[] };
}

const inspect = (name: string) =>
  (JSON.parse(must("docker", ["inspect", name])) as Inspected[])[0] as Inspected;

const PLAY = `- hosts: all
  gather_facts: false
  tasks:
    - {name: one, shell: echo one > /srv/one}
    - {name: many, shell: 'echo {{ item }} > /srv/{{ item }}', loop: [a, b]}
    - {name: gone, file: {path: /srv/a, state: absent}}
`;

describe("the image's configuration", () => {
  it("is what layerbook.yml says", async () => {
    files(join(folder.path, "config"), {
      "site.yml": PLAY,
      "layerbook.yml": `from: rootfs:${root}
playbook: site.yml
tags: [${image}, layerbook-test/image:latest]
config:
  cmd: [sh, -c, echo hello]
  entrypoint: [/bin/env]
  env: {GREETING: "hello world", NUMBER: 1}
  expose: [80, 53/udp]
  user: nobody
  workdir: /srv
  volumes: [/data]
  labels: {org.example.title: A title}
  healthcheck: {test: "true", interval: 1m30s, retries: 2}
  stopsignal: SIGQUIT
  author: Somebody
`,
    });
    const ran = await build([], join(folder.path, "config"));
    expect(ran.stderr).toBe("");
    const { Config, Author, Id } = inspect(image);
    expect(Config).toMatchObject({
      Cmd: ["sh", "-c", "echo hello"],
      Entrypoint: ["/bin/env"],
      ExposedPorts: { "80/tcp": {}, "53/udp": {} },
      User: "nobody",
      WorkingDir: "/srv",
      Volumes: { "/data": {} },
      Labels: { "org.example.title": "A title" },
      Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 90e9, Retries: 2 },
      StopSignal: "SIGQUIT",
    });
    expect(Config.Env).toEqual(expect.arrayContaining(["GREETING=hello world", "NUMBER=1"]));
    expect(Author).toBe("Somebody");
    expect(inspect("layerbook-test/image:latest").Id).toBe(Id);
    expect(must("docker", ["run", "--rm", image])).toBe("hello\n");
  });
});

describe("the image's layers", () => {
  const layersWith = async (policy: string) => {
    files(folder.path, { "site.yml": PLAY });
    const name = `layerbook-test/image:${policy}`;
    const ran = await build([
      "site.yml",
      "--from",
      `rootfs:${root}`,
      "-t",
      name,
      "--layers",
      policy,
    ]);
    expect(ran.stderr).toBe("");
    expect(must("docker", ["run", "--rm", name, "ls", "/srv"]).split("\n")).toEqual([
      "b",
      "one",
      "",
    ]);
    return inspect(name).RootFS.Layers.length - 1;
  };
  it("are one a task, a role, a play, or one in all", async () => {
    expect(await layersWith("task")).toBe(3);
    expect(await layersWith("role")).toBe(1);
    expect(await layersWith("play")).toBe(1);
    expect(await layersWith("one")).toBe(1);
  });
  it("are never more than Docker takes", async () => {
    const tasks = Array.from(
      { length: 200 },
      (_, n) => `    - {name: t${n}, shell: echo ${n} > /srv/${n}}\n`,
    );
    files(folder.path, {
      "many.yml": `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.join("")}`,
    });
    const name = "layerbook-test/image:many";
    const ran = await build([
      "many.yml",
      "--from",
      `rootfs:${root}`,
      "-t",
      name,
      "--layers",
      "task",
    ]);
    expect(ran.stderr).toBe("");
    expect(inspect(name).RootFS.Layers.length).toBe(125);
    expect(must("docker", ["run", "--rm", name, "sh", "-c", "ls /srv | wc -l"]).trim()).toBe("200");
  });
});

describe("places that images go to and come from", () => {
  for (const scheme of ["oci", "oci-archive", "docker-archive", "docker-daemon"]) {
    it(`${scheme}: is written, and can be built upon`, async () => {
      files(folder.path, {
        "site.yml": PLAY,
        "more.yml":
          "- hosts: all\n  gather_facts: false\n  tasks: [{command: test ! -e /srv/a}, {shell: cat /srv/one > /srv/two}]\n",
      });
      const place =
        scheme === "docker-daemon"
          ? `${scheme}:layerbook-test/image:place`
          : `${scheme}:${scheme}-out:1.0`;
      const first = await build(["site.yml", "--from", `rootfs:${root}`, "--to", place]);
      expect(first.stderr).toBe("");
      const second = await build(["more.yml", "--from", place, "-t", "layerbook-test/image:upon"]);
      expect(second.stderr).toBe("");
      expect(must("docker", ["run", "--rm", "layerbook-test/image:upon", "cat", "/srv/two"])).toBe(
        "one\n",
      );
    });
  }
  it("without a daemon the image is in the local store, under its name", async () => {
    const alone = { ...env, DOCKER_HOST: "unix:///nonexistent.sock" };
    files(folder.path, { "site.yml": PLAY });
    const args = ["build", "site.yml", "--from", `rootfs:${root}`, "-t", "kept:1"];
    const ran = await layerbook(args, { cwd: folder.path, env: alone });
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toContain("store:kept:1");
    const shown = await layerbook(["shell", "kept:1", "--", "cat", "/srv/b"], { env: alone });
    expect(shown.stdout).toBe("b\n");
    const layers = await layerbook(["layers", "kept:1"], { env: alone });
    expect(layers.stdout).toContain("many");
  });
});

describe("a project of several images", () => {
  it("builds first what others are made from", async () => {
    files(join(folder.path, "several"), {
      "site.yml": PLAY,
      "top.yml":
        "- hosts: all\n  gather_facts: false\n  tasks: [{shell: cat /srv/one > /srv/top}]\n",
      "layerbook.yml": `images:\n  top: {from: below, playbook: top.yml, tags: layerbook-test/image:top}\n  below: {from: "rootfs:${root}", playbook: site.yml, tags: layerbook-test/image:below}\n`,
    });
    const ran = await build([], join(folder.path, "several"));
    expect(ran.stderr).toBe("");
    expect(must("docker", ["run", "--rm", "layerbook-test/image:top", "cat", "/srv/top"])).toBe(
      "one\n",
    );
  });
});

describe("what is printed", () => {
  it("is plain in a pipe, and one JSON object a line with --json", async () => {
    files(folder.path, { "site.yml": PLAY });
    const args = ["site.yml", "--from", `rootfs:${root}`, "--to", "oci:printed"];
    expect((await build(args)).stdout).not.toContain("\u001b");
    const events = (await build([...args, "--json"])).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; time: number });
    expect(events.map((event) => event.type)).toEqual(
      expect.arrayContaining(["build", "base", "play", "task", "step", "image", "done"]),
    );
  });
});

describe("the example with nginx", () => {
  it("is a valid project, and an image without a shell is refused in words", async () => {
    cpSync(join(ROOT, "examples/nginx"), join(folder.path, "nginx"), { recursive: true });
    const ran = await build(["--from", "scratch"], join(folder.path, "nginx"));
    expect(ran.stderr).toContain("/bin/sh");
  });
});
