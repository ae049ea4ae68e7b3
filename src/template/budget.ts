/** Keeps a runaway template interruptible: loops and calls count, the clock is read now and then. */

import { nowMs } from "../values/clock.ts";
import { TemplateInterruptedError } from "./errors.ts";

/** How often the clock is read, in loop iterations or calls. */
const interval = 1024;

export class Budget {
  readonly #deadline: number;
  readonly #seconds: number;
  readonly #signal: AbortSignal | undefined;
  #ticks = 0;
  /** `milliseconds` of wall time for one template, nested ones included. */
  constructor(milliseconds: number, signal?: AbortSignal) {
    this.#deadline = nowMs() + milliseconds;
    this.#seconds = milliseconds / 1000;
    this.#signal = signal;
  }
  /** Counts one step; throws when the time is over or the signal was given. */
  tick(): void {
    if (++this.#ticks % interval !== 0) return;
    if (this.#signal?.aborted) throw new TemplateInterruptedError("the template was interrupted");
    if (nowMs() > this.#deadline) {
      throw new TemplateInterruptedError(
        `the template took longer than ${this.#seconds} seconds and was stopped`,
        {
          hint: "Look for a loop over too many items, or raise the time limit of the environment.",
        },
      );
    }
  }
}
