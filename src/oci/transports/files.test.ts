import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transportContract } from "../contract.ts";
import { hexOf } from "../digest.ts";
import { ImageStore } from "../store.ts";
import { drain, testImage } from "../testing.ts";
import { DockerArchiveTransport } from "./docker-archive.ts";
import { OciTransport } from "./oci.ts";
import { OciArchiveTransport } from "./oci-archive.ts";
import { ScratchTransport } from "./scratch.ts";

let dir: string;
let serial = 0;
const fresh = (name: string) => join(dir, `${name}-${serial++}`);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "layerbook-oci-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe("oci:", () => {
  transportContract(async () => ({
    transport: new OciTransport(),
    fresh: () => `${fresh("layout")}:1`,
    second: { tag: "latest", reference: (first) => first.replace(/:1$/, ":latest") },
  }));

  it("keeps several images under their tags, and asks which one when none is named", async () => {
    const oci = new OciTransport();
    const path = fresh("many");
    const [one, two] = [await testImage("one"), await testImage("two")];
    await oci.write(one, `${path}:one`);
    const written = await oci.write(two, `${path}:two`);
    // Two of the three layers were there.
    expect(written.layersSent).toBe(1);
    expect((await oci.read(`${path}:one`)).id).toBe(one.id);
    await expect(oci.read(path)).rejects.toMatchObject({
      hint: expect.stringContaining("one, two"),
    });
  });
  it("takes part in a race of writers without losing one", async () => {
    const oci = new OciTransport();
    const path = fresh("race");
    const images = await Promise.all([1, 2, 3, 4, 5].map((n) => testImage(String(n))));
    await Promise.all(images.map((image, i) => oci.write(image, `${path}:${i}`)));
    for (const [i, image] of images.entries()) {
      expect((await oci.read(`${path}:${i}`)).id).toBe(image.id);
    }
    expect(readdirSync(path).sort()).toEqual(["blobs", "index.json", "oci-layout"]);
  });
  it("notices a flipped bit in a layer, a configuration and a manifest", async () => {
    const oci = new OciTransport();
    const image = await testImage("flip");
    const flip = (path: string, digest: `sha256:${string}`) => {
      const file = join(path, "blobs", "sha256", hexOf(digest));
      const bytes = readFileSync(file);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    };
    const path = fresh("damaged");
    const { manifest } = await oci.write(image, path);
    const digest = (await oci.read(path)).layers[2]?.blob?.digest;
    if (!digest || !manifest) throw new Error("no digest");
    flip(path, digest);
    await expect(
      oci
        .read(path)
        .then(async ({ layers }) => drain((await layers[2]?.open()) ?? Readable.from([]))),
    ).rejects.toThrow();
    flip(path, image.id);
    await expect(oci.read(path)).rejects.toThrow(/configuration .* is damaged/);
    flip(path, manifest);
    await expect(oci.read(path)).rejects.toThrow(/manifest .* is damaged/);
  });
});

describe("oci-archive:", () => {
  transportContract(async () => ({
    transport: new OciArchiveTransport(),
    fresh: () => `${fresh("archive.tar")}`,
    second: { tag: "v2", reference: (first) => `${first}:v2` },
  }));

  it("writes the same image as the same bytes", async () => {
    const archive = new OciArchiveTransport();
    const paths = [fresh("a.tar"), fresh("b.tar")];
    for (const path of paths) await archive.write(await testImage("same"), path);
    const [a, b] = paths.map((path) => readFileSync(path));
    expect(a?.equals(b ?? Buffer.alloc(0))).toBe(true);
  });
});

describe("docker-archive:", () => {
  transportContract(async () => ({
    transport: new DockerArchiveTransport(),
    fresh: () => `${fresh("saved.tar")}:web:1`,
    second: { tag: "other/name:2", reference: (first) => first.replace("web:1", "other/name:2") },
  }));

  it("reads a compressed archive, and says when it is of the other kind", async () => {
    const docker = new DockerArchiveTransport();
    const image = await testImage("gz");
    const path = fresh("plain.tar");
    await docker.write(image, `${path}:gz`);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    const back = await docker.read(`${path}.gz`);
    expect(back.id).toBe(image.id);
    expect(
      (await drain((await back.layers[2]?.open()) ?? Readable.from([]))).length,
    ).toBeGreaterThan(100_000);
    const oci = fresh("oci.tar");
    await new OciArchiveTransport().write(image, oci);
    await expect(docker.read(oci)).rejects.toMatchObject({
      hint: expect.stringContaining("oci-archive:"),
    });
  });
});

describe("store:", () => {
  transportContract(async () => {
    const root = fresh("store");
    return {
      transport: new ImageStore(root),
      fresh: () => `image${serial++}:1`,
      second: { tag: "second:latest", reference: () => "second" },
    };
  });

  it("lists, and removes an image with what only it needed", async () => {
    const store = new ImageStore(fresh("removing"));
    const [one, two] = [await testImage("one"), await testImage("two")];
    await store.write(one, "web:1", { additionalTags: ["web"] });
    await store.write(two, "example.org/team/db:2");
    expect((await store.list()).map(({ name }) => name)).toEqual([
      "web:1",
      "web:latest",
      "example.org/team/db:2",
    ]);
    await store.remove("web:1");
    expect((await store.read("web:latest")).id).toBe(one.id);
    await store.remove("docker.io/library/web:latest");
    await expect(store.read("web")).rejects.toThrow("does not have it");
    expect((await store.read("example.org/team/db:2")).id).toBe(two.id);
    await expect(store.remove("web")).rejects.toMatchObject({
      hint: "There is: example.org/team/db:2.",
    });
  });
  it("does not read layers that it has", async () => {
    const store = new ImageStore(fresh("again"));
    const counts = { opened: 0 };
    const image = await testImage("again", counts);
    await store.write(image, "web:1");
    const { opened } = counts;
    expect((await store.write(image, "web:2")).layersSent).toBe(0);
    expect(counts.opened).toBe(opened);
  });
});

describe("scratch", () => {
  it("is an image without layers, for the platform that is asked for", async () => {
    const image = await new ScratchTransport().read("", { platform: "linux/arm/v7" });
    expect(image.layers).toEqual([]);
    expect(image.config).toMatchObject({ os: "linux", architecture: "arm", variant: "v7" });
  });
});
