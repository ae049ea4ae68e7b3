/** Looking after the store: what is in it, what is damaged, what can go; and what damage does to builds. */
import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pruneStore } from "../src/build/care/prune.ts";
import { digestOf } from "../src/build/digest.ts";
import { StepStore } from "../src/build/step-store.ts";
import { createSandboxWorkspace } from "../src/sandbox/index.ts";
import { busyboxRoot, files, layerbook, must, scratch } from "./support.ts";

const folder = scratch();
let base: string;
beforeAll(() => {
  base = join(folder.path, "base.tar");
  must("tar", ["cf", base, "-C", busyboxRoot(folder.path), "."]);
});
afterAll(() => folder.remove());

const SITE = `- hosts: all
  gather_facts: false
  tasks:
    - {name: first, copy: {content: first, dest: /srv/first}}
    - {name: second, shell: cat /srv/first > /srv/second}
    - {name: quiet, command: touch /srv/quiet, no_log: true}
    - {name: third, shell: cat /srv/second /srv/first > /srv/third}
`;

class Store {
  readonly cwd: string;
  readonly root: string;
  constructor(name: string) {
    this.cwd = join(folder.path, name);
    this.root = join(this.cwd, "store");
    files(this.cwd, { "site.yml": SITE });
  }
  get env() {
    return { LAYERBOOK_STORE: this.root };
  }
  build(to = "out.tar", ...flags: readonly string[]) {
    const args = ["build", "site.yml", "--from", `rootfs:${base}`, "--to", `oci-archive:${to}`];
    return layerbook([...args, "--host", "box", ...flags], this);
  }
  cache(...args: readonly string[]) {
    return layerbook(["cache", ...args], this);
  }
  async list() {
    return JSON.parse((await this.cache("ls", "--json")).stdout);
  }
  image(to = "out.tar"): string {
    return createHash("sha256")
      .update(readFileSync(join(this.cwd, to)))
      .digest("hex");
  }
  async layerOf(title: string): Promise<string> {
    const { steps } = await this.list();
    const step = steps.find((one: { title: string }) => one.title.startsWith(title));
    return join(this.root, "layers", step.layer);
  }
  async recordOf(title: string): Promise<string> {
    const shown = await this.cache("show", title, "--json");
    return JSON.parse(shown.stdout).record;
  }
}

describe("layerbook cache", () => {
  it("lists and shows steps, and keeps secrets to itself", async () => {
    const store = new Store("list");
    await store.build();
    const shown = (await store.cache("ls")).stdout;
    expect(shown).toContain("third (ansible.builtin.shell)");
    expect(shown).toContain("(secret)");
    expect(shown).not.toContain("quiet");
    expect(shown).toMatch(/4 steps, 5 layers, .* \(bound: /);
    const step = (await store.cache("show", "first")).stdout;
    expect(step).toContain("/srv/first");
    expect(step).toContain('"changed":true');
    expect((await store.cache("show", "nothing")).code).toBe(1);
    expect((await store.cache("pruen")).stderr).toContain("Did you mean 'prune'?");
  });

  it("prunes by policy, and the next build makes anew what went", async () => {
    const store = new Store("prune");
    await store.build();
    const image = store.image();
    const old = new Date(Date.now() - 10 * 86_400_000);
    for (const title of ["second", "third"]) utimesSync(await store.recordOf(title), old, old);
    expect((await store.cache("prune", "--older-than", "7d", "--dry-run")).stdout).toContain(
      "Would remove 2 steps",
    );
    expect((await store.list()).steps).toHaveLength(4);
    const meta = join(await store.layerOf("third"), "meta.json");
    utimesSync(meta, old, old);
    expect((await store.cache("prune", "--older-than", "7d")).stdout).toContain("Removed 2 steps");
    expect((await store.build("b.tar")).stdout).toMatch(/: 3 cached, 1 run|: 2 cached, 2 run/);
    expect(store.image("b.tar")).toBe(image);
    expect((await store.cache("prune", "--more-than", "1")).stdout).toMatch(/Left: 1 steps/);
    expect((await store.cache("prune", "--max-size", "1")).stdout).toContain(
      "Left: 0 steps, 0 layers",
    );
    expect((await store.build("c.tar")).stdout).toContain(": 0 cached, 4 run");
    expect(store.image("c.tar")).toBe(image);
    expect((await store.cache("verify")).stdout).toContain("all whole");
    expect((await store.cache("prune", "--max-size", "huge")).stderr).toContain("is no size");
  });

  it("takes nothing that a running build may need", async () => {
    const store = new Store("running");
    files(store.cwd, { "site.yml": `${SITE}    - {name: long, command: sleep 4}\n` });
    const running = store.build();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const pruned = await store.cache("prune", "--all");
    expect(pruned.stdout).toMatch(/Removed 0 steps|a build that runs now/);
    const ran = await running;
    expect(ran.code, ran.stderr).toBe(0);
    expect((await store.build()).stdout).toContain(": 5 cached, 0 run");
  });

  it("cleans 10,000 steps in seconds", async () => {
    // In memory where that can be: it is about what the program does.
    const memory = existsSync("/dev/shm") ? mkdtempSync("/dev/shm/layerbook-many-") : undefined;
    const root = memory ?? join(folder.path, "many");
    const store = new StepStore(root);
    const workspace = createSandboxWorkspace({ root });
    await workspace.listLayers();
    const layers = Array.from({ length: 10_000 }, (_, n) => {
      const id = digestOf(["layer", n]).slice(7, 39);
      const directory = join(root, "layers", id);
      mkdirSync(join(directory, "fs"), { recursive: true });
      writeFileSync(join(directory, "fs/file"), "x");
      writeFileSync(join(directory, "manifest"), "");
      const layer = { id, content: digestOf(n), size: 1, files: { written: 1, removed: 0 } };
      writeFileSync(
        join(directory, "meta.json"),
        JSON.stringify({ format: 1, entries: 1, ...layer }),
      );
      store.put(
        digestOf(["step", n]),
        { result: {}, layer, busy: false, deferred: [], durationMs: 1, created: 1, title: `${n}` },
        false,
      );
      return layer;
    });
    const begun = performance.now();
    const pruned = await pruneStore(store, workspace, { moreThan: 100 }, false);
    const seconds = (performance.now() - begun) / 1000;
    expect(pruned).toMatchObject({ steps: 9900, left: { steps: 100 } });
    expect(pruned.layers).toBe(layers.length - pruned.left.layers);
    expect(readdirSync(join(root, "layers"))).toHaveLength(pruned.left.layers);
    // On a machine that does nothing else it is two.
    expect(seconds).toBeLessThan(30);
    await workspace.close();
    if (memory !== undefined) rmSync(memory, { recursive: true });
  });
});

describe("a damaged store", () => {
  /** What is done to the store, and what `verify` says of it. */
  const damages: readonly [string, (store: Store) => Promise<void>, RegExp][] = [
    [
      "a bit flipped in a file of a layer",
      async (store) => {
        const path = join(await store.layerOf("second"), "fs/srv/second");
        const bytes = readFileSync(path);
        bytes[0] = (bytes[0] ?? 0) ^ 1;
        writeFileSync(path, bytes);
      },
      /layer +the layer of 'second .*: \/srv\/second has another content/,
    ],
    [
      "a file of a layer gone",
      async (store) => rmSync(join(await store.layerOf("third"), "fs/srv/third")),
      /\/srv\/third is missing/,
    ],
    [
      "a layer gone",
      async (store) => rmSync(await store.layerOf("second"), { recursive: true }),
      /record +'second .*: its layer .* is missing/,
    ],
    [
      "a record cut short",
      async (store) => truncateSync(await store.recordOf("first"), 100),
      /record .*: it is not what its digest says/,
    ],
    [
      "a bit flipped in a record",
      async (store) => {
        const path = await store.recordOf("third");
        const text = readFileSync(path, "utf8");
        writeFileSync(path, text.replace('"changed":true', '"changed":frue'));
      },
      /record .*: it is not what its digest says/,
    ],
    [
      "something left over",
      async (store) => {
        const path = await store.recordOf("first");
        appendFileSync(`${path}.1.abcdef.tmp`, "half");
      },
      /leftover .*: left by a process that was killed/,
    ],
  ];
  it.each(damages)("%s: named, never used, made anew", async (what, damage, said) => {
    const store = new Store(what.replaceAll(" ", "-"));
    await store.build();
    const image = store.image();
    await damage(store);
    const verified = await store.cache("verify");
    expect(verified.stdout).toMatch(said);
    const isLeftover = what === "something left over";
    expect(verified.code).toBe(isLeftover ? 0 : 1);
    const again = await store.build("b.tar");
    expect(again.code, again.stderr).toBe(0);
    expect(store.image("b.tar")).toBe(image);
    const repaired = await store.cache("verify", "--repair");
    expect(repaired.code).toBe(0);
    expect((await store.cache("verify")).stdout).toContain("all whole");
    expect((await store.build("c.tar")).code).toBe(0);
    expect(store.image("c.tar")).toBe(image);
  });
});
