import { afterAll, beforeAll, describe, expect } from "vitest";
import { startBusybox, startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import { type ModuleCase, moduleTable } from "../lib/table-for-tests.ts";
import * as alternatives from "./alternatives.ts";
import * as localeGen from "./locale_gen.ts";
import * as modprobe from "./modprobe.ts";
import * as mount from "./mount.ts";
import * as pamLimits from "./pam_limits.ts";
import * as sysctl from "./sysctl.ts";
import * as timezone from "./timezone.ts";

const image = { target: "image" } as const;

/** What only edits files works everywhere. */
const EVERYWHERE: readonly ModuleCase[] = [
  {
    module: sysctl,
    args: { name: "vm.swappiness", value: "5", sysctl_file: "/etc/x.conf" },
    result: { changed: true },
    show: "cat /etc/x.conf",
    shown: "vm.swappiness=5",
    context: image,
  },
  {
    module: sysctl,
    before:
      "printf '# note\\nvm.swappiness = 60\\nnet.ipv4.ip_forward=1\\nvm.swappiness=1' >/etc/x.conf",
    args: { name: "vm.swappiness", value: "5", sysctl_file: "/etc/x.conf", reload: false },
    result: { changed: true },
    show: "cat /etc/x.conf",
    shown: "# note\nvm.swappiness=5\nnet.ipv4.ip_forward=1",
  },
  {
    module: sysctl,
    args: {
      name: "net.ipv4.ip_forward",
      value: true,
      sysctl_file: "/etc/x.conf",
      reload: false,
      sysctl_set: true,
    },
    result: { changed: false },
    context: image,
  },
  {
    module: sysctl,
    args: {
      name: "net.ipv4.ip_forward",
      state: "absent",
      sysctl_file: "/etc/x.conf",
      reload: false,
    },
    result: { changed: true },
    show: "cat /etc/x.conf",
    shown: "# note\nvm.swappiness=5",
  },
  {
    module: mount,
    before: "printf '# table\\n/dev/sda1 / ext4 defaults 0 1\\n' >/etc/fstab",
    args: {
      path: "/mnt/my data",
      src: "/dev/sdb1",
      fstype: "ext4",
      state: "present",
      opts: "noatime",
    },
    result: {
      changed: true,
      name: "/mnt/my data",
      opts: "noatime",
      boot: "yes",
      fstab: "/etc/fstab",
    },
    show: "cat /etc/fstab",
    shown: "# table\n/dev/sda1 / ext4 defaults 0 1\n/dev/sdb1 /mnt/my\\040data ext4 noatime 0 0",
  },
  {
    module: mount,
    args: {
      path: "/mnt/my data",
      src: "/dev/sdb1",
      fstype: "ext4",
      state: "mounted",
      opts: "noatime",
      passno: "2",
    },
    result: { changed: true, passno: "2" },
    show: "tail -n 1 /etc/fstab; ls -d '/mnt/my data'",
    shown: "/dev/sdb1 /mnt/my\\040data ext4 noatime 0 2\n/mnt/my data",
    context: image,
  },
  {
    module: mount,
    args: { path: "/mnt/my data", state: "absent" },
    result: { changed: true },
    show: "cat /etc/fstab",
    shown: "# table\n/dev/sda1 / ext4 defaults 0 1",
    context: image,
  },
  {
    module: pamLimits,
    before:
      "mkdir -p /etc/security; printf '# limits\\njoe soft nofile 100\\n' >/etc/security/limits.conf",
    args: { domain: "joe", limit_type: "soft", limit_item: "nofile", value: "64000" },
    result: { changed: true, msg: "joe\tsoft\tnofile\t64000\n" },
    show: "cat /etc/security/limits.conf",
    shown: "# limits\njoe\tsoft\tnofile\t64000",
  },
  {
    module: pamLimits,
    args: { domain: "joe", limit_type: "soft", limit_item: "nofile", value: "5", use_max: true },
    result: { changed: false },
  },
  {
    module: pamLimits,
    args: { domain: "@x", limit_type: "-", limit_item: "core", value: "unlimited", comment: "why" },
    result: { changed: true },
    show: "tail -n 1 /etc/security/limits.conf",
    shown: "@x\t-\tcore\tunlimited\t#why",
  },
  {
    module: modprobe,
    args: { name: "br_netfilter", persistent: "present" },
    result: {
      changed: true,
      name: "br_netfilter",
      warnings: [expect.stringMatching(/no kernel of its own/)],
    },
    show: "cat /etc/modules-load.d/br_netfilter.conf",
    shown: "br_netfilter",
    context: image,
  },
];

const DEBIAN: readonly ModuleCase[] = [
  {
    module: timezone,
    args: { name: "Europe/Paris" },
    result: { changed: true },
    show: "readlink /etc/localtime; cat /etc/timezone; date +%Z",
    shown: /^\/usr\/share\/zoneinfo\/Europe\/Paris\nEurope\/Paris\nCES?T$/,
  },
  { module: timezone, args: { name: "Mars/Base" }, result: { failed: true }, once: true },
  {
    module: localeGen,
    args: { name: ["de_CH.UTF-8"] },
    result: { changed: true, name: ["de_CH.UTF-8"] },
    show: "locale -a | grep de_CH",
    shown: "de_CH.utf8",
  },
  {
    module: localeGen,
    args: { name: "xx_YY.UTF-8" },
    result: {
      failed: true,
      msg: "The following locales you have entered are not available on your system: xx_YY.UTF-8",
    },
    once: true,
  },
  {
    module: localeGen,
    args: { name: "de_CH.UTF-8", state: "absent" },
    result: { changed: true },
    show: "locale -a | grep -c de_CH",
    shown: "0",
  },
  {
    module: alternatives,
    args: {
      name: "tool",
      path: "/bin/cat",
      link: "/usr/bin/tool",
      priority: 10,
      subcommands: [{ name: "tool.1", path: "/bin/ls", link: "/usr/bin/tool1" }],
    },
    result: { changed: true },
    show: "readlink /etc/alternatives/tool; readlink /etc/alternatives/tool.1",
    shown: "/bin/cat\n/bin/ls",
  },
  {
    module: alternatives,
    args: { name: "tool", path: "/bin/echo" },
    result: { changed: true },
    show: "readlink /etc/alternatives/tool",
    shown: "/bin/echo",
  },
  { module: alternatives, args: { name: "tool", state: "auto" }, result: { changed: true } },
  {
    module: alternatives,
    args: { name: "tool", path: "/bin/echo", state: "absent" },
    result: { changed: true },
  },
  {
    module: alternatives,
    args: { name: "tool2", path: "/bin/echo" },
    result: {
      failed: true,
      msg: "Needed to install the alternative, but unable to do so as we are missing the link",
    },
    once: true,
  },
];

describe("settings on Debian", () => {
  let place: TestPlace;
  beforeAll(async () => {
    place = startContainer("debian:bookworm");
    await place.connection.run(
      "apt-get update >&2; DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends locales tzdata >&2",
    );
  });
  afterAll(() => place.stop());
  moduleTable(() => place.connection, [...EVERYWHERE, ...DEBIAN]);
});

describe("settings on busybox", () => {
  let place: TestPlace;
  beforeAll(() => {
    place = startBusybox();
  });
  afterAll(() => place.stop());
  moduleTable(() => place.connection, EVERYWHERE);
});
