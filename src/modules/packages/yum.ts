/** ansible.builtin.yum: by dnf where that is the system's, else by yum. */
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { spec as dnf } from "./dnf.ts";
import { manageRpm } from "./rpm/manage.ts";

export const spec = {
  ...dnf,
  name: "ansible.builtin.yum",
  aliases: [],
  summary: "Manage packages with yum",
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  return manageRpm(context, args, "yum");
}
