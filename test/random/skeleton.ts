/** A root with busybox and little else, for chroots by the thousand. */
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { must } from "../support.ts";

const APPLETS =
  "[ ash awk basename cat chgrp chmod chown cp cut date dd dirname echo env expr false find getent grep head " +
  "hostname id install killall ln ls md5sum mkdir mknod mktemp mv od printf ps pwd readlink realpath rm rmdir sed " +
  "seq setsid sh sha1sum sha256sum sha512sum sleep sort stat su sync tail tar tee test touch tr true umask uname " +
  "uniq unlink wc which whoami xargs";

export function makeSkeleton(directory: string): void {
  for (const name of ["bin", "dev"]) mkdirSync(join(directory, name), { recursive: true });
  copyFileSync("/bin/busybox", join(directory, "bin/busybox"));
  for (const name of APPLETS.split(" ")) symlinkSync("busybox", join(directory, "bin", name));
  must("mknod", ["-m", "666", join(directory, "dev/null"), "c", "1", "3"]);
}
