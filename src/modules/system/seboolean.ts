/** ansible.posix.seboolean: booleans of SELinux. */
import { quote } from "../../connection/connection.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { withoutSelinux } from "./selinux/state.ts";

export const spec = {
  name: "ansible.posix.seboolean",
  summary: "Set booleans of SELinux",
  options: {
    name: { type: "str", required: true, description: "Name of the boolean." },
    state: { type: "bool", required: true, description: "Its value." },
    persistent: { type: "bool", default: false, description: "Keep it after a reboot." },
    ignore_selinux_state: {
      type: "bool",
      default: false,
      description: "Go on where SELinux is disabled.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { name: "Name of the boolean.", state: "Its value.", persistent: "Whether it is kept." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name") ?? "";
  const state = flagOption(args, "state") === true;
  const persistent = flagOption(args, "persistent") === true;
  const missing = await withoutSelinux(context, flagOption(args, "ignore_selinux_state") === true);
  if (missing) return missing;
  const shown = { name, state, persistent };
  const asked = await context.sh(`PATH=$PATH:/usr/sbin getsebool ${quote(name)}`);
  if (asked.rc !== 0) return { failed: true, msg: `SELinux boolean ${name} does not exist.` };
  const now = /--> on/.test(outputOf(asked));
  if (now === state) return { changed: false, ...shown };
  if (context.checkMode) return { changed: true, ...shown };
  const done = await context.sh(
    `PATH=$PATH:/usr/sbin setsebool ${persistent ? "-P " : ""}${quote(name)} ${state ? "on" : "off"}`,
  );
  return done.rc === 0
    ? { changed: true, ...shown }
    : { failed: true, msg: `Failed to set boolean ${name} to ${state}: ${errorOf(done)}` };
}
