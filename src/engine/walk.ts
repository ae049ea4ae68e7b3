/**
 * How one host goes through blocks and tasks. Every host walks by itself; the strategy decides when
 * it may take its next step.
 */
import { Block, type Part, Task } from "../playbook/node.ts";
import { Role } from "../playbook/role.ts";
import type { HostRun } from "./host-run.ts";

/** What became of a task on one host. */
export type TaskOutcome =
  | { readonly kind: "ok" }
  /** The host failed: a rescue may follow. */
  | { readonly kind: "failed" }
  /** The host is out of the play, for good or ill; no rescue and no always. */
  | { readonly kind: "out" }
  /** `meta: end_role`. */
  | { readonly kind: "end-role" }
  /** The task brought further tasks. */
  | { readonly kind: "included"; readonly parts: readonly IncludedPart[] }
  /** Notified handlers run now. */
  | { readonly kind: "flush" };

/** What an include brought; `order` is its place among all that the task brought, for any host. */
export interface IncludedPart {
  readonly part: Part;
  readonly order: number;
}

/** A place in the order of tasks: indexes from the outside in. */
export type Place = readonly number[];

export function comparePlaces(a: Place, b: Place): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export interface Walker {
  /** Waits for the host's turn and runs the task. */
  turn(hostRun: HostRun, task: Task, place: Place): Promise<TaskOutcome>;
  /** Is the task chosen by tags and by `--start-at-task`? */
  isChosen(task: Task, hostRun: HostRun): boolean;
  flush(hostRun: HostRun, place: Place): Promise<Flow>;
}

export type Flow = "ok" | "failed" | "out" | "end-role";

export async function walkParts(
  walker: Walker,
  hostRun: HostRun,
  parts: readonly Part[],
  place: Place,
): Promise<Flow> {
  for (const [index, part] of parts.entries()) {
    const here = [...place, index];
    const flow =
      part instanceof Block
        ? await walkBlock(walker, hostRun, part, here)
        : await walkTask(walker, hostRun, part, here);
    if (flow !== "ok") return flow;
  }
  return "ok";
}

export async function walkTask(
  walker: Walker,
  hostRun: HostRun,
  task: Task,
  place: Place,
): Promise<Flow> {
  if (!walker.isChosen(task, hostRun)) return "ok";
  const outcome = await walker.turn(hostRun, task, place);
  switch (outcome.kind) {
    case "included":
      for (const { part, order } of outcome.parts) {
        const flow = await walkParts(walker, hostRun, [part], [...place, order]);
        if (flow !== "ok") return flow;
      }
      return "ok";
    case "flush":
      return walker.flush(hostRun, place);
    default:
      return outcome.kind;
  }
}

async function walkBlock(
  walker: Walker,
  hostRun: HostRun,
  block: Block,
  place: Place,
): Promise<Flow> {
  const role = block.implicit && block.parent instanceof Role ? block.parent : undefined;
  if (role && !role.allowDuplicates && hostRun.completedRoles.has(role.identity)) return "ok";
  const rescue = hasChosen(walker, hostRun, block.rescue);
  const always = block.always.length > 0;
  if (rescue) hostRun.rescueDepth += 1;
  if (always) hostRun.alwaysDepth += 1;
  let flow = await walkParts(walker, hostRun, block.block, [...place, 0]);
  if (rescue) hostRun.rescueDepth -= 1;
  if (flow === "failed" && rescue) {
    flow = await walkParts(walker, hostRun, block.rescue, [...place, 1]);
  }
  if (always) hostRun.alwaysDepth -= 1;
  if (always && flow !== "out") {
    if (flow === "failed") hostRun.forgiven = false;
    const last = await walkParts(walker, hostRun, block.always, [...place, 2]);
    if (last !== "ok") flow = last;
    else if (flow === "failed" && hostRun.forgiven) flow = "ok";
  }
  if (!role) return flow;
  if (flow === "end-role") flow = "ok";
  const isLast = role.tasks.at(-1) === block;
  // A role of which every task was skipped has not run: it is not left out the next time.
  if (flow === "ok" && isLast && hostRun.startedRoles.has(role)) {
    hostRun.completedRoles.add(role.identity);
  }
  return flow;
}

function hasChosen(walker: Walker, hostRun: HostRun, parts: readonly Part[]): boolean {
  return parts.some((part) =>
    part instanceof Task
      ? walker.isChosen(part, hostRun)
      : hasChosen(walker, hostRun, [...part.block, ...part.rescue, ...part.always]),
  );
}
