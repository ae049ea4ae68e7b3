/** Throw-away containers and busybox roots for the tests of modules. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../connection/connection.ts";
import { spawnShell } from "../../connection/local.ts";
import { PRELUDE } from "../../connection/prelude.ts";
import { LOOP, StreamShell } from "../../connection/stream-shell.ts";

export interface TestPlace {
  readonly connection: Connection;
  readonly name: string;
  stop(): Promise<void>;
}

/** Runs a container that sleeps, with a shell connection into it. */
export function startContainer(image: string, options: readonly string[] = []): TestPlace {
  const name = `m2-${randomBytes(5).toString("hex")}`;
  execFileSync(
    "docker",
    ["run", "-d", "--rm", "--init", "--name", name, ...options, image, "sleep", "1800"],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const shell = spawnShell(["docker", "exec", "-i", name, "sh", "-c", LOOP]);
  const connection = new StreamShell(name, shell, PRELUDE);
  return {
    connection,
    name,
    stop: async () => {
      await connection.close();
      spawnSync("docker", ["rm", "-f", name]);
    },
  };
}

/** A root directory with nothing but busybox and account files, entered with chroot. */
export function startBusybox(): TestPlace {
  const root = mkdtempSync(join(tmpdir(), "m2-busybox-"));
  for (const folder of ["bin", "etc", "root", "home", "tmp", "dev", "proc", "usr/bin", "sbin"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  copyFileSync("/usr/bin/busybox", join(root, "bin/busybox"));
  execFileSync("chroot", [root, "/bin/busybox", "--install", "-s", "/bin"]);
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\naudio:x:18:\nvideo:x:27:\n");
  writeFileSync(join(root, "etc/shadow"), "root:*:20000:0:99999:7:::\n", { mode: 0o640 });
  writeFileSync(join(root, "etc/shells"), "/bin/sh\n/bin/ash\n");
  writeFileSync(join(root, "dev/null"), "");
  const shell = spawnShell(["chroot", root, "/bin/sh", "-c", LOOP], {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root" },
  });
  const connection = new StreamShell("busybox", shell, PRELUDE);
  return {
    connection,
    name: root,
    stop: async () => {
      await connection.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
