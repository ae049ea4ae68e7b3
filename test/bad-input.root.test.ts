/** Bad input: each gives one clear message and exit code, and leaves nothing behind. */
import { chmodSync, cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BIN,
  busyboxRoot,
  files,
  layerbook,
  leftBehind,
  type Ran,
  ROOT,
  run,
  scratch,
} from "./support.ts";

const folder = scratch();
const store = join(folder.path, "store");
const env = { LAYERBOOK_STORE: store, DOCKER_HOST: "unix:///nonexistent.sock" };
let root: string;

beforeAll(() => {
  root = busyboxRoot(folder.path);
});
afterAll(() => {
  expect(leftBehind(store)).toEqual([]);
  folder.remove();
});

/** Builds a playbook of these tasks from the busybox root to an archive. */
function build(
  play: string,
  more: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<Ran> {
  files(folder.path, { "site.yml": play, ...more });
  return layerbook(
    ["build", "site.yml", "--from", `rootfs:${root}`, "--to", "oci-archive:out.tar", ...flags],
    { cwd: folder.path, env },
  );
}

const tasks = (text: string) => `- hosts: all\n  gather_facts: false\n  tasks:\n${text}`;

interface Mistake {
  readonly what: string;
  readonly play: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly code: number;
  /** All must be in what is said. */
  readonly says: readonly (string | RegExp)[];
}

const mistakes: readonly Mistake[] = [
  {
    what: "YAML that is none",
    play: tasks("    - copy: {content: a, dest: /x\n    - debug:\n"),
    code: 4,
    says: [/site\.yml:\d+:\d+/, "^ here"],
  },
  {
    what: "a module that does not exist",
    play: tasks("    - coppy: {content: a, dest: /x}\n"),
    code: 4,
    says: ["coppy", "site.yml:4:7", "copy"],
  },
  {
    what: "a keyword that does not exist",
    play: "- hosts: all\n  gather_fact: false\n  tasks: []\n",
    code: 4,
    says: ["gather_fact", "site.yml:2:3", "gather_facts"],
  },
  {
    what: "a parameter that does not exist",
    play: tasks("    - copy: {content: a, dest: /x, owned: root}\n"),
    code: 2,
    says: ["Unsupported parameters for (", "owned", "site.yml:4:"],
  },
  {
    what: "an undefined variable",
    play: tasks(
      "    - copy: {content: '{{ grreting }}', dest: /x}\n      vars: {greeting: hello}\n",
    ),
    code: 2,
    says: ["'grreting' is undefined", "site.yml:4:7"],
  },
  {
    what: "an undefined variable in a template",
    play: tasks("    - template: {src: page.j2, dest: /x}\n"),
    files: { "templates/page.j2": "first\n{{ missing_thing }}\n" },
    code: 2,
    says: ["'missing_thing' is undefined", "templates/page.j2:2:4"],
  },
  {
    what: "a file that is not there",
    play: tasks("    - copy: {src: nowhere.txt, dest: /x}\n"),
    code: 2,
    says: ["nowhere.txt", "site.yml:4:7"],
  },
  {
    what: "a playbook that has nothing in it",
    play: "",
    code: 4,
    says: ["site.yml"],
  },
  {
    what: "plays that are all for other machines",
    play: "- hosts: localhost\n  gather_facts: false\n  tasks: [{debug: {msg: hello}}]\n",
    code: 1,
    says: ["--host"],
  },
];

describe("a playbook with a mistake", () => {
  for (const { what, play, files: more, code, says } of mistakes) {
    it(`${what}: says where and ends with ${code}`, async () => {
      const ran = await build(play, more);
      for (const part of says)
        expect(ran.stderr).toMatch(typeof part === "string" ? new RegExp(literally(part)) : part);
      expect(ran.stderr).not.toMatch(/\n\s+at .*\(/);
      expect(ran.code).toBe(code);
      expect(readdirSync(folder.path)).not.toContain("out.tar");
    });
  }
});

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

describe("a base image that is not there", () => {
  files(folder.path, { "ok.yml": tasks("    - command: 'true'\n") });
  const from = (base: string, more: Readonly<Record<string, string>> = {}) =>
    layerbook(["build", "ok.yml", "--from", base, "--to", "oci-archive:out.tar"], {
      cwd: folder.path,
      env: { ...env, ...more },
    });
  for (const base of [
    "rootfs:/nonexistent",
    "oci:/nonexistent:1",
    "oci-archive:nothing.tar",
    "docker-archive:nothing.tar",
  ]) {
    it(`${base} is named`, async () => {
      const ran = await from(base);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain(base.split(":")[1]);
    });
  }
  it("in a daemon that does not answer: the daemon is named, and what to do", async () => {
    const ran = await from("docker-daemon:debian:bookworm");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("/nonexistent.sock");
    expect(ran.stderr).toContain("hint:");
  });
  it("in a daemon that does not have it", async () => {
    const ran = await from("docker-daemon:layerbook/no-such-image:1", { DOCKER_HOST: "" });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("layerbook/no-such-image:1");
  });
  it("with a scheme that nobody knows", async () => {
    expect((await from("ostree:/x")).code).toBe(5);
  });
});

describe("the machine", () => {
  it("has no OCI runtime: says which package to install", async () => {
    const hide = "for r in crun runc; do p=$(command -v $r) && mount --bind /dev/null $p; done";
    const build = [
      process.execPath,
      BIN,
      "build",
      "ok.yml",
      "--from",
      `rootfs:${root}`,
      "--to",
      "oci:out",
    ];
    const ran = await run("unshare", ["-m", "sh", "-c", `${hide}; exec "$@"`, "sh", ...build], {
      cwd: folder.path,
      env,
    });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/hint: .*crun/);
  });
});

describe("a user", () => {
  it("who is not root and has no subordinate ids is told how to get them", async () => {
    const own = scratch();
    chmodSync(own.path, 0o777);
    files(own.path, { "ok.yml": tasks("    - command: 'true'\n") });
    const as = ["--reuid", "65534", "--regid", "65534", "--clear-groups", process.execPath];
    // A copy, since the folders above the program need not be open to everyone.
    cpSync(join(ROOT, "dist"), join(own.path, "dist"), { recursive: true });
    const args = ["build", "ok.yml", "--from", "scratch", "--to", "oci:out"];
    const ran = await run("setpriv", [...as, join(own.path, "dist/layerbook.js"), ...args], {
      cwd: own.path,
      env: { LAYERBOOK_STORE: join(own.path, "store"), HOME: own.path },
    });
    own.remove();
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("/etc/subuid");
    expect(ran.stderr).toContain("usermod --add-subuids");
  });
});

describe("flags and project files", () => {
  const call = (...args: string[]) => layerbook(args, { cwd: folder.path, env });
  it("an unknown flag ends with 5 and a suggestion", async () => {
    const ran = await call("build", "ok.yml", "--form", "debian");
    expect(ran.code).toBe(5);
    expect(ran.stderr).toContain("--from");
  });
  it("an unknown command ends with 5 and a suggestion", async () => {
    const ran = await call("biuld");
    expect(ran.code).toBe(5);
    expect(ran.stderr).toContain("layerbook build");
  });
  it("a playbook without a base says what is missing", async () => {
    const ran = await call("build", "ok.yml");
    expect(ran.code).toBe(5);
    expect(ran.stderr).toContain("--from");
  });
  it("a playbook that is not there", async () => {
    const ran = await call("build", "nowhere.yml", "--from", "scratch");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("nowhere.yml");
  });
  for (const [what, text, place, says] of [
    ["a misspelt key", "from: scratch\nplaybok: site.yml\n", "layerbook.yml:2:1", "playbook"],
    [
      "a misspelt key of config",
      "from: scratch\nplaybook: a.yml\nconfig:\n  cmdd: [x]\n",
      "layerbook.yml:4:3",
      "cmd",
    ],
    [
      "a value of the wrong kind",
      "from: scratch\nplaybook: a.yml\nconfig:\n  expose: yes please\n",
      "layerbook.yml:4:11",
      "expose",
    ],
    ["YAML that is none", "from: [\n", "layerbook.yml:", ""],
  ] as const) {
    it(`${what} in layerbook.yml is shown with its place`, async () => {
      files(folder.path, { "layerbook.yml": text });
      const ran = await call("build");
      expect(ran.code).toBe(4);
      expect(ran.stderr).toContain(place);
      expect(ran.stderr).toContain(says);
    });
  }
});
