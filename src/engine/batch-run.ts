/** One batch of hosts going through one play. */
import { LayerbookError, messageOf } from "../errors/index.ts";
import { builtinName, isMeta } from "../playbook/actions.ts";
import type { Task } from "../playbook/node.ts";
import { textOf } from "../values/model.ts";
import { str } from "../values/python.ts";
import { Batch, type BatchOptions } from "./batch.ts";
import { judgeBatch } from "./batch-verdict.ts";
import { bringIncludes } from "./bring-includes.ts";
import type { TaskInfo } from "./events.ts";
import { Handlers } from "./handlers.ts";
import { outcomeOf, tellResult } from "./host-results.ts";
import type { HostRun } from "./host-run.ts";
import { flagKeyword, intKeyword, wordsOf } from "./keyword-values.ts";
import { runMeta } from "./meta-tasks.ts";
import { registrable, statusOf } from "./results.ts";
import { Gate, type RunTogether, type Strategy, type ThrottleOf } from "./strategies.ts";
import { taskInfo } from "./task-info.ts";
import type { TaskReport } from "./task-report.ts";
import { TaskRunner } from "./task-run.ts";
import {
  type Flow,
  type Place,
  type TaskOutcome,
  type Walker,
  walkParts,
  walkTask,
} from "./walk.ts";

const ONCE_FOR_ALL = new Set(["add_host", "pause"]);

export class BatchRun implements Walker {
  readonly batch: Batch;
  readonly #tasks: TaskRunner;
  readonly #handlers: Handlers;
  #strategy: Strategy | undefined;
  #stepping: boolean;

  constructor(options: BatchOptions) {
    this.batch = new Batch(options);
    this.#tasks = new TaskRunner(options.run);
    this.#stepping = options.run.options.confirmTask !== undefined;
    this.#handlers = new Handlers(options.play, (handler) => this.#handlerName(handler));
  }

  async walk(
    makeStrategy: (runTogether: RunTogether, throttleOf: ThrottleOf) => Strategy,
  ): Promise<void> {
    const strategy = makeStrategy(
      (task, hostRuns) => this.#runTogether(task, hostRuns),
      (task, hostRun) => this.#throttleOf(task, hostRun),
    );
    this.#strategy = strategy;
    const walks = this.batch.hostRuns.map((hostRun) =>
      strategy.start(hostRun, () => this.#walkHost(hostRun)),
    );
    const settled = await Promise.allSettled(walks);
    for (const walk of settled) if (walk.status === "rejected") throw walk.reason;
  }

  async #walkHost(hostRun: HostRun): Promise<void> {
    for (const [index, section] of this.batch.options.sections.entries()) {
      if (section.leavesOut?.(hostRun.host)) continue;
      let flow = await walkParts(this, hostRun, section.parts, [index, 0]);
      if (flow === "end-role") flow = "ok";
      if (flow === "failed" && this.batch.options.forceHandlers)
        await this.flush(hostRun, [index, 1]);
      if (flow === "ok" && section.flush) flow = await this.flush(hostRun, [index, 1]);
      if (flow === "failed" && hostRun.isRunning) {
        hostRun.flow = "failed";
        hostRun.forgiven = false;
      }
      if (flow !== "ok") return;
    }
  }

  async turn(hostRun: HostRun, task: Task, place: Place): Promise<TaskOutcome> {
    if (!this.#strategy) throw new Error("a turn before the walk");
    if (this.batch.playEnded || !hostRun.isRunning) return { kind: "out" };
    const outcome = await this.#strategy.turn(hostRun, task, place);
    if (outcome.kind !== "out" || hostRun.flow !== "unreachable") return outcome;
    if (!(await this.#strategy.park(hostRun))) return outcome;
    hostRun.flow = "running";
    return { kind: "ok" };
  }

  isChosen(task: Task): boolean {
    return (
      !this.batch.options.leftOut.has(task) &&
      (task.isHandler || this.batch.options.tags.chooses(this.#tagsOf(task)))
    );
  }

  readonly #tagSets = new Map<Task, ReadonlySet<string>>();

  #tagsOf(task: Task): ReadonlySet<string> {
    let tags = this.#tagSets.get(task);
    if (!tags) {
      const raw = task.effective("tags");
      const first = this.batch.hostRuns[0];
      const needsTemplate = JSON.stringify(wordsOf(raw)).includes("{{");
      const value =
        needsTemplate && first && raw !== undefined
          ? this.batch.scope(first, task).templar.template(raw)
          : raw;
      tags = new Set(wordsOf(value));
      this.#tagSets.set(task, tags);
    }
    return tags;
  }

  async flush(hostRun: HostRun, place: Place): Promise<Flow> {
    // Of handlers of the same name, the one that was defined last runs: roles may have come in since.
    for (const name of hostRun.notifications) this.#awaken(hostRun, name);
    hostRun.notifications.clear();
    // Handlers of included roles join while handlers run.
    for (let index = 0; index < this.#handlers.all.length; index++) {
      const handler = this.#handlers.all[index];
      if (!handler || !hostRun.notified.has(handler)) continue;
      const flow = await walkTask(this, hostRun, handler, [...place, index]);
      if (flow !== "ok") return flow;
    }
    return "ok";
  }

  #handlerName(handler: Task): string {
    const name = handler.name ?? handler.action;
    const first = this.batch.hostRuns[0];
    if (!first || !name.includes("{{")) return name;
    try {
      return str(this.batch.scope(first, handler).templar.template(name));
    } catch (error) {
      // Named by a fact that is not there yet; it can still be reached by `listen`.
      if (handler.own("listen") === undefined) {
        this.batch.run.options.events.warn(
          `Handler '${name}' is unusable because it has no listen topics and the name could not be templated (host-specific variables are not supported in handler names). The error: ${messageOf(error)}`,
          handler.position,
        );
      }
      return name;
    }
  }

  async #runTogether(
    task: Task,
    hostRuns: readonly HostRun[],
  ): Promise<ReadonlyMap<HostRun, TaskOutcome>> {
    const { run } = this.batch;
    run.options.signal.throwIfAborted();
    const first = hostRuns[0];
    if (!first) return new Map();
    for (const hostRun of hostRuns) hostRun.notified.delete(task);
    const scope = this.batch.scope(first, task);
    const info = taskInfo(run, scope, task, this.#tagsOf(task));
    if (isMeta(task.action)) {
      const outcomes = await runMeta(this.batch, task, info, hostRuns);
      if (this.batch.forgiven) {
        this.batch.forgiven = false;
        this.#strategy?.forgive();
      }
      return outcomes;
    }
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
    const ask = this.batch.run.options.confirmTask;
    if (!ask || !this.#stepping) return true;
    const answer = await ask(info.role ? `${info.role} : ${info.name}` : info.name);
    if (answer === "continue") this.#stepping = false;
    return answer !== "no";
  }

  #isOnce(task: Task, first: HostRun): boolean {
    if (ONCE_FOR_ALL.has(builtinName(task.action) ?? "")) return true;
    try {
      return flagKeyword(this.batch.scope(first, task), task, "run_once") ?? false;
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
    const { run, scopePlay } = this.batch;
    const { forks } = this.batch.options;
    const reports = new Map<HostRun, TaskReport>();
    const one = async (hostRun: HostRun) => {
      run.options.events.emit({ type: "host-start", task: info, host: hostRun.host.name });
      const report = await this.#tasks.run(scopePlay, hostRun, task, info);
      // A handler that there is not ends the run before the result is told.
      for (const name of report.notify) this.#find(name);
      reports.set(hostRun, report);
      tellResult(this.batch, task, info, hostRun, report);
    };
    if (hostRuns.length === 1 && hostRuns[0]) {
      await one(hostRuns[0]);
      return reports;
    }
    const throttle = hostRuns[0] ? this.#throttleOf(task, hostRuns[0]) : 0;
    const gate = new Gate(Math.max(1, Math.min(forks, throttle || forks)));
    const settled = await Promise.allSettled(
      hostRuns.map((hostRun) => gate.pass(() => one(hostRun))),
    );
    for (const item of settled) if (item.status === "rejected") throw item.reason;
    return reports;
  }

  #throttleOf(task: Task, hostRun: HostRun): number {
    return intKeyword(this.batch.scope(hostRun, task), task, "throttle") ?? 0;
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
      const status = statusOf(report.result);
      if (isOwn && task.role && status !== "skipped" && status !== "unreachable") {
        hostRun.startedRoles.add(task.role);
      }
      if (!isOwn) this.#share(task, hostRun, report);
      // With run_once it is the host that ran the task which notifies.
      if (isOwn) this.#notify(task, hostRun, report);
      outcomes.set(hostRun, outcomeOf(this.batch, task, hostRun, report));
    }
    bringIncludes(this.batch, task, info, hostRuns, reports, shared, outcomes);
    judgeBatch(this.batch, task, hostRuns, outcomes, once);
    return outcomes;
  }

  /** What `run_once` found out counts for the others too. */
  #share(task: Task, hostRun: HostRun, report: TaskReport): void {
    const name = textOf(task.own("register"));
    if (name !== undefined) {
      this.batch.run.variables.state(hostRun.host).set.set(name, registrable(report.result));
    }
  }

  #notify(task: Task, hostRun: HostRun, report: TaskReport): void {
    for (const name of report.notify) {
      if (task.isHandler) this.#awaken(hostRun, name);
      else hostRun.notifications.add(name);
    }
  }

  #awaken(hostRun: HostRun, name: string): void {
    for (const handler of this.#find(name)) {
      if (hostRun.notified.has(handler)) continue;
      hostRun.notified.add(handler);
      this.batch.run.options.events.emit({
        type: "notified",
        host: hostRun.host.name,
        handler: handler.title(true),
      });
    }
  }

  #find(name: string): readonly Task[] {
    try {
      return this.#handlers.find(name);
    } catch (error) {
      const { settings, events } = this.batch.run.options;
      if (settings.bool("ERROR_ON_MISSING_HANDLER") || !(error instanceof LayerbookError)) {
        throw error;
      }
      events.warn(error.message);
      return [];
    }
  }
}
