/**
 * Runs a task on one host: its loop, conditions, arguments, tries, and what the result means. Which
 * task comes next, and on which hosts, is for the strategy to say.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectionError } from "../connection/connection.ts";
import { Host } from "../inventory/inventory.ts";
import { includeKind } from "../playbook/actions.ts";
import type { Task } from "../playbook/node.ts";
import { UndefinedError } from "../template/errors.ts";
import { nowMs } from "../values/clock.ts";
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { applyControlResult } from "./control-results.ts";
import type { TaskInfo } from "./events.ts";
import { ConditionError, failedBy } from "./failures.ts";
import type { HostRun } from "./host-run.ts";
import { conditions, HostTask } from "./host-task.ts";
import { textKeyword, wordsKeyword } from "./keyword-values.ts";
import { itemLabel, itemLayer, type LoopControl, loopControl, loopItems } from "./loop-items.ts";
import { censored, failure, flag, loopSummary, skipped, statusOf } from "./results.ts";
import type { RunState, Scope, ScopePlay } from "./run-state.ts";
import { targetOf } from "./target.ts";
import { templatedArguments } from "./task-args.ts";
import type { IncludeRequest, TaskReport } from "./task-report.ts";
import { runTries } from "./tries.ts";

interface Once {
  result: Dict;
  delegate: string | undefined;
  include: Dict | undefined;
  /** Whom the task notifies if it changes something. */
  notify: readonly string[];
  /** The result is there to be read (debug): shown however quiet the run is. */
  showAlways?: boolean;
  /** It was not the module that failed: arguments or conditions could not be evaluated. */
  thrown?: boolean;
}

export class TaskRunner {
  readonly #run: RunState;

  constructor(run: RunState) {
    this.#run = run;
  }

  /** Never throws for what a task does wrong: that is its result. */
  async run(play: ScopePlay, hostRun: HostRun, task: Task, info: TaskInfo): Promise<TaskReport> {
    const started = nowMs();
    const attempt = new TaskAttempt(new HostTask(this.#run, play, hostRun, task, info));
    const done = await attempt.run();
    return { ...done, durationMs: nowMs() - started };
  }
}

/** One task on one host. */
class TaskAttempt {
  readonly #on: HostTask;

  constructor(on: HostTask) {
    this.#on = on;
  }

  async run(): Promise<Omit<TaskReport, "durationMs">> {
    const scope = this.#on.scope();
    let items: Value[] | undefined;
    let control: LoopControl | undefined;
    try {
      items = loopItems(scope, this.#on.task);
      if (items) control = loopControl(scope, this.#on.task);
    } catch (error) {
      return this.#report(this.#withoutItems(scope, error), false, scope, []);
    }
    if (items && control) return this.#loop(items, control, scope);
    const once = await this.#guarded(scope, undefined);
    this.#on.register(once.result);
    if (statusOf(once.result) !== "changed") once.notify = [];
    const includes = once.include
      ? [{ args: once.include, item: new Map<string, Value>(), label: undefined }]
      : [];
    return this.#report(once, false, scope, includes);
  }

  /** The items cannot be had: no matter when the task is skipped anyway. */
  #withoutItems(scope: Scope, error: unknown): Once {
    let result = error instanceof UndefinedError ? failure(error.message) : failedBy(error);
    try {
      const condition = error instanceof UndefinedError ? this.#failing(scope) : undefined;
      if (condition !== undefined) result = skipped(condition);
    } catch {
      // The condition needs what is undefined too: the first error stands.
    }
    this.#on.register(result);
    return { result, delegate: undefined, include: undefined, notify: [] };
  }

  #report(
    once: Once,
    looped: boolean,
    scope: Scope,
    includes: readonly IncludeRequest[],
  ): Omit<TaskReport, "durationMs"> {
    let { result } = once;
    let ignored = false;
    try {
      ignored = this.#on.isIgnored(scope, result);
    } catch (error) {
      result = failedBy(error);
    }
    return {
      result,
      ignored,
      looped,
      delegate: once.delegate,
      includes,
      notify: once.notify,
      showAlways: once.showAlways ?? false,
    };
  }

  async #loop(
    items: Value[],
    control: LoopControl,
    outer: Scope,
  ): Promise<Omit<TaskReport, "durationMs">> {
    if (items.length === 0) {
      const result = new Dict([
        ["changed", false],
        ["skipped", true],
        ["skipped_reason", "No items in the list"],
        ["results", []],
      ]);
      this.#on.register(result);
      const nothing = { result, delegate: undefined, include: undefined, notify: [] };
      return this.#report(nothing, false, outer, []);
    }
    if (outer.variables.get(control.loopVar) !== undefined) {
      this.#on.run.options.events.warn(
        `${this.#on.info.name}: The loop variable '${control.loopVar}' is already in use. You should set the \`loop_var\` value in the \`loop_control\` option for the task to something else to avoid variable collisions and unexpected behavior.`,
        this.#on.task.position,
      );
    }
    const results: Value[] = [];
    const includes: IncludeRequest[] = [];
    const notify = new Set<string>();
    let delegate: string | undefined;
    for (const [index, item] of items.entries()) {
      if (index > 0 && control.pauseSeconds > 0) await this.#sleep(control.pauseSeconds);
      const started = nowMs();
      const layer = itemLayer(control, items, index);
      const scope = this.#on.scope([layer]);
      let label: string;
      try {
        label = itemLabel(scope, control, item);
      } catch (error) {
        label = str(failedBy(error).get("msg") ?? "");
      }
      const once = await this.#guarded(scope, label);
      // What cannot be evaluated for one item fails the whole task, without results of items.
      if (once.thrown) {
        this.#on.register(once.result);
        return this.#report(once, false, outer, []);
      }
      delegate = once.delegate;
      for (const name of once.notify) notify.add(name);
      const { result } = once;
      for (const [key, value] of layer) if (key !== "ansible_loop") result.set(key, value);
      if (control.extended) result.set("ansible_loop", layer.get("ansible_loop") ?? null);
      results.push(result);
      if (once.include) includes.push({ args: once.include, item: layer, label });
      else this.#emitItem(scope, once, label, nowMs() - started);
      if (control.breakWhen !== undefined) {
        const after = this.#on.scope([layer, this.#on.registered(result)]);
        if (conditions(control.breakWhen).every((c) => after.templar.condition(c))) break;
      }
    }
    const result = loopSummary(results);
    this.#on.register(result);
    // One changed item is enough for what all of them notify.
    const notified = statusOf(result) === "changed" ? [...notify] : [];
    const once = { result, delegate, include: undefined, notify: notified };
    return this.#report(once, true, outer, includes);
  }

  #emitItem(scope: Scope, once: Once, label: string, durationMs: number): void {
    let ignored = false;
    try {
      ignored = this.#on.isIgnored(scope, once.result);
    } catch {
      // Said with the result of the whole task.
    }
    const hidden = this.#on.isHidden(scope);
    this.#on.run.options.events.emit({
      type: "item-result",
      host: this.#on.hostRun.host.name,
      delegate: once.delegate,
      task: this.#on.info,
      status: statusOf(once.result),
      ignored,
      result: hidden ? censored(once.result) : once.result,
      label: hidden ? "None" : label,
      showAlways: !hidden && (once.showAlways ?? false),
      durationMs,
    });
  }

  /** The first condition that does not hold; `undefined` when all do. */
  #failing(scope: Scope): Value | undefined {
    const when = this.#on.task.effective("when");
    if (when === undefined) return undefined;
    for (const condition of conditions(when)) {
      let holds: boolean;
      try {
        holds = scope.templar.condition(condition);
      } catch (error) {
        throw new ConditionError(condition, error);
      }
      if (!holds) return condition;
    }
    return undefined;
  }

  async #guarded(scope: Scope, label: string | undefined): Promise<Once> {
    try {
      return await this.#once(scope, label);
    } catch (error) {
      if (this.#on.run.options.signal.aborted) throw error;
      const thrown = !(error instanceof ConnectionError);
      const result = failedBy(error);
      return { result, delegate: undefined, include: undefined, notify: [], thrown };
    }
  }

  async #once(scope: Scope, label: string | undefined): Promise<Once> {
    const task = this.#on.task;
    const condition = this.#failing(scope);
    if (condition !== undefined) {
      return { result: skipped(condition), delegate: undefined, include: undefined, notify: [] };
    }
    if (includeKind(task.action) !== undefined) {
      const args = templatedArguments(scope, task, task.action);
      return { result: includeResult(args), delegate: undefined, include: args, notify: [] };
    }
    const delegate = this.#delegate(scope);
    const action = task.action.includes("{{")
      ? str(scope.templar.template(task.action)).trim()
      : task.action;
    const module = await this.#on.run.library.resolve(action, {
      position: task.position,
      collections: wordsKeyword(scope, task, "collections"),
    });
    const target = targetOf(this.#on.run, this.#on.play, scope, task, delegate);
    const result = await runTries(this.#on, scope, module, target, label);
    if (["ok", "changed"].includes(statusOf(result))) {
      applyControlResult(this.#on.run, result, this.#on.hostRun.host);
    }
    const showAlways = flag(result, "_ansible_verbose_always");
    result.delete("_ansible_verbose_always");
    return {
      showAlways,
      result,
      delegate: delegate?.name,
      include: undefined,
      notify: statusOf(result) === "skipped" ? [] : wordList(scope, task.effective("notify")),
    };
  }

  #delegate(scope: Scope): Host | undefined {
    const name = textKeyword(scope, this.#on.task, "delegate_to");
    if (name === undefined || name === "") return undefined;
    const { inventory } = this.#on.run.options;
    const known = inventory.find(name);
    if (known) return known;
    const host = new Host(name, true);
    host.vars.set("ansible_host", name);
    return host;
  }

  async #sleep(seconds: number): Promise<void> {
    await sleep(seconds * 1000, undefined, { signal: this.#on.run.options.signal });
  }
}

/** What an include registers. */
function includeResult(args: Dict): Dict {
  const result = new Dict([["changed", false]]);
  const file = args.get("_raw_params") ?? args.get("file");
  if (file !== undefined) result.set("include", file);
  const others = [...args].filter(([key]) => !["_raw_params", "file"].includes(str(key)));
  return result.set("include_args", new Dict(others));
}

/** Names of handlers: a list, each of which may be a template for a list. */
function wordList(scope: Scope, value: Value | undefined): string[] {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? value : [value];
  return list.flatMap((item) => {
    const name = scope.templar.template(item);
    if (Array.isArray(name)) return name.map((part) => str(part));
    return scope.templar.isOmitted(name) || name === null ? [] : [str(name)];
  });
}
