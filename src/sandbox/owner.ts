/** Who a temporary directory of the store belongs to, so that what a killed process left is found. */
import { readFileSync, readlinkSync } from "node:fs";

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
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}

function pidNamespace(): string {
  return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
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
  return namespace === pidNamespace() && startOf(Number(pid)) !== start;
}
