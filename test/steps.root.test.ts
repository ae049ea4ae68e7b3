/** Steps of every kind in an image build, each built twice: the second time nothing runs. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxRoot, files, layerbook, must, scratch } from "./support.ts";

const folder = scratch();
let root: string;
beforeAll(() => {
  root = busyboxRoot(folder.path);
});
afterAll(() => folder.remove());

interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

function place(name: string, contents: Readonly<Record<string, string>>): Place {
  const cwd = join(folder.path, name);
  files(cwd, contents);
  return { cwd, env: { LAYERBOOK_STORE: join(cwd, "store") } };
}

const play = (tasks: string, more = "") =>
  `- hosts: all\n  gather_facts: false\n${more}  tasks:\n${tasks}`;

function build(where: Place, to = "out.tar", flags: readonly string[] = [], env = {}) {
  const args = [
    "build",
    "site.yml",
    "--from",
    `rootfs:${root}`,
    "--to",
    `oci-archive:${to}`,
    "--host",
    "box",
  ];
  return layerbook([...args, ...flags], { cwd: where.cwd, env: { ...where.env, ...env } });
}

const digest = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Reads a file of the image that was built last. */
async function read(where: Place, path: string): Promise<string> {
  const shown = await layerbook(["shell", "oci-archive:out.tar", "--", "cat", path], where);
  return shown.stdout;
}

describe("steps of an image build", () => {
  it("included tasks, another user, and results from the controller", async () => {
    const where = place("kinds", {
      "site.yml": play(
        "    - include_tasks: more.yml\n      vars: {word: inner}\n" +
          "    - {name: as nobody, command: id -un, become: true, become_user: nobody, become_method: su, register: who}\n" +
          "    - {name: here, command: echo controller, delegate_to: localhost, register: here}\n" +
          "    - {name: write, copy: {content: '{{ who.stdout }} {{ here.stdout }}', dest: /srv/out}}\n",
      ),
      "more.yml": "- {name: inner, shell: 'echo {{ word }} > /srv/inner'}\n",
    });
    const first = await build(where);
    expect(first.stderr).toBe("");
    expect(await read(where, "/srv/out")).toBe("nobody controller");
    expect(await read(where, "/srv/inner")).toBe("inner\n");
    const second = await build(where);
    // What is delegated always runs; what it said is the same, so nothing after it does.
    expect(second.stdout).toMatch(/: 3 cached, [12] run/);
  });
  it("a task that must never be cached, and one that is fresh for a while only", async () => {
    const where = place("trust", {
      "site.yml": play(
        "    - {name: never, command: 'true', tags: [never-cache]}\n" +
          "    - {name: brief, command: 'true', vars: {layerbook_cache_ttl: 0s}}\n" +
          "    - {name: long, command: 'true', vars: {layerbook_cache_ttl: 7d}}\n",
      ),
    });
    await build(where);
    expect((await build(where)).stdout).toContain(": 1 cached, 2 run");
    expect((await build(where, "out.tar", ["--no-cache-from", "long"])).stdout).toContain(
      ": 0 cached, 3 run",
    );
    expect((await build(where, "out.tar", ["--no-cache"])).stdout).toContain(": 0 cached, 3 run");
  });
  it("a value from a vault is used and not shown, and is not in the store's records", async () => {
    const where = place("vault", {
      "site.yml": play(
        "    - {name: use, command: 'echo {{ password }}', register: r}\n    - {name: length, copy: {content: '{{ r.stdout | length }}', dest: /srv/length}}\n",
        "  vars_files: [secret.yml]\n",
      ),
      "secret.yml": "password: hunter2-and-more\n",
      password: "open sesame\n",
    });
    // Encrypted by the openssl tool, in the documented format, so that the test needs no Ansible.
    files(where.cwd, {
      "secret.yml": await vaultText("password: hunter2-and-more\n", "open sesame"),
    });
    const first = await build(where, "out.tar", ["--vault-password-file", "password"]);
    expect(first.stderr).toBe("");
    expect(first.stdout).not.toContain("hunter2");
    expect(await read(where, "/srv/length")).toBe("16");
    expect(
      must("sh", ["-c", `grep -rl hunter2-and-more ${where.env.LAYERBOOK_STORE} || true`]),
    ).toBe("");
    const second = await build(where, "out.tar", ["--vault-password-file", "password"]);
    expect(second.stdout).toContain(": 2 cached, 0 run");
    const without = await build(where);
    expect(without.code).not.toBe(0);
    expect(without.stderr).toContain("vault");
  });
  it("output that is no text, and names with everything in them", async () => {
    const where = place("odd", {
      "site.yml": play(
        "    - {name: binary, shell: \"printf '\\\\000\\\\377\\\\001'\", register: odd}\n" +
          "    - {name: 'Ünï \"quoted\" name', copy: {content: 'x', dest: '/srv/a b''c \"d\" ü'}}\n",
      ),
    });
    const first = await build(where);
    expect(first.stderr).toBe("");
    expect(first.stdout).toContain('Ünï "quoted" name');
    expect((await build(where)).stdout).toContain(": 2 cached, 0 run");
  });
  it("a large file is copied whole, and an edit of its middle is seen", async () => {
    const where = place("large", {
      "site.yml": play("    - {name: large, copy: {src: large.bin, dest: /srv/large.bin}}\n"),
    });
    must("sh", ["-c", `head -c 100000000 /dev/urandom > ${where.cwd}/large.bin`]);
    const sum = must("sha256sum", [join(where.cwd, "large.bin")]).split(" ")[0];
    expect((await build(where)).stderr).toBe("");
    const shown = await layerbook(
      ["shell", "oci-archive:out.tar", "--", "sha256sum", "/srv/large.bin"],
      where,
    );
    expect(shown.stdout.split(" ")[0]).toBe(sum);
    expect((await build(where)).stdout).toContain(": 1 cached, 0 run");
    must("dd", [
      "if=/dev/zero",
      `of=${where.cwd}/large.bin`,
      "bs=1",
      "seek=50000000",
      "count=8",
      "conv=notrunc",
    ]);
    expect((await build(where)).stdout).toContain(": 0 cached, 1 run");
  });
  it("dates follow SOURCE_DATE_EPOCH, and nothing else differs", async () => {
    const where = place("epoch", { "site.yml": play("    - {name: a, shell: echo a > /srv/a}\n") });
    await build(where, "a.tar", [], { SOURCE_DATE_EPOCH: "1700000000" });
    await build(where, "b.tar", ["--no-cache"], { SOURCE_DATE_EPOCH: "1700000000" });
    await build(where, "c.tar", [], { SOURCE_DATE_EPOCH: "1700000001" });
    expect(digest(join(where.cwd, "a.tar"))).toBe(digest(join(where.cwd, "b.tar")));
    expect(digest(join(where.cwd, "a.tar"))).not.toBe(digest(join(where.cwd, "c.tar")));
  });
});

/** Ansible Vault 1.1: PBKDF2, AES-256-CTR, HMAC. */
async function vaultText(plain: string, password: string): Promise<string> {
  const { createCipheriv, createHmac, pbkdf2Sync, randomBytes } = await import("node:crypto");
  const salt = randomBytes(32);
  const keys = pbkdf2Sync(password, salt, 10_000, 80, "sha256");
  const padding = 16 - (plain.length % 16);
  const cipher = createCipheriv("aes-256-ctr", keys.subarray(0, 32), keys.subarray(64, 80));
  const secret = Buffer.concat([
    cipher.update(plain + String.fromCharCode(padding).repeat(padding)),
    cipher.final(),
  ]);
  const mac = createHmac("sha256", keys.subarray(32, 64)).update(secret).digest("hex");
  const body = Buffer.from(`${salt.toString("hex")}\n${mac}\n${secret.toString("hex")}`).toString(
    "hex",
  );
  return `$ANSIBLE_VAULT;1.1;AES256\n${body.match(/.{1,80}/g)?.join("\n")}\n`;
}
