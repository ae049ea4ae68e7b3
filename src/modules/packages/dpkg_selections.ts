/** ansible.builtin.dpkg_selections: whether dpkg holds a package back. */
import { quote } from "../../connection/connection.ts";
import { textOption } from "../lib/option-values.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.dpkg_selections",
  summary: "Set the selection of a package",
  options: {
    name: { type: "str", required: true, description: "Name of the package." },
    selection: {
      type: "str",
      required: true,
      choices: ["install", "hold", "deinstall", "purge"],
      description: "The selection.",
    },
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: { before: "The selection before.", after: "The selection after." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name") ?? "";
  const selection = textOption(args, "selection") ?? "install";
  const report = await context.sh(
    `lb_have dpkg || exit 60; dpkg --get-selections ${quote(name)} 2>/dev/null`,
  );
  if (report.rc === 60) return { failed: true, msg: 'Failed to find required executable "dpkg"' };
  const before = outputOf(report).trim().split(/\s+/)[1] ?? "not present";
  const changed = before !== selection;
  if (changed && !context.checkMode) {
    const done = await context.sh("dpkg --set-selections", {
      stdin: Buffer.from(`${name} ${selection}\n`),
    });
    if (done.rc !== 0) return { failed: true, msg: errorOf(done), rc: done.rc };
  }
  return { changed, before, after: selection };
}
