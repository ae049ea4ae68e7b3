/** Tries of a task: `until`, `retries`, `delay`, and what `changed_when` and `failed_when` say of each. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadedModule } from "../modules/registry.ts";
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { ConditionError, conditionMessage } from "./failures.ts";
import { conditions, type HostTask } from "./host-task.ts";
import { floatKeyword, intKeyword } from "./keyword-values.ts";
import { callModule } from "./module-call.ts";
import { censored, flag } from "./results.ts";
import type { Scope } from "./run-state.ts";
import type { Verdict } from "./runner.ts";
import type { Target } from "./target.ts";
import { takeFacts } from "./task-facts.ts";

/** Runs the task until it is done, and gives the result of the last try. */
export async function runTries(
  on: HostTask,
  scope: Scope,
  module: LoadedModule,
  target: Target,
  label: string | undefined,
): Promise<Dict> {
  const task = on.task;
  const until = task.own("until");
  const retries = intKeyword(scope, task, "retries");
  const total = until === undefined && retries === undefined ? 1 : Math.max(0, retries ?? 3) + 1;
  const delay = Math.max(0, floatKeyword(scope, task, "delay") ?? 5);
  for (let attempt = 1; ; attempt++) {
    const { result, settle } = await tryOnce(on, scope, module, target, label, attempt);
    if (total > 1) result.set("attempts", attempt);
    const done = total === 1 || isDone(on, scope, until, result);
    if (!done && attempt < total) {
      on.run.options.events.emit({
        type: "retry",
        host: on.hostRun.host.name,
        delegate: target.delegated ? target.host.name : undefined,
        task: on.info,
        label,
        attempt,
        retriesLeft: total - attempt,
        result: on.isHidden(scope) ? censored(result) : result,
      });
      await sleep(delay * 1000, undefined, { signal: on.run.options.signal });
      continue;
    }
    if (!done) {
      result.set("failed", true);
      result.set("attempts", total - 1);
    }
    const failed = flag(result, "failed") || flag(result, "unreachable");
    await settle({
      failed,
      survived: on.hostRun.rescueDepth > 0 || (failed && on.isIgnored(scope, result)),
    });
    return result;
  }
}

function isDone(on: HostTask, scope: Scope, until: Value | undefined, result: Dict): boolean {
  if (until === undefined) return !flag(result, "failed");
  const after = scopeAfter(on, scope, result);
  return conditions(until).every((condition) => {
    try {
      return after.templar.condition(condition);
    } catch (error) {
      throw new ConditionError(condition, error);
    }
  });
}

/** The scope with the result registered and its facts known. */
function scopeAfter(on: HostTask, scope: Scope, result: Dict): Scope {
  const layers = [on.registered(result)];
  const facts = result.get("ansible_facts");
  if (facts instanceof Dict) {
    layers.push(new Map(Array.from(facts, ([key, value]) => [str(key), value] as const)));
  }
  return {
    ...scope,
    templar: on.run.templating.open(scope.variables.under(...layers), scope.files),
  };
}

async function tryOnce(
  on: HostTask,
  scope: Scope,
  module: LoadedModule,
  target: Target,
  label: string | undefined,
  attempt: number,
): Promise<{ result: Dict; settle: (verdict: Verdict) => Promise<void> }> {
  const { result, step } = await callModule(on, scope, module, target, label, attempt);
  const settle = async (verdict: Verdict) => {
    if (step) await on.run.runner.settle?.(step, verdict);
  };
  if (!flag(result, "skipped") && !flag(result, "unreachable")) judge(on, scope, result);
  if (!flag(result, "skipped") && !result.has("failed")) result.set("failed", false);
  if (!flag(result, "failed")) takeFacts(on, scope, module, target, result);
  return { result, settle };
}

/** `changed_when` and `failed_when`. */
function judge(on: HostTask, scope: Scope, result: Dict): void {
  const changedWhen = on.task.own("changed_when");
  const failedWhen = on.task.own("failed_when");
  if (changedWhen === undefined && failedWhen === undefined) return;
  const after = scopeAfter(on, scope, result);
  const evaluate = (value: Value, keyword: string): boolean | undefined => {
    try {
      return conditions(value).every((condition) => after.templar.condition(condition));
    } catch (error) {
      const message = conditionMessage(value, error);
      result.set("failed", true);
      result.set(`${keyword}_result`, message);
      return undefined;
    }
  };
  if (changedWhen !== undefined) {
    const changed = evaluate(changedWhen, "changed_when");
    if (changed !== undefined) result.set("changed", changed);
    else return;
  }
  if (failedWhen !== undefined) {
    const failed = evaluate(failedWhen, "failed_when");
    if (failed === undefined) return;
    result.set("failed_when_result", failed);
    result.set("failed", failed);
  }
}
