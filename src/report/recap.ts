/** A host's line of the recap. */
import type { HostStats } from "../engine/events.ts";
import type { Tone } from "./ansi.ts";
import type { Display } from "./display.ts";

const COUNTS: readonly (readonly [name: keyof HostStats, tone: Tone])[] = [
  ["ok", "ok"],
  ["changed", "changed"],
  ["unreachable", "unreachable"],
  ["failed", "error"],
  ["skipped", "skip"],
  ["rescued", "ok"],
  ["ignored", "warn"],
];

/** `host    : ok=3    changed=1 ...`, with a colour for each count that is not 0. */
export function recapLine(host: string, stats: HostStats, display: Display): string {
  const counts = COUNTS.map(([name, tone]) => {
    const text = `${name}=${String(stats[name]).padEnd(4)}`;
    return stats[name] === 0 ? text : display.paint(text, tone);
  });
  const bad = stats.failed > 0 || stats.unreachable > 0;
  const tone = bad ? "error" : stats.changed > 0 ? "changed" : "ok";
  const padding = " ".repeat(Math.max(0, 26 - Array.from(host).length));
  return `${display.paint(host, tone)}${padding} : ${counts.join(" ")}`;
}
