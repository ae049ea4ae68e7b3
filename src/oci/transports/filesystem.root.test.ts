import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTar } from "../tar/index.ts";
import { MmdebstrapTransport } from "./mmdebstrap.ts";
import { RootfsTransport } from "./rootfs.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join("/var/tmp", "layerbook-rootfs-"));
  execFileSync(
    "sh",
    [
      "-ec",
      `mkdir -p fs/bin fs/dev fs/tmp; cd fs; printf tool >bin/tool; chmod 4755 bin/tool; ln bin/tool bin/same
       setcap cap_net_raw+ep bin/tool 2>/dev/null || setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 bin/tool
       mknod dev/null c 1 3; chmod 1777 tmp; ln -s /bin/tool link; chown -h 1000:1001 link; touch -d @1700000000.5 bin/tool
       truncate -s 1000000 holes; printf x >>holes`,
    ],
    { cwd: dir },
  );
});
afterAll(() => rmSync(dir, { recursive: true }));

describe("rootfs:", () => {
  const rootfs = new RootfsTransport();

  it("takes a directory with everything that is in it", async () => {
    const image = await rootfs.read(join(dir, "fs"));
    const seen = new Map<string, object>();
    for await (const entry of readTar(await (image.layers[0] ?? fail()).open())) {
      const { type, mode, uid, gid, size, xattrs, mtime, devMajor, devMinor } = entry;
      const capability = xattrs?.get("security.capability")?.toString("hex");
      const more = { devMajor, devMinor, capability, seconds: mtime.seconds };
      seen.set(entry.path.toString(), { type, mode, uid, gid, size, ...more });
    }
    expect(seen.get("dev/null")).toMatchObject({ type: "chardev", devMajor: 1, devMinor: 3 });
    expect(seen.get("tmp")).toMatchObject({ type: "directory", mode: 0o1777 });
    expect(seen.get("link")).toMatchObject({ type: "symlink", uid: 1000, gid: 1001 });
    expect(seen.get("holes")).toMatchObject({ type: "file", size: 1_000_001 });
    // The first of the two names in the order of names has the content.
    expect(seen.get("bin/same")).toMatchObject({
      type: "file",
      mode: 0o4755,
      capability: "0100000200200000000000000000000000000000",
      seconds: 1_700_000_000,
    });
    expect(seen.get("bin/tool")).toMatchObject({ type: "hardlink" });
  });
  it("makes the same layer of every kind of tarball", async () => {
    execFileSync(
      "sh",
      [
        "-ec",
        `t() { tar --sort=name --numeric-owner --xattrs --xattrs-include='*' -C fs "$@" .; }
         t --format=pax --pax-option=delete=atime,delete=ctime -cf a.tar; gzip -k a.tar
         t --format=pax --pax-option=delete=atime,delete=ctime -S -cf sparse.tar; xz -k0 a.tar`,
      ],
      { cwd: dir },
    );
    const ids = new Set<string>();
    for (const name of ["fs", "a.tar", "a.tar.gz", "a.tar.xz", "sparse.tar"]) {
      ids.add((await rootfs.read(join(dir, name))).config.rootfs.diff_ids[0] ?? "");
    }
    expect(ids.size).toBe(1);
  });
  it("identifies a tarball without reading it, and refuses what is none", async () => {
    expect(await rootfs.identify(join(dir, "a.tar"))).toBe(
      await rootfs.identify(join(dir, "a.tar")),
    );
    expect(await rootfs.identify(join(dir, "fs"))).toBeUndefined();
    await expect(rootfs.read(join(dir, "nothing"))).rejects.toThrow("does not exist");
    await expect(rootfs.read("/etc/passwd")).rejects.toThrow("rootfs:/etc/passwd");
  });
});

describe("mmdebstrap:", () => {
  const mmdebstrap = new MmdebstrapTransport();

  it("makes the same image of the same recipe, without a trace of the builder", async () => {
    const recipe = "bookworm?variant=extract&include=base-files&mode=root";
    const [one, two] = [await mmdebstrap.read(recipe), await mmdebstrap.read(recipe)];
    expect(one.id).toBe(two.id);
    const paths = new Set<string>();
    for await (const entry of readTar(await (one.layers[0] ?? fail()).open())) {
      paths.add(entry.path.toString());
    }
    expect(paths.has("etc/debian_version")).toBe(true);
    expect(paths.has("etc/hostname")).toBe(false);
  });
  it("identifies the recipe, and refuses what is none", async () => {
    const id = (text: string) => mmdebstrap.identify(text);
    expect(await id("bookworm?variant=minbase")).toBe(await id("bookworm"));
    expect(await id("bookworm?include=nginx")).not.toBe(await id("bookworm"));
    await expect(id("bookworm?packages=nginx")).rejects.toThrow(
      "the option 'packages' is not known",
    );
    await expect(id("../x")).rejects.toThrow("is no suite");
    await expect(id("bookworm?variant=tiny")).rejects.toThrow("the variant 'tiny' is not known");
  });
  it("says why mmdebstrap failed, and when it is not there", async () => {
    await expect(
      mmdebstrap.read("bookworm?variant=extract&include=no-such-package-at-all"),
    ).rejects.toThrow(/mmdebstrap failed: .*no-such-package-at-all/);
    const path = process.env.PATH;
    try {
      process.env.PATH = join(tmpdir(), "nowhere");
      await expect(mmdebstrap.read("bookworm")).rejects.toMatchObject({
        message: "mmdebstrap:bookworm: mmdebstrap is not installed",
        hint: expect.stringContaining("apt-get install mmdebstrap"),
      });
    } finally {
      process.env.PATH = path;
    }
  });
});

function fail(): never {
  throw new Error("no layer");
}
