/**
 * `ansible.builtin.wait_for_connection`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/wait_for_connection_module.html
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors/index.ts";
import { failing } from "../lib/failure.ts";
import { numberOption } from "../lib/option-values.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.wait_for_connection",
  summary: "Waits until the target can be reached",
  options: {
    connect_timeout: { type: "int", default: 5, description: "Longest time for one try." },
    delay: { type: "int", default: 0, description: "Seconds to wait before the first try." },
    sleep: { type: "int", default: 1, description: "Seconds between tries." },
    timeout: { type: "int", default: 600, description: "Longest time to wait, in seconds." },
  },
  checkMode: "skip",
  diff: false,
  effect: "talk",
  returns: { elapsed: "Seconds that it took." },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, args: Arguments): Promise<ModuleResult> => {
    if (context.checkMode) return { changed: false, skipped: true, elapsed: 0 };
    const begun = Date.now();
    const elapsed = () => Math.floor((Date.now() - begun) / 1000);
    const end = begun + (numberOption(args, "timeout") ?? 600) * 1000;
    const pause = (seconds: number) => sleep(seconds * 1000, undefined, { signal: context.signal });
    await pause(numberOption(args, "delay") ?? 0);
    for (;;) {
      try {
        const timeoutMs = (numberOption(args, "connect_timeout") ?? 5) * 1000;
        if ((await context.sh("exit 0", { timeoutMs })).rc === 0) {
          return { changed: false, elapsed: elapsed() };
        }
      } catch (error) {
        if (Date.now() >= end) {
          const msg = `timed out waiting for ping module test: ${messageOf(error)}`;
          return { changed: false, failed: true, elapsed: elapsed(), msg };
        }
      }
      await pause(numberOption(args, "sleep") ?? 1);
    }
  },
);
