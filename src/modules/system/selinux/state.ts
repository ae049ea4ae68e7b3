/** Is SELinux there? In containers and images it is not, and its modules say so as the originals do. */
import type { ModuleContext, ModuleResult } from "../../module.ts";

/** The failure of a module that needs SELinux, or `undefined` when the target has it enabled. */
export async function withoutSelinux(
  context: ModuleContext,
  ignoreState: boolean,
): Promise<ModuleResult | undefined> {
  if (ignoreState) return undefined;
  const seen = await context.sh("[ -e /sys/fs/selinux/enforce ]");
  return seen.rc === 0 && context.target === "host"
    ? undefined
    : { failed: true, msg: "SELinux is disabled on this host." };
}
