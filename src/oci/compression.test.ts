import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGzip, decompressed, gzipLayer } from "./compression.ts";
import { joined, sha256 } from "./digest.ts";
import { drain, layerOf } from "./testing.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "layerbook-gzip-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function pieces(bytes: Buffer, size: number): Readable {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
  return Readable.from(parts, { objectMode: false });
}

describe("compressed layers", () => {
  it("are the same bytes however the input was cut, and gzip reads them", async () => {
    const text = Buffer.concat([Buffer.alloc(1_500_000, "layer "), randomBytes(2_100_000)]);
    const digests = new Set<string>();
    for (const size of [1000, 65_536, 3_000_000]) {
      const packed = await drain(joined(pieces(text, size), createGzip()));
      digests.add(sha256(packed));
      const options = { input: packed, maxBuffer: 1e8 };
      expect(execFileSync("gzip", ["-dc"], options).equals(text)).toBe(true);
      const back = await drain(await decompressed(pieces(packed, 777), "x"));
      expect(back.equals(text)).toBe(true);
    }
    expect(digests.size).toBe(1);
  });
  it("may be empty", async () => {
    const packed = await drain(joined(Readable.from([], { objectMode: false }), createGzip()));
    expect(execFileSync("gzip", ["-dc"], { input: packed }).length).toBe(0);
    const none = await decompressed(Readable.from([], { objectMode: false }), "x");
    expect((await drain(none)).length).toBe(0);
  });
  it("are made once, into a file that is whole or not there", async () => {
    const layer = await layerOf([{ path: "f", data: randomBytes(100_000) }]);
    const path = join(dir, "layer.gz");
    const { blob, diffId } = await gzipLayer(layer, path);
    expect(diffId).toBe(layer.diffId);
    expect(sha256(readFileSync(path))).toBe(blob?.digest);
    const broken = { ...layer, open: async () => Readable.from([Promise.reject(new Error("no"))]) };
    await expect(gzipLayer(broken, join(dir, "other.gz"))).rejects.toThrow("no");
    expect(readdirSync(dir)).toEqual(["layer.gz"]);
  });
  it("are refused by name when they cannot be read", async () => {
    const bzip2 = Readable.from([Buffer.from("BZh91AY&SY")], { objectMode: false });
    await expect(decompressed(bzip2, "layer 1 of x")).rejects.toThrow(
      "layer 1 of x is compressed with bzip2, which is not supported here",
    );
  });
});
