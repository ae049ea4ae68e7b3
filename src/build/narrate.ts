/** Turns what the engine and the cache tell into the events of a build. */
import type { EngineEvent, HostResult, ItemResult, TaskInfo } from "../engine/events.ts";
import type { Data } from "../modules/module.ts";
import type { Dict } from "../values/model.ts";
import { textOf } from "../values/model.ts";
import { toPlain } from "../values/python.ts";
import type { BuildListener, StepStatus } from "./events.ts";
import type { StepNote } from "./memo-runner.ts";

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

export class Narrator {
  readonly counts: StepCounts = { cached: 0, ran: 0, skipped: 0 };
  readonly #emit: BuildListener;
  /** Notes about steps whose result the engine has yet to report, by task. */
  readonly #notes = new Map<string, StepNote[]>();
  readonly #deferred = new Set<string>();
  #partial = { stdout: "", stderr: "" };
  #broken: BrokenStep | undefined;

  constructor(emit: BuildListener) {
    this.#emit = emit;
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
        this.#emit({ type: "play", name: event.play.name });
        break;
      case "task-start":
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
        this.#output(event.task.id, event.stream, event.text);
        break;
      case "item-result":
        this.#step(event, event.label);
        break;
      case "host-result":
        if (!event.looped) this.#step(event, undefined);
        else this.#notes.delete(event.task.id);
        if (event.status === "failed" || event.status === "unreachable") this.#failed(event);
        break;
      case "service-deferred":
        this.#deferred.add(event.service);
        break;
      case "warning":
      case "deprecation":
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
    this.#partial = { stdout: "", stderr: "" };
    this.#emit({
      type: "step",
      task: event.task.id,
      item,
      status,
      durationMs: event.durationMs,
      layerBytes: note?.layerBytes,
      message: messageOf(event, status),
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
    for (const line of lines) this.#emit({ type: "output", task, stream, line });
  }
}

function titleOf(task: TaskInfo): string {
  return task.role ? `${task.role} : ${task.name}` : task.name;
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
