/** ansible.builtin.setup: facts of the target, gathered by one shell script. */

import { listOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { gather } from "./facts/gather.ts";
import type { FactKind } from "./facts/source.ts";
import { BadSubset, chooseCollectors, filterMatches } from "./facts/subsets.ts";

export const spec = {
  name: "ansible.builtin.setup",
  summary: "Gather facts about the target",
  options: {
    gather_subset: {
      type: "list",
      elements: "str",
      default: ["all"],
      description: "Which facts to gather: `all`, `min`, names of collectors, `!` before one.",
    },
    gather_timeout: {
      type: "int",
      default: 10,
      description: "Most seconds for one collector.",
      noEffect: "everything is gathered in one go, without slow tools",
    },
    filter: {
      type: "list",
      elements: "str",
      default: [],
      description: "Shell patterns; only facts whose name fits one are returned.",
    },
    fact_path: {
      type: "path",
      default: "/etc/ansible/facts.d",
      description: "Directory of local facts (`*.fact`).",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { ansible_facts: "The facts, each with `ansible_` before its name." },
} as const satisfies ModuleSpec;

/**
 * Facts of the image: they follow from its files, so an image build memoises them. Every other fact
 * is of the moment or of the builder, and is read live. {@link isImageFact} knows those whose name
 * holds a key's type.
 */
export const IMAGE_FACTS: ReadonlySet<string> = new Set([
  "ansible_architecture",
  "ansible_distribution",
  "ansible_distribution_file_parsed",
  "ansible_distribution_file_path",
  "ansible_distribution_file_variety",
  "ansible_distribution_major_version",
  "ansible_distribution_minor_version",
  "ansible_distribution_release",
  "ansible_distribution_version",
  "ansible_effective_group_id",
  "ansible_effective_user_id",
  "ansible_local",
  "ansible_lsb",
  "ansible_machine",
  "ansible_machine_id",
  "ansible_os_family",
  "ansible_pkg_mgr",
  "ansible_python",
  "ansible_python_version",
  "ansible_real_group_id",
  "ansible_real_user_id",
  "ansible_service_mgr",
  "ansible_system",
  "ansible_systemd",
  "ansible_user_dir",
  "ansible_user_gecos",
  "ansible_user_gid",
  "ansible_user_id",
  "ansible_user_shell",
  "ansible_user_uid",
  "ansible_userspace_architecture",
  "ansible_userspace_bits",
  "ansible_virtualization_role",
  "ansible_virtualization_tech_guest",
  "ansible_virtualization_tech_host",
  "ansible_virtualization_type",
  "gather_subset",
  "module_setup",
]);

/** Does the fact follow from the files of the image alone? */
export function isImageFact(name: string): boolean {
  return IMAGE_FACTS.has(name) || name.startsWith("ansible_ssh_host_key_");
}

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  return gatherKind(context, args, "all");
}

/** The facts of one kind only; `moment` is the cheap script that an image build runs every time. */
export async function gatherKind(
  context: ModuleContext,
  args: Arguments,
  kind: FactKind,
): Promise<ModuleResult> {
  const subset = (listOption(args, "gather_subset") ?? ["all"]).map((each) => each.trim());
  const patterns = listOption(args, "filter") ?? [];
  try {
    const facts = await gather(context, {
      kind,
      collectors: chooseCollectors(subset),
      factPath: textOption(args, "fact_path") ?? "/etc/ansible/facts.d",
    });
    const named: Record<string, Data> = {};
    for (const [name, value] of Object.entries(facts)) {
      const full = `ansible_${name}`;
      if (filterMatches(patterns, full)) named[full] = value;
    }
    if (kind !== "moment") {
      if (filterMatches(patterns, "gather_subset")) named.gather_subset = subset;
      if (filterMatches(patterns, "module_setup")) named.module_setup = true;
    }
    return { changed: false, ansible_facts: named };
  } catch (error) {
    if (!(error instanceof BadSubset)) throw error;
    return { failed: true, msg: error.message };
  }
}
