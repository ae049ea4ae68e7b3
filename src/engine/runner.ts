/**
 * The seam between deciding and doing. The engine decides which step comes next and what its result
 * means; a {@link StepRunner} does it. The engine knows nothing of caches: an image build puts a
 * memoising runner around {@link directRunner}.
 */
import type { Become } from "../connection/connection.ts";
import type { SourcePosition } from "../errors/index.ts";
import type { Arguments, ModuleContext, ModuleResult } from "../modules/module.ts";
import type { LoadedModule } from "../modules/registry.ts";

/** One module call on one host: a task, or one item of its loop, or one try of its `until`. */
export interface Step {
  readonly module: LoadedModule;
  /** After templating, validation and defaults. */
  readonly args: Arguments;
  /** Ready to be given to `module.run`: become, environment and timeouts are applied in it. */
  readonly context: ModuleContext;
  readonly host: string;
  /** The task's name after templating, else its action. Never part of a key. */
  readonly name: string;
  /** The same for all hosts, items and tries of a task in this run. */
  readonly taskId: string;
  readonly role: string | undefined;
  readonly play: string;
  readonly position: SourcePosition | undefined;
  readonly tags: readonly string[];
  readonly noLog: boolean;
  /** Runs in another place than the play's host (`delegate_to`, `local_action`, connection: local). */
  readonly delegated: boolean;
  readonly become: Become | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly checkMode: boolean;
  readonly diffMode: boolean;
  /** Seconds of `async`; 0 for a step that is waited for. */
  readonly async: number;
  /** 1 for the first try of `until`. */
  readonly attempt: number;
  readonly itemLabel: string | undefined;
  /** Services that the step asked to start, stop or restart and that were deferred so far. */
  deferred(): readonly (readonly [service: string, state: string])[];
  /** Has the module looked at what shall happen to services (`--services`)? Known once it has run. */
  sawServices(): boolean;
}

/** What the engine made of a step's result. */
export interface Verdict {
  readonly failed: boolean;
  /** Failed, but the play goes on: `ignore_errors`, or a rescue follows. */
  readonly survived: boolean;
}

export interface StepRunner {
  /** @throws ConnectionError when the place cannot be reached */
  run(step: Step): Promise<ModuleResult>;
  /** Called once for the last try of each step, after `failed_when`, `changed_when` and `until`. */
  settle?(step: Step, verdict: Verdict): Promise<void>;
}

/** Runs the module, nothing more. */
export const directRunner: StepRunner = {
  run: (step) => step.module.module.run(step.context, step.args),
};
