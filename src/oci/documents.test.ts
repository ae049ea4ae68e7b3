import { describe, expect, it } from "vitest";
import {
  parseConfig,
  parseIndex,
  parseManifest,
  parsePlatform,
  selectPlatform,
} from "./documents.ts";

const bytes = (document: unknown) => Buffer.from(JSON.stringify(document));
const digest = `sha256:${"0".repeat(64)}`;

describe("documents", () => {
  it("are refused with the field that is wrong", async () => {
    await expect(parseManifest(Buffer.from("{"), "the manifest of x")).rejects.toThrow(
      "the manifest of x is no JSON",
    );
    const bad = {
      schemaVersion: 2,
      config: { mediaType: "a", digest: "sha256:1", size: 1 },
      layers: [],
    };
    await expect(parseManifest(bytes(bad), "the manifest of x")).rejects.toThrow(
      "the manifest of x is not valid: config.digest: no sha256 digest",
    );
    await expect(parseManifest(bytes({ schemaVersion: 1 }), "m")).rejects.toThrow("schemaVersion");
  });
  it("may have nulls and fields that nobody knows", async () => {
    const config = await parseConfig(
      bytes({
        architecture: "amd64",
        os: "linux",
        config: { Cmd: null, Env: ["A=b"], OnBuild: null, Odd: 1 },
        rootfs: { type: "layers", diff_ids: null },
        history: null,
      }),
      "c",
    );
    expect(config.config).toEqual({ Env: ["A=b"], Odd: 1 });
    expect(config.rootfs.diff_ids).toEqual([]);
    expect(config).not.toHaveProperty("history");
  });
});

describe("an index", () => {
  const item = (os: string, architecture: string, variant?: string) => ({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest,
    size: 1,
    platform: { os, architecture, ...(variant ? { variant } : {}) },
  });
  const parsed = parseIndex(
    bytes({
      schemaVersion: 2,
      manifests: [
        item("linux", "amd64"),
        item("linux", "arm", "v6"),
        item("linux", "arm", "v7"),
        item("linux", "arm64", "v8"),
        // What BuildKit adds for attestations.
        item("unknown", "unknown"),
      ],
    }),
    "the index",
  );
  it("gives the platform's image", async () => {
    const index = await parsed;
    const choose = (text: string) => selectPlatform(index, parsePlatform(text), "x").platform;
    expect(choose("linux/amd64")?.architecture).toBe("amd64");
    expect(choose("linux/arm/v7")?.variant).toBe("v7");
    expect(choose("linux/arm64")?.variant).toBe("v8");
    expect(() => choose("linux/riscv64")).toThrow("x has no image for linux/riscv64");
    expect(() => parsePlatform("amd64")).toThrow("'amd64' is no platform");
  });
});
