/** One batch of hosts going through one play. */
import { LayerbookError } from "../errors/index.ts";
import { builtinName, includeKind, isMeta } from "../playbook/actions.ts";
import type { Part, Play, Task } from "../playbook/node.ts";
import { type Dict, textOf, type Value } from "../values/model.ts";
import { fromJson, str } from "../values/python.ts";
import { applyControlResult } from "./control-results.ts";
import type { TaskInfo } from "./events.ts";
import { Handlers } from "./handlers.ts";
import type { HostRun } from "./host-run.ts";
import { includeIdentity, loadInclude } from "./includes.ts";
import { flagKeyword, intKeyword, wordsOf } from "./keyword-values.ts";
import { checkParts } from "./preflight.ts";
import { censored, failure, flag, statusOf } from "./results.ts";
import type { RunState, ScopePlay } from "./run-state.ts";
import type { RunTogether, Strategy } from "./strategies.ts";
import { Gate } from "./strategies.ts";
import type { TagSelection } from "./tags.ts";
import { targetOf } from "./target.ts";
import { taskInfo } from "./task-info.ts";
import { type TaskReport, TaskRunner } from "./task-run.ts";
import {
  type Flow,
  type Place,
  type TaskOutcome,
  type Walker,
  walkParts,
  walkTask,
} from "./walk.ts";

export interface BatchOptions {
  readonly run: RunState;
  readonly play: Play;
  readonly scopePlay: ScopePlay;
  readonly hostRuns: readonly HostRun[];
  readonly tags: TagSelection;
  /** Tasks before `--start-at-task`. */
  readonly leftOut: ReadonlySet<Task>;
  readonly forks: number;
  readonly anyErrorsFatal: boolean;
  /** Percent of the batch that may fail. */
  readonly maxFailPercentage: number | undefined;
  readonly forceHandlers: boolean;
  /** Sections of the play in order. */
  readonly sections: readonly Section[];
}

/** Tasks that are followed by a flush of handlers, or are the gathering of facts. */
export interface Section {
  readonly parts: readonly Part[];
  readonly flush: boolean;
}

const ONCE_FOR_ALL = new Set(["add_host", "pause"]);

export class BatchRun implements Walker {
  readonly #o: BatchOptions;
  readonly #tasks: TaskRunner;
  readonly #handlers: Handlers;
  #strategy: Strategy | undefined;
  /** The whole play is to end. */
  playEnded = false;
  /** Too many hosts failed, or `any_errors_fatal`. */
  aborted = false;
  #stepping: boolean;

  constructor(options: BatchOptions) {
    this.#o = options;
    this.#tasks = new TaskRunner(options.run);
    this.#stepping = options.run.options.confirmTask !== undefined;
    this.#handlers = new Handlers(options.play, (handler) => this.#handlerName(handler));
  }

  async walk(makeStrategy: (runTogether: RunTogether) => Strategy): Promise<void> {
    const strategy = makeStrategy((task, hostRuns) => this.#runTogether(task, hostRuns));
    this.#strategy = strategy;
    const walks = this.#o.hostRuns.map((hostRun) =>
      strategy.start(hostRun, () => this.#walkHost(hostRun)),
    );
    const settled = await Promise.allSettled(walks);
    for (const walk of settled) if (walk.status === "rejected") throw walk.reason;
  }

  async #walkHost(hostRun: HostRun): Promise<void> {
    for (const [index, section] of this.#o.sections.entries()) {
      let flow = await walkParts(this, hostRun, section.parts, [index, 0]);
      if (flow === "end-role") flow = "ok";
      if (flow === "failed" && this.#o.forceHandlers) await this.flush(hostRun, [index, 1]);
      if (flow === "ok" && section.flush) flow = await this.flush(hostRun, [index, 1]);
      if (flow === "failed" && hostRun.isRunning) hostRun.flow = "failed";
      if (flow !== "ok") return;
    }
  }

  turn(hostRun: HostRun, task: Task, place: Place): Promise<TaskOutcome> {
    if (!this.#strategy) throw new Error("a turn before the walk");
    if (this.playEnded || !hostRun.isRunning) return Promise.resolve({ kind: "out" });
    return this.#strategy.turn(hostRun, task, place);
  }

  isChosen(task: Task): boolean {
    return (
      !this.#o.leftOut.has(task) && (task.isHandler || this.#o.tags.chooses(this.#tagsOf(task)))
    );
  }

  readonly #tagSets = new Map<Task, ReadonlySet<string>>();

  #tagsOf(task: Task): ReadonlySet<string> {
    let tags = this.#tagSets.get(task);
    if (!tags) {
      const raw = task.effective("tags");
      const first = this.#o.hostRuns[0];
      const needsTemplate = JSON.stringify(wordsOf(raw)).includes("{{");
      const value =
        needsTemplate && first && raw !== undefined
          ? this.#scope(first, task).templar.template(raw)
          : raw;
      tags = new Set(wordsOf(value));
      this.#tagSets.set(task, tags);
    }
    return tags;
  }

  rescued(hostRun: HostRun): void {
    const { set } = this.#o.run.variables.state(hostRun.host);
    set.delete("ansible_failed_task");
    set.delete("ansible_failed_result");
  }

  async flush(hostRun: HostRun, place: Place): Promise<Flow> {
    // Handlers of included roles join while handlers run.
    for (let index = 0; index < this.#handlers.all.length; index++) {
      const handler = this.#handlers.all[index];
      if (!handler || !hostRun.notified.has(handler)) continue;
      const flow = await walkTask(this, hostRun, handler, [...place, index]);
      if (flow !== "ok") return flow;
    }
    return "ok";
  }

  #scope(hostRun: HostRun, task: Task) {
    return this.#o.run.scope(hostRun.host, this.#o.scopePlay, task);
  }

  #handlerName(handler: Task): string {
    const name = handler.name ?? handler.action;
    const first = this.#o.hostRuns[0];
    if (!first || !name.includes("{{")) return name;
    try {
      return str(this.#scope(first, handler).templar.template(name));
    } catch {
      // Named by a fact that is not there yet; it can still be reached by `listen`.
      return name;
    }
  }

  async #runTogether(
    task: Task,
    hostRuns: readonly HostRun[],
  ): Promise<ReadonlyMap<HostRun, TaskOutcome>> {
    const { run } = this.#o;
    run.options.signal.throwIfAborted();
    const first = hostRuns[0];
    if (!first) return new Map();
    for (const hostRun of hostRuns) hostRun.notified.delete(task);
    if (isMeta(task.action)) return this.#runMeta(task, hostRuns);
    const scope = this.#scope(first, task);
    const info = taskInfo(run, scope, task, this.#tagsOf(task));
    if (!(await this.#isConfirmed(info))) return new Map();
    const once = this.#isOnce(task, first);
    const acting = once ? [first] : hostRuns;
    run.options.events.emit({
      type: "task-start",
      task: info,
      hosts: acting.map((hostRun) => hostRun.host.name),
    });
    const reports = await this.#runOnHosts(task, info, acting);
    return this.#conclude(task, info, hostRuns, reports, once);
  }

  async #isConfirmed(info: TaskInfo): Promise<boolean> {
    const ask = this.#o.run.options.confirmTask;
    if (!ask || !this.#stepping) return true;
    const answer = await ask(info.role ? `${info.role} : ${info.name}` : info.name);
    if (answer === "continue") this.#stepping = false;
    return answer !== "no";
  }

  #isOnce(task: Task, first: HostRun): boolean {
    if (ONCE_FOR_ALL.has(builtinName(task.action) ?? "")) return true;
    try {
      return flagKeyword(this.#scope(first, task), task, "run_once") ?? false;
    } catch {
      // The task itself fails with the reason.
      return false;
    }
  }

  async #runOnHosts(
    task: Task,
    info: TaskInfo,
    hostRuns: readonly HostRun[],
  ): Promise<Map<HostRun, TaskReport>> {
    const { run, scopePlay, forks } = this.#o;
    const reports = new Map<HostRun, TaskReport>();
    const one = async (hostRun: HostRun) => {
      run.options.events.emit({ type: "host-start", task: info, host: hostRun.host.name });
      const report = await this.#tasks.run(scopePlay, hostRun, task, info);
      reports.set(hostRun, report);
      this.#tell(task, info, hostRun, report);
    };
    if (hostRuns.length === 1 && hostRuns[0]) {
      await one(hostRuns[0]);
      return reports;
    }
    const throttle = hostRuns[0] ? intKeyword(this.#scope(hostRuns[0], task), task, "throttle") : 0;
    const gate = new Gate(Math.max(1, Math.min(forks, throttle || forks)));
    const settled = await Promise.allSettled(
      hostRuns.map((hostRun) => gate.pass(() => one(hostRun))),
    );
    for (const item of settled) if (item.status === "rejected") throw item.reason;
    return reports;
  }

  /** Counts and reports a result. */
  #tell(task: Task, info: TaskInfo, hostRun: HostRun, report: TaskReport): void {
    const { run } = this.#o;
    const { result, ignored } = report;
    const status = statusOf(result);
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
    if (includeKind(task.action) !== undefined && status === "ok") return;
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
      showAlways: report.showAlways,
    });
  }

  async #conclude(
    task: Task,
    info: TaskInfo,
    hostRuns: readonly HostRun[],
    reports: ReadonlyMap<HostRun, TaskReport>,
    once: boolean,
  ): Promise<ReadonlyMap<HostRun, TaskOutcome>> {
    const outcomes = new Map<HostRun, TaskOutcome>();
    const shared = once ? [...reports.values()][0] : undefined;
    for (const hostRun of hostRuns) {
      const report = reports.get(hostRun) ?? shared;
      if (!report) continue;
      const isOwn = reports.has(hostRun);
      if (!isOwn) this.#share(task, hostRun, report);
      this.#notify(hostRun, report);
      if (isOwn) applyControlResult(this.#o.run, report.result, hostRun.host);
      outcomes.set(hostRun, this.#outcome(task, hostRun, report));
    }
    this.#bringIncludes(task, info, hostRuns, reports, shared, outcomes);
    this.#judgeBatch(task, hostRuns, outcomes, once);
    return outcomes;
  }

  /** What `run_once` found out counts for the others too. */
  #share(task: Task, hostRun: HostRun, report: TaskReport): void {
    const name = textOf(task.own("register"));
    if (name !== undefined) {
      this.#o.run.variables.state(hostRun.host).set.set(name, report.result);
    }
  }

  #notify(hostRun: HostRun, report: TaskReport): void {
    const { run } = this.#o;
    for (const name of report.notify) {
      for (const handler of this.#find(name)) {
        hostRun.notified.add(handler);
        run.options.events.emit({
          type: "notified",
          host: hostRun.host.name,
          handler: handler.title(true),
        });
      }
    }
  }

  #find(name: string): readonly Task[] {
    try {
      return this.#handlers.find(name);
    } catch (error) {
      const { settings, events } = this.#o.run.options;
      if (settings.bool("ERROR_ON_MISSING_HANDLER") || !(error instanceof LayerbookError)) {
        throw error;
      }
      events.warn(error.message);
      return [];
    }
  }

  #outcome(task: Task, hostRun: HostRun, report: TaskReport): TaskOutcome {
    const { run } = this.#o;
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

  #bringIncludes(
    task: Task,
    info: TaskInfo,
    hostRuns: readonly HostRun[],
    reports: ReadonlyMap<HostRun, TaskReport>,
    shared: TaskReport | undefined,
    outcomes: Map<HostRun, TaskOutcome>,
  ): void {
    if (includeKind(task.action) === undefined) return;
    const groups = new Map<
      string,
      { parts: readonly Part[]; hosts: string[]; what: string; label: string | undefined }
    >();
    const failed = new Map<string, unknown>();
    for (const hostRun of hostRuns) {
      const report = reports.get(hostRun) ?? shared;
      const parts: Part[] = [];
      for (const request of report?.includes ?? []) {
        const key = includeIdentity(task, request);
        let group = groups.get(key);
        if (!group && !failed.has(key)) {
          try {
            const included = loadInclude(this.#o.run, task, request);
            checkParts(included.parts);
            group = { parts: included.parts, hosts: [], what: included.what, label: request.label };
            groups.set(key, group);
          } catch (error) {
            failed.set(key, error);
          }
        }
        if (!group) {
          outcomes.set(hostRun, this.#failInclude(task, info, hostRun, failed.get(key)));
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
      this.#o.run.options.events.emit({
        type: "included",
        file: group.what,
        hosts: group.hosts,
        task: info,
        label: group.label,
      });
    }
  }

  #failInclude(task: Task, info: TaskInfo, hostRun: HostRun, error: unknown): TaskOutcome {
    if (!(error instanceof LayerbookError)) throw error;
    const message = error.hint ? `${error.message}. ${error.hint}` : error.message;
    const result = failure(message, [["reason", message]]);
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
    this.#o.run.statsOf(hostRun.host.name).ok -= 1;
    this.#tell(task, info, hostRun, report);
    return this.#outcome(task, hostRun, report);
  }

  /** `any_errors_fatal`, `run_once` and `max_fail_percentage`. */
  #judgeBatch(
    task: Task,
    hostRuns: readonly HostRun[],
    outcomes: Map<HostRun, TaskOutcome>,
    once: boolean,
  ): void {
    const bad = hostRuns.filter((h) => ["failed", "out"].includes(outcomes.get(h)?.kind ?? "ok"));
    const first = bad[0];
    if (!first) return;
    if (once || this.#isFatal(task, first)) {
      for (const hostRun of hostRuns) {
        if (outcomes.get(hostRun)?.kind === "ok") outcomes.set(hostRun, { kind: "failed" });
      }
      this.aborted = true;
    }
    const { maxFailPercentage } = this.#o;
    if (maxFailPercentage === undefined) return;
    const all = this.#o.hostRuns;
    const lost = all.filter(
      (h) => !h.isRunning || (outcomes.get(h)?.kind === "failed" && h.rescueDepth === 0),
    );
    if ((lost.length / all.length) * 100 > maxFailPercentage) {
      this.aborted = true;
      this.playEnded = true;
      for (const hostRun of hostRuns) {
        if (outcomes.get(hostRun)?.kind === "ok") outcomes.set(hostRun, { kind: "out" });
      }
    }
  }

  #isFatal(task: Task, hostRun: HostRun): boolean {
    if (this.#o.anyErrorsFatal) return true;
    return flagKeyword(this.#scope(hostRun, task), task, "any_errors_fatal") ?? false;
  }

  async #runMeta(
    task: Task,
    hostRuns: readonly HostRun[],
  ): Promise<ReadonlyMap<HostRun, TaskOutcome>> {
    const what = str(task.args.get("_raw_params") ?? "");
    const outcomes = new Map<HostRun, TaskOutcome>();
    for (const hostRun of hostRuns) {
      const scope = this.#scope(hostRun, task);
      const when = task.effective("when");
      const conditions = when === undefined ? [] : Array.isArray(when) ? when : [when];
      if (!conditions.every((condition) => scope.templar.condition(condition))) continue;
      outcomes.set(hostRun, await this.#metaOn(what, task, hostRun));
    }
    return outcomes;
  }

  async #metaOn(what: string, task: Task, hostRun: HostRun): Promise<TaskOutcome> {
    const { run, scopePlay } = this.#o;
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
        return { kind: "ok" };
      case "end_host":
        hostRun.flow = "ended";
        return { kind: "out" };
      case "end_batch":
      case "end_play":
        for (const other of this.#o.hostRuns) if (other.isRunning) other.flow = "ended";
        if (what === "end_play") this.playEnded = true;
        return { kind: "out" };
      case "end_role":
        return { kind: "end-role" };
      case "reset_connection": {
        await run.pool.reset(
          targetOf(run, scopePlay, this.#scope(hostRun, task), task, undefined).request,
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
}

/** `ansible_failed_task`: what a rescue can ask of the task that failed. */
function describeTask(task: Task): Dict {
  const dict = fromJson({ name: task.title(false), action: task.action, args: null }) as Dict;
  dict.set("args", task.args as Value);
  const { position } = task;
  if (position) dict.set("path", `${position.file}:${position.line}`);
  return dict;
}
