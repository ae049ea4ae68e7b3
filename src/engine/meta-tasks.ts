/**
 * `meta`: what the engine itself is told to do.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/meta_module.html
 */
import { LayerbookError } from "../errors/index.ts";
import type { Task } from "../playbook/node.ts";
import { str } from "../values/python.ts";
import type { Batch } from "./batch.ts";
import type { HostRun } from "./host-run.ts";
import { targetOf } from "./target.ts";
import type { TaskOutcome } from "./walk.ts";

/** @throws LayerbookError for an action that there is not */
export async function runMeta(
  batch: Batch,
  task: Task,
  hostRuns: readonly HostRun[],
): Promise<ReadonlyMap<HostRun, TaskOutcome>> {
  const what = str(task.args.get("_raw_params") ?? "");
  const outcomes = new Map<HostRun, TaskOutcome>();
  for (const hostRun of hostRuns) {
    const scope = batch.scope(hostRun, task);
    const when = task.effective("when");
    const conditions = when === undefined ? [] : Array.isArray(when) ? when : [when];
    if (!conditions.every((condition) => scope.templar.condition(condition))) continue;
    outcomes.set(hostRun, await metaOn(batch, what, task, hostRun));
  }
  return outcomes;
}

async function metaOn(
  batch: Batch,
  what: string,
  task: Task,
  hostRun: HostRun,
): Promise<TaskOutcome> {
  const { run, scopePlay } = batch;
  switch (what) {
    case "noop":
      return { kind: "ok" };
    case "flush_handlers":
      return { kind: "flush" };
    case "clear_facts":
      run.variables.state(hostRun.host).clearFacts();
      return { kind: "ok" };
    case "clear_host_errors":
      for (const name of scopePlay.hosts.all) {
        run.failed.delete(name);
        run.unreachable.delete(name);
      }
      for (const other of batch.hostRuns) other.forgiven = true;
      return { kind: "ok" };
    case "end_host":
      hostRun.flow = "ended";
      return { kind: "out" };
    case "end_batch":
    case "end_play":
      for (const other of batch.hostRuns) if (other.isRunning) other.flow = "ended";
      if (what === "end_play") batch.playEnded = true;
      return { kind: "out" };
    case "end_role":
      return { kind: "end-role" };
    case "reset_connection": {
      await run.pool.reset(
        targetOf(run, scopePlay, batch.scope(hostRun, task), task, undefined).request,
      );
      return { kind: "ok" };
    }
    case "refresh_inventory":
      await run.options.refreshInventory?.();
      return { kind: "ok" };
    default:
      throw new LayerbookError(`invalid meta action requested: ${what}`, {
        position: task.position,
        exitCode: 4,
      });
  }
}
