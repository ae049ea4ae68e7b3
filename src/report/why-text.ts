/** Which tasks made a file what it is, for people. */
import type { FileEvent, FileHistory } from "../build/file-history.ts";
import { type StackLayer, shownPath } from "../build/image-stack.ts";
import type { Entry } from "../workspace/manifest.ts";
import { formatBytes, tame } from "./build-rows.ts";
import type { Colours } from "./colours.ts";

/** @param place shows a file of the controller with its line */
export function whyText(
  path: string,
  history: FileHistory,
  colours: Colours,
  place: (position: { file: string; line: number }) => string,
): string {
  const lines = [colours.bold(tame(path))];
  for (const event of history.events) lines.push(...eventLines(event, colours, place));
  const { now } = history;
  const below = history.below > 0 ? `, ${history.below} paths below it` : "";
  lines.push("", now ? `now: ${describeEntry(now)}${below}` : "now: not there");
  return `${lines.join("\n")}\n`;
}

function eventLines(
  event: FileEvent,
  colours: Colours,
  place: (position: { file: string; line: number }) => string,
): string[] {
  const paint = { created: colours.green, changed: colours.yellow, removed: colours.red };
  const lines = [`${paint[event.what](event.what.padEnd(8))} by ${layerName(event.layer)}`];
  for (const task of event.layer.tasks) {
    if (task.position) lines.push(colours.dim(`            ${place(task.position)}`));
  }
  const { before, after } = event;
  if (event.what === "created" && after) lines.push(`            ${describeEntry(after)}`);
  if (event.what === "changed" && before && after) {
    for (const part of event.parts) lines.push(`            ${changeOf(part, before, after)}`);
  }
  return lines;
}

/** The tasks behind a layer, or where it is from. */
export function layerName(layer: Pick<StackLayer, "tasks" | "origin">): string {
  if (layer.tasks.length === 0) {
    const origin = (layer.origin ?? "base image").replaceAll(/\s+/g, " ");
    return origin === "base image" ? "the base image" : `the base image: ${tame(origin)}`;
  }
  const titles = layer.tasks.map((task) => `'${tame(task.title)}'`);
  return titles.length === 1 ? (titles[0] ?? "") : `one of ${titles.join(", ")}`;
}

/** `file, 0644, 0:0, 12 B`. */
export function describeEntry(entry: Entry): string {
  const mode = entry.type === "symlink" ? "" : `, ${octal(entry.mode)}`;
  const size = entry.type === "file" ? `, ${formatBytes(entry.size)}` : "";
  const target =
    entry.type === "symlink"
      ? ` → ${tame(Buffer.from(entry.target ?? "", "latin1").toString())}`
      : "";
  const link =
    entry.hardlink === undefined ? "" : `, the same file as ${shownPath(entry.hardlink)}`;
  return `${entry.type}${target}${mode}, ${entry.uid}:${entry.gid}${size}${link}`;
}

export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** In which way a part of two entries differs, as a line. */
export function changeOf(part: string, a: Entry, b: Entry): string {
  switch (part) {
    case "type":
      return `type: ${a.type} → ${b.type}`;
    case "content":
      return a.size === b.size
        ? `content: ${short(a.hash)} → ${short(b.hash)}, ${formatBytes(b.size)}`
        : `content: ${formatBytes(a.size)} → ${formatBytes(b.size)}`;
    case "mode":
      return `mode: ${octal(a.mode)} → ${octal(b.mode)}`;
    case "owner":
      return `owner: ${a.uid}:${a.gid} → ${b.uid}:${b.gid}`;
    case "target":
      return `target: ${tame(a.target ?? "")} → ${tame(b.target ?? "")}`;
    case "device":
      return `device: ${a.major}:${a.minor} → ${b.major}:${b.minor}`;
    default:
      return `extended attributes: ${xattrs(a)} → ${xattrs(b)}`;
  }
}

function short(hash: string | undefined): string {
  return hash === undefined ? "?" : hash.slice(0, 12);
}

function xattrs(entry: Entry): string {
  return entry.xattrs.map(([name]) => name).join(", ") || "none";
}
