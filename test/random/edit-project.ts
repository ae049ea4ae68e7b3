/** What a person does to a project between two builds. */
import type { ProjectMaker } from "./generate-project.ts";
import type { Json, ProjectModel, TaskModel } from "./project-model.ts";
import type { Random } from "./random.ts";

type Edit = (project: ProjectModel, random: Random, maker: ProjectMaker) => string;

/** @returns what was done, in words; the project is changed in place */
export function editProject(project: ProjectModel, random: Random, maker: ProjectMaker): string {
  return random.pick(EDITS)(project, random, maker);
}

/** Every list of tasks, blocks' included. */
function lists(project: ProjectModel): TaskModel[][] {
  const found: TaskModel[][] = [];
  const visit = (tasks: TaskModel[]) => {
    found.push(tasks);
    for (const { block } of tasks) {
      if (!block) continue;
      for (const inner of [block.block, block.rescue, block.always]) if (inner) visit(inner);
    }
  };
  for (const tasks of [project.tasks, project.roleTasks, ...Object.values(project.included)]) {
    visit(tasks);
  }
  return found;
}

const everyTask = (project: ProjectModel) => [...lists(project).flat(), ...project.handlers];

const setVariable: Edit = (project, random, maker) => {
  const place = random.pick([project.vars, project.vars, project.roleDefaults, project.extraVars]);
  const name = `v${random.below(5)}`;
  place[name] = maker.value();
  return `variable ${name} = ${JSON.stringify(place[name])}`;
};

const editFile: Edit = (project, random, maker) => {
  const name = random.pick(Object.keys(project.files).filter((n) => !n.endsWith(".yml")));
  const before = project.files[name] ?? "";
  // Often of the same length: only what is read can tell.
  project.files[name] = name.endsWith(".j2")
    ? maker.template()
    : random.chance(0.5)
      ? before.replace(/[a-z]/, (letter) => (letter === "a" ? "b" : "a"))
      : name.endsWith(".sh")
        ? `${before}echo more\n`
        : maker.text();
  return `file ${name}`;
};

const addFile: Edit = (project, random, maker) => {
  const name = `files/tree/${random.pick(["n", "q/m", "o"])}`;
  if (project.files[name] !== undefined && random.chance(0.5)) {
    delete project.files[name];
    return `file ${name} removed`;
  }
  project.files[name] = maker.text();
  return `file ${name} added`;
};

const chmodFile: Edit = (project, random) => {
  const name = random.pick(["files/one.txt", "files/tree/p", "templates/t.j2"]);
  project.modes[name] = random.pick([0o600, 0o644, 0o755]);
  return `mode of ${name}`;
};

const insertTask: Edit = (project, random, maker) => {
  const tasks = random.pick(lists(project));
  const task = maker.task();
  tasks.splice(random.below(tasks.length + 1), 0, task);
  return `task ${task.name} inserted`;
};

const removeTask: Edit = (project, random) => {
  const tasks = random.pick(lists(project).filter((list) => list.length > 1));
  const [gone] = tasks.splice(random.below(tasks.length), 1);
  return `task ${gone?.name} removed`;
};

const moveTask: Edit = (project, random) => {
  const tasks = random.pick(lists(project).filter((list) => list.length > 1));
  const [moved] = tasks.splice(random.below(tasks.length), 1);
  if (moved) tasks.splice(random.below(tasks.length + 1), 0, moved);
  return `task ${moved?.name} moved`;
};

const renameTask: Edit = (project, random) => {
  const task = random.pick(lists(project).flat());
  task.name = `${task.name}'`;
  return `task ${task.name} renamed`;
};

const replaceAction: Edit = (project, random, maker) => {
  const task = random.pick(everyTask(project).filter(({ action }) => action));
  const other = maker.simple();
  if (other.action && !/meta|^(import|include)_/.test(other.action.module)) {
    task.action = other.action;
    task.keywords = { ...task.keywords, ignore_errors: true };
    if (other.action.module === "fail") task.keywords.when = "false";
  }
  return `task ${task.name} does something else`;
};

const editLoop: Edit = (project, random, maker) => {
  const looping = everyTask(project).filter(({ keywords }) => Array.isArray(keywords.loop));
  if (looping.length === 0) return setVariable(project, random, maker);
  const task = random.pick(looping);
  const items = [...(task.keywords.loop as readonly Json[])];
  items.splice(random.below(items.length + 1), random.below(2), random.pick(["i", "m", "n"]));
  task.keywords.loop = items;
  return `loop of ${task.name}`;
};

const editCondition: Edit = (project, random, maker) => {
  const task = random.pick(lists(project).flat());
  if (task.keywords.when !== undefined && random.chance(0.4)) delete task.keywords.when;
  else task.keywords.when = maker.condition();
  if (task.action?.module === "meta") delete task.keywords.when;
  return `condition of ${task.name}`;
};

const changeBase: Edit = (project) => {
  project.base = 1 - project.base;
  return `base ${project.base}`;
};

const toggleRole: Edit = (project) => {
  project.role = !project.role;
  return `role ${project.role}`;
};

const nothing: Edit = () => "nothing";

const EDITS: readonly Edit[] = [
  ...[setVariable, setVariable, setVariable, editFile, editFile, editFile, addFile, chmodFile],
  ...[insertTask, insertTask, removeTask, moveTask, moveTask, renameTask, replaceAction],
  ...[editLoop, editCondition, editCondition, changeBase, toggleRole, nothing],
];
