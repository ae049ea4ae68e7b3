/**
 * A build in a terminal: finished tasks scroll by, one line each; below them the running task with
 * its time and its last lines, drawn again in place. Nothing else moves.
 */
import type { BuildEvent, BuildListener } from "../build/events.ts";
import { clip, formatDuration, rowText, TaskRow, tame, whyLines } from "./build-rows.ts";
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

interface Waiting {
  readonly word: string;
  readonly text: string;
  readonly startedMs: number;
}

export function terminalReport(out: Terminal, verbosity: number): BuildReport {
  const colours = coloursFor(out);
  let drawn = 0;
  let row: TaskRow | undefined;
  /** What goes on before and after the steps: the base image being made, the image being sent. */
  let waiting: Waiting | undefined;
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
    const what = row ? { word: "running", text: rowTitle(row), startedMs: row.startedMs } : waiting;
    if (!what) return;
    lastFrameMs = Date.now();
    erase();
    const elapsed = formatDuration(lastFrameMs - what.startedMs);
    const frame = [
      `${colours.bold(what.word.padEnd(9))} ${clip(what.text, width() - 24)} ${colours.dim(elapsed)}`,
      ...lines.map((line) => colours.dim(`          │ ${clip(line, width() - 13)}`)),
    ];
    out.write(`${frame.join("\n")}\n`);
    drawn = frame.length;
  };
  const drawSoon = () => {
    timer ??= setInterval(draw, FRAME_MS);
    timer.unref();
  };
  const finishRow = () => {
    if (!row) return;
    print(rowText(row, colours, width()));
    if (verbosity > 0) {
      for (const line of whyLines(row)) print(colours.dim(line));
    }
    for (const step of row.steps) {
      if (step.message && (verbosity > 0 || step.status !== "skipped")) {
        for (const line of step.message.split("\n")) print(colours.dim(`          ${tame(line)}`));
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
      case "delivering":
        finishRow();
        waiting = { word: "sending", text: event.destination, startedMs: Date.now() };
        drawSoon();
        break;
      default:
        if (event.type !== "warning") finishRow();
        if (event.type === "base" || event.type === "image" || event.type === "done") {
          waiting = undefined;
        }
        for (const line of summaryLines(event, colours)) print(line);
        if (event.type === "build") {
          waiting = { word: "base", text: event.from, startedMs: Date.now() };
          drawSoon();
        }
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

function rowTitle(row: TaskRow): string {
  return row.handler ? `handler: ${row.title}` : row.title;
}
