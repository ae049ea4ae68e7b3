/** Turns what the engine and the cache tell into the events of a build. */
import type { EngineEvent, HostResult, ItemResult, TaskInfo } from "../engine/events.ts";
import type { Data } from "../modules/module.ts";
import type { Dict } from "../values/model.ts";
import { textOf } from "../values/model.ts";
import { toPlain } from "../values/python.ts";
import { type StepRow, titleOf } from "./build-record.ts";
import type { BuildListener, StepStatus } from "./events.ts";
import type { StepNote } from "./memo-runner.ts";
import type { Reason } from "./reason.ts";
import { StepLog } from "./step-log.ts";

/** The step that a build broke at. */
export interface BrokenStep {
  readonly task: TaskInfo;
  readonly item: string | undefined;
  readonly result: Dict;
  readonly unreachable: boolean;
}

/** Steps of a build by what came of them. */
export interface StepCounts {
  cached: number;
  ran: number;
  skipped: number;
}

/** Longer results of delegated steps are not kept. Characters of JSON. */
const LONGEST_RESULT = 8000;

export class Narrator {
  readonly counts: StepCounts = { cached: 0, ran: 0, skipped: 0 };
  /** What came of each step so far. */
  readonly rows: StepRow[] = [];
  readonly warnings: string[] = [];
  readonly #emit: BuildListener;
  readonly #holdsSecret: (text: string) => boolean;
  /** Notes about steps whose result the engine has yet to report, by task. */
  readonly #notes = new Map<string, StepNote[]>();
  readonly #deferred = new Set<string>();
  #partial = { stdout: "", stderr: "" };
  #broken: BrokenStep | undefined;
  #play = "";
  #log = new StepLog();
  #startedMs = Date.now();

  /** @param holdsSecret does a text hold a secret that the run knows of? */
  constructor(emit: BuildListener, holdsSecret: (text: string) => boolean) {
    this.#emit = emit;
    this.#holdsSecret = holdsSecret;
  }

  /** The last step that failed without the play surviving it. */
  get broken(): BrokenStep | undefined {
    return this.#broken;
  }
  /** Services whose start was left to the container. */
  get deferred(): readonly string[] {
    return [...this.#deferred];
  }

  note(note: StepNote): void {
    const notes = this.#notes.get(note.step.taskId);
    if (notes) notes.push(note);
    else this.#notes.set(note.step.taskId, [note]);
    if (note.busy.length > 0) {
      this.#emit({
        type: "warning",
        message: `'${note.step.name}' left ${note.busy.join(", ")} running: no snapshot until that has ended`,
      });
    }
  }

  hear(event: EngineEvent): void {
    switch (event.type) {
      case "play-start":
        this.#play = event.play.name;
        this.#emit({ type: "play", name: event.play.name });
        break;
      case "task-start":
        if (event.task.kind === "meta") break;
        this.#startedMs = Date.now();
        this.#log = new StepLog();
        this.#emit({
          type: "task",
          id: event.task.id,
          title: titleOf(event.task),
          module: event.task.action,
          handler: event.task.kind === "handler",
          position: event.task.position,
        });
        break;
      case "output":
        if (!event.task.noLog && isForPeople(event.task.action))
          this.#output(event.task.id, event.stream, event.text);
        break;
      case "item-result":
        this.#step(event, event.label);
        break;
      case "host-result":
        if (event.task.kind === "meta") break;
        if (!event.looped) this.#step(event, undefined);
        else this.#notes.delete(event.task.id);
        if (event.status === "failed" || event.status === "unreachable") this.#failed(event);
        break;
      case "service-deferred":
        this.#deferred.add(event.service);
        break;
      case "warning":
      case "deprecation":
        this.warnings.push(event.message);
        this.#emit({ type: "warning", message: event.message });
        break;
      default:
        break;
    }
  }

  #step(event: HostResult | ItemResult, item: string | undefined): void {
    // Several items of a task may wait; the one that is reported now was noted first.
    const note = this.#notes.get(event.task.id)?.shift();
    const status = statusOf(event, note);
    if (status === "skipped") this.counts.skipped++;
    else if (status === "cached") this.counts.cached++;
    else this.counts.ran++;
    this.#flush(event.task.id);
    const message = messageOf(event, status);
    this.rows.push({
      ...rowOf(event.task),
      play: this.#play,
      item,
      status,
      key: note?.key,
      layer: note?.layer,
      ...(note && note.busy.length > 0 && { busy: true }),
      ...((event.task.noLog || note?.secret) && { secret: true }),
      reason: note && note.reasons.length > 0 ? reasonLine(note.reasons) : undefined,
      startedMs: this.#startedMs,
      durationMs: event.durationMs,
      message: note?.secret || (message && this.#holdsSecret(message)) ? undefined : message,
      ...(event.delegate !== undefined && { result: shortResult(event) }),
      log: note?.secret || event.task.noLog ? undefined : this.#log.lines,
    });
    this.#log = new StepLog();
    this.#startedMs = Date.now();
    this.#emit({
      type: "step",
      task: event.task.id,
      item,
      status,
      durationMs: event.durationMs,
      layerBytes: note?.layer?.size,
      reasons: note?.reasons ?? [],
      message,
      // Most listeners do not look at it.
      get result() {
        return event.task.noLog ? undefined : (toPlain(event.result) as Data);
      },
    });
  }

  #failed(event: HostResult): void {
    if (event.ignored || event.rescued) return;
    const results = event.result.get("results");
    const item = Array.isArray(results)
      ? results.find((one) => (one as Dict | undefined)?.get?.("failed") === true)
      : undefined;
    const label = textOf((item as Dict | undefined)?.get("_ansible_item_label"));
    this.#broken = {
      task: event.task,
      item: label,
      result: (item as Dict | undefined) ?? event.result,
      unreachable: event.status === "unreachable",
    };
  }

  /** Output arrives in pieces; lines are told when they are whole. */
  #output(task: string, stream: "stdout" | "stderr", text: string): void {
    const lines = (this.#partial[stream] + text).split("\n");
    this.#partial[stream] = lines.pop() ?? "";
    for (const line of lines) this.#line(task, stream, line);
  }

  /** The last line may lack its end. */
  #flush(task: string): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const line = this.#partial[stream];
      if (line !== "") this.#line(task, stream, line);
    }
    this.#partial = { stdout: "", stderr: "" };
  }

  #line(task: string, stream: "stdout" | "stderr", text: string): void {
    const line = this.#holdsSecret(text) ? "(hidden: the line holds a secret)" : text;
    this.#log.add(line);
    this.#emit({ type: "output", task, stream, line });
  }
}

function rowOf(task: TaskInfo) {
  return {
    task: task.id,
    name: task.name,
    role: task.role,
    module: task.action,
    position: task.position,
    handler: task.kind === "handler",
  };
}

/** What a step said that runs elsewhere, for `layerbook plan`, which does not run it. */
function shortResult(event: HostResult | ItemResult): Data | undefined {
  if (event.task.noLog) return undefined;
  const result = toPlain(event.result) as Data;
  return JSON.stringify(result).length <= LONGEST_RESULT ? result : undefined;
}

/**
 * Modules whose scripts print what only the module reads. The others run programs of the target, and
 * what those say is shown while they run.
 */
const ONLY_FOR_THE_MODULE =
  /(^|\.)(assemble|authorized_key|blockinfile|copy|cron|file|find|gather_facts|getent|group|hostname|ini_file|known_hosts|lineinfile|package_facts|replace|service|service_facts|setup|slurp|stat|sysctl|systemd|systemd_service|tempfile|template|user)$/;

function isForPeople(action: string): boolean {
  return !ONLY_FOR_THE_MODULE.test(action);
}

/** `argument mode: "0644" → "0600"; app.conf has changed`. */
export function reasonLine(reasons: readonly Reason[]): string {
  return reasons.map((reason) => reason.text).join("; ");
}

function statusOf(event: HostResult | ItemResult, note: StepNote | undefined): StepStatus {
  if (event.status === "skipped") return "skipped";
  if (event.status === "failed" || event.status === "unreachable") {
    return event.ignored || ("rescued" in event && event.rescued) ? "ignored" : "failed";
  }
  if (note?.outcome === "cached") return "cached";
  return event.status;
}

/** What a person wants to read of a result while it goes by: what debug says, why something failed. */
function messageOf(event: HostResult | ItemResult, status: StepStatus): string | undefined {
  if (event.task.noLog) return undefined;
  const { result, task } = event;
  if (status === "skipped") return textOf(result.get("skip_reason"));
  if (status === "ignored" || status === "failed") return textOf(result.get("msg"));
  if (!/(^|\.)debug$/.test(task.action)) return undefined;
  const shown = [...result.entries()].filter(
    ([key]) => !["changed", "failed"].includes(String(key)) && !String(key).startsWith("_ansible"),
  );
  return shown
    .map(([key, value]) => {
      const text = textOf(value) ?? JSON.stringify(toPlain(value), null, 2);
      return key === "msg" ? text : `${String(key)}: ${text}`;
    })
    .join("\n");
}
