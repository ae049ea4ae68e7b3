/** Containers of a play are kept after each task, and gone on from. Needs root and Docker. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxRoot, files, layerbook, must, run, scratch } from "./support.ts";

const folder = scratch();
const base = "layerbook-test/snapshot-base:1";
const container = "layerbook-test-snapshot";
const env = { LAYERBOOK_STORE: join(folder.path, "store") };

const play = (...flags: string[]) =>
  layerbook(["play", "site.yml", ...flags], { cwd: folder.path, env });
const inContainer = (script: string) => must("docker", ["exec", container, "sh", "-c", script]);
const idOf = () => must("docker", ["inspect", "-f", "{{.Id}}", container]).trim();
const snapshots = async () => {
  const { stdout } = await layerbook(["snapshots", "ls", "--host", "kept", "--json"], { env });
  return JSON.parse(stdout) as { name: string; key: string; used: boolean }[];
};
const names = async () => (await snapshots()).map(({ name }) => name);

const SITE = `
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: start
      docker_container:
        {name: ${container}, image: "${base}", command: sleep 100000, state: started, network_mode: none}
    - add_host: {name: kept, ansible_connection: docker, ansible_host: ${container}}
- hosts: kept
  gather_facts: false
  tasks:
    - {name: Greet, copy: {content: "{{ greeting | default('hello') }}", dest: /srv/greeting}}
    - {name: Count, shell: "echo run >>/srv/count"}
    - {name: Secret, copy: {content: "s3cr3t-value", dest: /srv/secret}, no_log: true}
    - {name: Check, shell: "test {{ ok | default(0) }} = 1", changed_when: false}
    - {name: Last, shell: "cat /srv/greeting /srv/count >/srv/last", register: last}
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - {name: look, command: "docker exec ${container} cat /srv/last", register: seen}
    - debug: {var: seen.stdout}
`;

beforeAll(() => {
  const root = busyboxRoot(folder.path);
  const tar = join(folder.path, "base.tar");
  must("tar", ["-C", root, "-cf", tar, "."]);
  must("docker", ["import", "-c", 'CMD ["sh"]', tar, base]);
  files(folder.path, { "site.yml": SITE });
});
afterAll(async () => {
  await run("docker", ["rm", "-f", container]);
  await layerbook(["snapshots", "prune", "--host", "kept", "--unused"], { env });
  must("docker", ["rmi", "-f", base]);
  folder.remove();
});

describe("layerbook play --snapshot", () => {
  it("keeps the state after each task under a readable name", async () => {
    const failed = await play("--snapshot");
    expect(failed.code).toBe(2);
    expect(failed.stdout).toContain("fatal: [kept]: FAILED!");
    expect(await names()).toEqual(["layerbook/kept:01-greet", "layerbook/kept:02-count"]);
    expect((await snapshots())[0]?.key).toMatch(/^sha256:/);
    const image = "layerbook/kept:02-count";
    const ran = must("docker", ["run", "--rm", image, "cat", "/srv/greeting", "/srv/count"]);
    expect(ran).toBe("hellorun\n");
  });

  it("says nothing of a no_log task in labels, names and history", async () => {
    const ids = must("docker", ["images", "-q", "--filter", "label=layerbook.snapshot"]);
    const told = ids
      .trim()
      .split("\n")
      .map((id) => must("docker", ["inspect", id]) + must("docker", ["history", id]));
    expect(told.join()).not.toContain("s3cr3t");
  });

  it("goes on from the last good state, in a container made anew", async () => {
    const before = idOf();
    const resumed = await play("--resume", "-e", "ok=1");
    expect(resumed.stderr).toContain("kept: 3 tasks replayed, 2 run, 1 snapshots taken");
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain('"seen.stdout": "hellorun"');
    expect(idOf()).not.toBe(before);
    // The failed run had counted too; the state that was gone back to had not.
    expect(inContainer("cat /srv/count")).toBe("run\n");
  });

  it("does nothing again after a success, and leaves the container alone", async () => {
    const before = idOf();
    const again = await play("--resume", "-e", "ok=1");
    expect(again.stderr).toContain("kept: 5 tasks replayed, 0 run, 0 snapshots taken");
    expect(again.stdout).toMatch(/ok: \[localhost\]/);
    expect(idOf()).toBe(before);
  });

  it("does again only what a change touches", async () => {
    files(folder.path, { "site.yml": SITE.replace(">/srv/last", ">>/srv/last") });
    const changed = await play("--resume", "-e", "ok=1");
    expect(changed.stderr).toContain("kept: 4 tasks replayed, 1 run, 1 snapshots taken");
    expect(inContainer("cat /srv/count /srv/last")).toBe("run\nhellorun\n");
  });

  it("notices that someone was in the container, and goes back to what it knows", async () => {
    inContainer("echo meddled >/srv/greeting");
    const again = await play("--resume", "-e", "ok=1");
    expect(again.code).toBe(0);
    expect(inContainer("cat /srv/greeting")).toBe("hello");
  });

  it("cleans up by name and by policy, never what is in use", async () => {
    const wrong = await layerbook(["snapshots", "rm", "kept:01-gret"], { env });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain("kept:01-greet");
    expect((await layerbook(["snapshots", "rm", "kept:01-greet"], { env })).code).toBe(0);
    const pruned = await layerbook(["snapshots", "prune", "--host", "kept", "--keep", "0"], {
      env,
    });
    expect(pruned.code).toBe(0);
    const left = await snapshots();
    expect(left.every(({ used }) => used)).toBe(true);
    // The states themselves are kept apart from their images.
    const again = await play("--resume", "-e", "ok=1");
    expect(again.stderr).toContain("5 tasks replayed, 0 run");
  });
});
