/** What a compiled template runs in: one frame a scope, one run a rendered template. */
import type { Value } from "../values/model.ts";
import type { Run } from "./run.ts";

/** The local variables of one scope at run time. `undefined` is a name not set yet. */
export interface Frame {
  readonly slots: (Value | undefined)[];
  readonly parent: Frame | undefined;
  readonly run: Run;
}

/** Evaluates an expression. */
export type Evaluate = (frame: Frame) => Value;

/** What a statement asks of the loop around it. */
export type Signal = undefined | "break" | "continue";

/** Executes a statement: appends what it prints to `out`. */
export type Execute = (frame: Frame, out: Value[]) => Signal;

/** A compiled template: what it prints, and the blocks that a child may replace. */
export interface CompiledTemplate {
  readonly source: string;
  readonly file: string | undefined;
  readonly root: Execute;
  readonly blocks: ReadonlyMap<string, Execute>;
  /** Does it call a method that changes its object? Then it gets copies of variables. */
  readonly mutates: boolean;
}
