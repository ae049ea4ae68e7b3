/** ansible.builtin.ping: proves that a shell answers. */
import { textOption } from "../lib/option-values.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.ping",
  summary: "Try to connect and return `pong`",
  options: {
    data: {
      type: "str",
      default: "pong",
      description: "What to return; `crash` makes the module fail.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { ping: "The text given as `data`." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const data = textOption(args, "data") ?? "pong";
  await context.sh(":");
  if (data === "crash") return { failed: true, msg: "boom" };
  return { changed: false, ping: data };
}
