/** What a task repeats for, and what `loop_control` says about it. */
import { LayerbookError } from "../errors/index.ts";
import { toBool } from "../modules/convert.ts";
import type { Task } from "../playbook/node.ts";
import { Dict, PyFloat, PySet, Tuple, textOf, type Value } from "../values/model.ts";
import { isIterable, repr, str, toFloat, toList } from "../values/python.ts";
import type { Scope } from "./run-state.ts";

export interface LoopControl {
  readonly loopVar: string;
  readonly indexVar: string | undefined;
  readonly label: Value | undefined;
  readonly pauseSeconds: number;
  readonly extended: boolean;
  readonly allItems: boolean;
  readonly breakWhen: Value | undefined;
}

/** @throws LayerbookError for a wrong value */
export function loopControl(scope: Scope, task: Task): LoopControl {
  const written = task.own("loop_control");
  const control = written instanceof Dict ? written : new Dict();
  const get = (key: string): Value | undefined => {
    const raw = control.get(key);
    return raw === undefined || raw === null ? undefined : scope.templar.template(raw);
  };
  const text = (key: string) => {
    const value = get(key);
    return value === undefined ? undefined : str(value);
  };
  const pause = get("pause");
  return {
    loopVar: text("loop_var") ?? "item",
    indexVar: text("index_var"),
    label: control.get("label"),
    pauseSeconds: pause instanceof PyFloat ? pause.value : pause === undefined ? 0 : toFloat(pause),
    extended: toBool(get("extended") ?? false),
    allItems: toBool(get("extended_allitems") ?? true),
    breakWhen: control.get("break_when"),
  };
}

/**
 * The items of a task's loop; `undefined` when it has none.
 * @throws LayerbookError when an undefined variable is used or `loop` is no list
 */
export function loopItems(scope: Scope, task: Task): Value[] | undefined {
  const { loop } = task;
  if (!loop) return undefined;
  if (loop.lookup === undefined) {
    const value = scope.templar.template(loop.value);
    if (scope.templar.isOmitted(value)) return undefined;
    if (Array.isArray(value)) return value;
    if (value instanceof Tuple || value instanceof PySet || isLazyList(value)) return toList(value);
    throw new LayerbookError(
      `Invalid data passed to 'loop', it requires a list, got this instead: ${str(value)}. Hint: If you passed a list/dict of just one element, try adding wantlist=True to your lookup invocation or use q/query instead of lookup.`,
      { position: task.position },
    );
  }
  const tolerant = loop.lookup === "first_found" || loop.lookup.endsWith(".first_found");
  const terms = scope.templar.template(loop.value, { failOnUndefined: !tolerant });
  const list = Array.isArray(terms) ? terms : [terms];
  return scope.templar.lookup(loop.lookup, list);
}

function isLazyList(value: Value): boolean {
  return (
    textOf(value) === undefined && !(value instanceof Dict) && value !== null && isIterable(value)
  );
}

/** Variables of one round of the loop. */
export function itemLayer(
  control: LoopControl,
  items: readonly Value[],
  index: number,
): Map<string, Value> {
  const item = items[index] ?? null;
  const layer = new Map<string, Value>([
    [control.loopVar, item],
    ["ansible_loop_var", control.loopVar],
  ]);
  if (control.indexVar !== undefined) {
    layer.set(control.indexVar, index);
    layer.set("ansible_index_var", control.indexVar);
  }
  if (control.extended) layer.set("ansible_loop", extendedLoop(control, items, index));
  return layer;
}

function extendedLoop(control: LoopControl, items: readonly Value[], index: number): Dict {
  const loop = new Dict();
  if (control.allItems) loop.set("allitems", [...items]);
  loop.set("index", index + 1).set("index0", index);
  loop.set("first", index === 0).set("last", index === items.length - 1);
  loop.set("length", items.length);
  loop.set("revindex", items.length - index).set("revindex0", items.length - index - 1);
  const next = items[index + 1];
  const previous = items[index - 1];
  if (next !== undefined) loop.set("nextitem", next);
  if (previous !== undefined) loop.set("previtem", previous);
  return loop;
}

/** What stands for an item in the output. */
export function itemLabel(scope: Scope, control: LoopControl, item: Value): string {
  if (control.label === undefined) return shown(item instanceof Tuple ? [...item.items] : item);
  return shown(scope.templar.template(control.label));
}

function shown(value: Value): string {
  return textOf(value) ?? (typeof value === "object" && value !== null ? repr(value) : str(value));
}
