/** What the report of a build shows, from the build's record or from its JSON events. */
import type { BuildRecord, StepRow } from "../../build/build-record.ts";
import type { BuildEvent, StepStatus } from "../../build/events.ts";
import type { LayerRow } from "../../build/layer-rows.ts";
import type { StepStore } from "../../build/step-store.ts";
import { UsageError } from "../../errors/index.ts";
import type { Data, ModuleResult } from "../../modules/module.ts";

export interface ReportStep {
  /** With the role. */
  readonly title: string;
  readonly module: string;
  readonly play: string;
  readonly item: string | undefined;
  readonly handler: boolean;
  /** `site.yml:12`. */
  readonly place: string | undefined;
  readonly status: StepStatus;
  /** Milliseconds after the build began. */
  readonly startMs: number;
  readonly durationMs: number;
  /** How long it took when it ran, of a step that was replayed. */
  readonly savedMs: number | undefined;
  readonly layerBytes: number | undefined;
  readonly reasons: readonly string[];
  readonly message: string | undefined;
  /** What it printed; `undefined` of steps that handle secrets. */
  readonly log: readonly string[] | undefined;
  readonly secret: boolean;
}

export interface BuildReportModel {
  readonly image: string;
  readonly from: string;
  readonly playbooks: readonly string[];
  /** Unix ms. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly ok: boolean;
  readonly error: string | undefined;
  readonly steps: readonly ReportStep[];
  readonly layers: readonly LayerRow[];
  readonly delivered: string | undefined;
  readonly id: string | undefined;
  readonly warnings: readonly string[];
  readonly deferred: readonly string[];
}

/**
 * @param store has what replayed steps printed when they ran
 * @param shorten makes paths of files short
 */
export function modelOfRecord(
  record: BuildRecord,
  store: StepStore,
  shorten: (path: string) => string,
): BuildReportModel {
  const { delivered } = record;
  return {
    image: record.image,
    from: record.from,
    playbooks: record.playbooks.map(shorten),
    startedMs: record.startedMs,
    durationMs: record.durationMs,
    ok: record.ok,
    error: record.error,
    steps: record.steps.map((row) => stepOfRow(row, record, store, shorten)),
    layers: delivered?.layers ?? [],
    delivered: delivered?.reference,
    id: delivered?.id,
    warnings: record.warnings,
    deferred: record.deferred,
  };
}

function stepOfRow(
  row: StepRow,
  record: BuildRecord,
  store: StepStore,
  shorten: (path: string) => string,
): ReportStep {
  const stored = row.status === "cached" && row.key ? store.get(row.key) : undefined;
  const secret = row.secret === true;
  return {
    title: row.role ? `${row.role} : ${row.name}` : row.name,
    module: row.module,
    play: row.play,
    item: row.item,
    handler: row.handler,
    place: row.position && `${shorten(row.position.file)}:${row.position.line}`,
    status: row.status,
    startMs: Math.max(0, row.startedMs - record.startedMs),
    durationMs: row.durationMs,
    savedMs: stored?.durationMs,
    layerBytes: row.layer?.size,
    reasons: row.reason === undefined ? [] : [row.reason],
    message: row.message,
    log: secret ? undefined : (row.log ?? (stored && printed(stored.result))),
    secret,
  };
}

/** What a stored result says that the module printed. */
function printed(result: ModuleResult): readonly string[] | undefined {
  const lines = [result.stdout, result.stderr].flatMap((text: Data | undefined) =>
    typeof text === "string" && text.trim() !== "" ? text.trimEnd().split("\n") : [],
  );
  return lines.length > 0 ? lines.slice(0, 200) : undefined;
}

type Timed = BuildEvent & { readonly time: number };
type EventOf<T extends BuildEvent["type"]> = Extract<BuildEvent, { type: T }> & Timed;

/**
 * The last build that a file of `--json` events tells of.
 * @throws UsageError when there is none in it
 */
export function modelOfEvents(text: string, shorten: (path: string) => string): BuildReportModel {
  const events = text.split("\n").flatMap((line) => parse(line));
  const begin = events.findLastIndex((event) => event.type === "build");
  const build = events[begin];
  if (build?.type !== "build") {
    throw new UsageError("the file tells of no build", {
      hint: "Record one with: layerbook build --json ... > events.jsonl",
      exitCode: 1,
    });
  }
  const own = events.slice(begin);
  const image = lastOf(own, "image");
  const done = lastOf(own, "done");
  const last = own.at(-1);
  return {
    image: build.image,
    from: build.from,
    playbooks: build.playbooks.map(shorten),
    startedMs: build.time,
    durationMs: done?.durationMs ?? (last ? last.time - build.time : 0),
    ok: done?.ok ?? false,
    error: done ? undefined : "the file ends before the build does",
    steps: stepsOf(own, build.time, shorten),
    layers: image?.layers ?? [],
    delivered: image?.reference,
    id: image?.id,
    warnings: own.flatMap((event) => (event.type === "warning" ? [event.message] : [])),
    deferred: lastOf(own, "deferred")?.services ?? [],
  };
}

function parse(line: string): Timed[] {
  if (line.trim() === "") return [];
  try {
    const event = JSON.parse(line) as Timed;
    return typeof event === "object" && event !== null && typeof event.type === "string"
      ? [event]
      : [];
  } catch {
    // A build that was killed leaves half a line.
    return [];
  }
}

function lastOf<T extends BuildEvent["type"]>(
  events: readonly Timed[],
  type: T,
): EventOf<T> | undefined {
  return events.findLast((event): event is EventOf<T> => event.type === type);
}

function stepsOf(
  events: readonly Timed[],
  startedMs: number,
  shorten: (path: string) => string,
): ReportStep[] {
  const steps: ReportStep[] = [];
  const tasks = new Map<string, EventOf<"task">>();
  let play = "";
  let log: string[] = [];
  for (const event of events) {
    if (event.type === "play") play = event.name;
    else if (event.type === "task") {
      tasks.set(event.id, event);
      log = [];
    } else if (event.type === "output") log.push(event.line);
    else if (event.type === "step") {
      const task = tasks.get(event.task);
      if (!task) continue;
      const { position } = task;
      steps.push({
        title: task.title,
        module: task.module,
        play,
        item: event.item,
        handler: task.handler,
        place: position && `${shorten(position.file)}:${position.line}`,
        status: event.status,
        startMs: Math.max(0, event.time - startedMs - event.durationMs),
        durationMs: event.durationMs,
        savedMs: undefined,
        layerBytes: event.layerBytes,
        reasons: (event.reasons ?? []).map((reason) => reason.text),
        message: event.message,
        log: log.length > 0 ? log : undefined,
        secret: false,
      });
      log = [];
    }
  }
  return steps;
}
