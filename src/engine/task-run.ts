/**
 * Runs a task on one host: its loop, conditions, arguments, tries, and what the result means. Which
 * task comes next, and on which hosts, is for the strategy to say.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectionError, ConnectionTimeout } from "../connection/connection.ts";
import { LayerbookError, messageOf } from "../errors/index.ts";
import { Host } from "../inventory/inventory.ts";
import type { LoadedModule } from "../modules/registry.ts";
import { resolveModule } from "../modules/registry.ts";
import { secretOptions, validateArguments } from "../modules/validate.ts";
import { builtinName, includeKind } from "../playbook/actions.ts";
import type { Task } from "../playbook/node.ts";
import { UndefinedError } from "../template/errors.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { fromJson, str, truth } from "../values/python.ts";
import { untrusted } from "../variables/layers.ts";
import { asyncStatus } from "./async-status.ts";
import type { TaskInfo } from "./events.ts";
import type { HostRun } from "./host-run.ts";
import {
  environmentOf,
  flagKeyword,
  floatKeyword,
  intKeyword,
  textKeyword,
  wordsKeyword,
} from "./keyword-values.ts";
import { itemLabel, itemLayer, type LoopControl, loopControl, loopItems } from "./loop-items.ts";
import { censored, failure, flag, masked, resultOf, statusOf } from "./results.ts";
import type { RunState, Scope, ScopePlay } from "./run-state.ts";
import type { Step, Verdict } from "./runner.ts";
import { stepContext } from "./step-context.ts";
import { type Target, targetOf } from "./target.ts";
import { templatedArguments, withFreeForm } from "./task-args.ts";

/** An include that the task asks for, once for each item of its loop. */
export interface IncludeRequest {
  /** Templated arguments of the include. */
  readonly args: Dict;
  /** Loop variables that the included tasks see. */
  readonly item: ReadonlyMap<string, Value>;
  readonly label: string | undefined;
}

export interface TaskReport {
  readonly result: Dict;
  readonly ignored: boolean;
  readonly looped: boolean;
  readonly delegate: string | undefined;
  readonly includes: readonly IncludeRequest[];
  /** Handlers to notify: names, templated. */
  readonly notify: readonly string[];
  readonly showAlways: boolean;
  readonly durationMs: number;
}

interface Once {
  result: Dict;
  delegate: string | undefined;
  include: Dict | undefined;
  notify: readonly string[];
  /** The result is there to be read (debug): shown however quiet the run is. */
  showAlways?: boolean;
}

export class TaskRunner {
  readonly #run: RunState;

  constructor(run: RunState) {
    this.#run = run;
  }

  /** Never throws for what a task does wrong: that is its result. */
  async run(play: ScopePlay, hostRun: HostRun, task: Task, info: TaskInfo): Promise<TaskReport> {
    const started = performance.now();
    const attempt = new TaskAttempt(this.#run, play, hostRun, task, info);
    const done = await attempt.run();
    return { ...done, durationMs: performance.now() - started };
  }
}

/** One task on one host. */
class TaskAttempt {
  readonly #run: RunState;
  readonly #play: ScopePlay;
  readonly #hostRun: HostRun;
  readonly #task: Task;
  readonly #info: TaskInfo;

  constructor(run: RunState, play: ScopePlay, hostRun: HostRun, task: Task, info: TaskInfo) {
    this.#run = run;
    this.#play = play;
    this.#hostRun = hostRun;
    this.#task = task;
    this.#info = info;
  }

  #scope(temporary: readonly ReadonlyMap<string, Value>[] = []): Scope {
    return this.#run.scope(this.#hostRun.host, this.#play, this.#task, temporary);
  }

  async run(): Promise<Omit<TaskReport, "durationMs">> {
    const scope = this.#scope();
    let items: Value[] | undefined;
    let control: LoopControl | undefined;
    try {
      items = loopItems(scope, this.#task);
      if (items) control = loopControl(scope, this.#task);
    } catch (error) {
      return this.#report(this.#withoutItems(scope, error), false, scope, []);
    }
    if (items && control) return this.#loop(items, control, scope);
    const once = await this.#guarded(scope, undefined);
    this.#register(once.result);
    const includes = once.include
      ? [{ args: once.include, item: new Map<string, Value>(), label: undefined }]
      : [];
    return this.#report(once, false, scope, includes);
  }

  /** The items cannot be had: no matter when the task is skipped anyway. */
  #withoutItems(scope: Scope, error: unknown): Once {
    let result = this.#failed(error);
    try {
      if (error instanceof UndefinedError && !this.#holds(scope)) result = skipped();
    } catch {
      // The condition needs what is undefined too: the first error stands.
    }
    this.#register(result);
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
      ignored = this.#isIgnored(scope, result);
    } catch (error) {
      result = this.#failed(error);
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

  #isIgnored(scope: Scope, result: Dict): boolean {
    const status = statusOf(result);
    if (status === "failed") return flagKeyword(scope, this.#task, "ignore_errors") ?? false;
    if (status !== "unreachable") return false;
    return flagKeyword(scope, this.#task, "ignore_unreachable") ?? false;
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
      this.#register(result);
      const nothing = { result, delegate: undefined, include: undefined, notify: [] };
      return this.#report(nothing, false, outer, []);
    }
    if (outer.variables.get(control.loopVar) !== undefined) {
      this.#run.options.events.warn(
        `${this.#info.name}: The loop variable '${control.loopVar}' is already in use. You should set the \`loop_var\` value in the \`loop_control\` option for the task to something else to avoid variable collisions and unexpected behavior.`,
        this.#task.position,
      );
    }
    const results: Value[] = [];
    const includes: IncludeRequest[] = [];
    const notify = new Set<string>();
    let delegate: string | undefined;
    for (const [index, item] of items.entries()) {
      if (index > 0 && control.pauseSeconds > 0) await this.#sleep(control.pauseSeconds);
      const started = performance.now();
      const layer = itemLayer(control, items, index);
      const scope = this.#scope([layer]);
      let label: string;
      try {
        label = itemLabel(scope, control, item);
      } catch (error) {
        label = str(this.#failed(error).get("msg") ?? "");
      }
      const once = await this.#guarded(scope, label);
      delegate = once.delegate;
      for (const name of once.notify) notify.add(name);
      const { result } = once;
      for (const [key, value] of layer) if (key !== "ansible_loop") result.set(key, value);
      if (control.extended) result.set("ansible_loop", layer.get("ansible_loop") ?? null);
      results.push(result);
      if (once.include) includes.push({ args: once.include, item: layer, label });
      else this.#emitItem(scope, once, label, performance.now() - started);
      if (control.breakWhen !== undefined) {
        const after = this.#scope([layer, this.#registered(result)]);
        if (conditions(control.breakWhen).every((c) => after.templar.condition(c))) break;
      }
    }
    const result = summary(results);
    this.#register(result);
    const once = { result, delegate, include: undefined, notify: [...notify] };
    return this.#report(once, true, outer, includes);
  }

  #emitItem(scope: Scope, once: Once, label: string, durationMs: number): void {
    let ignored = false;
    try {
      ignored = this.#isIgnored(scope, once.result);
    } catch {
      // Said with the result of the whole task.
    }
    const hidden = this.#isHidden(scope);
    this.#run.options.events.emit({
      type: "item-result",
      host: this.#hostRun.host.name,
      delegate: once.delegate,
      task: this.#info,
      status: statusOf(once.result),
      ignored,
      result: hidden ? censored(once.result) : once.result,
      label: hidden ? "(censored due to no_log)" : label,
      showAlways: once.showAlways ?? false,
      durationMs,
    });
  }

  #isHidden(scope: Scope): boolean {
    try {
      return (
        flagKeyword(scope, this.#task, "no_log") ??
        this.#run.options.settings.bool("DEFAULT_NO_LOG")
      );
    } catch {
      // Rather too little shown than a secret.
      return true;
    }
  }

  #registered(result: Dict): Map<string, Value> {
    const name = textOf(this.#task.own("register"));
    return new Map(name === undefined ? [] : [[name, result]]);
  }

  #register(result: Dict): void {
    const name = textOf(this.#task.own("register"));
    if (name === undefined) return;
    this.#run.variables.state(this.#hostRun.host).set.set(name, result);
  }

  #holds(scope: Scope): boolean {
    const when = this.#task.effective("when");
    if (when === undefined) return true;
    for (const condition of conditions(when)) {
      let holds: boolean;
      try {
        holds = scope.templar.condition(condition);
      } catch (error) {
        throw new ConditionError(condition, error);
      }
      if (!holds) return false;
    }
    return true;
  }

  async #guarded(scope: Scope, label: string | undefined): Promise<Once> {
    try {
      return await this.#once(scope, label);
    } catch (error) {
      if (this.#run.options.signal.aborted) throw error;
      return { result: this.#failed(error), delegate: undefined, include: undefined, notify: [] };
    }
  }

  async #once(scope: Scope, label: string | undefined): Promise<Once> {
    const task = this.#task;
    if (!this.#holds(scope)) {
      return { result: skipped(), delegate: undefined, include: undefined, notify: [] };
    }
    if (includeKind(task.action) !== undefined) {
      const args = templatedArguments(scope, task, task.action);
      const result = new Dict([["changed", false]]);
      return { result, delegate: undefined, include: args, notify: [] };
    }
    const delegate = this.#delegate(scope);
    const module = await resolveModule(task.action, {
      position: task.position,
      collections: wordsKeyword(scope, task, "collections"),
    });
    const target = targetOf(this.#run, this.#play, scope, task, delegate);
    const result = await this.#tries(scope, module, target, label);
    const changed = flag(result, "changed") && statusOf(result) !== "failed";
    const showAlways = flag(result, "_ansible_verbose_always");
    result.delete("_ansible_verbose_always");
    return {
      showAlways,
      result,
      delegate: delegate?.name,
      include: undefined,
      notify: changed ? wordList(scope, task.effective("notify")) : [],
    };
  }

  #delegate(scope: Scope): Host | undefined {
    const name = textKeyword(scope, this.#task, "delegate_to");
    if (name === undefined || name === "") return undefined;
    const { inventory } = this.#run.options;
    const known = inventory.find(name);
    if (known) return known;
    const host = new Host(name, true);
    host.vars.set("ansible_host", name);
    return host;
  }

  /** `until`, `retries` and `delay`. */
  async #tries(
    scope: Scope,
    module: LoadedModule,
    target: Target,
    label: string | undefined,
  ): Promise<Dict> {
    const task = this.#task;
    const until = task.own("until");
    const retries = intKeyword(scope, task, "retries");
    const total = until === undefined && retries === undefined ? 1 : Math.max(0, retries ?? 3) + 1;
    const delay = Math.max(0, floatKeyword(scope, task, "delay") ?? 5);
    for (let attempt = 1; ; attempt++) {
      const { result, settle } = await this.#try(scope, module, target, label, attempt);
      if (total > 1) result.set("attempts", attempt);
      const done = total === 1 || this.#isDone(scope, until, result);
      if (!done && attempt < total) {
        this.#run.options.events.emit({
          type: "retry",
          host: this.#hostRun.host.name,
          delegate: target.delegated ? target.host.name : undefined,
          task: this.#info,
          label,
          attempt,
          retriesLeft: total - attempt,
          result: this.#isHidden(scope) ? censored(result) : result,
        });
        await this.#sleep(delay);
        continue;
      }
      if (!done) {
        result.set("failed", true);
        result.set("attempts", total - 1);
      }
      const failed = flag(result, "failed") || flag(result, "unreachable");
      await settle({
        failed,
        survived: this.#hostRun.rescueDepth > 0 || (failed && this.#isIgnored(scope, result)),
      });
      return result;
    }
  }

  #isDone(scope: Scope, until: Value | undefined, result: Dict): boolean {
    if (until === undefined) return !flag(result, "failed");
    const after = this.#after(scope, result);
    return conditions(until).every((condition) => after.templar.condition(condition));
  }

  /** The scope with the result registered and its facts known. */
  #after(scope: Scope, result: Dict): Scope {
    const layers = [this.#registered(result)];
    const facts = result.get("ansible_facts");
    if (facts instanceof Dict) {
      layers.push(new Map(Array.from(facts, ([key, value]) => [str(key), value] as const)));
    }
    return {
      ...scope,
      templar: this.#run.templating.open(scope.variables.under(...layers), scope.files),
    };
  }

  async #try(
    scope: Scope,
    module: LoadedModule,
    target: Target,
    label: string | undefined,
    attempt: number,
  ): Promise<{ result: Dict; settle: (verdict: Verdict) => Promise<void> }> {
    const { result, step } = await this.#perform(scope, module, target, label, attempt);
    const settle = async (verdict: Verdict) => {
      if (step) await this.#run.runner.settle?.(step, verdict);
    };
    if (!flag(result, "skipped") && !flag(result, "unreachable")) this.#judge(scope, result);
    if (!flag(result, "skipped") && !result.has("failed")) result.set("failed", false);
    if (!flag(result, "failed")) this.#takeFacts(scope, module, target, result);
    return { result, settle };
  }

  /** `changed_when` and `failed_when`. */
  #judge(scope: Scope, result: Dict): void {
    const changedWhen = this.#task.own("changed_when");
    const failedWhen = this.#task.own("failed_when");
    if (changedWhen === undefined && failedWhen === undefined) return;
    const after = this.#after(scope, result);
    const evaluate = (value: Value, keyword: string): boolean | undefined => {
      try {
        return conditions(value).every((condition) => after.templar.condition(condition));
      } catch (error) {
        const message = conditionMessage(value, error);
        result.set("failed", true);
        result.set(`${keyword}_result`, message);
        result.set("msg", message);
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

  #takeFacts(scope: Scope, module: LoadedModule, target: Target, result: Dict): void {
    const facts = result.get("ansible_facts");
    if (!(facts instanceof Dict)) return;
    const toDelegate =
      target.delegated && (flagKeyword(scope, this.#task, "delegate_facts") ?? false);
    const hosts = toDelegate ? [target.host] : this.#factHosts(scope);
    for (const host of hosts) {
      const state = this.#run.variables.state(host);
      switch (builtinName(module.name)) {
        case "set_fact":
          for (const [key, value] of facts) {
            state.set.set(str(key), value);
          }
          if (truth(result.get("_ansible_facts_cacheable") ?? false)) state.addFacts(facts);
          break;
        case "include_vars":
          for (const [key, value] of facts) state.included.set(str(key), value);
          break;
        default:
          state.addFacts(facts);
      }
    }
    result.delete("_ansible_facts_cacheable");
  }

  /** With `run_once` what is learnt counts for all hosts of the batch. */
  #factHosts(scope: Scope): Host[] {
    if (!(flagKeyword(scope, this.#task, "run_once") ?? false)) return [this.#hostRun.host];
    const { inventory } = this.#run.options;
    return this.#play.hosts.batch().flatMap((name) => inventory.find(name) ?? []);
  }

  async #perform(
    scope: Scope,
    module: LoadedModule,
    target: Target,
    label: string | undefined,
    attempt: number,
  ): Promise<{ result: Dict; step: Step | undefined }> {
    const task = this.#task;
    const given = templatedArguments(scope, task, module.name);
    if (module.name === "ansible.builtin.async_status") {
      const result = asyncStatus(this.#run.jobs, target.host.name, given);
      return { result, step: undefined };
    }
    const warnings: string[] = [];
    const args = validateArguments(
      module.module.spec,
      withFreeForm(given, module.module.spec, task),
      {
        name: task.action,
        warn: (message) => warnings.push(message),
      },
    );
    const checkMode = flagKeyword(scope, task, "check_mode") ?? this.#run.options.check ?? false;
    if (checkMode && module.module.spec.checkMode === "skip") {
      const name = task.action.slice(task.action.lastIndexOf(".") + 1);
      return {
        result: new Dict([
          ["changed", false],
          ["skipped", true],
          ["msg", `remote module (${name}) does not support check mode`],
        ]),
        step: undefined,
      };
    }
    const deprecations: string[] = [];
    const deferred: [string, string][] = [];
    const seconds = this.#timeLimit(scope);
    const asyncSeconds = intKeyword(scope, task, "async") ?? 0;
    const limit = asyncSeconds > 0 ? asyncSeconds : seconds;
    const environment = environmentOf(scope, task);
    const diffMode = flagKeyword(scope, task, "diff") ?? this.#run.options.diff ?? false;
    const background = asyncSeconds > 0 && (intKeyword(scope, task, "poll") ?? -1) === 0;
    const inBackground = background && this.#run.options.target !== "image";
    const place: Target = inBackground
      ? { ...target, request: { ...target.request, host: target.request.host } }
      : target;
    const context = stepContext({
      run: this.#run,
      scope,
      task,
      info: this.#info,
      target: place,
      environment,
      checkMode,
      diffMode,
      deadline: limit > 0 ? Date.now() + limit * 1000 : undefined,
      warnings,
      deprecations,
      deferred,
      separate: inBackground,
    });
    const step: Step = {
      module,
      args,
      context,
      host: this.#hostRun.host.name,
      name: this.#info.name,
      taskId: task.id,
      role: task.role?.name,
      play: this.#play.hosts.name,
      position: task.position,
      tags: this.#info.tags,
      noLog: this.#isHidden(scope),
      delegated: target.delegated,
      become: target.become,
      environment,
      checkMode,
      diffMode,
      async: asyncSeconds,
      attempt,
      itemLabel: label,
      deferred: () => deferred,
    };
    const work = this.#execute(step, limit, asyncSeconds > 0);
    if (background)
      return { result: await this.#startJob(target, work, inBackground), step: undefined };
    const result = await work;
    if (asyncSeconds > 0) {
      result.set("ansible_job_id", this.#run.jobs.start(target.host.name, Promise.resolve(result)));
      result.set("started", 1).set("finished", 1);
    }
    this.#tell(warnings, deprecations, result);
    return { result: this.#withoutSecrets(module, given, result), step };
  }

  async #startJob(target: Target, work: Promise<Dict>, inBackground: boolean): Promise<Dict> {
    const job = this.#run.jobs.start(
      target.host.name,
      inBackground ? work : Promise.resolve(await work),
    );
    return new Dict([
      ["ansible_job_id", job],
      ["started", 1],
      ["finished", 0],
      ["changed", true],
      ["results_file", `~/.ansible_async/${job}`],
    ]);
  }

  /** Seconds that the task may take; 0 is no limit. */
  #timeLimit(scope: Scope): number {
    return (
      intKeyword(scope, this.#task, "timeout") ??
      this.#run.options.settings.number("TASK_TIMEOUT") ??
      0
    );
  }

  async #execute(step: Step, seconds: number, isAsync: boolean): Promise<Dict> {
    try {
      const trusted = builtinName(step.module.name) === "include_vars";
      return resultOf(await this.#run.runner.run(step), trusted);
    } catch (error) {
      if (this.#run.options.signal.aborted) throw error;
      if (error instanceof ConnectionTimeout && seconds > 0) {
        return isAsync
          ? failure(`async task did not complete within the requested time - ${seconds}s`)
          : failure(
              `The ${step.module.name.slice(step.module.name.lastIndexOf(".") + 1)} action failed to execute in the expected time frame (${seconds}) and was terminated`,
              [
                ["changed", false],
                ["timedout", fromJson({ period: seconds })],
              ],
            );
      }
      return this.#failed(error);
    }
  }

  #tell(warnings: readonly string[], deprecations: readonly string[], result: Dict): void {
    const { events } = this.#run.options;
    const listed = result.get("warnings");
    const own = Array.isArray(listed) ? listed.map((item) => str(item)) : [];
    const all = [...new Set([...own, ...warnings])];
    for (const message of all) events.warn(message, this.#task.position);
    for (const message of deprecations) events.deprecate(message, this.#task.position);
    if (all.length > 0) result.set("warnings", all);
    if (deprecations.length > 0) result.set("deprecations", [...deprecations]);
  }

  /** Values of secret options, and all that was declared a secret, are replaced. */
  #withoutSecrets(module: LoadedModule, given: Dict, result: Dict): Dict {
    const secrets = [...this.#run.secrets];
    for (const name of secretOptions(module.module.spec)) {
      const text = textOf(given.get(name));
      if (text !== undefined && text.length > 2) secrets.push(text);
    }
    return secrets.length === 0 ? result : (masked(result, secrets) as Dict);
  }

  /** The result of something that was thrown. */
  #failed(error: unknown): Dict {
    if (error instanceof ConnectionError) {
      return new Dict([
        ["changed", false],
        ["msg", untrusted(withHint(error))],
        ["unreachable", true],
      ]);
    }
    if (error instanceof ConditionError) return failure(error.message);
    if (error instanceof UndefinedError) {
      return failure(
        `The task includes an option with an undefined variable. The error was: ${withHint(error)}${placeOf(error)}`,
      );
    }
    if (error instanceof LayerbookError) {
      return failure(`${withHint(error)}${placeOf(error)}`, [["changed", false]]);
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    return failure(`MODULE FAILURE: ${messageOf(error)}`, [
      ["changed", false],
      ["exception", untrusted(text)],
    ]);
  }

  async #sleep(seconds: number): Promise<void> {
    await sleep(seconds * 1000, undefined, { signal: this.#run.options.signal });
  }
}

function withHint(error: LayerbookError): string {
  return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
}

/** A condition that cannot be evaluated. */
class ConditionError extends LayerbookError {
  constructor(condition: Value, cause: unknown) {
    super(conditionMessage(condition, cause), { cause });
  }
}

function conditionMessage(condition: Value, cause: unknown): string {
  const said = cause instanceof LayerbookError ? withHint(cause) : messageOf(cause);
  return `The conditional check '${str(condition)}' failed. The error was: ${said}`;
}

function conditions(value: Value): readonly Value[] {
  return Array.isArray(value) ? value : [value];
}

function skipped(): Dict {
  return new Dict([
    ["changed", false],
    ["skipped", true],
    ["skip_reason", "Conditional result was False"],
  ]);
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

/** The result of a loop from those of its items. */
function summary(results: Value[]): Dict {
  const dicts = results.filter((item) => item instanceof Dict);
  const any = (key: string) => dicts.some((item) => flag(item, key));
  const result = new Dict([["results", results]]);
  const failed = any("failed");
  const allSkipped = dicts.every((item) => flag(item, "skipped"));
  result.set("changed", any("changed"));
  result.set("skipped", allSkipped);
  if (any("unreachable")) result.set("unreachable", true);
  if (failed) result.set("failed", true);
  result.set(
    "msg",
    failed ? "One or more items failed" : allSkipped ? "All items skipped" : "All items completed",
  );
  return result;
}

/** Where in a template file the cause stands; that of a task is shown with the task. */
function placeOf(error: LayerbookError): string {
  const place = error.position;
  return place && !/\.ya?ml$/.test(place.file)
    ? ` (${place.file}:${place.line}:${place.column})`
    : "";
}
