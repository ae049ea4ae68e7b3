import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createReadStream,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memberPath } from "./entry.ts";
import {
  encodeHeader,
  plainHeader,
  type ReadTarOptions,
  readTar,
  replayTarSplit,
  TAR_END,
  type TarEntry,
  type TarHeader,
  TarSplitWriter,
  TarWriter,
} from "./index.ts";
import { formatPaxTime, parsePaxTime } from "./numbers.ts";

interface Member extends Partial<Omit<TarHeader, "path">> {
  path: string;
  data?: Buffer;
}

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "layerbook-tar-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** An input that comes in chunks of an awkward size. */
function inPieces(bytes: Buffer, size = 777): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return Readable.from(pieces);
}

async function list(bytes: Buffer, options?: ReadTarOptions) {
  const found: { entry: TarEntry; data: Buffer }[] = [];
  for await (const entry of readTar(inPieces(bytes), options)) {
    found.push({ entry, data: await entry.bytes(1e8) });
  }
  return found;
}

async function pack(members: readonly Member[]): Promise<Buffer> {
  const out = new PassThrough();
  const all = (async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of out) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  })();
  const writer = new TarWriter(out);
  for (const { path, data, type = "file", ...more } of members) {
    const header = plainHeader(type, Buffer.from(path, "latin1"), {
      size: data?.length ?? 0,
      ...more,
    });
    await writer.add(header, data);
  }
  await writer.finish();
  out.end();
  return all;
}

function tar(...args: string[]): void {
  execFileSync("tar", args, { cwd: dir, env: { ...process.env, TZ: "UTC" } });
}

describe("reading what GNU tar writes", () => {
  for (const format of ["gnu", "pax", "ustar", "v7"]) {
    it(`gives names, modes, links and contents of a ${format} archive`, async () => {
      const long =
        format === "gnu" || format === "pax" ? `${"d".repeat(90)}/${"f".repeat(150)}` : "d/f";
      execFileSync(
        "sh",
        [
          "-c",
          `rm -rf t; mkdir -p "t/$(dirname ${long})" && cd t && printf hello >'${long}' && chmod 4755 '${long}' && ln '${long}' hard && ln -s /etc/passwd soft && mkfifo pipe; touch -d @1000000000 hard`,
        ],
        { cwd: dir },
      );
      tar(
        "-cf",
        "a.tar",
        `--format=${format}`,
        "--sort=name",
        "-C",
        "t",
        ...(format === "v7" ? ["--exclude=./pipe"] : []),
        ".",
      );
      const found = await list(readFileSync(join(dir, "a.tar")), { requireEnd: true });
      const byPath = new Map(found.map((f) => [f.entry.path.toString(), f]));
      expect(byPath.get("")?.entry.type).toBe("directory");
      const first = byPath.get(long);
      expect(first?.entry).toMatchObject({ type: "file", mode: 0o4755, size: 5 });
      expect(first?.entry.mtime.seconds).toBe(1_000_000_000);
      expect(first?.data.toString()).toBe("hello");
      expect(byPath.get("hard")?.entry).toMatchObject({ type: "hardlink", size: 0 });
      expect(byPath.get("hard")?.entry.linkPath?.toString()).toBe(long);
      expect(byPath.get("soft")?.entry.linkPath?.toString()).toBe("/etc/passwd");
      if (format !== "v7") expect(byPath.get("pipe")?.entry.type).toBe("fifo");
    });
  }
  for (const args of [
    ["--format=gnu"],
    ["--format=pax", "--sparse-version=1.0"],
    ["--format=pax", "--sparse-version=0.1"],
  ]) {
    it(`reads a sparse file packed with ${args.join(" ")}`, async () => {
      const path = join(dir, "holes");
      execFileSync(
        "sh",
        [
          "-c",
          "rm -f holes; for i in $(seq 0 9); do printf data | dd of=holes bs=4 seek=$((i*100000)) conv=notrunc status=none; done",
        ],
        { cwd: dir },
      );
      truncateSync(path, 5_000_000);
      tar("-cSf", "s.tar", ...args, "holes");
      expect(statSync(join(dir, "s.tar")).size).toBeLessThan(200_000);
      const [found] = await list(readFileSync(join(dir, "s.tar")));
      expect(found?.entry.path.toString()).toBe("holes");
      expect(found?.entry.size).toBe(5_000_000);
      expect(found?.entry.extents?.length).toBeGreaterThan(5);
      expect(found?.data.equals(readFileSync(path))).toBe(true);
    });
  }
  it("keeps binary extended attributes, and times before 1970 with their fraction", async () => {
    const value = Buffer.from([1, 0, 0, 2, 0x0a, 0xff, 0xfe, 0x3d, 0x0a, 0]);
    const bytes = await pack([
      {
        path: "ping",
        data: Buffer.from("x"),
        mtime: { seconds: -2, nanoseconds: 500_000_000 },
        xattrs: new Map([
          ["security.capability", value],
          ["user.a=b%3D", Buffer.alloc(0)],
        ]),
      },
    ]);
    const [found] = await list(bytes);
    expect(found?.entry.xattrs?.get("security.capability")?.equals(value)).toBe(true);
    expect(found?.entry.xattrs?.get("user.a=b%3D")?.length).toBe(0);
    expect(found?.entry.mtime).toEqual({ seconds: -2, nanoseconds: 500_000_000 });
  });
});

describe("writing", () => {
  it("is read back as it was, by itself and by GNU tar", async () => {
    const long = `${"a/".repeat(120)}${"x".repeat(130)}`;
    const members: Member[] = [
      { path: "dir", type: "directory", mode: 0o1777 },
      { path: long, data: Buffer.from("long") },
      { path: `${"p".repeat(150)}/${"n".repeat(100)}`, data: Buffer.alloc(513, 1) },
      { path: 'caf\xe9\n"', data: Buffer.from("latin") },
      { path: `${"\xff".repeat(120)}`, type: "symlink", linkPath: Buffer.from("t".repeat(300)) },
      { path: "big-ids", uid: 4_000_000_000, gid: 3_000_000, uname: Buffer.from("u".repeat(40)) },
      { path: "null", type: "chardev", devMajor: 1, devMinor: 3, mode: 0o666 },
    ];
    const bytes = await pack(members);
    const found = await list(bytes, { requireEnd: true });
    expect(found.map((f) => f.entry.path.toString("latin1"))).toEqual(members.map((m) => m.path));
    expect(found[1]?.data.toString()).toBe("long");
    expect(found[4]?.entry.linkPath?.length).toBe(300);
    expect(found[5]?.entry).toMatchObject({ uid: 4_000_000_000, gid: 3_000_000 });
    expect(found[5]?.entry.uname?.length).toBe(40);
    expect(found[6]?.entry).toMatchObject({ type: "chardev", devMajor: 1, devMinor: 3 });
    writeFileSync(join(dir, "w.tar"), bytes);
    const seen = execFileSync("tar", ["--quoting-style=literal", "-tf", "w.tar"], {
      cwd: dir,
      encoding: "latin1",
    });
    for (const { path, type } of members)
      expect(seen).toContain(type === "directory" ? `${path}/\n` : `${path}\n`);
  });
  it("writes sizes beyond 8 GiB", async () => {
    const header = encodeHeader(plainHeader("file", "huge", { size: 10_000_000_000_000 }));
    const reader = readTar(Readable.from([header]));
    const { value } = await reader.next();
    expect((value as TarEntry).size).toBe(10_000_000_000_000);
    await reader.return(undefined);
  });
  it("refuses content that is not of the announced size", async () => {
    await expect(pack([{ path: "f", size: 10, data: Buffer.from("short") }])).rejects.toThrow(
      "5 bytes instead of 10",
    );
  });
  it("prints times as it reads them", () => {
    for (const text of ["0", "1", "-1", "1.5", "-0.5", "-1.25", "1700000000.000000001"]) {
      expect(formatPaxTime(parsePaxTime(Buffer.from(text), "mtime"))).toBe(text);
    }
  });
});

describe("hostile and damaged archives", () => {
  const entry = (path: string, more: Partial<TarHeader> = {}) =>
    encodeHeader(plainHeader("file", path, more));
  const codeOf = async (bytes: Buffer, options?: ReadTarOptions) => {
    try {
      await list(bytes, options);
    } catch (error) {
      return (error as { code?: string }).code;
    }
    return "accepted";
  };
  it("refuses names that lead out", async () => {
    for (const path of ["/etc/passwd", "../x", "a/../../x", "a/.."]) {
      expect(await codeOf(Buffer.concat([entry(path), TAR_END])), path).toBe("unsafe-path");
    }
    const link = entry("l", { type: "hardlink", linkPath: Buffer.from("../../etc/shadow") });
    expect(await codeOf(Buffer.concat([link, TAR_END]))).toBe("unsafe-path");
    expect(memberPath(Buffer.from("/etc//./passwd/"), "relative").toString()).toBe("etc/passwd");
    expect(memberPath(Buffer.from("a..b/...")).toString()).toBe("a..b/...");
  });
  it("refuses archives that end early", async () => {
    const whole = Buffer.concat([entry("f", { size: 1000 }), Buffer.alloc(1024), TAR_END]);
    for (const length of [100, 600, 1500, 1530]) {
      expect(await codeOf(whole.subarray(0, length)), String(length)).toBe("truncated");
    }
    expect(await codeOf(whole.subarray(0, 1536), { requireEnd: true })).toBe("truncated");
    expect(await codeOf(whole.subarray(0, 1536))).toBe("accepted");
  });
  it("refuses wrong checksums, headers that claim gigabytes and what it does not know", async () => {
    const wrong = entry("f");
    wrong[0] = 0x67;
    expect(await codeOf(wrong)).toBe("malformed");
    expect(await codeOf(Buffer.from("this is no archive at all".repeat(50)))).toBe("malformed");
    const retyped = (type: string, size: number) => {
      const block = encodeHeader(plainHeader("file", "f", { size }));
      block.write(type, 156, "latin1");
      let sum = 256;
      for (const [i, byte] of block.entries()) if (i < 148 || i >= 156) sum += byte;
      block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
      return block;
    };
    expect(await codeOf(retyped("x", 2 ** 32))).toBe("too-large");
    expect(await codeOf(retyped("L", 2 ** 32))).toBe("too-large");
    expect(await codeOf(retyped("M", 0))).toBe("unsupported");
    const pax = Buffer.concat([retyped("x", 20), Buffer.from("99 path=x\n".padEnd(512, "\0"))]);
    expect(await codeOf(Buffer.concat([pax, entry("f"), TAR_END]))).toBe("malformed");
  });
});

describe("tar-split", () => {
  it("gives an archive back bit for bit from the unpacked files", async () => {
    execFileSync(
      "sh",
      [
        "-c",
        "rm -rf src out; mkdir -p src/a out; head -c 300000 /dev/urandom >src/a/random; echo small >src/a/small; : >src/empty; ln src/a/small src/link; truncate -s 3000000 src/holes; printf end >>src/holes",
      ],
      { cwd: dir },
    );
    for (const args of [
      ["--format=gnu"],
      ["--format=pax"],
      ["--format=pax", "-S"],
      ["--format=gnu", "-S"],
    ]) {
      tar("-cf", "x.tar", ...args, "-C", "src", ".");
      tar("-xf", "x.tar", "-C", "out");
      const original = readFileSync(join(dir, "x.tar"));
      const split = new PassThrough();
      const recorder = new TarSplitWriter(split);
      const kept: Buffer[] = [];
      split.on("data", (chunk: Buffer) => kept.push(chunk));
      for await (const _ of readTar(inPieces(original, 10_000), { recorder }));
      await recorder.finish();
      expect(recorder.replayable).toBe(true);
      expect(Buffer.concat(kept).length).toBeLessThan(2000);
      const hash = createHash("sha256");
      const again = replayTarSplit(Readable.from(kept), (path) =>
        createReadStream(join(dir, "out", path.toString())),
      );
      for await (const chunk of again) hash.update(chunk as Buffer);
      expect(hash.digest("hex")).toBe(createHash("sha256").update(original).digest("hex"));
    }
  });
  it("says when a name occurs twice", async () => {
    const bytes = await pack([
      { path: "f", data: Buffer.from("one") },
      { path: "./f", data: Buffer.from("two") },
    ]);
    const sink = new PassThrough();
    sink.resume();
    const recorder = new TarSplitWriter(sink);
    for await (const _ of readTar(inPieces(bytes), { recorder }));
    await recorder.finish();
    expect(recorder.replayable).toBe(false);
  });
});
