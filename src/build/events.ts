/** What a build tells about itself. Reports are listeners; nothing else writes to the terminal. */
import type { SourcePosition } from "../errors/index.ts";
import type { Data } from "../modules/module.ts";
import type { LayerRow } from "./layer-rows.ts";
import type { Reason } from "./reason.ts";

export type StepStatus = "cached" | "ok" | "changed" | "skipped" | "ignored" | "failed";

export type BuildEvent =
  | {
      readonly type: "build";
      readonly image: string;
      readonly from: string;
      readonly playbooks: readonly string[];
    }
  /** The base image was found (and unpacked into the store, if it was not there). */
  | {
      readonly type: "base";
      readonly reference: string;
      readonly layers: number;
      readonly durationMs: number;
      readonly imported: boolean;
    }
  | { readonly type: "play"; readonly name: string }
  | {
      readonly type: "task";
      /** Same in every event of the task. */
      readonly id: string;
      readonly title: string;
      readonly module: string;
      readonly handler: boolean;
      readonly position: SourcePosition | undefined;
    }
  /** A line that a running step printed. */
  | {
      readonly type: "output";
      readonly task: string;
      readonly stream: "stdout" | "stderr";
      readonly line: string;
    }
  /** One item of a loop, or the whole task when it has none. */
  | {
      readonly type: "step";
      readonly task: string;
      readonly item: string | undefined;
      readonly status: StepStatus;
      readonly durationMs: number;
      readonly layerBytes: number | undefined;
      /** Why it ran rather than being replayed: what differs from the last build of the image. */
      readonly reasons: readonly Reason[];
      /** The message that matters: why it was skipped or failed, what debug says. */
      readonly message: string | undefined;
      /** The result as `register` would have it; absent for `no_log`. */
      readonly result: Data | undefined;
    }
  | { readonly type: "warning"; readonly message: string }
  /** Starts and restarts that were left to the container's own start. */
  | { readonly type: "deferred"; readonly services: readonly string[] }
  | { readonly type: "delivering"; readonly destination: string; readonly layers: number }
  | {
      readonly type: "image";
      readonly reference: string;
      readonly id: string;
      readonly layers: readonly LayerRow[];
      readonly baseLayers: number;
      readonly layersSent: number;
      readonly bytesSent: number;
    }
  /** The build's outcomes were given to a shared cache. */
  | {
      readonly type: "cache-export";
      readonly place: string;
      readonly outcomes: number;
      readonly layersSent: number;
      readonly bytesSent: number;
    }
  | {
      readonly type: "done";
      readonly ok: boolean;
      readonly cached: number;
      readonly ran: number;
      readonly skipped: number;
      readonly durationMs: number;
    };

export type BuildListener = (event: BuildEvent) => void;
