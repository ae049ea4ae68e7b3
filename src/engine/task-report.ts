/** What became of a task on one host. */
import type { Dict, Value } from "../values/model.ts";

/** An include that the task asks for, once for each item of its loop. */
export interface IncludeRequest {
  /** Templated arguments of the include. */
  readonly args: Dict;
  /** Loop variables that the included tasks see. */
  readonly item: ReadonlyMap<string, Value>;
  readonly label: string | undefined;
}

export interface TaskReport {
  readonly result: Dict;
  readonly ignored: boolean;
  readonly looped: boolean;
  readonly delegate: string | undefined;
  readonly includes: readonly IncludeRequest[];
  /** Handlers to notify: names, templated. */
  readonly notify: readonly string[];
  readonly showAlways: boolean;
  readonly durationMs: number;
}
