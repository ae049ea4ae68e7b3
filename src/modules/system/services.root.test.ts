import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import type { Data, Module, ModuleContext } from "../module.ts";
import { runModule } from "../testing.ts";
import * as service from "./service.ts";
import * as systemd from "./systemd.ts";
import * as sysvinit from "./sysvinit.ts";

describe("services on Debian", () => {
  let place: TestPlace;
  const deferred: string[] = [];
  const image: Partial<ModuleContext> = {
    target: "image",
    deferService: (name, state) => deferred.push(`${name} ${state}`),
  };
  beforeAll(async () => {
    place = startContainer("debian:bookworm");
    await place.connection.run(
      "apt-get update >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends cron >&2; service cron stop >&2",
    );
  });
  afterAll(() => place.stop());
  const run = (
    module: Module,
    args: Record<string, Data>,
    context: Partial<ModuleContext> = {},
    checkMode = false,
  ) => runModule(module, args, place.connection, { context, checkMode });
  const sh = async (script: string) =>
    (await place.connection.run(script)).stdout.toString().trimEnd();
  const running = () => sh("service cron status >/dev/null 2>&1; echo $?");

  // Recorded from the original in the same container.
  it.each<[Module, Record<string, Data>, Record<string, unknown>]>([
    [
      service,
      { name: "cron", state: "started" },
      { changed: true, name: "cron", state: "started" },
    ],
    [
      service,
      { name: "cron", state: "started" },
      { changed: false, name: "cron", state: "started" },
    ],
    [service, { name: "cron", enabled: false }, { changed: true, enabled: false, name: "cron" }],
    [service, { name: "cron", enabled: false }, { changed: false, enabled: false, name: "cron" }],
    [service, { name: "cron", enabled: true }, { changed: true, enabled: true, name: "cron" }],
    [
      service,
      { name: "cron", state: "restarted" },
      { changed: true, name: "cron", state: "started" },
    ],
    [
      service,
      { name: "cron", state: "reloaded" },
      { changed: true, name: "cron", state: "started" },
    ],
    [
      service,
      { name: "cron", state: "stopped" },
      { changed: true, name: "cron", state: "stopped" },
    ],
    [
      service,
      { name: "cron", state: "stopped" },
      { changed: false, name: "cron", state: "stopped" },
    ],
    [
      service,
      { name: "no", state: "started" },
      { failed: true, msg: "Could not find the requested service no: host" },
    ],
    [
      service,
      { name: "cron" },
      { failed: true, msg: "one of the following is required: state, enabled" },
    ],
    [
      sysvinit,
      { name: "no", state: "started" },
      { failed: true, msg: "Could not find the requested service no: " },
    ],
  ])("is driven by its init script: %#", async (module, args, result) => {
    const before = await running();
    const check = await run(module, args, {}, true);
    expect(await running()).toBe(before);
    expect(check.changed ?? false).toBe(result.changed ?? false);
    expect(await run(module, args)).toEqual(result);
  });
  it("is driven by sysvinit with the steps' results", async () => {
    expect(await run(sysvinit, { name: "cron", state: "started" })).toMatchObject({
      changed: true,
      status: {
        enabled: { changed: false, rc: null },
        started: { changed: true, rc: 0, stdout: expect.stringContaining("cron") },
      },
    });
    expect(await run(sysvinit, { name: "cron", state: "stopped" })).toMatchObject({
      changed: true,
    });
  });
  it("says what is missing where there is no systemctl", async () => {
    const result = await run(systemd, { name: "cron", state: "started" });
    expect(result.msg).toMatch(/^Failed to find required executable "systemctl" in paths: \//);
  });
  it("is deferred in an image build, and nothing runs", async () => {
    expect(await run(service, { name: "cron", state: "started", enabled: true }, image)).toEqual({
      changed: false,
      name: "cron",
      state: "started",
      enabled: true,
    });
    expect(
      await run(systemd, { name: "cron", state: "restarted", daemon_reload: true }, image),
    ).toMatchObject({
      changed: true,
      name: "cron",
      state: "started",
      status: { LoadState: "loaded", FragmentPath: "/usr/lib/systemd/system/cron.service" },
    });
    expect(await run(systemd, { daemon_reload: true }, image)).toMatchObject({ changed: false });
    expect(deferred).toEqual(["cron started", "cron restarted"]);
    expect(await running()).not.toBe("0");
  });
  it.each(["without systemctl", "with systemctl"])(
    "is enabled, disabled and masked offline %s",
    async (how) => {
      if (how === "with systemctl") {
        await sh(
          "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends systemd >&2",
        );
      }
      const link = "/etc/systemd/system/multi-user.target.wants/cron.service";
      const linked = () => sh(`[ -L ${link} ] && echo yes`);
      for (const enabled of [false, true]) {
        expect(await run(systemd, { name: "cron", enabled }, image, true)).toMatchObject({
          changed: true,
        });
        expect(await run(systemd, { name: "cron", enabled }, image)).toMatchObject({
          changed: true,
          enabled,
        });
        expect(await run(systemd, { name: "cron", enabled }, image)).toMatchObject({
          changed: false,
          enabled,
        });
        expect(await linked()).toBe(enabled ? "yes" : "");
      }
      for (const masked of [true, false]) {
        expect(await run(systemd, { name: "cron.service", masked }, image)).toMatchObject({
          changed: true,
        });
        expect(await run(systemd, { name: "cron.service", masked }, image)).toMatchObject({
          changed: false,
        });
      }
    },
  );
  it("refuses what is not there, and everything with --services fail", async () => {
    expect(await run(service, { name: "nginxx", state: "started" }, image)).toMatchObject({
      failed: true,
      msg: "Could not find the requested service nginxx: host",
    });
    const refused = await run(
      service,
      { name: "cron", state: "started" },
      { ...image, services: "fail" },
    );
    expect(refused.msg).toMatch(/--services fail/);
  });
  it("really starts with --services run", async () => {
    expect(
      await run(service, { name: "cron", state: "started" }, { ...image, services: "run" }),
    ).toMatchObject({ changed: true });
    expect(await running()).toBe("0");
    expect(
      await run(service, { name: "cron", state: "stopped" }, { ...image, services: "run" }),
    ).toMatchObject({ changed: true });
  });
  it("says what systemctl says where systemd is not process 1", async () => {
    expect((await run(systemd, { daemon_reload: true })).msg).toMatch(
      /^failure 1 during daemon-reload: System has not been booted/,
    );
    expect((await run(systemd, { name: "cron", state: "started" })).msg).toBe(
      "Service is in unknown state",
    );
  });
});
