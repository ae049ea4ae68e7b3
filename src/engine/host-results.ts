/** What a task's result on a host counts as, and what becomes of the host. */
import { includeKind } from "../playbook/actions.ts";
import type { Task } from "../playbook/node.ts";
import type { Dict } from "../values/model.ts";
import { fromJson } from "../values/python.ts";
import { wrapUnsafe } from "../values/unsafe.ts";
import type { Batch } from "./batch.ts";
import type { TaskInfo } from "./events.ts";
import type { HostRun } from "./host-run.ts";
import { censored, flag, statusOf } from "./results.ts";
import type { TaskReport } from "./task-report.ts";
import type { TaskOutcome } from "./walk.ts";

/** Counts and reports a result. */
export function tellResult(
  batch: Batch,
  task: Task,
  info: TaskInfo,
  hostRun: HostRun,
  report: TaskReport,
): void {
  const { run } = batch;
  const { result, ignored } = report;
  const status = statusOf(result);
  // An include counts and is told of when its file has been read, once for each item of its loop.
  if (includeKind(task.action) !== undefined && status === "ok") return;
  const rescued = status === "failed" && !ignored && hostRun.rescueDepth > 0;
  const stats = run.statsOf(hostRun.host.name);
  switch (status) {
    case "ok":
      stats.ok += 1;
      break;
    case "changed":
      stats.ok += 1;
      stats.changed += 1;
      break;
    case "skipped":
      stats.skipped += 1;
      break;
    case "failed":
      if (ignored) {
        stats.ok += 1;
        stats.ignored += 1;
        if (flag(result, "changed")) stats.changed += 1;
      } else if (rescued) stats.rescued += 1;
      else stats.failed += 1;
      break;
    case "unreachable":
      if (ignored) {
        stats.ok += 1;
        stats.ignored += 1;
      } else stats.unreachable += 1;
  }
  run.options.events.emit({
    type: "host-result",
    host: hostRun.host.name,
    delegate: report.delegate,
    task: info,
    status,
    ignored,
    rescued,
    result: info.noLog ? censored(result) : result,
    durationMs: report.durationMs,
    looped: report.looped,
    showAlways: report.showAlways && !info.noLog,
  });
}

/** What the host does next, and what a rescue will see. */
export function outcomeOf(
  batch: Batch,
  task: Task,
  hostRun: HostRun,
  report: TaskReport,
): TaskOutcome {
  const { run } = batch;
  const status = statusOf(report.result);
  if (report.ignored || (status !== "failed" && status !== "unreachable")) return { kind: "ok" };
  if (status === "unreachable") {
    hostRun.flow = "unreachable";
    run.unreachable.add(hostRun.host.name);
    return { kind: "out" };
  }
  const { set } = run.variables.state(hostRun.host);
  set.set("ansible_failed_task", describeTask(task));
  set.set("ansible_failed_result", report.result);
  return { kind: "failed" };
}

/** `ansible_failed_task`: what a rescue can ask of the task that failed. */
function describeTask(task: Task): Dict {
  const dict = fromJson({ name: task.name ?? "", action: task.action, args: null }) as Dict;
  // As they were written: what failed may be a template in them.
  dict.set("args", wrapUnsafe(task.args));
  const { position } = task;
  if (position) dict.set("path", `${position.file}:${position.line}`);
  return dict;
}
