/** The state in which the last build broke, kept so that a person can look into it. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ConnectionError } from "../connection/connection.ts";
import type { LayerId, Snapshot, Workspace } from "../workspace/workspace.ts";
import { writeAtomically } from "./atomic.ts";
import type { BuildState } from "./build-state.ts";

export interface FailedState {
  readonly image: string;
  /** Layers up to the failure; the last one may be what the failed task itself did. */
  readonly stack: readonly LayerId[];
  readonly env: readonly string[];
  /** Where the build ran: the layers are only there. */
  readonly on: Workspace["kind"];
}

export class FailedStates {
  readonly #path: string;

  /** @param root the store's directory */
  constructor(root: string) {
    this.#path = join(root, "failed.json");
  }

  /** @returns whether there is a state to look into */
  async keep(state: BuildState, image: string): Promise<boolean> {
    if (!state.live) return false;
    let snapshot: Snapshot;
    try {
      await state.endProcesses();
      snapshot = await state.snapshot();
    } catch (error) {
      // The container itself is gone: that is what the build failed of.
      if (error instanceof ConnectionError) return false;
      throw error;
    }
    const stack = [...state.stack, ...(snapshot.kind === "layer" ? [snapshot.layer.id] : [])];
    const failed: FailedState = { image, stack, env: state.env, on: state.on };
    writeAtomically(this.#path, JSON.stringify(failed));
    return true;
  }

  /** The last one, if no build has succeeded since. */
  last(): FailedState | undefined {
    try {
      return JSON.parse(readFileSync(this.#path, "utf8")) as FailedState;
    } catch {
      return undefined;
    }
  }

  forget(): void {
    rmSync(this.#path, { force: true });
  }
}
