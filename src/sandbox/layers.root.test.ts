import { readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plainHeader, TarWriter } from "../oci/tar/index.ts";
import { busyboxImage, collect, imageOf, layerOf, membersOf, run } from "../workspace/contract.ts";
import type { LayerId, SessionOptions, Workspace } from "../workspace/workspace.ts";
import { createSandboxWorkspace } from "./index.ts";

const OPTIONS: SessionOptions = { env: [], network: "host" };

let root: string;
let workspace: Workspace;
let base: readonly LayerId[];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "layerbook-sandbox-"));
  workspace = createSandboxWorkspace({ root });
  base = (await workspace.importImage(await busyboxImage())).map((layer) => layer.id);
});

afterAll(async () => {
  await workspace.close();
  rmSync(root, { recursive: true, force: true });
});

async function changed(script: string, options: SessionOptions = OPTIONS, stack = base) {
  const session = await workspace.open(stack, options);
  await run(session, script);
  const layer = layerOf(await session.snapshot());
  await session.close();
  return layer;
}

async function see(stack: readonly LayerId[], script: string, options: SessionOptions = OPTIONS) {
  const session = await workspace.open(stack, options);
  const seen = await run(session, script);
  await session.close();
  return seen;
}

describe("what counts as a change", () => {
  it("is not a directory's time, nor work that was undone", async () => {
    const session = await workspace.open(base, OPTIONS);
    await run(session, "touch /srv/tmp; rm /srv/tmp; chmod 700 /srv; chmod 755 /srv; touch /srv");
    expect(await session.snapshot()).toEqual({ kind: "unchanged" });
    await run(session, "rm -rf /srv/kept/c; echo c >/srv/kept/c; touch -d @0 /srv/kept/c");
    expect(await session.snapshot()).toEqual({ kind: "unchanged" });
    await session.close();
  });

  it("is a file's time, which is in the layer but not in its content", async () => {
    const first = await changed("touch -d @1000000000 /etc/motd");
    const second = await changed("touch /etc/passwd");
    expect(first.content).toBe(second.content);
    expect(await see([...base, first.id], "stat -c %Y /etc/motd")).toBe("1000000000\n");
  });

  it("is one byte written twice within a tick of the clock", async () => {
    const session = await workspace.open(base, OPTIONS);
    for (let i = 0; i < 20; i++) {
      await run(session, `echo ${i % 10} >/srv/same`);
      expect((await session.snapshot()).kind).toBe("layer");
    }
    await session.close();
    expect(await see(session.stack, "cat /srv/same")).toBe("9\n");
  });

  it("is the same whether the files were copied or moved into the layer", async () => {
    const script =
      "rm /srv/kept/a; rm -rf /srv/bulk/1; mkdir -p /srv/bulk/1 /opt; echo n >/srv/bulk/1/n; ln /etc/motd /opt/motd; " +
      "chmod 4711 /bin/busybox; chown 7:8 /srv/bulk/2/5; mkfifo /opt/pipe; ln -sf x /opt/link; rm -rf /home; mkdir /home; echo h >/home/h";
    const session = await workspace.open(base, OPTIONS);
    // Four changes that are copied each; with the fourth the upper directory is too large to go on.
    for (let i = 0; i < 3; i++) {
      const files = `mkdir -p /srv/bulk/${i}; for i in $(seq 200); do echo $i >/srv/bulk/${i}/$i; done`;
      await run(session, files);
      await session.snapshot();
    }
    const below = session.stack;
    await run(session, script);
    const moved = layerOf(await session.snapshot());
    // A new container goes on where the old one stopped.
    expect(await run(session, "cat /srv/bulk/1/n; ls /srv/bulk/2 | wc -l")).toBe("n\n200\n");
    expect(await session.snapshot()).toEqual({ kind: "unchanged" });
    await session.close();
    const copied = await changed(script, OPTIONS, below);
    expect(copied.content).toBe(moved.content);
    expect(copied.files).toEqual(moved.files);
    const [a, b] = [copied, moved].map((layer) => join(root, "layers", layer.id, "fs"));
    const list = (tree = "") => readdirSync(tree, { recursive: true }).map(String).sort();
    expect(list(a)).toEqual(list(b));
    const epoch = 0;
    const tars = await Promise.all(
      [copied, moved].map((layer) => workspace.exportLayer([layer.id], epoch)),
    );
    expect(tars[0]?.diffId).toBe(tars[1]?.diffId);
  });

  it("is the same whether this process or tools in the helper looked for it", async () => {
    const script =
      "rm /srv/kept/a; mkdir -p /opt; echo n >/opt/n; ln /opt/n /opt/m; mkfifo /opt/p; rm -rf /home; mkdir /home; chown 3:4 /etc/motd";
    const other = createSandboxWorkspace({ root, files: "shell" });
    const session = await other.open(base, OPTIONS);
    await run(session, script);
    const layer = layerOf(await session.snapshot());
    await other.close();
    expect(layer.content).toBe((await changed(script)).content);
  });
});

describe("what a layer keeps", () => {
  it("extended attributes, capabilities among them", async () => {
    // The machine's own tools, by its own loader: the image has none.
    const loader = realpathSync("/lib64/ld-linux-x86-64.so.2");
    const mounts = [
      { source: dirname(loader), target: "/mnt/lib" },
      { source: "/usr/bin", target: "/mnt/bin" },
    ];
    const options: SessionOptions = { ...OPTIONS, mounts };
    const tool = (name: string) =>
      `/mnt/lib/${basename(loader)} --library-path /mnt/lib /mnt/bin/${name}`;
    const capability = "0x0100000200040000000000000000000000000000";
    const layer = await changed(
      `cd /srv; echo x >f; mkdir d; ${tool("setfattr")} -n security.capability -v ${capability} f
      ${tool("setfattr")} -n user.note -v 0x00ff0a3d f; ${tool("setfattr")} -n user.empty f; ${tool("setfattr")} -n user.d -v 0x01 d`,
      options,
    );
    const members = await membersOf(await workspace.exportLayer([layer.id], 0));
    expect([...members.keys()]).toEqual(["srv", "srv/d", "srv/f"]);
    expect(members.get("srv/f")?.xattrs?.get("security.capability")?.toString("hex")).toBe(
      capability.slice(2),
    );
    expect(members.get("srv/f")?.xattrs?.get("user.note")?.toString("hex")).toBe("00ff0a3d");
    const show = `cd /srv; ${tool("getfattr")} -d -m - -e hex f d`;
    const expected = await see([...base, layer.id], show, options);
    expect(expected).toContain(`security.capability=${capability}`);
    expect(expected).toContain("user.d=0x01");
    // And through an image.
    const tar = await collect(await (await workspace.exportLayer([layer.id], 0)).open());
    const again = await workspace.importImage(imageOf([tar]));
    expect(await see([...base, again[0]?.id ?? ""], show, options)).toBe(expected);
  });

  it("devices, which cannot be opened in the sandbox", async () => {
    const layer = await changed(
      "mknod /srv/null c 1 3; mknod /srv/disk b 254 0; chmod 660 /srv/disk",
    );
    const members = await membersOf(await workspace.exportLayer([layer.id], 0));
    expect(members.get("srv/null")).toMatchObject({ type: "chardev", devMajor: 1, devMinor: 3 });
    expect(members.get("srv/disk")).toMatchObject({ type: "blockdev", devMajor: 254, mode: 0o660 });
    const session = await workspace.open([...base, layer.id], OPTIONS);
    expect((await session.connection.run("head -c 1 /srv/disk")).rc).not.toBe(0);
    expect((await session.connection.run("mknod /dev/disk b 254 0")).rc).not.toBe(0);
    await session.close();
  });

  it("holes of sparse files", async () => {
    for (const size of [4, 64]) {
      const layer = await changed(`printf end | dd of=/srv/hole bs=1M seek=${size} 2>/dev/null`);
      const stat = statSync(join(root, "layers", layer.id, "fs/srv/hole"));
      expect(stat.size).toBe(size * (1 << 20) + 3);
      expect(stat.blocks * 512).toBeLessThan(1 << 16);
    }
  });

  it("nothing of what is mounted into the container", async () => {
    const source = await mkdtemp(join(root, "tmp", "context-"));
    writeFileSync(join(source, "file"), "context\n");
    const options: SessionOptions = { ...OPTIONS, mounts: [{ source, target: "/mnt/deep/in" }] };
    const session = await workspace.open(base, options);
    expect(await run(session, "cat /mnt/deep/in/file")).toBe("context\n");
    expect((await session.connection.run("echo x >/mnt/deep/in/file")).rc).not.toBe(0);
    expect(await session.snapshot()).toEqual({ kind: "unchanged" });
    await session.close();
  });

  it("not the name servers of the controller, nor does a task change those", async () => {
    const before = readFileSync("/etc/resolv.conf", "utf8");
    const session = await workspace.open(base, OPTIONS);
    await run(
      session,
      "echo nameserver 192.0.2.1 >/etc/resolv.conf; echo 192.0.2.2 x >>/etc/hosts",
    );
    expect(await session.snapshot()).toEqual({ kind: "unchanged" });
    await session.close();
    expect(readFileSync("/etc/resolv.conf", "utf8")).toBe(before);
  });
});

describe("a session", () => {
  it("without a network has a loopback device only", async () => {
    const devices = await see(base, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '", {
      env: [],
      network: "none",
    });
    expect(devices).toBe("lo\n");
  });

  it("is confined as Docker's containers are", async () => {
    const script =
      "grep -E '^(CapEff|CapBnd|Seccomp|NoNewPrivs):' /proc/self/status; wc -c </proc/interrupts";
    const seen = await see(base, script);
    expect(seen).toMatch(/CapEff:\s+00000000a80425fb/);
    expect(seen).toMatch(/CapBnd:\s+00000000a80425fb/);
    expect(seen).toMatch(/Seccomp:\s+2/);
    expect(seen).toMatch(/NoNewPrivs:\s+0/);
    expect(seen).toMatch(/^0$/m);
    const denied = await workspace.open(base, OPTIONS);
    expect((await denied.connection.run("echo 1 >/proc/sys/vm/drop_caches")).rc).not.toBe(0);
    await denied.close();
  });

  it("says that an image without a shell cannot be worked on", async () => {
    const output = new PassThrough();
    const writer = new TarWriter(output);
    const [bytes] = await Promise.all([
      collect(output),
      writer
        .add(plainHeader("directory", "etc"))
        .then(() => writer.finish())
        .then(() => output.end()),
    ]);
    const [layer] = await workspace.importImage(imageOf([bytes]));
    const session = await workspace.open([layer?.id ?? ""], OPTIONS);
    await expect(session.connection.run("true")).rejects.toThrow("the image has no /bin/sh");
    await session.close();
  });

  it("mounts and restores a stack of 150 layers with removals at each step", async () => {
    const session = await workspace.open(base, OPTIONS);
    await run(session, "mkdir /srv/n");
    for (let i = 0; i < 150; i++) {
      await run(session, `echo ${i} >/srv/n/${i}; echo ${i} >/srv/last; rm -f /srv/n/${i - 3}`);
      await session.snapshot();
    }
    const { stack } = session;
    await session.close();
    expect(await see(stack, "ls /srv/n; cat /srv/last")).toBe("147\n148\n149\n149\n");
    expect(await see(stack.slice(0, 101), "ls /srv/n; cat /srv/last")).toBe("97\n98\n99\n99\n");
    expect(readdirSync(join(root, "packs")).length).toBeGreaterThan(2);
    await workspace.removeLayers([stack[5] ?? ""]);
    await expect(workspace.open(stack, OPTIONS)).rejects.toThrow(stack[5]);
  });
});

describe("the store", () => {
  it("checks what was written before the machine started again", async () => {
    const good = await changed("echo good >/srv/good");
    const bad = await changed("echo bad >/srv/bad");
    for (const { id } of [good, bad]) writeFileSync(join(root, "layers", id, "boot"), "another");
    // What a power cut leaves of a file that was not on the disk yet.
    writeFileSync(join(root, "layers", bad.id, "fs/srv/bad"), "");
    const later = createSandboxWorkspace({ root });
    expect(await later.has(good.id)).toBe(true);
    expect(await later.has(bad.id)).toBe(false);
    await later.close();
  });

  it("refuses a directory that is another kind of store", async () => {
    const other = await mkdtemp(join(tmpdir(), "layerbook-sandbox-"));
    await mkdir(other, { recursive: true });
    writeFileSync(join(other, "format.json"), '{"format":1,"rootless":true}');
    const wrong = createSandboxWorkspace({ root: other });
    await expect(wrong.listLayers()).rejects.toThrow("made in a user namespace");
    rmSync(other, { recursive: true });
  });
});
