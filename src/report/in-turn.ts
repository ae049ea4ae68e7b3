/** Several builds at once, told as if they ran one after the other: a reader follows one at a time. */
import type { BuildEvent, BuildListener } from "../build/events.ts";

export interface Turn {
  readonly listen: BuildListener;
  /** The build is over: the next one may be told. */
  end(): void;
}

export class InTurn {
  readonly #target: BuildListener;
  readonly #turns: { held: BuildEvent[]; over: boolean }[] = [];

  constructor(target: BuildListener) {
    this.#target = target;
  }

  /** A further build. The first is told as it happens; the others when those before them are over. */
  next(): Turn {
    const turn = { held: [] as BuildEvent[], over: false };
    this.#turns.push(turn);
    return {
      listen: (event) => {
        if (this.#turns[0] === turn) this.#target(event);
        else turn.held.push(event);
      },
      end: () => {
        turn.over = true;
        this.#advance();
      },
    };
  }

  #advance(): void {
    while (this.#turns[0]?.over) {
      this.#turns.shift();
      for (const event of this.#turns[0]?.held.splice(0) ?? []) this.#target(event);
    }
  }
}
