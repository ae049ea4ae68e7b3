/** How a build's tasks are put into words, in a terminal as in a pipe. */
import type { BuildEvent, StepStatus } from "../build/events.ts";
import type { Colours } from "./colours.ts";

/** A task with what its steps have come to so far. */
export class TaskRow {
  readonly title: string;
  readonly module: string;
  readonly handler: boolean;
  readonly startedMs: number;
  readonly #steps: Extract<BuildEvent, { type: "step" }>[] = [];

  constructor(event: Extract<BuildEvent, { type: "task" }>, nowMs: number) {
    this.title = event.title;
    this.module = event.module;
    this.handler = event.handler;
    this.startedMs = nowMs;
  }
  add(step: Extract<BuildEvent, { type: "step" }>): void {
    this.#steps.push(step);
  }
  get steps(): readonly Extract<BuildEvent, { type: "step" }>[] {
    return this.#steps;
  }
  get status(): StepStatus | undefined {
    const order: readonly StepStatus[] = [
      "failed",
      "ignored",
      "changed",
      "ok",
      "cached",
      "skipped",
    ];
    return order.find((status) => this.#steps.some((step) => step.status === status));
  }
  get items(): number {
    return this.#steps.filter((step) => step.item !== undefined).length;
  }
  get layerBytes(): number | undefined {
    const sizes = this.#steps.map((step) => step.layerBytes).filter((size) => size !== undefined);
    return sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0);
  }
  get durationMs(): number {
    return this.#steps.reduce((sum, step) => sum + step.durationMs, 0);
  }
}

/** Why the steps of a task ran: a line each, with the item where there are several. */
export function whyLines(row: TaskRow): readonly string[] {
  const lines = row.steps.flatMap((step) =>
    step.reasons.map((reason) => {
      const item = step.item === undefined ? "" : `${tame(step.item)}: `;
      return `          why: ${item}${tame(reason.text)}`;
    }),
  );
  return [...new Set(lines)];
}

/** `cached   nginx : Install packages                 12.4 MB`, at most `width` columns. */
export function rowText(row: TaskRow, colours: Colours, width: number): string {
  const status = row.status ?? "ok";
  const items = row.items > 1 ? colours.dim(` (${row.items} items)`) : "";
  const plainItems = row.items > 1 ? ` (${row.items} items)` : "";
  const time = status === "cached" || status === "skipped" ? "" : formatDuration(row.durationMs);
  const size = row.layerBytes === undefined ? "" : formatBytes(row.layerBytes);
  const room = Math.max(16, width - 11 - plainItems.length - 20);
  const title = clip(row.handler ? `handler: ${row.title}` : row.title, room);
  const padding = " ".repeat(Math.max(0, room - displayWidth(title)));
  const right = `${time.padStart(9)} ${size.padStart(9)}`;
  return `${paint(status, colours)(status.padEnd(9))} ${title}${items}${padding} ${colours.dim(right)}`.trimEnd();
}

function paint(status: StepStatus, colours: Colours): (text: string) => string {
  if (status === "failed") return colours.red;
  if (status === "ignored") return colours.yellow;
  if (status === "changed") return colours.yellow;
  if (status === "cached") return colours.cyan;
  return status === "skipped" ? colours.dim : colours.green;
}

/** `85 ms`, `1.4 s`, `2 min 05 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** `12 B`, `3.4 kB`, `120 MB`: powers of 1000, as Docker shows them. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = unit === 0 || value >= 99.5 ? String(Math.round(value)) : value.toPrecision(2);
  return `${text} ${units[unit]}`;
}

/** Columns that a text takes; wide characters take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 32 || (code >= 0x300 && code < 0x370)) continue;
    width += isWide(code) ? 2 : 1;
  }
  return width;
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff)
  );
}

/** A text that takes at most `width` columns, with an ellipsis where it was cut. */
export function clip(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let out = "";
  let used = 0;
  for (const character of text) {
    const next = displayWidth(character);
    if (used + next > width - 1) break;
    out += character;
    used += next;
  }
  return `${out}…`;
}

/** A line that a program printed, made harmless: no control sequences, no carriage returns. */
export function tame(line: string): string {
  const visible = line.slice(line.lastIndexOf("\r", line.length - 2) + 1);
  return visible
    .replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007]*(\u0007|\u001b\\)|\u001b./g, "")
    .replaceAll("\t", "    ")
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "");
}
