/** What failures of some hosts mean for the whole batch. */
import type { Task } from "../playbook/node.ts";
import type { Batch } from "./batch.ts";
import type { HostRun } from "./host-run.ts";
import { flagKeyword } from "./keyword-values.ts";
import type { TaskOutcome } from "./walk.ts";

/** `any_errors_fatal`, `run_once` and `max_fail_percentage`. */
export function judgeBatch(
  batch: Batch,
  task: Task,
  hostRuns: readonly HostRun[],
  outcomes: Map<HostRun, TaskOutcome>,
  once: boolean,
): void {
  const isLost = (hostRun: HostRun) => {
    const kind = outcomes.get(hostRun)?.kind ?? "ok";
    // A rescue or always that is still to come is not cut short.
    return kind === "out" || (kind === "failed" && !hostRun.isCaught);
  };
  const failed = hostRuns.find((hostRun) => {
    const kind = outcomes.get(hostRun)?.kind;
    return kind === "out" || kind === "failed";
  });
  if (!failed) return;
  if (once || isFatal(batch, task, failed)) {
    // All fail where the first did, each with the rescue and always that are there for it.
    for (const hostRun of hostRuns) {
      if (outcomes.get(hostRun)?.kind === "ok") outcomes.set(hostRun, { kind: "failed" });
    }
    if (hostRuns.some(isLost)) batch.aborted = true;
  }
  if (!hostRuns.some(isLost)) return;
  const { maxFailPercentage } = batch.options;
  if (maxFailPercentage === undefined) return;
  const all = batch.hostRuns;
  const lost = all.filter(
    (hostRun) => hostRun.flow === "failed" || hostRun.flow === "unreachable" || isLost(hostRun),
  );
  if ((lost.length / all.length) * 100 > maxFailPercentage) {
    // Said here and, as nobody is left, at the end of the play.
    if (!batch.playEnded) batch.run.options.events.emit({ type: "no-hosts-remaining" });
    batch.aborted = true;
    batch.playEnded = true;
    for (const hostRun of hostRuns) {
      if (outcomes.get(hostRun)?.kind === "ok") outcomes.set(hostRun, { kind: "out" });
    }
  }
}

function isFatal(batch: Batch, task: Task, hostRun: HostRun): boolean {
  if (batch.options.anyErrorsFatal) return true;
  return flagKeyword(batch.scope(hostRun, task), task, "any_errors_fatal") ?? false;
}
