/** The ansible-core of the controller, and the Python that it is installed for. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

export interface InstalledAnsible {
  /** The interpreter that can import it. */
  readonly python: string;
  /** Of ansible-core: `2.14.18`. */
  readonly version: string;
  /** Folders on Python's own path: collections may be installed there. */
  readonly pythonPath: readonly string[];
}

const PROGRAMS = ["ansible", "ansible-playbook", "ansible-doc", "ansible-galaxy"];
const QUESTION =
  "import json, sys, ansible.release as r; print(json.dumps([r.__version__, sys.executable, sys.path]))";

let found: InstalledAnsible | null | undefined;

/**
 * Looks for it once: by the variable LAYERBOOK_PYTHON, by the first line of Ansible's own programs on
 * PATH, and in the python3 of PATH.
 */
export function findAnsible(): InstalledAnsible | undefined {
  found ??= search(process.env) ?? null;
  return found ?? undefined;
}

function search(env: Readonly<Record<string, string | undefined>>): InstalledAnsible | undefined {
  for (const python of new Set(candidates(env))) {
    const asked = spawnSync(python, ["-c", QUESTION], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    if (asked.status !== 0) continue;
    const [version, executable, path] = JSON.parse(asked.stdout) as [string, string, string[]];
    return {
      python: executable || python,
      version,
      pythonPath: path.filter((part) => part !== ""),
    };
  }
  return undefined;
}

function* candidates(env: Readonly<Record<string, string | undefined>>): Iterable<string> {
  if (env.LAYERBOOK_PYTHON) yield env.LAYERBOOK_PYTHON;
  const folders = (env.PATH ?? "").split(":").filter((folder) => folder !== "");
  for (const folder of folders) {
    for (const program of PROGRAMS) {
      const interpreter = interpreterOf(join(folder, program));
      if (interpreter && /python[\d.]*$/.test(interpreter)) yield interpreter;
    }
  }
  yield "python3";
  yield "/usr/bin/python3";
}

/** The program in a script's first line. */
function interpreterOf(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    const head = Buffer.alloc(256);
    const length = readSync(descriptor, head);
    const line = head.subarray(0, length).toString("latin1").split("\n", 1)[0] ?? "";
    const words = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(line);
    return words?.[1]?.endsWith("/env") ? words[2] : words?.[1];
  } finally {
    closeSync(descriptor);
  }
}
