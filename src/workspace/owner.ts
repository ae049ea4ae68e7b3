/** Who a temporary directory of the store belongs to, so that what a killed process left is found. */
import { readFileSync, readlinkSync } from "node:fs";
import { uptime } from "node:os";

/** When process `pid` started, in clock ticks after boot: with the pid it names one process. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name of the program may hold spaces; what follows it does not.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Identity of the running kernel: another one after each boot. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    // Not Linux: the minute of the boot is as good, but for clocks that are set.
    return String(Math.round((Date.now() / 1000 - uptime()) / 60)).padStart(8, "0");
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  } catch {
    return "0";
  }
}

/** Prefix of the names of what this process makes. */
export function ownerPrefix(): string {
  return `${process.pid}-${startOf(process.pid)}-${pidNamespace()}-${bootId().slice(0, 8)}`;
}

/**
 * Does the process that made `name` live no more? One of another process namespace (a container that
 * shares the store) cannot be seen from here: it is taken to live, as long as the machine runs.
 */
export function isOrphan(name: string): boolean {
  const [pid, start, namespace, boot] = name.split("-");
  if (boot !== bootId().slice(0, 8)) return true;
  if (namespace !== pidNamespace()) return false;
  return start === "undefined" ? !lives(Number(pid)) : startOf(Number(pid)) !== start;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
