import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Spool } from "./spool.ts";
import { testImage } from "./testing.ts";
import { DockerArchiveTransport } from "./transports/docker-archive.ts";
import { OciTransport } from "./transports/oci.ts";

describe("a full disk", () => {
  let dir: string;
  const before = process.env.TMPDIR;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "layerbook-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dir]);
  });
  afterAll(() => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    // Spools keep their nameless files until they are collected.
    execFileSync("umount", ["-l", dir]);
    rmSync(dir, { recursive: true });
  });

  it("is said so, and nothing half-written stays", async () => {
    const image = await testImage("full");
    const path = join(dir, "image.tar");
    await expect(new DockerArchiveTransport().write(image, path)).rejects.toMatchObject({
      message: `cannot write ${path}: the disk is full`,
      hint: expect.stringContaining("Nothing half-written was left"),
    });
    expect(readdirSync(dir)).toEqual([]);
    process.env.TMPDIR = dir;
    await expect(Spool.of(Readable.from([Buffer.alloc(200_000)]))).rejects.toThrow(/disk is full/);
    expect(readdirSync(dir)).toEqual([]);
    const layout = new OciTransport();
    await expect(
      (async () => {
        for (let n = 0; n < 50; n++) await layout.write(await testImage(`${n}`), `${dir}/l:${n}`);
      })(),
    ).rejects.toThrow(/disk is full/);
  });
});
