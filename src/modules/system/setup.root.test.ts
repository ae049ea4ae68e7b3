import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBusybox, startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import { runModule, testContext } from "../testing.ts";
import * as setup from "./setup.ts";

describe("facts of a Debian without Python", () => {
  let place: TestPlace;
  beforeAll(() => {
    place = startContainer("debian:bookworm");
  });
  afterAll(() => place.stop());
  const facts = async (args = {}, context = {}) =>
    (await runModule(setup, args, place.connection, { context })).ansible_facts ?? {};

  it("come in one round trip, with the original's names and types", async () => {
    let trips = 0;
    const all = await facts(
      {},
      {
        sh: (script: string) => {
          trips++;
          return place.connection.run(script);
        },
      },
    );
    expect(trips).toBe(1);
    expect(all).toMatchObject({
      ansible_distribution: "Debian",
      ansible_distribution_release: "bookworm",
      ansible_distribution_major_version: "12",
      ansible_os_family: "Debian",
      ansible_pkg_mgr: "apt",
      ansible_system: "Linux",
      ansible_user_id: "root",
      ansible_user_uid: 0,
      ansible_user_dir: "/root",
      ansible_virtualization_type: "docker",
      ansible_virtualization_role: "guest",
      ansible_selinux: { status: "disabled" },
      ansible_python: { version: { major: 3 } },
      ansible_date_time: {
        date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
        epoch: expect.stringMatching(/^\d+$/),
      },
      ansible_memtotal_mb: expect.any(Number),
      ansible_env: { HOME: "/root" },
      gather_subset: ["all"],
      module_setup: true,
    });
    // Without `ip` there are no addresses, as in the original.
    expect(all).not.toHaveProperty("ansible_default_ipv4");
  });
  it("can be asked for in part", async () => {
    expect(Object.keys(await facts({ filter: "ansible_distribution" }))).toEqual([
      "ansible_distribution",
    ]);
    const few = await facts({ gather_subset: ["!all", "!min", "pkg_mgr"] });
    expect(few).toHaveProperty("ansible_pkg_mgr");
    expect(few).not.toHaveProperty("ansible_memtotal_mb");
    const wrong = await runModule(setup, { gather_subset: "nonsense" }, place.connection);
    expect(wrong.msg).toMatch(/^Bad subset 'nonsense'/);
  });
  it("hold what the host says about itself", async () => {
    await place.connection.run(`mkdir -p /etc/ansible/facts.d; cd /etc/ansible/facts.d
printf '[general]\\nAsk = yes\\n' >a.fact; printf '{"x": [1, true]}' >b.fact
echo '#!/bin/sh' >c.fact; echo "echo '\\"run\\"'" >>c.fact; chmod +x c.fact; printf '#!/bin/sh\\necho no >&2; exit 3' >d.fact; chmod +x d.fact; ln -s nowhere e.fact
echo '#!/bin/sh' >f.fact; echo 'echo note >&2; echo 7' >>f.fact; chmod +x f.fact; printf '[s]\\nv = 5%% off' >g.fact`);
    expect((await facts()).ansible_local).toEqual({
      a: { general: { ask: "yes" } },
      b: { x: [1, true] },
      c: "run",
      d: "Failure executing fact script (/etc/ansible/facts.d/d.fact), rc: 3, err: no",
      e: expect.stringMatching(/^Could not stat fact \(\/etc\/ansible\/facts\.d\/e\.fact\)/),
      f: 7,
      g: expect.stringMatching(/^error loading facts as ini - please check content: .*'%' must be/),
    });
  });
  it("are parted into those of the image and those of the moment, which together are all", async () => {
    const context = testContext(place.connection, { context: { target: "image" } });
    const of = async (kind: "all" | "image" | "moment") =>
      Object.keys((await setup.gatherKind(context, {}, kind)).ansible_facts ?? {});
    const [all, image, moment] = [await of("all"), await of("image"), await of("moment")];
    expect(image.filter((name) => !setup.isImageFact(name))).toEqual([]);
    expect(moment.filter((name) => setup.isImageFact(name))).toEqual([]);
    expect([...image, ...moment].sort()).toEqual([...all].sort());
  });
});

describe("facts on busybox", () => {
  it("are gathered too", async () => {
    const place = startBusybox();
    try {
      const result = await runModule(setup, {}, place.connection);
      expect(result.ansible_facts).toMatchObject({
        ansible_system: "Linux",
        ansible_pkg_mgr: "unknown",
        ansible_date_time: { iso8601: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
        ansible_lsb: {},
      });
    } finally {
      await place.stop();
    }
  });
});
