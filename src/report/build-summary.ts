/** The lines about a build as a whole: its base, its image, its end. */
import type { BuildEvent } from "../build/events.ts";
import { formatBytes, formatDuration } from "./build-rows.ts";
import type { Colours } from "./colours.ts";

/** Lines for the events that are not about a task; none for the others. */
export function summaryLines(event: BuildEvent, colours: Colours): readonly string[] {
  switch (event.type) {
    case "build":
      return [`${colours.bold(event.image)} from ${event.from}`];
    case "base":
      return event.imported
        ? [
            `Unpacked the base image: ${event.layers} ${plural(event.layers, "layer")}, ${formatDuration(event.durationMs)}`,
          ]
        : [];
    case "warning":
      return [colours.yellow(`[WARNING]: ${event.message}`)];
    case "deferred":
      return [
        "",
        `Nothing is booted in an image build: ${event.services.join(", ")} will start with the container.`,
      ];
    case "image":
      return ["", ...imageLines(event, colours)];
    case "cache-export": {
      const { outcomes, layersSent, bytesSent } = event;
      const sent =
        layersSent > 0
          ? `sent ${layersSent} ${plural(layersSent, "layer")} (${formatBytes(bytesSent)})`
          : "no layer had to be sent";
      return [
        `${colours.green("Cache")} ${event.place}: ${outcomes} ${plural(outcomes, "step")}, ${sent}`,
      ];
    }
    case "done":
      return [doneLine(event, colours)];
    default:
      return [];
  }
}

function imageLines(event: Extract<BuildEvent, { type: "image" }>, colours: Colours): string[] {
  const count = event.layers.length;
  const base = `${event.baseLayers} of the base`;
  const sent =
    event.layersSent > 0
      ? `, sent ${event.layersSent} (${formatBytes(event.bytesSent)})`
      : ", nothing had to be sent";
  return [
    `${colours.green("Image")} ${colours.bold(event.reference)} ${colours.dim(event.id.slice(0, 19))}`,
    `      ${count} ${plural(count, "layer")} on ${base}${sent}`,
  ];
}

function doneLine(event: Extract<BuildEvent, { type: "done" }>, colours: Colours): string {
  const { cached, ran, skipped } = event;
  const verdict = event.ok ? colours.green("Done") : colours.red("Failed");
  return `${verdict} in ${formatDuration(event.durationMs)}: ${cached} cached, ${ran} run, ${skipped} skipped`;
}

function plural(count: number, word: string): string {
  return count === 1 ? word : `${word}s`;
}
