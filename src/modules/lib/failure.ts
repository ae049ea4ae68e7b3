/** Failing from anywhere inside a module. */
import type { Arguments, Data, ModuleContext, ModuleResult } from "../module.ts";

/** Ends a module with `failed: true`. Caught by {@link failing}. */
export class ModuleFailure extends Error {
  readonly result: ModuleResult;
  constructor(result: ModuleResult) {
    super(typeof result.msg === "string" ? result.msg : "the module failed");
    this.name = "ModuleFailure";
    this.result = result;
  }
}

/** @param fields further values of the result, as the original returns them */
export function fail(msg: string, fields: Readonly<Record<string, Data>> = {}): never {
  throw new ModuleFailure({ changed: false, ...fields, failed: true, msg });
}

type Run = (context: ModuleContext, args: Arguments) => Promise<ModuleResult>;

/** Turns a {@link ModuleFailure} into the module's result. */
export function failing(run: Run): Run {
  return async (context, args) => {
    try {
      return await run(context, args);
    } catch (error) {
      if (error instanceof ModuleFailure) return error.result;
      throw error;
    }
  };
}
