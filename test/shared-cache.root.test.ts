/** Two machines are two stores: what one has built, the other need not. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  cacheManifest,
  decodeOutcomes,
  encodeOutcomes,
  outcomesBlob,
  type SharedOutcome,
} from "../src/build/shared/cache-document.ts";
import { BadNetwork, startRegistry, type TestRegistry } from "../src/oci/registry/testing.ts";
import { BIN, busyboxRoot, files, layerbook, must, scratch } from "./support.ts";

const folder = scratch();
let base: string;
let registry: TestRegistry;
let login: Record<string, string>;

beforeAll(async () => {
  base = join(folder.path, "base.tar");
  must("tar", ["cf", base, "-C", busyboxRoot(folder.path), "."]);
  registry = await startRegistry("auth: { htpasswd: { realm: r, path: DIR/passwd } }", (dir) => {
    // bcrypt of `correct horse`, cost 4.
    const hash = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    writeFileSync(join(dir, "passwd"), `ci:${hash}\n`);
  });
  const config = join(folder.path, "docker-config");
  files(config, {
    "config.json": JSON.stringify({
      auths: { [registry.host]: { auth: Buffer.from("ci:correct horse").toString("base64") } },
    }),
  });
  login = { DOCKER_CONFIG: config };
});
afterAll(async () => {
  await registry.stop();
  folder.remove();
});

/** Each task writes something of its own; `two` at random, so that only the cache can give it again. */
const SITE = `- hosts: all
  gather_facts: false
  tasks:
    - {name: one, copy: {content: one, dest: /srv/one, mode: "0600"}}
    - name: two
      shell: "mkdir /srv/d; ln -s x /srv/d/l; ln /srv/one /srv/hard; chmod 4711 /srv/d; head -c 90000 /dev/urandom > /srv/two"
      register: two
    - {name: quiet, command: echo s3cret-w0rd, no_log: true}
    - {name: three, shell: "echo {{ two.rc }} > /srv/three; rm /srv/hard"}
`;

class Machine {
  readonly cwd: string;
  constructor(name: string, play = SITE) {
    this.cwd = join(folder.path, name);
    files(this.cwd, { "site.yml": play });
  }
  get env() {
    return { LAYERBOOK_STORE: join(this.cwd, "store"), ...login };
  }
  args(flags: readonly string[]) {
    const image = ["--from", `rootfs:${base}`, "--to", "oci-archive:out.tar", "--host", "box"];
    return ["build", "site.yml", ...image, ...flags];
  }
  build(...flags: readonly string[]) {
    return layerbook(this.args(flags), { cwd: this.cwd, env: this.env });
  }
  get image(): string {
    return createHash("sha256")
      .update(readFileSync(join(this.cwd, "out.tar")))
      .digest("hex");
  }
}

/** A fresh machine's build with that cache comes to the same image, if the random step was replayed. */
async function warm(name: string, ...flags: readonly string[]) {
  const machine = new Machine(name);
  const ran = await machine.build(...flags);
  expect(ran.code, ran.stderr).toBe(0);
  return { machine, ran };
}

describe("a cache in a directory", () => {
  const cache = join(folder.path, "cache");
  let first: Machine;
  beforeAll(async () => {
    first = new Machine("first");
    const ran = await first.build("--cache-to", cache);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout).toMatch(/Cache .*: 3 steps, sent 3 layers/);
  });

  it("starts another machine warm: the same image, secret steps left out", async () => {
    const { machine, ran } = await warm("second", "--cache-from", cache);
    expect(ran.stdout).toContain(": 3 cached, 1 run");
    expect(machine.image).toBe(first.image);
    // Now it is in the machine's own store.
    expect((await machine.build()).stdout).toContain(": 4 cached, 0 run");
    const blobs = join(cache, "blobs/sha256");
    const texts = readdirSync(blobs).map((name) =>
      must("sh", ["-c", `zcat -f ${join(blobs, name)} | tr -d '\\000'`]),
    );
    expect(texts.join("")).toContain("one");
    expect(texts.join("")).not.toContain("s3cret-w0rd");
  });

  it("sends nothing twice, and keeps what other builds have left there", async () => {
    const again = await first.build("--cache-to", cache, "--cache-from", cache);
    expect(again.stdout).toMatch(/Cache .*: 3 steps, no layer had to be sent/);
    const other = new Machine("other", SITE.replace("content: one", "content: other"));
    expect((await other.build("--cache-to", cache)).code).toBe(0);
    const { machine } = await warm("third", "--cache-from", cache);
    expect(machine.image).toBe(first.image);
  });

  it("fetches only what is needed", async () => {
    const copy = copyOf(cache, "lazy");
    // The layer of `two` is gone, but this machine's second task is another one.
    change(copy, (outcomes) => {
      for (const { layer, record } of outcomes.values()) {
        if (layer && record.title.startsWith("two"))
          rmSync(blobPath(copy, layer.blob.digest), { force: true });
      }
    });
    const machine = new Machine("lazy-machine", SITE.replace("mkdir /srv/d;", "mkdir -p /srv/d;"));
    const ran = await machine.build("--cache-from", copy);
    expect(ran.stdout).not.toContain("WARNING");
    expect(ran.stdout).toMatch(/cached +one/);
  });

  it("is never trusted: what is damaged or deceives is left, with one warning", async () => {
    const damages: Record<string, (cache: string) => void> = {
      "a layer cut short": (where) =>
        eachLayer(where, (path) => writeFileSync(path, readFileSync(path).subarray(0, 50))),
      "a layer missing": (where) => eachLayer(where, (path) => rmSync(path)),
      "the list damaged": (where) => {
        const path = blobPath(where, outcomesBlob(manifestOf(where).bytes).digest);
        const bytes = readFileSync(path);
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
        writeFileSync(path, bytes);
      },
      "another step's layer": (where) =>
        change(where, (outcomes) => {
          const layers = [...outcomes.values()].flatMap(({ layer }) => layer ?? []);
          const given = layers.map(({ blob, diffId, asides }) => ({ blob, diffId, asides }));
          for (const [n, layer] of layers.entries()) Object.assign(layer, given.at(n - 1));
        }),
      "an index that is no JSON": (where) => writeFileSync(join(where, "index.json"), "{"),
    };
    for (const [what, damage] of Object.entries(damages)) {
      const copy = copyOf(cache, what.replaceAll(" ", "-"));
      damage(copy);
      const { machine, ran } = await warm(`with ${what}`, "--cache-from", copy);
      expect(ran.stdout.match(/WARNING/g), what).toHaveLength(1);
      expect(ran.stdout, what).toMatch(/ 0 cached, 4 run/);
      const { stdout } = await layerbook(
        [
          "shell",
          "oci-archive:out.tar",
          "--",
          "sh",
          "-c",
          "cat /srv/one /srv/three; wc -c < /srv/two",
        ],
        { cwd: machine.cwd, env: machine.env },
      );
      expect(stdout, what).toBe("one0\n90000\n");
    }
  });

  it("is not written over an image, nor over nothing that can be written", async () => {
    const images = join(folder.path, "images");
    const machine = new Machine("images-machine");
    await machine.build("--to", `oci:${images}:layerbook-cache`);
    const before = readFileSync(join(images, "index.json"), "utf8");
    const ran = await machine.build("--cache-to", images, "--cache-to", join(base, "no"));
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain("is something else than a cache");
    expect(ran.stdout.match(/WARNING.*no cache to/g)).toHaveLength(2);
    expect(readFileSync(join(images, "index.json"), "utf8")).toBe(before);
    const refused = await machine.build("--cache-to", "somewhere");
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("docker://");
  });
});

describe("a cache in a registry", () => {
  const place = () => `docker://${registry.host}/team/cache:main`;

  it("needs TLS unless told otherwise; without the cache the build goes on", async () => {
    const { ran } = await warm("no-tls", "--cache-from", place());
    expect(ran.stdout).toMatch(/WARNING.*no cache from .*--insecure|WARNING.*no cache from .*TLS/);
    expect(ran.stdout).toContain(": 0 cached, 4 run");
  });

  it("is sent with a password, over a network that breaks, and starts another machine warm", async () => {
    const network = new BadNetwork(registry.port);
    await network.listen();
    const near = new Machine("near");
    const config = join(folder.path, "far-config");
    files(config, {
      "config.json": JSON.stringify({
        auths: { [network.host]: { auth: Buffer.from("ci:correct horse").toString("base64") } },
      }),
    });
    login = { ...login, DOCKER_CONFIG: config };
    try {
      network.cuts.push({ up: 40_000 }, { up: 20_000 });
      const flaky = `docker://${network.host}/team/cache:main`;
      const ran = await near.build("--cache-to", flaky, "--insecure");
      expect(ran.stdout).toMatch(/Cache .*: 3 steps, sent 3 layers/);
      expect(network.broken).toBeGreaterThan(0);
      network.cuts.push({ down: 30_000 });
      const far = new Machine("far");
      const got = await far.build("--cache-from", flaky, "--insecure");
      expect(got.stdout).toContain(": 3 cached, 1 run");
      expect(far.image).toBe(near.image);
    } finally {
      network.close();
      login = { DOCKER_CONFIG: join(folder.path, "docker-config") };
    }
  });

  it("stays whole when the sender is killed in the middle", async () => {
    const target = `docker://${registry.host}/team/cache:killed`;
    const machine = new Machine("killed", SITE.replace("90000", "3000000"));
    for (let n = 0; n < 3; n++) {
      await new Promise<void>((resolve) => {
        const flags = ["--cache-to", target, "--insecure"];
        const child = spawn(process.execPath, [BIN, ...machine.args(flags)], {
          cwd: machine.cwd,
          env: { ...process.env, ...machine.env },
          stdio: ["ignore", "pipe", "ignore"],
        });
        child.stdout.on("data", (chunk) => {
          if (String(chunk).includes("Done in")) setTimeout(() => child.kill("SIGKILL"), n * 60);
        });
        child.on("close", () => resolve());
      });
      const reader = new Machine(`reader${n}`, SITE.replace("90000", "3000000"));
      const got = await reader.build("--cache-from", target, "--insecure");
      expect(got.code).toBe(0);
      // Nothing at all yet, or everything.
      expect(got.stdout).toMatch(/ 0 cached, 4 run| 3 cached, 1 run/);
    }
    expect((await machine.build("--cache-to", target, "--insecure")).stdout).toContain("3 steps");
    const last = new Machine("last", SITE.replace("90000", "3000000"));
    await last.build("--cache-from", target, "--insecure");
    expect(last.image).toBe(machine.image);
  });
});

function copyOf(cache: string, name: string): string {
  const copy = join(folder.path, `cache-${name}`);
  must("cp", ["-a", cache, copy]);
  return copy;
}

function blobPath(cache: string, digest: string): string {
  return join(cache, "blobs/sha256", digest.slice("sha256:".length));
}

function manifestOf(cache: string) {
  const index = JSON.parse(readFileSync(join(cache, "index.json"), "utf8"));
  const digest: string = index.manifests[0].digest;
  return { index, bytes: readFileSync(blobPath(cache, digest)) };
}

/** Every layer of the outcomes that this play can use; not of other builds. */
function eachLayer(cache: string, work: (path: string) => void): void {
  const { bytes } = manifestOf(cache);
  const { outcomes } = decodeOutcomes(readFileSync(blobPath(cache, outcomesBlob(bytes).digest)));
  for (const { layer } of outcomes.values()) {
    const path = layer && blobPath(cache, layer.blob.digest);
    if (path && existsSync(path)) work(path);
  }
}

/** Rewrites the list of outcomes, with digests that are right: what a hostile cache can do. */
function change(cache: string, edit: (outcomes: ReadonlyMap<string, SharedOutcome>) => void): void {
  const { index, bytes } = manifestOf(cache);
  const all = decodeOutcomes(readFileSync(blobPath(cache, outcomesBlob(bytes).digest)));
  edit(all.outcomes);
  const list = encodeOutcomes(all);
  const blobs = [...all.outcomes.values()].flatMap(({ layer }) => (layer ? [layer.blob] : []));
  const manifest = cacheManifest(list, blobs);
  for (const blob of [list, manifest]) {
    const digest = createHash("sha256").update(blob).digest("hex");
    writeFileSync(join(cache, "blobs/sha256", digest), blob);
  }
  const digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
  Object.assign(index.manifests[0], { digest, size: manifest.length });
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, "index.json"), JSON.stringify(index));
}
