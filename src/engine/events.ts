/** What the engine tells the world. Everything that prints or records listens to these. */
import type { SourcePosition } from "../errors/index.ts";
import type { Dict } from "../values/model.ts";

export interface PlayInfo {
  readonly id: string;
  /** Name after templating, else the host pattern. */
  readonly name: string;
  readonly hosts: readonly string[];
  readonly strategy: string;
  readonly checkMode: boolean;
  /** `file:line` of the play; absent where it stands in no file. */
  readonly path?: string;
}

export interface TaskInfo {
  /** The same for all hosts. */
  readonly id: string;
  /** Name after templating, else the action; without the role. */
  readonly name: string;
  readonly role: string | undefined;
  readonly action: string;
  readonly kind: "task" | "handler" | "facts" | "meta" | "cleanup";
  readonly position: SourcePosition | undefined;
  readonly tags: readonly string[];
  readonly checkMode: boolean;
  /** Differences are shown. */
  readonly diffMode: boolean;
  readonly noLog: boolean;
  /** Text of the arguments as the default callback shows it when asked to. */
  readonly args: Dict;
}

export type HostStatus = "ok" | "changed" | "skipped" | "failed" | "unreachable";

export interface HostResult {
  readonly host: string;
  /** Host that the task was delegated to. */
  readonly delegate: string | undefined;
  readonly task: TaskInfo;
  readonly status: HostStatus;
  /** Failed or unreachable, but the play goes on as if it were not. */
  readonly ignored: boolean;
  /** Failed within a block that has a rescue. */
  readonly rescued: boolean;
  /** What is registered and shown; already censored when the task says `no_log`. */
  readonly result: Dict;
  /** The result is there to be read (`debug`), however quiet the run is. */
  readonly showAlways: boolean;
  readonly durationMs: number;
  /** The task looped: items were reported one by one. */
  readonly looped: boolean;
}

export interface ItemResult extends Omit<HostResult, "looped" | "rescued"> {
  readonly label: string;
}

export interface HostStats {
  ok: number;
  changed: number;
  unreachable: number;
  failed: number;
  skipped: number;
  rescued: number;
  ignored: number;
}

export type EngineEvent =
  | { readonly type: "playbook-start"; readonly file: string; readonly plays: number }
  | { readonly type: "play-start"; readonly play: PlayInfo }
  | { readonly type: "no-hosts-matched" }
  | { readonly type: "no-hosts-remaining" }
  /** Failed hosts were written to a file for `--limit @FILE`. */
  | { readonly type: "retry-file"; readonly file: string }
  | { readonly type: "task-start"; readonly task: TaskInfo; readonly hosts: readonly string[] }
  | { readonly type: "host-start"; readonly task: TaskInfo; readonly host: string }
  | ({ readonly type: "item-result" } & ItemResult)
  | ({ readonly type: "host-result" } & HostResult)
  | {
      readonly type: "retry";
      readonly host: string;
      readonly delegate: string | undefined;
      readonly task: TaskInfo;
      readonly label: string | undefined;
      readonly attempt: number;
      readonly retriesLeft: number;
      readonly result: Dict;
    }
  | {
      /** A task in the background is waited for. */
      readonly type: "async";
      readonly host: string;
      readonly task: TaskInfo;
      readonly job: string;
      readonly state: "poll" | "ok" | "failed";
    }
  | {
      readonly type: "included";
      readonly file: string;
      readonly hosts: readonly string[];
      readonly task: TaskInfo;
      readonly label: string | undefined;
    }
  | { readonly type: "notified"; readonly host: string; readonly handler: string }
  /** What a `meta` task did, in words. */
  | { readonly type: "meta"; readonly task: TaskInfo; readonly text: string }
  | {
      readonly type: "output";
      readonly host: string;
      readonly task: TaskInfo;
      readonly stream: "stdout" | "stderr";
      readonly text: string;
    }
  | {
      readonly type: "service-deferred";
      readonly host: string;
      readonly task: TaskInfo;
      readonly service: string;
      readonly state: string;
    }
  | { readonly type: "warning"; readonly message: string; readonly position?: SourcePosition }
  | { readonly type: "deprecation"; readonly message: string; readonly position?: SourcePosition }
  | {
      readonly type: "stats";
      readonly hosts: ReadonlyMap<string, HostStats>;
      /** `set_stats`: per host, and under `_run` for the run as a whole. */
      readonly custom: ReadonlyMap<string, Dict>;
    }
  | { readonly type: "finished"; readonly exitCode: number };

export type EventOf<T extends EngineEvent["type"]> = Extract<EngineEvent, { type: T }>;
export type Listener = (event: EngineEvent) => void;

/** Hands events to listeners in the order in which they were added. */
export class EngineEvents {
  readonly #listeners: Listener[] = [];
  readonly #warned = new Set<string>();

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  emit(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** The same warning is given once. */
  warn(message: string, position?: SourcePosition): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.emit({ type: "warning", message, ...(position ? { position } : {}) });
  }

  deprecate(message: string, position?: SourcePosition): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.emit({ type: "deprecation", message, ...(position ? { position } : {}) });
  }
}
