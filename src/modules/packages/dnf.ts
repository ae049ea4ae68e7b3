/** ansible.builtin.dnf, by the dnf program. */
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { manageRpm } from "./rpm/manage.ts";
import { RPM_OPTIONS } from "./rpm/spec.ts";

export const spec = {
  name: "ansible.builtin.dnf",
  aliases: ["ansible.builtin.dnf5"],
  summary: "Manage packages with dnf",
  options: RPM_OPTIONS,
  mutuallyExclusive: [
    ["name", "list"],
    ["best", "nobest"],
  ],
  requiredOneOf: [["name", "list", "update_cache"]],
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {
    results: "What was done to which package.",
    msg: "Empty, or that there was nothing to do.",
    rc: "0, or dnf's exit code.",
    failures: "Packages that are not there.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  return manageRpm(context, args, "dnf");
}
