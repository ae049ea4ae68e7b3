/**
 * A Python that every Linux image can run, whatever its C library: the controller's interpreter with
 * its standard library, its shared libraries and its own dynamic loader, in one directory that is
 * mounted into the session. It is copied into the store once; nothing of it comes into a layer.
 */
import { spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join, relative } from "node:path";
import type { MountedPython } from "../module.ts";
import { findAnsible } from "./find-ansible.ts";

/** Below /dev, which is in memory: the mount needs no place in the image's filesystem. */
const TARGET = "/dev/layerbook-python";

/** Raised when the directory's layout changes, so that stores of older versions do not serve it. */
const LAYOUT = "1";

const QUESTION = `
import json, os, sys, sysconfig
print(json.dumps({
  "program": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
  "version": "%d.%d" % sys.version_info[:2],
  "library": sysconfig.get_path("stdlib"),
  "extensions": sysconfig.get_config_var("DESTSHARED"),
}))`;

interface HostPython {
  readonly program: string;
  readonly version: string;
  /** Folder of the standard library. */
  readonly library: string;
  /** Folder of the modules that are shared objects. */
  readonly extensions: string | null;
}

/** Of the standard library, what no module of a target needs. */
const LEFT_OUT = new Set([
  ...["site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "turtledemo"],
  ...["ensurepip", "lib2to3", "pydoc_data", "idle_test", "curses"],
]);

export interface PortablePython {
  /** For the session: where it is on this machine, and where in the image. */
  readonly mount: { readonly source: string; readonly target: string };
  /** Makes it ready the first time it is asked for; `undefined` when this machine has no Python. */
  readonly get: () => Promise<MountedPython | undefined>;
}

/** @param storeRoot the store's directory */
export function portablePython(storeRoot: string): PortablePython {
  const source = join(storeRoot, "python");
  mkdirSync(source, { recursive: true });
  let ready: MountedPython | null | undefined;
  return {
    mount: { source, target: TARGET },
    get: async () => {
      ready ??= install(source) ?? null;
      return ready ?? undefined;
    },
  };
}

function install(root: string): MountedPython | undefined {
  const host = known(root) ?? hostPython();
  if (!host) return undefined;
  const hash = createHash("sha256").update(`${LAYOUT}\0${host.version}\0`);
  const digest = hash.update(readFileSync(host.program)).digest("hex");
  const name = digest.slice(0, 16);
  if (!existsSync(join(root, name))) {
    const made = join(root, `.${randomUUID()}`);
    try {
      fill(made, `${TARGET}/${name}`, host);
      renameSync(made, join(root, name));
    } catch (error) {
      rmSync(made, { recursive: true, force: true });
      // Another build was quicker.
      if (!existsSync(join(root, name))) throw error;
    }
  }
  const { size, mtimeMs } = statSync(host.program);
  const note: HostNote = { environment: environment(), size, mtimeMs, host };
  writeFileSync(join(root, NOTE), JSON.stringify(note));
  return { path: `${TARGET}/${name}/bin/python3`, digest, notes: join(root, ".notes") };
}

const NOTE = ".host.json";

/** Which interpreter was found last time: starting it only to ask takes as long as many a step. */
interface HostNote {
  readonly environment: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly host: HostPython;
}

function environment(): string {
  return JSON.stringify([process.env.PATH, process.env.LAYERBOOK_PYTHON]);
}

function known(root: string): HostPython | undefined {
  try {
    const note = JSON.parse(readFileSync(join(root, NOTE), "utf8")) as HostNote;
    const { size, mtimeMs } = statSync(note.host.program);
    const same = note.size === size && note.mtimeMs === mtimeMs;
    return same && note.environment === environment() ? note.host : undefined;
  } catch {
    // Nothing was noted yet, or that interpreter is gone.
    return undefined;
  }
}

function hostPython(): HostPython | undefined {
  for (const python of [findAnsible()?.python, "python3", "/usr/bin/python3"]) {
    if (python === undefined) continue;
    const asked = spawnSync(python, ["-c", QUESTION], { encoding: "utf8" });
    if (asked.status === 0) return JSON.parse(asked.stdout) as HostPython;
  }
  return undefined;
}

function fill(directory: string, place: string, host: HostPython): void {
  const { program, version, library, extensions } = host;
  const lib = join(directory, "lib", `python${version}`);
  mkdirSync(join(directory, "bin"), { recursive: true });
  copyFileSync(program, join(directory, "bin", "python"));
  // Compiled files hold the times of their sources.
  cpSync(library, lib, {
    recursive: true,
    preserveTimestamps: true,
    dereference: true,
    filter: (path) => !isLeftOut(relative(library, path)),
  });
  if (extensions && existsSync(extensions) && !existsSync(join(lib, "lib-dynload"))) {
    cpSync(extensions, join(lib, "lib-dynload"), { recursive: true, dereference: true });
  }
  const dynload = join(lib, "lib-dynload");
  const objects = existsSync(dynload)
    ? readdirSync(dynload).map((name) => join(dynload, name))
    : [];
  mkdirSync(join(directory, "lib", "shared"));
  let loader = "";
  for (const path of sharedLibraries([program, ...objects])) {
    const name = basename(path);
    if (/^ld[-.]|^ld-musl/.test(name)) loader = name;
    copyFileSync(path, join(directory, "lib", "shared", name));
  }
  const shared = `${place}/lib/shared`;
  const start =
    loader === ""
      ? `exec ${place}/bin/python`
      : `exec ${shared}/${loader} --library-path ${shared} --argv0 "$0" ${place}/bin/python`;
  writeFileSync(join(directory, "bin", "python3"), `#!/bin/sh\n${start} -B -s "$@"\n`);
  for (const name of ["python", "python3"]) chmodSync(join(directory, "bin", name), 0o755);
  if (loader !== "") chmodSync(join(directory, "lib", "shared", loader), 0o755);
}

function isLeftOut(path: string): boolean {
  return path.split("/").some((part) => LEFT_OUT.has(part) || part.startsWith("config-"));
}

/** Everything that the loader would load for these files, and the loader itself. */
function sharedLibraries(files: readonly string[]): ReadonlySet<string> {
  const { stdout } = spawnSync("ldd", files, { encoding: "utf8" });
  const found = new Set<string>();
  for (const line of stdout.split("\n")) {
    const path = /(?:=>\s*|^\s+)(\/\S+)/.exec(line)?.[1];
    if (path !== undefined) found.add(path);
  }
  return found;
}
