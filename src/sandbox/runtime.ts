/** The OCI runtime: crun, else runc. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

export interface Runtime {
  readonly name: "crun" | "runc";
  readonly path: string;
}

/** The first runtime in the search path. */
export function findRuntime(prefer?: Runtime["name"]): Runtime | undefined {
  for (const name of prefer ? [prefer] : (["crun", "runc"] as const)) {
    const path = findProgram(name);
    if (path) return { name, path };
  }
  return undefined;
}

/** Path of a program, also in the directories of administration that users lack in their PATH. */
export function findProgram(name: string): string | undefined {
  const directories = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
  for (const directory of directories.split(":")) {
    if (!directory.startsWith("/")) continue;
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this one.
    }
  }
  return undefined;
}
