/** One task on one host: what its parts need of each other. */

import type { Task } from "../playbook/node.ts";
import type { Dict, Value } from "../values/model.ts";
import { textOf } from "../values/model.ts";
import type { TaskInfo } from "./events.ts";
import type { HostRun } from "./host-run.ts";
import { flagKeyword } from "./keyword-values.ts";
import { registrable, statusOf } from "./results.ts";
import type { RunState, Scope, ScopePlay } from "./run-state.ts";

export class HostTask {
  readonly run: RunState;
  readonly play: ScopePlay;
  readonly hostRun: HostRun;
  readonly task: Task;
  readonly info: TaskInfo;

  constructor(run: RunState, play: ScopePlay, hostRun: HostRun, task: Task, info: TaskInfo) {
    this.run = run;
    this.play = play;
    this.hostRun = hostRun;
    this.task = task;
    this.info = info;
  }

  /** @param temporary loop variables and the like, on top of all others */
  scope(temporary: readonly ReadonlyMap<string, Value>[] = []): Scope {
    return this.run.scope(this.hostRun.host, this.play, this.task, temporary);
  }

  /** Does the play go on as if it had not failed? */
  isIgnored(scope: Scope, result: Dict): boolean {
    const status = statusOf(result);
    if (status === "failed") return flagKeyword(scope, this.task, "ignore_errors") ?? false;
    if (status !== "unreachable") return false;
    return flagKeyword(scope, this.task, "ignore_unreachable") ?? false;
  }

  /** `no_log`. */
  isHidden(scope: Scope): boolean {
    try {
      return (
        flagKeyword(scope, this.task, "no_log") ?? this.run.options.settings.bool("DEFAULT_NO_LOG")
      );
    } catch {
      // Rather too little shown than a secret.
      return true;
    }
  }

  /** The result as the variable that `register` names. */
  registered(result: Dict): Map<string, Value> {
    const name = textOf(this.task.own("register"));
    return new Map(name === undefined ? [] : [[name, registrable(result)]]);
  }

  /** Keeps the result for later tasks. */
  register(result: Dict): void {
    const name = textOf(this.task.own("register"));
    if (name === undefined) return;
    this.run.variables.state(this.hostRun.host).set.set(name, registrable(result));
  }
}

/** A list of conditions; one stands for a list of one. */
export function conditions(value: Value): readonly Value[] {
  return Array.isArray(value) ? value : [value];
}
