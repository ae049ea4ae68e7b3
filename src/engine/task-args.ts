/** A task's arguments when it runs: defaults of modules, templates, `omit`, free-form text. */
import { LayerbookError } from "../errors/index.ts";
import type { ModuleSpec } from "../modules/module.ts";
import { findModule } from "../modules/registry.ts";
import type { Task } from "../playbook/node.ts";
import { removeOmitted } from "../template/omit.ts";
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { OMIT } from "../variables/magic.ts";
import { inActionGroup } from "./action-groups.ts";
import type { Scope } from "./run-state.ts";

/**
 * The arguments, templated, with `module_defaults` below them and omitted ones left out.
 * @param moduleName fully qualified
 * @throws LayerbookError for undefined variables
 */
export function templatedArguments(scope: Scope, task: Task, moduleName: string): Dict {
  const args = moduleDefaults(scope, task, moduleName);
  if (task.argsTemplate !== undefined) {
    const more = scope.templar.template(task.argsTemplate);
    if (!(more instanceof Dict)) {
      throw new LayerbookError(`the arguments of a task must be a dictionary, not ${str(more)}`, {
        position: task.position,
      });
    }
    for (const [key, value] of more) args.set(key, value);
  }
  const namesAreTemplates = moduleName === "ansible.builtin.set_fact";
  for (const [rawKey, value] of task.args) {
    const key = namesAreTemplates && !isPlain(rawKey) ? scope.templar.template(rawKey) : rawKey;
    args.set(key, isPlain(value) ? value : scope.templar.template(value));
  }
  return removeOmitted(args, OMIT) as Dict;
}

function isPlain(value: Value): boolean {
  return (
    value === null ||
    typeof value === "boolean" ||
    typeof value === "number" ||
    (typeof value === "string" && !value.includes("{"))
  );
}

/** What `module_defaults` gives a module, templated. */
export function moduleDefaults(scope: Scope, task: Task, moduleName: string): Dict {
  const args = new Dict();
  const raw = task.effective("module_defaults");
  if (raw === undefined) return args;
  // Groups are weaker than modules wherever they stand.
  const forGroups: Dict[] = [];
  const forModule: Dict[] = [];
  for (const part of Array.isArray(raw) ? raw : [raw]) {
    const value = scope.templar.template(part);
    if (!(value instanceof Dict)) continue;
    for (const [rawKey, defaults] of value) {
      if (!(defaults instanceof Dict)) continue;
      const key = str(rawKey);
      const group = /^group\/(.+)$/.exec(key)?.[1];
      if (group !== undefined) {
        if (inActionGroup(group, moduleName)) forGroups.push(defaults);
      } else if ((findModule(key)?.name ?? key) === moduleName) forModule.push(defaults);
    }
  }
  for (const defaults of [...forGroups, ...forModule]) {
    for (const [key, value] of defaults) args.set(key, value);
  }
  return args;
}

/** Puts free-form text under the option that the module has for it. */
export function withFreeForm(args: Dict, spec: ModuleSpec, task: Task): Dict {
  const raw = args.get("_raw_params");
  if (raw === undefined || spec.freeForm === "_raw_params") return args;
  if (spec.freeForm === undefined) {
    throw new LayerbookError(`${spec.name} takes no free-form text: ${str(raw)}`, {
      position: task.position,
    });
  }
  const named = new Dict([...args].filter(([key]) => str(key) !== "_raw_params"));
  named.set(spec.freeForm, raw);
  return named;
}
