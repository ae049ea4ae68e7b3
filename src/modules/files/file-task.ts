/** What the states of the file module have in common. */

import { applyAttributes, type WantedAttributes } from "../lib/attributes.ts";
import { pathWord } from "../lib/bytes.ts";
import { pathDiff } from "../lib/differences.ts";
import { Fields, pathInfo, type Status } from "../lib/status.ts";
import type { Data, ModuleContext, ModuleResult } from "../module.ts";
import { applyTimes, type WantedTimes } from "./file-times.ts";

/** A path, and what stands there. */
export interface Place {
  readonly path: string;
  readonly status: Status | undefined;
  /** What is behind links; `undefined` for a link to nothing. */
  readonly behind: Status | undefined;
  /** The path with every link resolved. */
  readonly real: string;
}

export interface FileTask {
  readonly context: ModuleContext;
  readonly place: Place;
  /** `state` of the path as it was. */
  readonly previous: string;
  readonly src: string | undefined;
  readonly recurse: boolean;
  readonly force: boolean;
  readonly follow: boolean;
  readonly wanted: WantedAttributes;
  readonly times: WantedTimes;
}

export async function lookAt(context: ModuleContext, path: string): Promise<Place> {
  const script = `p=${pathWord(path)}
lb_st "$p"
if [ -h "$p" ]; then lb_st "$p" L; readlink -f "$p"; fi`;
  const fields = new Fields((await context.sh(script)).stdout);
  const status = fields.status();
  if (status?.kind !== "link") return { path, status, behind: status, real: path };
  const behind = fields.status();
  const real = fields.text().replace(/\n$/, "");
  return { path, status, behind, real: real === "" ? path : real };
}

/** Collects the attributes that differ. */
export class Differences {
  readonly before: Record<string, Data> = {};
  readonly after: Record<string, Data> = {};
  add(name: string, before: Data, after: Data): void {
    this.before[name] = before;
    this.after[name] = after;
  }
  state(before: string, after: string): void {
    if (before !== after) this.add("state", before, after);
  }
  merge(change: {
    readonly before: Readonly<Record<string, Data>>;
    readonly after: Readonly<Record<string, Data>>;
  }): void {
    Object.assign(this.before, change.before);
    Object.assign(this.after, change.after);
  }
  of(path: string): Data {
    return pathDiff(path, this.before, this.after);
  }
}

/** Owner, mode and times of one path, with what differs noted. */
export async function settle(
  task: FileTask,
  path: string,
  status: Status,
  differences: Differences,
  isNew = false,
): Promise<{ readonly changed: boolean; readonly status: Status }> {
  const attributes = await applyAttributes(task.context, path, status, task.wanted);
  differences.merge(attributes);
  const times = await applyTimes(task.context, path, attributes.status, task.times, isNew);
  differences.merge(times);
  return { changed: attributes.changed || times.changed, status: times.status };
}

/** A link to nothing has no attributes to follow to. */
export const NO_TARGET =
  "Cannot set fs attributes on a non-existent symlink target. follow should be set to False to avoid this.";

/** The result with what is known of the path. */
export function outcome(
  fields: Readonly<Record<string, Data>>,
  status: Status | undefined,
): ModuleResult {
  return { ...fields, ...pathInfo(status) };
}
