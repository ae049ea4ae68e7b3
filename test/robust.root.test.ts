/** Builds that are interrupted, killed, starved or run side by side: the store stays whole. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BIN, busyboxRoot, files, layerbook, leftBehind, must, scratch } from "./support.ts";

const folder = scratch();
let root: string;

beforeAll(() => {
  root = busyboxRoot(folder.path);
});
afterAll(() => folder.remove());

/** Twelve steps, each of which takes a moment and whose work is the same every time. */
const STEPS = `- hosts: all
  gather_facts: false
  tasks:
${Array.from(
  { length: 12 },
  (_, n) =>
    `    - name: step ${n}\n      shell: "sleep 0.03; for i in 1 2 3 4 5; do echo ${n} $i > /srv/f${n}-$i; done"\n`,
).join("")}`;

interface Place {
  readonly store: string;
  readonly cwd: string;
}

function place(name: string, play: string): Place {
  const cwd = join(folder.path, name);
  files(cwd, { "site.yml": play });
  return { cwd, store: join(cwd, "store") };
}

function args(to: string): string[] {
  return [
    "build",
    "site.yml",
    "--from",
    `rootfs:${root}`,
    "--to",
    `oci-archive:${to}`,
    "--host",
    "box",
  ];
}

function build(where: Place, to = "out.tar", flags: readonly string[] = []) {
  return layerbook([...args(to), ...flags], {
    cwd: where.cwd,
    env: { LAYERBOOK_STORE: where.store },
  });
}

const digest = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** When to do it: after so many milliseconds, or when that has been printed. */
type Moment = number | string;

/** Starts a build and does something to it at that moment; tells how it ended and what it said. */
function disturb(where: Place, moment: Moment, signal: NodeJS.Signals) {
  const child = spawn(process.execPath, [BIN, ...args("out.tar")], {
    cwd: where.cwd,
    env: { ...process.env, LAYERBOOK_STORE: where.store },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  child.stdout.on("data", (chunk) => {
    const before = printed;
    printed += chunk;
    // Once: the second Ctrl-C does not ask any more.
    if (typeof moment === "string" && printed.includes(moment) && !before.includes(moment)) {
      child.kill(signal);
    }
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  if (typeof moment === "number") setTimeout(() => child.kill(signal), moment);
  return new Promise<{ code: number | null; said: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, said })),
  );
}

/** Mounts and processes are gone a moment after a kill, not within it. */
async function nothingLeft(store: string): Promise<void> {
  for (let n = 0; n < 50 && leftBehind(store).length > 0; n++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(leftBehind(store)).toEqual([]);
}

describe("a build that is disturbed", () => {
  it("ends calmly on Ctrl-C, and the next one goes on", async () => {
    const where = place("interrupt", STEPS);
    const { code, said } = await disturb(where, "step 2", "SIGINT");
    expect(code).toBe(99);
    expect(said).toContain("interrupted");
    expect(said).not.toMatch(/\n\s+at .*\(/);
    await nothingLeft(where.store);
    expect(existsSync(join(where.cwd, "out.tar"))).toBe(false);
    const again = await build(where);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/Done in .*: [1-9]\d* cached/);
  });
  it("may be killed at any moment: nothing is left, and the next one gives the same image", async () => {
    const undisturbed = place("undisturbed", STEPS);
    expect((await build(undisturbed)).code).toBe(0);
    const image = digest(join(undisturbed.cwd, "out.tar"));
    const where = place("killed", STEPS);
    for (let n = 0; n < 12; n++) {
      await disturb(where, 80 + n * 70, "SIGKILL");
      await nothingLeft(where.store);
    }
    const last = await build(where);
    expect(last.stderr).toBe("");
    expect(last.code).toBe(0);
    expect(digest(join(where.cwd, "out.tar"))).toBe(image);
    // What the dead have begun is taken away by the next build that starts a container.
    expect((await build(where, "out.tar", ["--no-cache"])).code).toBe(0);
    expect(digest(join(where.cwd, "out.tar"))).toBe(image);
    expect(readdirSync(join(where.store, "tmp"))).toEqual([]);
  });
  it("does not mind another one on the same store", async () => {
    const where = place("together", STEPS);
    const [one, two] = await Promise.all([build(where, "one.tar"), build(where, "two.tar")]);
    expect([one.code, two.code, one.stderr, two.stderr]).toEqual([0, 0, "", ""]);
    expect(digest(join(where.cwd, "one.tar"))).toBe(digest(join(where.cwd, "two.tar")));
    expect((await build(where)).stdout).toContain(": 12 cached, 0 run");
  });
  it("says where the disk is full, and goes on when there is room", async () => {
    const play = `${STEPS}    - name: large\n      command: dd if=/dev/urandom of=/srv/large bs=1M count=64\n`;
    const where = place("full", play);
    mkdirSync(where.store, { recursive: true });
    must("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", where.store]);
    try {
      const ran = await build(where);
      expect(ran.code).not.toBe(0);
      expect(`${ran.stdout}${ran.stderr}`).toMatch(/ENOSPC|No space left/);
      expect(existsSync(join(where.cwd, "out.tar"))).toBe(false);
      must("mount", ["-o", "remount,size=400m", where.store]);
      const again = await build(where);
      expect(again.stderr).toBe("");
      expect(again.stdout).toContain("12 cached, 1 run");
    } finally {
      must("umount", [where.store]);
    }
  });
});

describe("a task that fails", () => {
  const play = (middle: string) =>
    `- hosts: all\n  gather_facts: false\n  tasks:\n    - {name: before, command: touch /srv/before}\n${middle}    - {name: after, command: touch /srv/after}\n`;
  it("shows the task, its place and result, and keeps the state to look into; the next build resumes", async () => {
    const where = place(
      "fails",
      play(
        "    - name: middle\n      shell: echo partly > /srv/partly; echo out; echo oops >&2; exit 3\n",
      ),
    );
    const ran = await build(where);
    expect(ran.code).toBe(2);
    for (const part of [
      "task 'middle' failed",
      "site.yml:5:7",
      "rc: 3",
      "oops",
      "layerbook shell",
    ]) {
      expect(ran.stderr).toContain(part);
    }
    const env = { LAYERBOOK_STORE: where.store };
    const look = await layerbook(["shell", "--", "cat", "/srv/partly"], { env });
    expect(look.stdout).toBe("partly\n");
    files(where.cwd, { "site.yml": play("    - name: middle\n      shell: 'true'\n") });
    const again = await build(where);
    expect(again.stdout).toContain("Done in");
    expect(again.stdout).toContain(": 1 cached, 2 run");
    expect((await layerbook(["shell"], { env })).code).toBe(1);
  });
  it("is survived by ignore_errors, rescue and failed_when, in every build alike", async () => {
    const where = place(
      "survives",
      play(
        "    - {name: ignored, command: 'false', ignore_errors: true}\n" +
          "    - {name: judged, command: 'false', failed_when: false, changed_when: false}\n" +
          "    - block: [{name: broken, command: 'false'}]\n      rescue: [{name: saved, command: touch /srv/saved}]\n",
      ),
    );
    expect((await build(where, "a.tar")).code).toBe(0);
    const again = await build(where, "b.tar");
    expect(again.stdout).toContain(": 4 cached, 2 run");
    expect(digest(join(where.cwd, "a.tar"))).toBe(digest(join(where.cwd, "b.tar")));
  });
});

describe("steps with more to them than files", () => {
  it("a process that a task left running: no snapshot while it lives, and the second build is cached", async () => {
    const where = place(
      "daemon",
      "- hosts: all\n  gather_facts: false\n  tasks:\n" +
        "    - {name: start, shell: 'setsid sh -c \"while :; do sleep 0.1; done\" >/dev/null 2>&1 & echo started > /srv/start'}\n" +
        "    - {name: use, shell: 'ps | grep -c \"[s]leep 0.1\\\\|[w]hile\" > /srv/alive'}\n" +
        "    - {name: after, command: touch /srv/after}\n",
    );
    const first = await build(where, "a.tar");
    expect(first.stdout).toContain("[WARNING]: 'start' left");
    const second = await build(where, "b.tar");
    expect(second.stdout).toContain(": 3 cached, 0 run");
    expect(digest(join(where.cwd, "a.tar"))).toBe(digest(join(where.cwd, "b.tar")));
    await nothingLeft(where.store);
  });
  it("registers, facts, handlers and loops come out of the cache as they went in", async () => {
    const where = place(
      "replay",
      "- hosts: all\n  vars: {names: [a, b c, 'd\"e', ünï]}\n  tasks:\n" +
        "    - {name: ask, command: echo from the command, register: said, notify: tell}\n" +
        "    - {name: loop, copy: {content: '{{ item }}', dest: '/srv/{{ item }}'}, loop: '{{ names }}', register: made}\n" +
        "    - set_fact: {count: '{{ made.results | length }}'}\n" +
        "    - {name: write, copy: {content: '{{ said.stdout }} {{ count }} {{ ansible_facts.system }}', dest: /srv/out}}\n" +
        "  handlers: [{name: tell, copy: {content: told, dest: /srv/told}}]\n",
    );
    const first = await build(where, "a.tar");
    expect(first.stderr).toBe("");
    const second = await build(where, "b.tar");
    expect(second.stdout).toMatch(/: \d+ cached, 1 run, 0 skipped/);
    expect(second.stdout).toContain("handler: tell");
    expect(digest(join(where.cwd, "a.tar"))).toBe(digest(join(where.cwd, "b.tar")));
  });
  it("a secret is nowhere in the store in plain text", async () => {
    const where = place(
      "secret",
      "- hosts: all\n  gather_facts: false\n  tasks:\n" +
        "    - {name: quiet, command: echo s3cret-w0rd, no_log: true, register: x}\n" +
        "    - {name: use, command: 'test -n {{ x.stdout }}', no_log: true}\n",
    );
    const ran = await build(where);
    expect(ran.stdout + ran.stderr).not.toContain("s3cret-w0rd");
    const found = must("sh", ["-c", `grep -rl s3cret-w0rd ${where.store} || true`]);
    expect(found).toBe("");
    expect((await build(where)).stdout).toContain(": 2 cached, 0 run");
  });
});
