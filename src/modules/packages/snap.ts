/** community.general.snap: refused, with the reason. */
import { UnsupportedError } from "../../errors/index.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.snap",
  summary: "Manage snaps (refused)",
  options: {},
  anyOption: true,
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {},
} as const satisfies ModuleSpec;

/** @throws UnsupportedError always */
export async function run(context: ModuleContext, _args: Arguments): Promise<ModuleResult> {
  throw new UnsupportedError("The module community.general.snap is not supported", {
    position: context.position,
    hint: "Snaps are mounted by snapd, a daemon of systemd that does not run in containers. Install the software from a package or an archive instead.",
  });
}
