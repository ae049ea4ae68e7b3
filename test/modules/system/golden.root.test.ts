/**
 * The modules of packages and the system against what ansible-core made of the same calls, one after
 * the other, in the same container image. `record.py` makes `golden.json`.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startContainer, type TestPlace } from "../../../src/modules/lib/container-for-tests.ts";
import type { Data, Module } from "../../../src/modules/module.ts";
import * as apt from "../../../src/modules/packages/apt.ts";
import * as aptRepository from "../../../src/modules/packages/apt_repository.ts";
import * as debconf from "../../../src/modules/packages/debconf.ts";
import * as dpkgSelections from "../../../src/modules/packages/dpkg_selections.ts";
import * as cron from "../../../src/modules/system/cron.ts";
import * as getent from "../../../src/modules/system/getent.ts";
import * as group from "../../../src/modules/system/group.ts";
import * as hostname from "../../../src/modules/system/hostname.ts";
import * as ping from "../../../src/modules/system/ping.ts";
import * as service from "../../../src/modules/system/service.ts";
import * as sysvinit from "../../../src/modules/system/sysvinit.ts";
import * as user from "../../../src/modules/system/user.ts";
import { runModule } from "../../../src/modules/testing.ts";

const MODULES: Readonly<Record<string, Module>> = {
  apt,
  apt_repository: aptRepository,
  cron,
  debconf,
  dpkg_selections: dpkgSelections,
  getent,
  group,
  hostname,
  ping,
  service,
  sysvinit,
  user,
};

interface Golden {
  readonly module: string;
  readonly args: Readonly<Record<string, Data>>;
  readonly check?: boolean;
  readonly result: Readonly<Record<string, Data>>;
}

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");
const GOLDENS = JSON.parse(read("golden.json")) as readonly Golden[];

/** What differs by nature: wording of programs, the options in a shown command. */
function comparable(result: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { stdout, stderr, warnings, cmd, ansible_facts, ...rest } = result;
  const msg =
    typeof rest.msg === "string"
      ? rest.msg.replace(/^'\/usr\/bin\/apt-get.*' failed: /s, "failed: ").trim()
      : rest.msg;
  const { failed, cache_update_time, sources_added, sources_removed, ...fields } = rest;
  return {
    ...fields,
    changed: rest.changed ?? false,
    ...(msg === undefined ? {} : { msg }),
    ...(failed ? { failed } : {}),
  };
}

describe("packages and system, against recorded results", () => {
  let place: TestPlace;
  beforeAll(async () => {
    place = startContainer("debian:bookworm");
    await place.connection.run(read("setup.sh"));
  });
  afterAll(() => place.stop());
  it.each(GOLDENS.map((golden, index) => [index, golden] as const))("%i %j", async (_, golden) => {
    const module = MODULES[golden.module];
    if (!module) throw new Error(`no module ${golden.module}`);
    let mine: Record<string, unknown>;
    try {
      mine = await runModule(module, golden.args, place.connection, {
        checkMode: golden.check === true,
      });
    } catch (error) {
      // Arguments that the validation refuses.
      mine = { failed: true, msg: (error as Error).message };
    }
    const { failed: mineFailed, ...mineRest } = comparable(mine);
    const { failed: theirFailed, ...theirRest } = comparable(golden.result);
    expect(mineRest).toEqual(theirRest);
    expect(mineFailed ?? mine.failed ?? false).toBe(
      theirFailed ?? ("msg" in golden.result && mine.failed === true),
    );
  });
});
