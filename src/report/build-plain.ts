/** A build in a pipe: plain lines, each written when what it tells is over; and as JSON lines. */
import type { BuildEvent } from "../build/events.ts";
import { rowText, TaskRow, tame, whyLines } from "./build-rows.ts";
import { summaryLines } from "./build-summary.ts";
import type { BuildReport, Terminal } from "./build-terminal.ts";
import { coloursFor } from "./colours.ts";

export function plainReport(out: Terminal, verbosity: number): BuildReport {
  const colours = coloursFor(out);
  let row: TaskRow | undefined;
  const print = (text: string) => out.write(`${text}\n`);
  const finishRow = () => {
    if (!row) return;
    print(rowText(row, colours, 96));
    if (verbosity > 0) {
      for (const line of whyLines(row)) print(line);
    }
    for (const step of row.steps) {
      if (step.message && (verbosity > 0 || step.status !== "skipped")) {
        for (const line of step.message.split("\n")) print(`          ${tame(line)}`);
      }
      if (verbosity > 1 && step.result !== undefined)
        print(`          ${JSON.stringify(step.result)}`);
    }
    row = undefined;
  };
  const listen = (event: BuildEvent) => {
    if (event.type === "step") row?.add(event);
    else if (event.type === "output") {
      if (verbosity > 0) print(`          | ${tame(event.line)}`);
    } else {
      // A warning is about the task that runs; it is said at once, the task's own line follows.
      if (event.type !== "warning") finishRow();
      if (event.type === "task") row = new TaskRow(event, Date.now());
      else if (event.type === "play") print(`\nPLAY [${event.name}]`);
      else for (const line of summaryLines(event, colours)) print(line);
    }
  };
  return { listen, close: finishRow };
}

/** One JSON object a line, with the time in Unix milliseconds. */
export function jsonReport(out: Terminal): BuildReport {
  return {
    listen: (event) => out.write(`${JSON.stringify({ time: Date.now(), ...event })}\n`),
    close: () => undefined,
  };
}
