/** ansible.builtin.package: the package manager of the target, whichever it is. */

import { textOption } from "../lib/option-values.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.package",
  summary: "Manage packages with the target's own package manager",
  options: {
    name: { type: "raw", required: true, aliases: ["pkg"], description: "Packages." },
    state: {
      type: "str",
      description: "`present`, `absent` or another state; the manager's own default without it.",
    },
    use: { type: "str", default: "auto", description: "Name of the package module to use." },
  },
  // Further options go to the module that does the work, which refuses what it does not have.
  anyOption: true,
  checkMode: "full",
  diff: true,
  effect: "target",
  volatile: true,
  returns: { results: "What the package manager's module returns." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const use = textOption(args, "use") ?? "auto";
  const manager = use === "auto" ? await detect(context) : use;
  if (manager === undefined) {
    return {
      failed: true,
      msg: 'Could not detect which package manager to use. Try gathering facts or setting the "use" option.',
    };
  }
  const given = Object.entries(args).filter(
    (entry): entry is [string, Data] => entry[1] !== undefined && entry[0] !== "use",
  );
  return context.invoke(manager, Object.fromEntries(given));
}

async function detect(context: ModuleContext): Promise<string | undefined> {
  const known = context.variable("ansible_pkg_mgr");
  if (typeof known === "string" && known !== "unknown") return known;
  const facts = await context.facts();
  const found = facts.pkg_mgr ?? facts.ansible_pkg_mgr;
  return typeof found === "string" && found !== "unknown" ? found : undefined;
}
