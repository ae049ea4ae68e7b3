import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBusybox, startContainer, type TestPlace } from "../lib/container-for-tests.ts";
import type { Data } from "../module.ts";
import { runModule } from "../testing.ts";
import * as group from "./group.ts";
import * as user from "./user.ts";

/** One task: arguments, what the result must hold, and a command whose output shows the state after. */
interface Case {
  readonly module: "user" | "group";
  readonly args: Readonly<Record<string, Data>>;
  readonly result: Readonly<Record<string, unknown>>;
  readonly show?: string;
  readonly shown?: string;
  /** The task is not idempotent or fails: it is not run again. */
  readonly once?: boolean;
}

const MODULES = { user, group };
const HASH = `$6$salt$${"a".repeat(86)}`;

const CASES: readonly Case[] = [
  {
    module: "group",
    args: { name: "web", gid: 990, system: true },
    result: { changed: true, gid: 990, name: "web", state: "present", system: true },
    show: "grep ^web: /etc/group",
    shown: "web:x:990:",
  },
  {
    module: "group",
    args: { name: "web", gid: 991 },
    result: { changed: true, gid: 991, system: false },
    show: "grep ^web: /etc/group",
    shown: "web:x:991:",
  },
  {
    module: "group",
    args: { name: "other", gid: 991 },
    result: { failed: true, name: "other" },
    once: true,
  },
  {
    module: "user",
    args: {
      name: "web",
      uid: 990,
      group: "web",
      home: "/srv/a b/web",
      shell: "/usr/sbin/nologin",
      system: true,
      comment: "It's me",
      groups: ["audio", "video"],
    },
    result: {
      changed: true,
      uid: 990,
      group: 991,
      groups: "audio,video",
      home: "/srv/a b/web",
      comment: "It's me",
    },
    show: "grep ^web: /etc/passwd; id -Gn web; stat -c '%U %a' '/srv/a b/web'",
    shown: "web:x:990:991:It's me:/srv/a b/web:/usr/sbin/nologin\nweb audio video\nweb 755",
  },
  {
    module: "user",
    args: { name: "web", groups: ["audio"], shell: "/bin/sh", comment: "You" },
    result: { changed: true, append: false, move_home: false, groups: "audio", shell: "/bin/sh" },
    show: "grep ^web: /etc/passwd; id -Gn web",
    shown: "web:x:990:991:You:/srv/a b/web:/bin/sh\nweb audio",
  },
  {
    module: "user",
    args: { name: "web", groups: "video", append: true },
    result: { changed: true, append: true, groups: "video" },
    show: "id -Gn web",
    shown: "web audio video",
  },
  {
    module: "user",
    args: { name: "web", groups: [] },
    result: { changed: true, groups: "" },
    show: "id -Gn web",
    shown: "web",
  },
  {
    module: "user",
    args: { name: "web", password: HASH },
    result: { changed: true, password: "NOT_LOGGING_PASSWORD" },
    show: "grep ^web: /etc/shadow | cut -d: -f2",
    shown: HASH,
  },
  {
    module: "user",
    args: { name: "web", password_lock: true, expires: 1_600_000_000, password_expire_max: 20 },
    result: { changed: true },
    show: "grep ^web: /etc/shadow | cut -d: -f2,5,8",
    shown: `!${HASH}:20:18518`,
  },
  {
    module: "user",
    args: { name: "web", password_lock: false, expires: -1 },
    result: { changed: true },
    show: "grep ^web: /etc/shadow | cut -d: -f2,5,8",
    shown: `${HASH}:20:`,
  },
  {
    module: "user",
    args: { name: "web", password: "other", update_password: "on_create" },
    result: { changed: false },
  },
  {
    module: "user",
    args: { name: "web", group: "nowhere" },
    result: { failed: true, msg: "Group nowhere does not exist" },
    once: true,
  },
  {
    module: "user",
    args: { name: "bare", create_home: false },
    result: { changed: true, create_home: false, system: false, home: "/home/bare" },
    show: "test -e /home/bare; echo $?",
    shown: "1",
  },
  {
    module: "user",
    args: { name: "bare", move_home: true, home: "/home/moved" },
    result: { changed: true, move_home: true, home: "/home/moved" },
    once: true,
  },
  {
    module: "user",
    args: { name: "web", state: "absent", remove: true },
    result: { changed: true, name: "web", state: "absent", force: false, remove: true },
    show: "test -e '/srv/a b/web'; echo $?; grep -c ^web: /etc/passwd",
    shown: "1\n0",
  },
  {
    module: "group",
    args: { name: "web", state: "absent" },
    result: { name: "web", state: "absent" },
  },
];

function suite(start: () => TestPlace): void {
  let place: TestPlace;
  beforeAll(() => {
    place = start();
  });
  afterAll(async () => {
    await place.stop();
  });
  const sh = async (script: string) =>
    (await place.connection.run(script)).stdout.toString().trimEnd();
  const state = () =>
    sh("cat /etc/passwd /etc/group /etc/shadow; ls -ld /home/* /srv/* 2>/dev/null");

  it.each(CASES)("$module $args", async ({ module, args, result, show, shown, once }) => {
    const before = await state();
    const check = await runModule(MODULES[module], args, place.connection, { checkMode: true });
    expect(await state()).toBe(before);
    if (!once && "changed" in result) expect(check.changed).toBe(result.changed);
    expect(await runModule(MODULES[module], args, place.connection)).toMatchObject(result);
    if (show) expect(await sh(show)).toBe(shown);
    if (once) return;
    const again = await runModule(MODULES[module], args, place.connection);
    expect(again.failed).toBeFalsy();
    expect(again.changed).toBe(false);
  });

  it("keeps the hash of a password out of every process list", async () => {
    const seen: string[] = [];
    const spy: typeof place.connection.run = (script, options) => {
      seen.push(script);
      return place.connection.run(script, options);
    };
    await runModule(user, { name: "quiet", password: HASH }, {
      ...place.connection,
      run: spy,
    } as never);
    expect(seen.join("\n")).not.toContain(HASH);
    expect(await sh("grep ^quiet: /etc/shadow | cut -d: -f2")).toBe(HASH);
  });
}

describe("accounts on Debian", () => suite(() => startContainer("debian:bookworm")));
describe("accounts on busybox", () => suite(startBusybox));

describe("ssh keys of users", () => {
  it("are made once, with a passphrase that is in no argument", async () => {
    const place = startContainer("debian:bookworm");
    try {
      await place.connection.run(
        "apt-get update >&2 && apt-get install -y --no-install-recommends openssh-client >&2",
      );
      const args = {
        name: "key",
        generate_ssh_key: true,
        ssh_key_type: "ed25519",
        ssh_key_passphrase: "very secret",
      };
      const first = await runModule(user, args, place.connection);
      expect(first).toMatchObject({ changed: true, ssh_key_file: "/home/key/.ssh/id_ed25519" });
      expect(first.ssh_public_key).toMatch(/^ssh-ed25519 .* ansible-generated on /);
      const second = await runModule(user, args, place.connection);
      expect(second.changed).toBe(false);
      expect(second.warnings?.[0]).toMatch(/no force, so skipping/);
      const opened = await place.connection.run(
        "ssh-keygen -y -P 'very secret' -f /home/key/.ssh/id_ed25519; stat -c '%U %a' /home/key/.ssh /home/key/.ssh/id_ed25519",
      );
      expect(opened.stdout.toString()).toMatch(/^ssh-ed25519 .*\nkey 700\nkey 600\n$/s);
    } finally {
      await place.stop();
    }
  });
});
