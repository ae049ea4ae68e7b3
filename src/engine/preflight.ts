/** Checks that are made before anything runs: modules exist, and have the options that are named. */
import { LayerbookError, type SourcePosition, UnsupportedError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import type { ModuleLibrary } from "../modules/library/module-library.ts";
import { type LoadedModule, loadModule, type ModuleEntry } from "../modules/registry.ts";
import { ArgumentsError, checkOptionNames } from "../modules/validate.ts";
import { isEngineAction } from "../playbook/actions.ts";
import { Block, type Node, type Part, type Play, type Task, tasksOf } from "../playbook/node.ts";
import { positionOf, positionOfKey } from "../values/positions.ts";
import { str } from "../values/python.ts";

const ready = new WeakMap<ModuleEntry, LoadedModule>();

/**
 * Loads the modules of all tasks that can be seen and checks literal option names.
 * @throws LayerbookError with the place of the first task that cannot run
 */
export async function checkPlay(library: ModuleLibrary, play: Play): Promise<void> {
  const parts = [
    ...play.preTasks,
    ...play.roles.flatMap((role) => [...role.allTasks()]),
    ...play.tasks,
    ...play.postTasks,
    ...play.handlers,
  ];
  const wanted = new Map<ModuleEntry, Promise<LoadedModule>>();
  for (const task of tasksOf(parts)) {
    const entry = moduleOf(library, task);
    if (entry && !ready.has(entry) && !wanted.has(entry)) wanted.set(entry, loadModule(entry));
  }
  for (const [entry, loading] of wanted) ready.set(entry, await loading);
  checkParts(library, parts);
}

/** Checks option names where the module is loaded already; the others are checked when they run. */
export function checkParts(library: ModuleLibrary, parts: readonly Part[]): void {
  for (const task of tasksOf(parts)) {
    checkKeywords(task);
    const entry = moduleOf(library, task);
    const module = entry ? ready.get(entry) : undefined;
    if (module) checkOptions(task, module);
  }
}

function moduleOf(library: ModuleLibrary, task: Task) {
  if (isEngineAction(task.action)) return undefined;
  const collections = task.effective("collections");
  const list = Array.isArray(collections) ? collections.map((item) => str(item)) : [];
  return library.find(task.action, list);
}

/** A task that the play survives fails when it runs, not before: its playbook waits for that. */
function mayFail(task: Task): boolean {
  const ignores = task.effective("ignore_errors");
  if (ignores !== undefined && ignores !== false) return true;
  if (task.effective("failed_when") !== undefined) return true;
  for (let node: Node | undefined = task.parent; node; node = node.parent) {
    if (node instanceof Block && node.rescue.length > 0) return true;
  }
  return false;
}

function checkOptions(task: Task, module: LoadedModule): void {
  if (mayFail(task)) return;
  const names = [...task.args.keys()]
    .map((key) => str(key))
    .filter((name) => name !== "_raw_params");
  const { spec } = module.module;
  for (const name of names) {
    try {
      checkOptionNames(spec, [name], task.action);
    } catch (error) {
      if (!(error instanceof ArgumentsError)) throw error;
      const known = Object.entries(spec.options).flatMap(([option, { aliases }]) => [
        option,
        ...(aliases ?? []),
      ]);
      const close = nearest(name, known);
      throw new LayerbookError(error.message, {
        position: positionOfKey(task.args, name) ?? task.position,
        hint: close ? `Did you mean '${close}'?` : undefined,
        exitCode: 2,
      });
    }
  }
}

/** Keywords that are known but not supported. */
function checkKeywords(task: Task): void {
  const debug = task.effective("debugger");
  if (debug !== undefined && str(debug) !== "never") {
    throw refused(
      "the keyword 'debugger' is not supported: there is no interactive task debugger",
      {
        position: positionOf(task.attributes.get("debugger")) ?? task.position,
      },
    );
  }
}

function refused(message: string, at: { position: SourcePosition | undefined }): UnsupportedError {
  return new UnsupportedError(message, {
    ...at,
    hint: "Remove it, or set it to 'never'.",
  });
}
