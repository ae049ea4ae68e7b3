/** What listeners are told about a task. */
import { builtinName, includeKind, isMeta } from "../playbook/actions.ts";
import type { Task } from "../playbook/node.ts";
import { textOf, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import type { TaskInfo } from "./events.ts";
import { flagKeyword } from "./keyword-values.ts";
import type { RunState, Scope } from "./run-state.ts";

/** The task's name, templated; as written where it cannot be. */
export function taskName(scope: Scope, task: Task): string {
  const written = task.name;
  if (written === undefined) {
    if (includeKind(task.action) === "include_role") {
      const role = task.args.get("name") ?? task.args.get("role");
      if (role !== undefined) return `${task.action} : ${templated(scope, role)}`;
    }
    return task.action;
  }
  return templated(scope, written);
}

function templated(scope: Scope, value: Value): string {
  const text = textOf(value);
  if (text !== undefined && !text.includes("{")) return text;
  try {
    return str(scope.templar.template(value));
  } catch {
    return str(value);
  }
}

export function taskInfo(
  run: RunState,
  scope: Scope,
  task: Task,
  tags: ReadonlySet<string>,
): TaskInfo {
  const flag = (name: string, fallback: boolean) => {
    try {
      return flagKeyword(scope, task, name) ?? fallback;
    } catch {
      return fallback;
    }
  };
  return {
    id: task.id,
    name: taskName(scope, task),
    // The title of an included role names the role that it brings, not the one that it stands in.
    role: includeKind(task.action) === "include_role" ? undefined : task.role?.name,
    action: task.action.includes("{{") ? templated(scope, task.action) : task.action,
    kind: kindOf(task),
    position: task.position,
    tags: [...tags],
    checkMode: flag("check_mode", run.options.check ?? false),
    diffMode: flag("diff", run.options.diff ?? false),
    noLog: flag("no_log", run.options.settings.bool("DEFAULT_NO_LOG")),
    args: task.args,
  };
}

function kindOf(task: Task): TaskInfo["kind"] {
  if (task.isHandler) return "handler";
  if (isMeta(task.action)) return "meta";
  return isGathering(task) ? "facts" : "task";
}

/** The implicit task that gathers facts has no place in a file. */
export function isGathering(task: Task): boolean {
  return task.position === undefined && builtinName(task.action) === "setup";
}
