/** Why the sandbox cannot be used on this machine, and what to do about it. */
import { readFileSync } from "node:fs";
import { Helper } from "./helper.ts";
import { findProgram, findRuntime } from "./runtime.ts";
import { ownIds } from "./user-namespace.ts";

export interface Problem {
  readonly message: string;
  readonly hint: string;
}

function setting(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Programs besides the runtime, and the Debian package of each. */
const TOOLS: Readonly<Record<string, string>> = {
  unshare: "util-linux",
  mount: "mount",
  tar: "tar",
  getfattr: "attr",
  setfattr: "attr",
};

/** `undefined` when a container could be started here. */
export async function findProblem(): Promise<Problem | undefined> {
  if (process.platform !== "linux") {
    return {
      message: `the sandbox needs Linux, and this is ${process.platform}`,
      hint: "Build with a Docker daemon instead: --workspace docker.",
    };
  }
  const rootless = process.getuid?.() !== 0;
  return (await kernelProblem()) ?? toolProblem(rootless) ?? (rootless ? userProblem() : undefined);
}

async function kernelProblem(): Promise<Problem | undefined> {
  const known = setting("/proc/filesystems");
  if (known && !/\boverlay$/m.test(known)) {
    return {
      message: "the kernel has no overlay file system",
      hint: "Load it as root: modprobe overlay.",
    };
  }
}

function toolProblem(rootless: boolean): Problem | undefined {
  if (!findRuntime()) {
    return {
      message: "there is no OCI runtime (crun or runc) to start a container with",
      hint: "Install one: apt install crun.",
    };
  }
  const needed = rootless ? { ...TOOLS, newuidmap: "uidmap", newgidmap: "uidmap" } : TOOLS;
  const missing = Object.keys(needed).filter((name) => !findProgram(name));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => needed[name as keyof typeof needed]))];
    return {
      message: `the sandbox needs ${missing.join(" and ")}, not installed here`,
      hint: `Install: apt install ${packages.join(" ")}.`,
    };
  }
}

async function userProblem(): Promise<Problem | undefined> {
  const most = setting("/proc/sys/user/max_user_namespaces");
  if (most === undefined || most === "0") {
    return {
      message: "user namespaces are switched off, and without them the sandbox needs root",
      hint:
        most === undefined
          ? "Run as root, or use a kernel with user namespaces (CONFIG_USER_NS)."
          : "Run as root, or let root switch them on: sysctl user.max_user_namespaces=15000.",
    };
  }
  if (setting("/proc/sys/kernel/unprivileged_userns_clone") === "0") {
    return {
      message: "user namespaces are reserved for root on this machine",
      hint: "Run as root, or let root allow them: sysctl kernel.unprivileged_userns_clone=1.",
    };
  }
  const ids = await ownIds();
  if ("missing" in ids) {
    return {
      message: `the sandbox needs a range of ids for its users, and there are ${ids.missing}`,
      hint: "Let root add them: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER.",
    };
  }
  try {
    const helper = await Helper.start("crun", ids);
    const usable = await helper.run("mount -t tmpfs none /mnt");
    await helper.close();
    if (usable.rc !== 0) throw new Error(usable.stderr.toString().trim());
  } catch (error) {
    const restricted = setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    const said = error instanceof Error ? error.message : String(error);
    if (restricted === "1") {
      return {
        message: `AppArmor keeps programs from being root in a user namespace (${said})`,
        hint: "Let root load a profile for node with the rule 'userns,' (Ubuntu: /etc/apparmor.d/), or run as root.",
      };
    }
    return {
      message: said,
      hint: "Run as root, or outside of a container that forbids namespaces.",
    };
  }
}
