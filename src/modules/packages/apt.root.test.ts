import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import type { Data, ModuleContext } from "../module.ts";
import { runModule } from "../testing.ts";
import * as apt from "./apt.ts";

describe("apt in a Debian without Python", () => {
  let place: TestPlace;
  beforeAll(() => {
    place = startContainer("debian:bookworm");
  });
  afterAll(() => place.stop());
  const run = (
    args: Record<string, Data>,
    context: Partial<ModuleContext> = {},
    checkMode = false,
  ) => runModule(apt, args, place.connection, { context, checkMode, diffMode: true });
  const sh = async (script: string) =>
    (await place.connection.run(script)).stdout.toString().trimEnd();

  it("fetches package lists where there are none, and installs", async () => {
    await sh("rm -rf /var/lib/apt/lists/*");
    const result = await run({ name: ["cowsay"], install_recommends: false });
    expect(result).toMatchObject({ changed: true, cache_updated: true });
    expect(result.warnings?.[0]).toMatch(/no package lists/);
    expect(result.diff).toMatchObject({ prepared: expect.stringContaining("cowsay") });
    expect(await sh("dpkg -s cowsay | grep ^Status")).toBe("Status: install ok installed");
  });
  it("leaves installed packages alone, in one round trip", async () => {
    let trips = 0;
    const result = await runModule(apt, { name: "cowsay,bash" }, place.connection, {
      context: {
        sh: (script, options) => {
          trips++;
          return place.connection.run(script, options);
        },
      },
    });
    expect(result).toMatchObject({ changed: false, cache_updated: false });
    expect(result).not.toHaveProperty("stdout");
    expect(trips).toBe(1);
  });
  it("simulates in check mode", async () => {
    const result = await run({ name: "sl" }, {}, true);
    expect(result.changed).toBe(true);
    expect(result.stdout).toMatch(/^Inst sl /m);
    expect(await sh("dpkg-query -W sl 2>/dev/null")).toBe("");
  });
  it("updates the lists unless they are young enough", async () => {
    expect(await run({ update_cache: true })).toMatchObject({ changed: expect.any(Boolean) });
    const again = await run({ update_cache: true, cache_valid_time: 3600 });
    expect(again).toMatchObject({ changed: false, cache_updated: false });
    expect(again.cache_update_time).toBeGreaterThan(1.6e9);
  });
  it.each<[Record<string, Data>, string | RegExp]>([
    [{ name: "nosuch" }, "No package matching 'nosuch' is available"],
    [{ name: "zzz*" }, "No package(s) matching 'zzz*' available"],
    [{ name: "sl=99" }, "no available installation candidate for sl=99"],
    [{ name: "sl>=55" }, "no available installation candidate for sl>=55"],
    [{ name: "awk" }, ""],
    [{ name: "mail-transport-agent" }, /install 'mail-transport-agent'' failed: E: Package/],
    [{ deb: "/nowhere.deb" }, /^Unable to install package: /],
  ])("%j", async (args, message) => {
    const result = await run(args);
    if (message === "") expect(result).toMatchObject({ changed: false });
    else {
      expect(result.failed).toBe(true);
      if (typeof message === "string") expect(result.msg).toBe(message);
      else expect(result.msg).toMatch(message);
    }
  });
  it("takes versions with wildcards and patterns of names", async () => {
    expect(await run({ name: "cowsay=3.0*" })).toMatchObject({ changed: false });
    expect(await run({ name: "cowsay>=3" })).toMatchObject({ changed: false });
    expect(await run({ name: "cowsay-of?" })).toMatchObject({ changed: true });
  });
  it("marks what was asked for as wanted, without calling that a change", async () => {
    await sh("apt-mark auto cowsay");
    expect(await run({ name: "cowsay" })).toMatchObject({ changed: false });
    expect(await sh("apt-mark showmanual cowsay")).toBe("cowsay");
  });
  it("removes, purges, and removes what nothing needs", async () => {
    expect(await run({ name: "cowsay*", state: "absent" }, {}, true)).toMatchObject({
      changed: true,
    });
    expect(await run({ name: "cowsay*", state: "absent" })).toMatchObject({ changed: true });
    expect(await run({ name: "cowsay", state: "absent" })).toEqual({ changed: false });
    expect(await run({ autoremove: true })).toMatchObject({ changed: true });
    expect(await run({ autoremove: true })).toMatchObject({ changed: false });
  });
  it("installs a package file once", async () => {
    await sh("cd /tmp && apt-get download sl && mv sl_*.deb sl.deb");
    expect(await run({ deb: "/tmp/sl.deb" })).toMatchObject({ changed: true });
    expect(await run({ deb: "/tmp/sl.deb" })).toEqual({ changed: false, stdout: "", stderr: "" });
  });
  it("starts no daemon in an image build, and leaves no policy behind", async () => {
    const image = { target: "image", services: "defer" } as const;
    expect(await run({ name: "cron" }, image)).toMatchObject({ changed: true });
    expect(
      await sh(
        "ls /usr/sbin/policy-rc.d 2>/dev/null; for p in /proc/[0-9]*/comm; do read c <$p; echo $c; done | grep -c cron",
      ),
    ).toBe("0");
  });
});
