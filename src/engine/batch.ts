/** A batch of hosts that goes through a play: what its parts share. */
import type { Host } from "../inventory/inventory.ts";
import type { Part, Play, Task } from "../playbook/node.ts";
import type { HostRun } from "./host-run.ts";
import type { RunState, Scope, ScopePlay } from "./run-state.ts";
import type { TagSelection } from "./tags.ts";

export interface BatchOptions {
  readonly run: RunState;
  readonly play: Play;
  readonly scopePlay: ScopePlay;
  readonly hostRuns: readonly HostRun[];
  readonly tags: TagSelection;
  /** Tasks before `--start-at-task`. */
  readonly leftOut: ReadonlySet<Task>;
  readonly forks: number;
  readonly anyErrorsFatal: boolean;
  /** Percent of the batch that may fail. */
  readonly maxFailPercentage: number | undefined;
  readonly forceHandlers: boolean;
  /** Sections of the play in order. */
  readonly sections: readonly Section[];
}

/** Tasks that are followed by a flush of handlers, or are the gathering of facts. */
export interface Section {
  readonly parts: readonly Part[];
  readonly flush: boolean;
  /** Hosts that do not go through it. */
  readonly leavesOut?: (host: Host) => boolean;
}

/** What is known of the batch while it runs. */
export class Batch {
  readonly options: BatchOptions;
  readonly run: RunState;
  readonly scopePlay: ScopePlay;
  /** All hosts that it began with. */
  readonly hostRuns: readonly HostRun[];
  /** The whole play is to end. */
  playEnded = false;
  /** Too many hosts failed, or `any_errors_fatal`. */
  aborted = false;
  /** `clear_host_errors` was just asked for. */
  forgiven = false;

  constructor(options: BatchOptions) {
    this.options = options;
    this.run = options.run;
    this.scopePlay = options.scopePlay;
    this.hostRuns = options.hostRuns;
  }

  scope(hostRun: HostRun, task: Task): Scope {
    return this.run.scope(hostRun.host, this.scopePlay, task);
  }
}
