/** Dynamic includes: the tasks that `include_tasks` and `include_role` bring while a play runs. */
import { resolve } from "node:path";
import { LayerbookError } from "../errors/index.ts";
import { includeKind } from "../playbook/actions.ts";
import { checkVariableNames, readAttributes } from "../playbook/attributes.ts";
import { isFile } from "../playbook/loader.ts";
import { Block, type Node, type Part, Task } from "../playbook/node.ts";
import { loadRole, readRoleArguments } from "../playbook/parse-role.ts";
import { loadTaskFile, taskFileDirectories } from "../playbook/parse-tasks.ts";
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import type { RunState } from "./run-state.ts";
import type { IncludeRequest } from "./task-report.ts";

export interface Included {
  /** Path of the file, or name of the role. */
  readonly what: string;
  readonly parts: readonly Part[];
}

/** What decides whether two hosts' includes are one and the same. */
export function includeIdentity(task: Task, request: IncludeRequest): string {
  return JSON.stringify([
    task.id,
    Array.from(request.args, ([key, value]) => [str(key), describe(value)]),
    Array.from(request.item, ([key, value]) => [key, describe(value)]),
  ]);
}

function describe(value: Value): string {
  try {
    return str(value);
  } catch {
    return "";
  }
}

/**
 * Loads what an include asks for. The tasks see the include's `vars`, the loop's variables, and the
 * keywords of `apply`; of the include's own keywords none.
 * @throws LayerbookError
 */
export function loadInclude(run: RunState, task: Task, request: IncludeRequest): Included {
  refuseEndless(task);
  const block = new Block(task, applied(task, request), task.position, true);
  const items = new Dict(request.item);
  checkVariableNames(items);
  block.includeParams = items;
  if (includeKind(task.action) === "include_role") return includeRole(run, task, request, block);
  const given = request.args.get("_raw_params") ?? request.args.get("file");
  if (given === undefined || given === null || str(given) === "") {
    throw new LayerbookError(`No file specified for ${task.action}`, { position: task.position });
  }
  const name = str(given).trim();
  const [nearest = "", ...others] = taskFileDirectories(task);
  const file = [nearest, ...others].map((directory) => resolve(directory, name)).find(isFile);
  if (file === undefined) {
    throw new LayerbookError(
      `Could not find or access '${resolve(nearest, name)}' on the Ansible Controller.`,
      { position: task.position },
    );
  }
  block.block = loadTaskFile(run.parse, file, block, {
    file,
    handlers: task.isHandler,
    importing: [],
  });
  return { what: file, parts: [block] };
}

function applied(task: Task, request: IncludeRequest): Map<string, Value> {
  const apply = request.args.get("apply");
  if (apply !== undefined && apply !== null && !(apply instanceof Dict)) {
    throw new LayerbookError(`Expected a dict for apply but got ${str(apply)}`, {
      position: task.position,
    });
  }
  return apply instanceof Dict
    ? readAttributes(apply, "block", () => false)
    : new Map<string, Value>();
}

/** So many includes within each other are a circle; a condition ends it long before. */
const DEEPEST = 200;

/** @throws LayerbookError */
function refuseEndless(task: Task): void {
  let depth = 0;
  for (let node: Node | undefined = task.parent; node; node = node.parent) {
    if (node instanceof Task && node.isInclude) depth += 1;
  }
  if (depth < DEEPEST) return;
  throw new LayerbookError(
    `'${task.title(true)}' includes itself without end: there are ${DEEPEST} includes within each other`,
    { position: task.position, hint: "Give the include a condition that ends it." },
  );
}

function includeRole(run: RunState, task: Task, request: IncludeRequest, block: Block): Included {
  const use = readRoleArguments(task, request.args);
  const role = loadRole(run.parse, {
    ...use,
    name: str(use.name),
    parent: block,
    attributes: new Map(),
    params: new Dict(),
    givenVars: task.vars,
    origin: "include",
    position: task.position,
    importing: [],
  });
  const { play } = task;
  play.handlers.push(...role.allHandlers());
  if (role.isPublic) play.importedRoles.push(role);
  block.block = [...role.allTasks()];
  return { what: role.name, parts: [block] };
}
