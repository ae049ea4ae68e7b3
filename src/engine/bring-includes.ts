/** Brings in what includes ask for: hosts that ask for the same get the same tasks. */
import { LayerbookError, ParseError } from "../errors/index.ts";
import { includeKind } from "../playbook/actions.ts";
import type { Task } from "../playbook/node.ts";
import { Dict } from "../values/model.ts";
import type { Batch } from "./batch.ts";
import type { TaskInfo } from "./events.ts";
import { outcomeOf, tellResult } from "./host-results.ts";
import type { HostRun } from "./host-run.ts";
import { includeIdentity, loadInclude } from "./includes.ts";
import { checkParts } from "./preflight.ts";
import type { TaskReport } from "./task-report.ts";
import type { IncludedPart, TaskOutcome } from "./walk.ts";

/** Puts the included tasks into the outcomes of the hosts that asked for them. */
export function bringIncludes(
  batch: Batch,
  task: Task,
  info: TaskInfo,
  hostRuns: readonly HostRun[],
  reports: ReadonlyMap<HostRun, TaskReport>,
  shared: TaskReport | undefined,
  outcomes: Map<HostRun, TaskOutcome>,
): void {
  const kind = includeKind(task.action);
  if (kind === undefined) return;
  const groups = new Map<
    string,
    { parts: readonly IncludedPart[]; hosts: string[]; what: string; label: string | undefined }
  >();
  const failed = new Map<string, unknown>();
  for (const hostRun of hostRuns) {
    const report = reports.get(hostRun) ?? shared;
    const parts: IncludedPart[] = [];
    for (const request of report?.includes ?? []) {
      const key = includeIdentity(task, request);
      let group = groups.get(key);
      if (!group && !failed.has(key)) {
        try {
          const included = loadInclude(batch.run, task, request);
          checkParts(batch.run.library, included.parts);
          const order = groups.size;
          const brought = included.parts.map((part) => ({ part, order }));
          group = { parts: brought, hosts: [], what: included.what, label: request.label };
          groups.set(key, group);
        } catch (error) {
          // What cannot be parsed ends the run; what is not there fails the host.
          if (error instanceof ParseError && error.exitCode === 4) throw error;
          failed.set(key, error);
        }
      }
      if (!group) {
        outcomes.set(hostRun, failInclude(batch, task, info, hostRun, failed.get(key)));
        break;
      }
      group.hosts.push(hostRun.host.name);
      parts.push(...group.parts);
    }
    if (parts.length > 0 && outcomes.get(hostRun)?.kind === "ok") {
      outcomes.set(hostRun, { kind: "included", parts });
    }
  }
  for (const group of groups.values()) {
    for (const host of group.hosts) batch.run.statsOf(host).ok += 1;
    batch.run.options.events.emit({
      type: "included",
      file: group.what,
      hosts: group.hosts,
      task: info,
      label: group.label,
    });
  }
}

function failInclude(
  batch: Batch,
  task: Task,
  info: TaskInfo,
  hostRun: HostRun,
  error: unknown,
): TaskOutcome {
  if (!(error instanceof LayerbookError)) throw error;
  const message = error.hint ? `${error.message}. ${error.hint}` : error.message;
  const result = new Dict([
    ["failed", true],
    ["reason", message],
  ]);
  const report: TaskReport = {
    result,
    ignored: false,
    looped: false,
    delegate: undefined,
    includes: [],
    notify: [],
    showAlways: false,
    durationMs: 0,
  };
  tellResult(batch, task, info, hostRun, report);
  return outcomeOf(batch, task, hostRun, report);
}
