/** Keeps a runaway template interruptible: loops and calls count, the clock is read now and then. */

import { nowMs } from "../values/clock.ts";
import { TemplateInterruptedError } from "./errors.ts";
import { longRenderBegins, longRenderEnds } from "./long-render.ts";

/** How often the clock is read, in loop iterations or calls. */
const interval = 1024;

/** Stops running templates; an `AbortSignal` is one. */
export interface StopSignal {
  readonly aborted: boolean;
}

export class Budget {
  readonly #deadline: number;
  readonly #seconds: number;
  readonly #signal: StopSignal | undefined;
  readonly #longAfter: number;
  #ticks = 0;
  #isLong = false;
  /** `milliseconds` of wall time for one template, nested ones included. */
  constructor(milliseconds: number, signal?: StopSignal) {
    const now = nowMs();
    this.#deadline = now + milliseconds;
    this.#longAfter = now + 1000;
    this.#seconds = milliseconds / 1000;
    this.#signal = signal;
  }
  /** The rendering is over. */
  close(): void {
    if (this.#isLong) longRenderEnds();
    this.#isLong = false;
  }

  /** Counts one step; throws when the time is over or the signal was given. */
  tick(): void {
    if (++this.#ticks % interval !== 0) return;
    if (this.#signal?.aborted) throw new TemplateInterruptedError("the template was interrupted");
    const now = nowMs();
    if (!this.#isLong && now > this.#longAfter) {
      this.#isLong = true;
      longRenderBegins();
    }
    if (now > this.#deadline) {
      throw new TemplateInterruptedError(
        `the template took longer than ${this.#seconds} seconds and was stopped`,
        {
          hint: "Look for a loop over too many items, or raise the time limit of the environment.",
        },
      );
    }
  }
}
