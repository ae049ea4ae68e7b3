/**
 * `meta`: what the engine itself is told to do.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/meta_module.html
 */
import { LayerbookError } from "../errors/index.ts";
import type { Task } from "../playbook/node.ts";
import { str } from "../values/python.ts";
import type { Batch } from "./batch.ts";
import type { TaskInfo } from "./events.ts";
import type { HostRun } from "./host-run.ts";
import { conditions } from "./host-task.ts";
import { skipped } from "./results.ts";
import { targetOf } from "./target.ts";
import type { TaskOutcome } from "./walk.ts";

/** What is done once for all hosts of the play, if the condition holds for the first of them. */
const FOR_ALL: ReadonlySet<string> = new Set([
  "clear_facts",
  "clear_host_errors",
  "end_batch",
  "end_play",
  "refresh_inventory",
]);

/** @throws LayerbookError for an action that there is not */
export async function runMeta(
  batch: Batch,
  task: Task,
  info: TaskInfo,
  hostRuns: readonly HostRun[],
): Promise<ReadonlyMap<HostRun, TaskOutcome>> {
  const what = str(task.args.get("_raw_params") ?? "");
  const outcomes = new Map<HostRun, TaskOutcome>();
  const once = FOR_ALL.has(what);
  for (const hostRun of once ? hostRuns.slice(0, 1) : hostRuns) {
    const { name } = hostRun.host;
    batch.run.options.events.emit({ type: "task-start", task: info, hosts: [name] });
    const scope = batch.scope(hostRun, task);
    const when = task.effective("when");
    const failing = conditions(when ?? []).find((item) => !scope.templar.condition(item));
    if (failing !== undefined) {
      batch.run.options.events.emit({
        type: "host-result",
        host: name,
        delegate: undefined,
        task: info,
        status: "skipped",
        ignored: false,
        rescued: false,
        result: skipped(failing),
        durationMs: 0,
        looped: false,
        showAlways: false,
      });
      continue;
    }
    const outcome = await metaOn(batch, what, task, hostRun);
    batch.run.options.events.emit({ type: "meta", task: info, text: saidOf(what, task, name) });
    for (const other of once ? hostRuns : [hostRun]) outcomes.set(other, outcome);
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
      for (const name of scopePlay.hosts.all) {
        const host = run.options.inventory.find(name);
        if (host) run.variables.state(host).clearFacts();
      }
      return { kind: "ok" };
    case "clear_host_errors":
      for (const name of scopePlay.hosts.all) {
        run.failed.delete(name);
        run.unreachable.delete(name);
      }
      for (const other of batch.hostRuns) other.forgiven = true;
      batch.forgiven = true;
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
      if (task.isHandler || !task.role) {
        const place = task.isHandler ? "a handler" : "outside of a role";
        throw new LayerbookError(`Cannot execute 'end_role' from ${place}`, {
          position: task.position,
        });
      }
      return { kind: "end-role" };
    case "reset_connection": {
      await run.pool.reset(
        targetOf(run, scopePlay, batch.scope(hostRun, task), task, undefined).request,
      );
      return { kind: "ok" };
    }
    case "refresh_inventory":
      await run.refreshInventory();
      return { kind: "ok" };
    default:
      throw new LayerbookError(`invalid meta action requested: ${what}`, {
        position: task.position,
        exitCode: 4,
      });
  }
}

/** What was done, as ansible-playbook says it with -vv. */
function saidOf(what: string, task: Task, host: string): string {
  switch (what) {
    case "flush_handlers":
      return `triggered running handlers for ${host}`;
    case "clear_facts":
      return "facts cleared";
    case "clear_host_errors":
      return "cleared host errors";
    case "end_host":
      return `ending play for ${host}`;
    case "end_play":
      return "ending play";
    case "end_batch":
      return "ending batch";
    case "end_role":
      return `ending role ${task.role?.name ?? ""} for ${host}`;
    case "reset_connection":
      return "reset connection";
    case "refresh_inventory":
      return "inventory successfully refreshed";
    default:
      return what;
  }
}
