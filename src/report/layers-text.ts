/** An image's layers for people: what each weighs, what it changes, what of it is wasted. */
import { shownPath } from "../build/image-stack.ts";
import type { LayerReport, SizeReport } from "../build/layer-sizes.ts";
import { clip, formatBytes, tame } from "./build-rows.ts";
import type { Colours } from "./colours.ts";

const SHOWN_WASTE = 10;

/** @param files list what each task's layer changes */
export function layersText(
  report: SizeReport,
  colours: Colours,
  width: number,
  files: boolean,
): string {
  const lines = [colours.bold("     SIZE     ADDED   CHANGED   REMOVED    WASTED  TASKS")];
  for (const layer of report.layers) {
    const [first = "", ...more] = names(layer);
    const room = Math.max(20, width - 52);
    lines.push(`${numbers(layer, colours)}  ${clip(first, room)}`);
    lines.push(...more.map((name) => `${" ".repeat(51)}${clip(name, room)}`));
    // What a base image holds is not what anybody asks.
    if (files && layer.tasks.length > 0) lines.push(...fileLines(layer, colours));
  }
  lines.push(
    colours.dim(
      `${formatBytes(report.bytes).padStart(9)} in ${report.layers.length} layers, ${waste(report)}`,
    ),
  );
  lines.push(...wasteLines(report, colours));
  return `${lines.join("\n")}\n`;
}

function names(layer: LayerReport): readonly string[] {
  if (layer.tasks.length > 0) return layer.tasks.map((task) => tame(task.title));
  return [`(${tame((layer.origin ?? "base image").replaceAll(/\s+/g, " "))})`];
}

function numbers(layer: LayerReport, colours: Colours): string {
  const count = (value: number) => (value === 0 ? "-" : String(value)).padStart(9);
  const wasted = (layer.wasted === 0 ? "-" : formatBytes(layer.wasted)).padStart(9);
  return [
    formatBytes(layer.bytes).padStart(9),
    ...[layer.added, layer.changed, layer.removed].map(count),
    layer.wasted === 0 ? wasted : colours.yellow(wasted),
  ].join(" ");
}

function fileLines(layer: LayerReport, colours: Colours): string[] {
  const signs = {
    added: colours.green("+"),
    changed: colours.yellow("~"),
    removed: colours.red("-"),
  };
  return layer.files.map((file) => {
    const size = file.kind === "removed" ? "" : formatBytes(file.bytes);
    return `${size.padStart(9)} ${signs[file.kind]} ${tame(shownPath(file.path))}`;
  });
}

function waste(report: SizeReport): string {
  if (report.wasted === 0) return "nothing wasted";
  return `${formatBytes(report.wasted)} (${percentOf(report)} %) wasted`;
}

/** How much of the image is wasted, in percent with one decimal. */
export function percentOf(report: SizeReport): string {
  return report.bytes === 0 ? "0.0" : ((report.wasted / report.bytes) * 100).toFixed(1);
}

function wasteLines(report: SizeReport, colours: Colours): string[] {
  if (report.wastedFiles.length === 0) return [];
  const lines = ["", colours.bold("   WASTED  FILE")];
  for (const file of report.wastedFiles.slice(0, SHOWN_WASTE)) {
    const by = report.layers[file.goneIn];
    const who = by === undefined ? "" : colours.dim(`  gone in: ${names(by)[0]}`);
    lines.push(`${formatBytes(file.bytes).padStart(9)}  ${tame(shownPath(file.path))}${who}`);
  }
  const left = report.wastedFiles.length - SHOWN_WASTE;
  if (left > 0) lines.push(colours.dim(`           and ${left} more files`));
  return lines;
}
