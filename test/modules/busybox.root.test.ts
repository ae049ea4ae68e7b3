/** The same cases in a root that has nothing but a static busybox: its shell, its tools. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "../../src/connection/connection.ts";
import { spawnShell } from "../../src/connection/local.ts";
import { PRELUDE } from "../../src/connection/prelude.ts";
import { LOOP, StreamShell } from "../../src/connection/stream-shell.ts";
import { expectedInBusybox } from "./differences.ts";
import { comparable, FILES, readCases, readGolden, runThrice, tree } from "./recorded.ts";

const BUSYBOX = "/bin/busybox";
/** Cases that need no more than files; those of the web and of git need programs of their own. */
const NAMES = [
  "file",
  "copy",
  "stat",
  "lineinfile",
  "blockinfile",
  "replace",
  "command",
  "find",
  "script",
  "unarchive",
  "crypto",
  "pamd",
  "text",
  "settings",
];

const root = mkdtempSync("/tmp/layerbook-busybox-");

function makeRoot(): void {
  for (const name of ["bin", "dev", "etc", "tmp", "proc", "root"]) mkdirSync(join(root, name));
  cpSync(BUSYBOX, join(root, "bin/busybox"));
  const applets = execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" }).trim().split("\n");
  for (const applet of applets) {
    if (applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  }
  execFileSync("mknod", [join(root, "dev/null"), "c", "1", "3"]);
  execFileSync("chmod", ["666", join(root, "dev/null")]);
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\n");
  // Cases name the controller's files also as files of the target.
  mkdirSync(join(root, FILES), { recursive: true });
  cpSync(FILES, join(root, FILES), { recursive: true, verbatimSymlinks: true });
}

describe.skipIf(!existsSync(BUSYBOX))("in busybox", () => {
  let connection: Connection;
  beforeAll(() => {
    makeRoot();
    const argv = ["chroot", root, "/bin/sh", "-c", LOOP];
    const env = { PATH: "/bin", HOME: "/root" };
    connection = new StreamShell(
      "busybox",
      spawnShell(argv, { env: { ...env, PATH: `/bin:${process.env.PATH}` } }),
      PRELUDE,
    );
  });
  afterAll(async () => {
    await connection.close();
    rmSync(root, { recursive: true });
  });
  describe.each(NAMES)("%s", (name) => {
    const inside = "/tmp/lbc-busybo";
    const scratch = join(root, inside);
    const golden = readGolden(name);
    beforeAll(() => {
      rmSync(scratch, { recursive: true, force: true });
      mkdirSync(scratch, { recursive: true });
    });
    const cases = readCases(name, inside, "");
    it.each(cases.map((entry, index) => [entry.name, entry, index] as const))(
      "%s",
      async (_, entry, index) => {
        const { result } = await runThrice(connection, name, entry, () => tree(scratch));
        const after = tree(scratch);
        const row = golden[index];
        const wanted = expectedInBusybox(name, entry.name, row?.result ?? {});
        if (!wanted) return;
        const got = comparable(result, inside) as Record<string, unknown>;
        for (const key of wanted.without) delete got[key];
        expect(got).toEqual(comparable(wanted.result, inside));
        expect(comparable(after, inside, "tree")).toEqual(comparable(row?.tree, inside, "tree"));
      },
    );
  });
});
