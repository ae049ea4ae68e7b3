/**
 * A build in a terminal: finished tasks scroll by, one line each; below them the running task with
 * its time and its last lines, drawn again in place. Nothing else moves.
 */
import type { BuildEvent, BuildListener } from "../build/events.ts";
import { clip, formatDuration, rowText, TaskRow, tame } from "./build-rows.ts";
import { summaryLines } from "./build-summary.ts";
import { coloursFor } from "./colours.ts";

const SHOWN_LINES = 5;
const FRAME_MS = 80;

export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface BuildReport {
  readonly listen: BuildListener;
  /** Takes what is drawn away, so that an error message stands alone. */
  close(): void;
}

export function terminalReport(out: Terminal, verbosity: number): BuildReport {
  const colours = coloursFor(out);
  let drawn = 0;
  let row: TaskRow | undefined;
  let lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let lastFrameMs = 0;

  const width = () => Math.max(40, out.columns ?? 80);
  const erase = () => {
    if (drawn > 0) out.write(`\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  };
  const print = (text: string) => {
    erase();
    out.write(`${text}\n`);
  };
  const draw = () => {
    if (!row) return;
    lastFrameMs = Date.now();
    erase();
    const elapsed = formatDuration(lastFrameMs - row.startedMs);
    const title = clip(row.handler ? `handler: ${row.title}` : row.title, width() - 24);
    const frame = [
      `${colours.bold("running".padEnd(9))} ${title} ${colours.dim(elapsed)}`,
      ...lines.map((line) => colours.dim(`          │ ${clip(line, width() - 13)}`)),
    ];
    out.write(`${frame.join("\n")}\n`);
    drawn = frame.length;
  };
  const drawSoon = () => {
    timer ??= setInterval(() => row && draw(), FRAME_MS);
    timer.unref();
  };
  const finishRow = () => {
    if (!row) return;
    print(rowText(row, colours, width()));
    for (const step of row.steps) {
      if (step.message && (verbosity > 0 || step.status !== "skipped")) {
        for (const line of step.message.split("\n")) print(colours.dim(`          ${line}`));
      }
      if (verbosity > 1 && step.result !== undefined) {
        print(colours.dim(`          ${JSON.stringify(step.result)}`));
      }
    }
    row = undefined;
    lines = [];
  };
  const listen = (event: BuildEvent) => {
    switch (event.type) {
      case "task":
        finishRow();
        row = new TaskRow(event, Date.now());
        // A step that is over at once is not drawn as running: no flicker in a cached build.
        drawSoon();
        break;
      case "output":
        lines = [...lines, tame(event.line)]
          .filter((line) => line.trim() !== "")
          .slice(-SHOWN_LINES);
        break;
      case "step":
        row?.add(event);
        if (row && Date.now() - lastFrameMs > FRAME_MS && drawn > 0) draw();
        break;
      case "play":
        finishRow();
        print(`\n${colours.bold(`PLAY [${event.name}]`)}`);
        break;
      default:
        if (event.type === "done") finishRow();
        else if (event.type !== "warning") finishRow();
        for (const line of summaryLines(event, colours)) print(line);
        if (event.type === "delivering") row = undefined;
    }
  };
  return {
    listen,
    close: () => {
      if (timer) clearInterval(timer);
      erase();
      finishRow();
    },
  };
}
