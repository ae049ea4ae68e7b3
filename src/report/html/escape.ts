/** Text in HTML: whatever a task is called or prints, it is text. */
import { tame } from "../build-rows.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control sequences are taken out; what HTML would read is written as entities. */
export function text(value: string): string {
  return value
    .split("\n")
    .map((line) => tame(line).replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? ""))
    .join("\n");
}

/** A percentage for a style: at most two decimals. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return "0%";
  return `${Math.min(100, Math.max(0, (part / whole) * 100)).toFixed(2)}%`;
}
