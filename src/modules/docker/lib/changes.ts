/** What a task changed: actions in words, and what was before and after. */
import { flagOption } from "../../lib/option-values.ts";
import type { Arguments, Data, ModuleContext, ModuleResult } from "../../module.ts";

export class Changes {
  readonly #context: ModuleContext;
  readonly #debug: boolean;
  readonly #before: Record<string, Data> = {};
  readonly #after: Record<string, Data> = {};
  readonly actions: Data[] = [];
  changed = false;
  /** Names of what differed, where the result tells them. */
  differences: readonly string[] | undefined;

  constructor(context: ModuleContext, args: Arguments) {
    this.#context = context;
    this.#debug = flagOption(args, "debug") === true;
  }

  differs(what: string, before: Data, after: Data): void {
    this.#before[what] = before;
    this.#after[what] = after;
  }

  /** Notes an action, and takes it unless nothing is to be changed. */
  async act(action: Data, work: () => Promise<unknown>): Promise<void> {
    this.actions.push(action);
    this.changed = true;
    if (!this.#context.checkMode) await work();
  }

  /** @param always actions are part of the result in any case */
  result(fields: Readonly<Record<string, Data>> = {}, always = false): ModuleResult {
    const { checkMode, diffMode } = this.#context;
    return {
      changed: this.changed,
      ...(always || checkMode || this.#debug ? { actions: this.actions } : {}),
      ...(diffMode || this.#debug ? { diff: this.#diff() } : {}),
      ...fields,
    };
  }

  #diff(): Data {
    const diff = { before: this.#before, after: this.#after };
    return this.differences === undefined ? diff : { ...diff, differences: this.differences };
  }
}
