/** A project as data: a playbook with all that it reads. Edits change the data; then it is written out. */

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [k: string]: Json };

/** A task; `keywords` and the module are written as they are. */
export interface TaskModel {
  /** Same over edits. */
  readonly id: number;
  name: string;
  /** Module and its arguments; absent for a block. */
  action?: { readonly module: string; args: Json };
  keywords: Record<string, Json>;
  block?: { block: TaskModel[]; rescue?: TaskModel[]; always?: TaskModel[] };
}

export interface ProjectModel {
  vars: Record<string, Json>;
  extraVars: Record<string, Json>;
  roleDefaults: Record<string, Json>;
  tasks: TaskModel[];
  handlers: TaskModel[];
  roleTasks: TaskModel[];
  /** Whether the role is in the play's `roles`. */
  role: boolean;
  gatherFacts: boolean;
  included: Record<string, TaskModel[]>;
  /** Controller files by path within the project; a mode other than 644 in `modes`. */
  files: Record<string, string>;
  modes: Record<string, number>;
  /** Which base image. */
  base: number;
}

/** The files that a project comes to. JSON is YAML. */
export function render(project: ProjectModel): Record<string, string> {
  const play = {
    hosts: "all",
    gather_facts: project.gatherFacts,
    vars: project.vars,
    roles: project.role ? ["r"] : [],
    tasks: project.tasks.map((task) => renderTask(task)),
    handlers: project.handlers.map(renderLeaf),
  };
  return {
    ...project.files,
    "site.yml": pretty([play]),
    "roles/r/defaults/main.yml": pretty(project.roleDefaults),
    "roles/r/tasks/main.yml": pretty(project.roleTasks.map(renderLeaf)),
    ...Object.fromEntries(
      Object.entries(project.included).map(([name, tasks]) => [
        name,
        pretty(tasks.map(renderLeaf)),
      ]),
    ),
  };
}

/** What is included includes nothing itself: no playbook goes round in circles. */
function renderLeaf(task: TaskModel): Json {
  return renderTask(task, false);
}

function renderTask(task: TaskModel, includes: unknown = true): Json {
  if (includes === false && task.action && /^(include|import)_|^meta$/.test(task.action.module)) {
    return { name: task.name, debug: { msg: "left out" } };
  }
  const common = { name: task.name, ...task.keywords };
  if (task.block) {
    return {
      ...common,
      ...Object.fromEntries(
        Object.entries(task.block).map(([part, tasks]) => [
          part,
          (tasks as TaskModel[]).map((inner) => renderTask(inner, includes)),
        ]),
      ),
    };
  }
  if (!task.action) throw new Error("neither a block nor an action");
  return { ...common, [task.action.module]: task.action.args };
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
