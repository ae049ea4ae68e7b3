import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBusybox, startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import { type ModuleCase, moduleTable } from "../lib/table-for-tests.ts";
import { runModule } from "../testing.ts";
import * as cron from "./cron.ts";
import * as getent from "./getent.ts";
import * as hostname from "./hostname.ts";
import * as serviceFacts from "./service_facts.ts";

const image = { target: "image" } as const;
const list = "crontab -l 2>/dev/null";

const EVERYWHERE: readonly ModuleCase[] = [
  {
    module: getent,
    args: { database: "passwd", key: "root" },
    result: {
      changed: false,
      ansible_facts: {
        getent_passwd: { root: ["x", "0", "0", "root", "/root", expect.any(String)] },
      },
    },
  },
  {
    module: getent,
    args: { database: "passwd", key: "nobody2" },
    result: { failed: true, msg: "One or more supplied key could not be found in the database." },
    once: true,
  },
  {
    module: getent,
    args: { database: "group", key: "nogroup2", fail_key: false },
    result: { changed: false, ansible_facts: { getent_group: { nogroup2: null } } },
  },
  {
    module: hostname,
    args: { name: "web1.example.com" },
    result: {
      changed: true,
      name: "web1.example.com",
      ansible_facts: { ansible_hostname: "web1", ansible_domain: "example.com" },
    },
    show: "cat /etc/hostname",
    shown: "web1.example.com",
    context: image,
  },
];

// Crontabs as the original left them after the same calls.
const CRON: readonly ModuleCase[] = [
  {
    module: cron,
    args: { name: "check dirs", minute: "0", hour: "5,2", job: "ls -alh > /dev/null" },
    result: { changed: true, envs: [], jobs: ["check dirs"] },
    show: list,
    shown: "#Ansible: check dirs\n0 5,2 * * * ls -alh > /dev/null",
  },
  {
    module: cron,
    args: { name: "check dirs", special_time: "daily", job: "x" },
    result: { changed: true, jobs: ["check dirs"] },
    show: list,
    shown: "#Ansible: check dirs\n@daily x",
  },
  {
    module: cron,
    args: { name: "PATH", env: true, job: "/opt/bin" },
    result: { changed: true, envs: ["PATH"], jobs: ["check dirs"] },
    show: list,
    shown: 'PATH="/opt/bin"\n#Ansible: check dirs\n@daily x',
  },
  {
    module: cron,
    args: { name: "A", env: true, job: "b", insertafter: "PATH" },
    result: { changed: true, envs: ["PATH", "A"] },
    show: list,
    shown: 'PATH="/opt/bin"\nA="b"\n#Ansible: check dirs\n@daily x',
  },
  {
    module: cron,
    args: { name: "PATH", env: true, state: "absent" },
    result: { changed: true, envs: ["A"] },
  },
  {
    module: cron,
    args: { name: "j2", job: "y", disabled: true, user: "root" },
    result: { changed: true, jobs: ["check dirs", "j2"] },
    show: list,
    shown: 'A="b"\n#Ansible: check dirs\n@daily x\n#Ansible: j2\n#* * * * * y',
  },
  {
    module: cron,
    args: { name: "check dirs", state: "absent" },
    result: { changed: true, jobs: ["j2"] },
  },
  {
    module: cron,
    args: { name: "f", cron_file: "myfile", user: "root", job: "z", minute: "*/5" },
    result: { changed: true, cron_file: "myfile", envs: [], jobs: ["f"] },
    show: "cat /etc/cron.d/myfile",
    shown: "#Ansible: f\n*/5 * * * * root z",
  },
  {
    module: cron,
    args: { name: "f", cron_file: "myfile", state: "absent" },
    result: { changed: true, cron_file: "myfile", state: "absent" },
    show: "ls /etc/cron.d | grep -c myfile",
    shown: "0",
  },
  {
    module: cron,
    args: { name: "x", minute: "1", special_time: "reboot", job: "x" },
    result: { failed: true, msg: "You must specify time and date fields or special time." },
    once: true,
  },
  {
    module: cron,
    args: { name: "x" },
    result: { failed: true, msg: "You must specify 'job' to install a new cron job or variable" },
    once: true,
  },
];

describe("on Debian", () => {
  let place: TestPlace;
  beforeAll(async () => {
    place = startContainer("debian:bookworm");
    await place.connection.run(
      "apt-get update >&2; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends cron >&2",
    );
  });
  afterAll(() => place.stop());
  moduleTable(() => place.connection, [...EVERYWHERE, ...CRON], "crontab -l; ls -l /etc/cron.d");
  it("service_facts names init scripts", async () => {
    const result = await runModule(serviceFacts, {}, place.connection);
    expect(result.ansible_facts?.services).toMatchObject({
      cron: { name: "cron", source: "sysv", state: expect.stringMatching(/running|stopped/) },
    });
  });
});

describe("on busybox", () => {
  let place: TestPlace;
  beforeAll(() => {
    place = startBusybox();
  });
  afterAll(() => place.stop());
  moduleTable(() => place.connection, EVERYWHERE);
});
