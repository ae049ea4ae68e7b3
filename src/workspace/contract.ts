/** The tests that every Workspace passes. Call it inside a `describe` of the implementation's test. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionContract } from "../connection/contract.ts";
import type { Digest, Image, LayerSource } from "../oci/image.ts";
import { plainHeader, readTar, type TarEntry, TarWriter } from "../oci/tar/index.ts";
import type { Layer, LayerId, Session, Snapshot, Workspace } from "./workspace.ts";

const BUSYBOX = "/bin/busybox";
const APPLETS =
  "sh ash cat cp cut chmod chown dd echo env false find grep head hostname id kill ln ls mkdir mkfifo mknod mv " +
  "od printf ps readlink rm rmdir sed sha256sum sleep sort stat su sync tail tar test touch tr true umask uname wc xargs";

/** A small image with a shell: one layer, made from the machine's static busybox. */
export async function busyboxImage(): Promise<Image> {
  const output = new PassThrough();
  const collected = collect(output);
  const writer = new TarWriter(output);
  const program = readFileSync(BUSYBOX);
  const directory = (path: string, mode = 0o755) =>
    writer.add(plainHeader("directory", path, { mode }));
  const file = (path: string, text: string, mode = 0o644) => {
    const bytes = Buffer.from(text);
    return writer.add(plainHeader("file", path, { mode, size: bytes.length }), bytes);
  };
  for (const path of ["bin", "etc", "home", "root", "srv", "srv/kept", "var"])
    await directory(path);
  await directory("tmp", 0o1777);
  await writer.add(
    plainHeader("file", "bin/busybox", { mode: 0o4755, size: program.length }),
    program,
  );
  for (const name of APPLETS.split(" ")) {
    await writer.add(
      plainHeader("symlink", `bin/${name}`, { mode: 0o777, linkPath: Buffer.from("busybox") }),
    );
  }
  await file("etc/passwd", "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n");
  await file("etc/group", "root:x:0:\nnogroup:x:65534:\n");
  await file("etc/motd", "welcome\n");
  for (const name of ["a", "b", "c"]) await file(`srv/kept/${name}`, `${name}\n`);
  await writer.finish();
  output.end();
  return imageOf([await collected]);
}

/** An image of uncompressed layer tars. */
export function imageOf(tars: readonly Buffer[]): Image {
  const layers = tars.map((tar): LayerSource => {
    const diffId: Digest = `sha256:${createHash("sha256").update(tar).digest("hex")}`;
    return { diffId, open: async () => Readable.from([tar]) };
  });
  const config = {
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers" as const, diff_ids: layers.map((layer) => layer.diffId) },
  };
  const configBytes = Buffer.from(JSON.stringify(config));
  const id: Digest = `sha256:${createHash("sha256").update(configBytes).digest("hex")}`;
  return { config, configBytes, id, layers };
}

export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Members of an exported layer by path. */
export async function membersOf(source: LayerSource): Promise<Map<string, TarEntry>> {
  const members = new Map<string, TarEntry>();
  for await (const member of readTar(await source.open())) {
    members.set(member.path.toString("latin1"), member);
  }
  return members;
}

export function layerOf(snapshot: Snapshot): Layer {
  if (snapshot.kind !== "layer") throw new Error(`no layer but ${JSON.stringify(snapshot)}`);
  return snapshot.layer;
}

/** Runs a script that must succeed, and gives what it printed. */
export async function run(session: Session, script: string): Promise<string> {
  const result = await session.connection.run(script);
  if (result.rc !== 0) throw new Error(`'${script}': ${result.stderr}`);
  return result.stdout.toString();
}

/** @param make gives a workspace with nothing in it */
export function workspaceContract(make: () => Promise<Workspace>): void {
  let workspace: Workspace;
  let image: Image;
  let base: readonly LayerId[];
  const open = (stack: readonly LayerId[] = base) =>
    workspace.open(stack, { env: ["GREETING=hello there"], network: "host" });

  beforeAll(async () => {
    workspace = await make();
    image = await busyboxImage();
    base = (await workspace.importImage(image)).map((layer) => layer.id);
  });
  afterAll(() => workspace.close());

  describe("the connection", () => {
    connectionContract(async () => (await open()).connection, { user: "nobody", method: "su" });
  });

  it("can be used here", async () => {
    expect(await workspace.problem()).toBeUndefined();
  });

  it("shows the image's files, environment and root's home", async () => {
    const session = await open();
    expect(await run(session, 'cat /etc/motd; echo "$GREETING"; echo $HOME; id -u')).toBe(
      "welcome\nhello there\n/root\n0\n",
    );
    await session.close();
  });

  it("has working standard devices, /proc and temporary directories", async () => {
    const session = await open();
    const script =
      "echo out >/dev/stdout; echo err >/dev/stderr; head -c 4 /dev/urandom | wc -c; " +
      "test -d /proc/self && echo x >/dev/null && test -w /tmp && echo fine";
    const result = await session.connection.run(script);
    expect(result.stdout.toString().replaceAll(" ", "")).toBe("out\n4\nfine\n");
    expect(result.stderr.toString()).toBe("err\n");
    await session.close();
  });

  it("makes no layer of a script that changes nothing", async () => {
    const session = await open();
    expect(await session.snapshot()).toEqual({ kind: "unchanged" });
    await run(session, "ls -lR / >/dev/null 2>&1; cat /etc/motd");
    expect(await session.snapshot()).toEqual({ kind: "unchanged" });
    expect(session.stack).toEqual(base);
    await session.close();
  });

  it("freezes each change once, and restores every step", async () => {
    const session = await open();
    await run(session, "echo one >/srv/one");
    const first = layerOf(await session.snapshot());
    await run(session, "echo two >/srv/two; rm /srv/kept/a /etc/motd");
    const second = layerOf(await session.snapshot());
    expect(await session.snapshot()).toEqual({ kind: "unchanged" });
    expect(session.stack).toEqual([...base, first.id, second.id]);
    expect(first.files).toEqual({ written: 1, removed: 0 });
    expect(second.files).toEqual({ written: 1, removed: 2 });
    expect(first.size).toBe(4);
    await session.close();
    const atFirst = await open([...base, first.id]);
    expect(await run(atFirst, "ls /srv /etc")).toContain("motd");
    await atFirst.close();
    const atSecond = await open([...base, first.id, second.id]);
    // An engine puts files of its own over the image's.
    const seen = await run(atSecond, "cat /srv/one /srv/two; ls /srv/kept; ls /etc");
    expect(seen.replace(/hostname\n|mtab\n/g, "")).toBe(
      "one\ntwo\nb\nc\ngroup\nhosts\npasswd\nresolv.conf\n",
    );
    await atSecond.close();
  });

  it("gives the same content to the same change at another time", async () => {
    const contents = [];
    for (let i = 0; i < 2; i++) {
      const session = await open();
      await run(
        session,
        `sleep 0.0${i + 1}; mkdir -p /opt/x; echo v >/opt/x/f; chmod 640 /opt/x/f`,
      );
      contents.push(layerOf(await session.snapshot()).content);
      await session.close();
    }
    expect(contents[0]).toBe(contents[1]);
    const other = await open();
    await run(other, "mkdir -p /opt/x; echo w >/opt/x/f; chmod 640 /opt/x/f");
    expect(layerOf(await other.snapshot()).content).not.toBe(contents[0]);
    await other.close();
  });

  it("sees directories that were removed and made anew, and types that changed", async () => {
    const session = await open();
    await run(
      session,
      "rm -rf /srv/kept; mkdir /srv/kept; echo new >/srv/kept/n; echo b >/srv/kept/b; " +
        "rm -rf /home; echo file >/home; rm /etc/motd; mkdir /etc/motd; echo in >/etc/motd/in",
    );
    const layer = layerOf(await session.snapshot());
    await session.close();
    const restored = await open([...base, layer.id]);
    expect(await run(restored, "ls /srv/kept; cat /home /etc/motd/in")).toBe("b\nn\nfile\nin\n");
    await restored.close();
  });

  it("keeps modes, owners, links and names exactly", async () => {
    const session = await open();
    await run(
      session,
      `mkdir -m 2770 /x; cd /x; echo s >suid; chown 12:34 suid; chmod 6755 suid
      ln suid second; ln -s ../no/such target; mkfifo pipe; echo q >'new
line'; echo q >"$(printf 'latin-\\351')"; chown 5:6 .`,
    );
    const layer = layerOf(await session.snapshot());
    await session.close();
    const check = `cd /x; stat -c '%n %a %u:%g %h %F' . suid second pipe; readlink target
      test suid -ef second && echo same; echo * | od -c`;
    const restored = await open([...base, layer.id]);
    const found = await run(restored, check);
    await restored.close();
    expect(found).toContain(". 2770 5:6");
    expect(found).toContain("suid 6755 12:34 2 regular file");
    expect(found).toContain("pipe 644 0:0 1 fifo");
    expect(found).toContain("../no/such\nsame\n");
    expect(found).toContain("351");
    const members = await membersOf(await workspace.exportLayer([layer.id], 0));
    expect([...members.keys()].sort()).toEqual(
      ["x", "x/latin-\xe9", "x/new\nline", "x/pipe", "x/second", "x/suid", "x/target"].sort(),
    );
    expect(members.get("x/suid")?.type).toBe("hardlink");
    expect(members.get("x/second")).toMatchObject({ type: "file", mode: 0o6755, uid: 12, gid: 34 });
  });

  it("puts nothing into a layer but what scripts did", async () => {
    const session = await open();
    await run(session, "echo x >/etc/own");
    const layer = layerOf(await session.snapshot());
    await session.close();
    const members = await membersOf(await workspace.exportLayer([layer.id], 0));
    expect([...members.keys()]).toEqual(["etc", "etc/own"]);
  });

  it("gives imported layers back bit for bit", async () => {
    const source = await workspace.exportLayer(base, 0);
    expect(source.diffId).toBe(image.layers[0]?.diffId);
    const tar = await collect(await source.open());
    expect(`sha256:${createHash("sha256").update(tar).digest("hex")}`).toBe(source.diffId);
  });

  it("exports the same bytes each time, times clamped, whiteouts before their siblings", async () => {
    const session = await open();
    await run(session, "echo x >/srv/kept/aa; rm /srv/kept/c");
    const layer = layerOf(await session.snapshot());
    await session.close();
    const source = await workspace.exportLayer([layer.id], 1_000_000_000);
    const tar = await collect(await source.open());
    expect(`sha256:${createHash("sha256").update(tar).digest("hex")}`).toBe(source.diffId);
    expect((await workspace.exportLayer([layer.id], 1_000_000_000)).diffId).toBe(source.diffId);
    const members = await membersOf(source);
    expect([...members.keys()]).toEqual(["srv", "srv/kept", "srv/kept/.wh.c", "srv/kept/aa"]);
    expect(members.get("srv/kept/aa")?.mtime.seconds).toBe(1_000_000_000);
  });

  it("folds layers into one that comes to the same", async () => {
    const session = await open();
    await run(session, "echo 1 >/srv/one; echo t >/srv/gone; mkdir /srv/d; echo x >/srv/d/x");
    const first = layerOf(await session.snapshot());
    await run(session, "rm /srv/gone /srv/kept/a; rm -rf /srv/d; mkdir /srv/d; echo 2 >/srv/one");
    const second = layerOf(await session.snapshot());
    await session.close();
    const source = await workspace.exportLayer([first.id, second.id], 0);
    const members = await membersOf(source);
    expect(members.has("srv/gone")).toBe(false);
    expect(members.has("srv/kept/.wh.a")).toBe(true);
    expect(members.has("srv/d/x")).toBe(false);
    const folded = imageOf([await collect(await source.open())]);
    const [again] = await workspace.importImage(folded);
    const restored = await open([...base, again?.id ?? ""]);
    expect(await run(restored, "ls /srv /srv/d /srv/kept; cat /srv/one")).toBe(
      "/srv:\nd\nkept\none\n\n/srv/d:\n\n/srv/kept:\nb\nc\n2\n",
    );
    await restored.close();
  });

  it("takes no snapshot while a process lives, and takes it afterwards", async () => {
    const session = await open();
    const started = "echo x >/srv/x; sleep 300 >/dev/null 2>&1 & echo $!; sleep 0.2";
    const pid = (await run(session, started)).trim();
    const busy = await session.snapshot();
    expect(busy).toMatchObject({ kind: "busy" });
    expect(busy.kind === "busy" && busy.processes.join()).toContain("sleep 300");
    await run(session, `kill ${pid}; sleep 0.05`);
    expect((await session.snapshot()).kind).toBe("layer");
    await session.close();
  });

  it("does not take the waiting shell of a become user for a living process", async () => {
    const session = await open();
    await session.connection.run("echo x >/tmp/x", { become: { user: "nobody", method: "su" } });
    expect((await session.snapshot()).kind).toBe("layer");
    await session.close();
  });

  it("keeps sessions apart", async () => {
    const [a, b] = await Promise.all([open(), open()]);
    await Promise.all([run(a, "echo a >/srv/who"), run(b, "echo b >/srv/who")]);
    expect(await Promise.all([run(a, "cat /srv/who"), run(b, "cat /srv/who")])).toEqual([
      "a\n",
      "b\n",
    ]);
    const [x, y] = (await Promise.all([a.snapshot(), b.snapshot()])).map(layerOf);
    expect(x?.content).not.toBe(y?.content);
    await Promise.all([a.close(), b.close()]);
  });

  it("lists, finds and removes layers", async () => {
    const session = await open();
    await run(session, "echo x >/srv/removed");
    const { id } = layerOf(await session.snapshot());
    await session.close();
    expect(await workspace.has(id)).toBe(true);
    expect((await workspace.listLayers()).map((layer) => layer.id)).toContain(id);
    await workspace.removeLayers([id]);
    expect(await workspace.has(id)).toBe(false);
    await expect(open([...base, id])).rejects.toThrow(id);
  });

  it("ends what runs when the signal says so", async () => {
    const controller = new AbortController();
    const options = { env: [], network: "host" as const, signal: controller.signal };
    const session = await workspace.open(base, options);
    await session.connection.run("true");
    const sleeping = session.connection.run("sleep 300");
    setTimeout(() => controller.abort(), 100);
    await expect(sleeping).rejects.toThrow(/interrupted/);
    await session.close();
    await session.close();
  });
}
