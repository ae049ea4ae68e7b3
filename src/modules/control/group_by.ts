/** ansible.builtin.group_by: puts the host into a group that a value names. */
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.group_by",
  summary: "Create Ansible groups based on facts",
  options: {
    key: { type: "raw", description: "Name of the group." },
    parents: { type: "raw", description: "Groups above it." },
  },
  anyOption: true,
  freeForm: "_raw_params",
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { add_group: "The group.", parent_groups: "Groups above it." },
} as const satisfies ModuleSpec;

export async function run(_context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  if (args.key === undefined || args.key === null) {
    return { failed: true, msg: "the 'key' param is required when using group_by" };
  }
  const parents = args.parents ?? ["all"];
  const list: readonly Data[] = Array.isArray(parents) ? parents : [parents];
  return {
    changed: false,
    add_group: safe(String(args.key)),
    parent_groups: list.map((parent) => safe(String(parent))),
  };
}

/** Spaces would make the group's name a pattern of two. */
function safe(name: string): string {
  return name.replaceAll(" ", "-");
}
