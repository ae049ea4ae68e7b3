/** Processes that a script left behind in a container. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LOOP } from "../connection/stream-shell.ts";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly started: bigint;
  readonly arguments: readonly string[];
}

/**
 * Processes, in words, that are neither the container's first one nor the shell of a become user
 * that waits for its next script.
 * @param proc the container's /proc as this process sees it
 */
export function survivors(proc: string): string[] {
  const others = readdirSync(proc).filter((name) => /^\d+$/.test(name) && name !== "1");
  const alive = others
    .map((name) => readProcess(proc, name))
    .filter((found) => found !== undefined)
    .filter((found) => found.state !== "Z" && found.state !== "X");
  const waiting = becomeShells(alive);
  return alive
    .filter((found) => !waiting.has(found.pid))
    .map((found) => `${describe(found)} (process ${found.pid})`);
}

function readProcess(proc: string, name: string): Process | undefined {
  try {
    const stat = readFileSync(join(proc, name, "stat"), "latin1");
    const end = stat.lastIndexOf(")");
    const fields = stat.slice(end + 2).split(" ");
    const words = readFileSync(join(proc, name, "cmdline"), "utf8")
      .split("\0")
      .slice(0, -1);
    return {
      pid: Number(name),
      state: fields[0] ?? "",
      parent: Number(fields[1]),
      started: BigInt(fields[19] ?? 0),
      arguments: words.length > 0 ? words : [stat.slice(stat.indexOf("(") + 1, end)],
    };
  } catch {
    // It ended while we looked.
    return undefined;
  }
}

/**
 * A become shell has its nonce as last word of its command line, and so do su or sudo above it. A
 * process that such a shell forked has the same words but started later.
 */
function becomeShells(alive: readonly Process[]): Set<number> {
  const waiting = new Set<number>();
  const shells = alive.filter((found) => /^lb-[0-9a-f]{32}$/.test(found.arguments.at(-1) ?? ""));
  const first = shells
    .filter((found) => /(^|\/)(sh|dash|bash|busybox|ash)$/.test(found.arguments[0] ?? ""))
    .sort((a, b) => (a.started < b.started ? -1 : a.started > b.started ? 1 : a.pid - b.pid))[0];
  if (!first) return waiting;
  waiting.add(first.pid);
  const byPid = new Map(alive.map((found) => [found.pid, found]));
  for (let above = byPid.get(first.parent); above; above = byPid.get(above.parent)) {
    waiting.add(above.pid);
  }
  return waiting;
}

function describe(found: Process): string {
  if (found.arguments.includes(LOOP)) return "a part of a script that runs in the background";
  const words = found.arguments.map((word) => word.replace(/\s+/g, " ").trim()).join(" ");
  return words.length > 120 ? `${words.slice(0, 119)}…` : words;
}
