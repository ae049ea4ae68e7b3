/**
 * The containerd image store of Docker takes images with containerd's own importer. Here it is asked
 * directly, in a containerd that belongs to the test.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testImage } from "./testing.ts";
import { DockerArchiveTransport } from "./transports/docker-archive.ts";
import { OciArchiveTransport } from "./transports/oci-archive.ts";

let dir: string;
let daemon: ChildProcess;
const ctr = (...args: string[]) =>
  execFileSync("ctr", ["-a", join(dir, "sock"), "-n", "test", ...args], { encoding: "utf8" });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "layerbook-containerd-"));
  writeFileSync(
    join(dir, "config.toml"),
    `version = 2\nroot = "${dir}/root"\nstate = "${dir}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "${dir}/sock"\n`,
  );
  daemon = spawn("containerd", ["-c", join(dir, "config.toml")], { stdio: "ignore" });
  for (let i = 0; i < 100 && !existsSync(join(dir, "sock")); i++) await sleep(50);
});
afterAll(async () => {
  const ended = new Promise((resolve) => daemon.once("close", resolve));
  daemon.kill("SIGTERM");
  await ended;
  rmSync(dir, { recursive: true, force: true });
});

describe("containerd", () => {
  it("takes what goes to a Docker daemon, whole, with its configuration unchanged", async () => {
    const image = await testImage("containerd");
    const path = join(dir, "docker.tar");
    await new DockerArchiveTransport().write(image, `${path}:web:1`);
    ctr("images", "import", path);
    expect(ctr("images", "ls", "-q")).toContain("docker.io/library/web:1");
    expect(ctr("content", "ls", "-q")).toContain(image.id);
    // Complete: every layer that the manifest names is there.
    expect(ctr("images", "check")).toMatch(/web:1 .* complete \(4\/4\)/);
  });
  it("takes an OCI archive", async () => {
    const image = await testImage("containerd oci");
    const path = join(dir, "oci.tar");
    const written = await new OciArchiveTransport().write(image, `${path}:2`);
    ctr("images", "import", "--base-name", "example.org/web", path);
    const listed = ctr("images", "ls");
    expect(listed).toContain("example.org/web:2");
    expect(listed).toContain(written.manifest);
  });
});
