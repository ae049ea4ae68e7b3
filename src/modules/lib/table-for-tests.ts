/** Tables of cases for modules: each runs in check mode, for real, and again. */
import { expect, it } from "vitest";
import type { Connection } from "../../connection/connection.ts";
import type { Data, Module, ModuleContext } from "../module.ts";
import { runModule } from "../testing.ts";

export interface ModuleCase {
  readonly module: Module;
  readonly args: Readonly<Record<string, Data>>;
  /** What the result holds. */
  readonly result: Readonly<Record<string, unknown>>;
  /** A command whose output shows the state after, and that output. */
  readonly show?: string;
  readonly shown?: string | RegExp;
  /** Prepares the state. */
  readonly before?: string;
  /** Not idempotent by nature, or failing: it is not run again. */
  readonly once?: boolean;
  readonly context?: Partial<ModuleContext>;
}

/**
 * @param state a command whose output must be the same before and after check mode
 */
export function moduleTable(
  connection: () => Connection,
  cases: readonly ModuleCase[],
  state = "true",
): void {
  const sh = async (script: string) => {
    const result = await connection().run(script);
    return `${result.stdout}`.trimEnd();
  };
  for (const each of cases) {
    const title = `${each.module.spec.name.split(".").at(-1)} ${JSON.stringify(each.args)}`;
    it(title, async () => {
      if (each.before) await sh(each.before);
      const run = (checkMode: boolean) =>
        runModule(each.module, each.args, connection(), {
          checkMode,
          ...(each.context ? { context: each.context } : {}),
        });
      const look = `${state}; ${each.show ?? "true"}`;
      const untouched = await sh(look);
      const check = await run(true);
      expect(await sh(look), "check mode changed something").toBe(untouched);
      if (!each.once && "changed" in each.result) {
        expect(check.changed ?? false, `check mode: ${JSON.stringify(check)}`).toBe(
          each.result.changed,
        );
      }
      const result = await run(false);
      expect(result).toMatchObject(each.result);
      if (each.show && each.shown !== undefined) {
        const seen = await sh(each.show);
        if (typeof each.shown === "string") expect(seen).toBe(each.shown);
        else expect(seen).toMatch(each.shown);
      }
      if (each.once) return;
      const again = await run(false);
      expect(again.failed ?? false, `second run: ${JSON.stringify(again)}`).toBe(false);
      expect(again.changed ?? false, "second run changed something").toBe(false);
    });
  }
}
