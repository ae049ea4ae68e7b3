/** community.general.modprobe: modules of the kernel. */
import { quote } from "../../connection/connection.ts";
import { textOption } from "../lib/option-values.ts";
import { errorOf, outputOf, parseSections, section } from "../lib/sections.ts";
import { writeText } from "../lib/text-file.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.modprobe",
  summary: "Load and unload kernel modules",
  options: {
    name: { type: "str", required: true, description: "Name of the module." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the module is loaded.",
    },
    params: { type: "str", default: "", description: "Parameters of the module." },
    persistent: {
      type: "str",
      default: "disabled",
      choices: ["disabled", "present", "absent"],
      description: "Whether it is loaded at boot too.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { name: "Name of the module.", params: "Its parameters.", state: "The state." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name") ?? "";
  const state = textOption(args, "state") ?? "present";
  const params = textOption(args, "params") ?? "";
  const persistent = textOption(args, "persistent") ?? "disabled";
  const bare = name.replaceAll("-", "_");
  const load = `/etc/modules-load.d/${name}.conf`;
  const options = `/etc/modprobe.d/${name}.conf`;
  const report = await context.sh(`
if [ -d ${quote(`/sys/module/${bare}`)} ]; then ${section("loaded")}; fi
if grep -qs ${quote(`/${bare}\\.ko`)} /lib/modules/$(uname -r)/modules.builtin; then ${section("loaded")}; fi
${section("load")}; cat ${quote(load)} 2>/dev/null
${section("options")}; cat ${quote(options)} 2>/dev/null
exit 0`);
  const parts = parseSections(report.stdout);
  const shown = { name, params, state };
  let changed = false;
  if (persistent !== "disabled") {
    const wanted = persistent === "present";
    const isThere = new RegExp(`^${name}\\s*$`, "m").test(parts.get("load") ?? "");
    const line = params === "" ? "" : `options ${name} ${params}\n`;
    const sameOptions = (parts.get("options") ?? "") === (wanted ? line : "");
    if (isThere !== wanted || (params !== "" && !sameOptions)) {
      changed = true;
      if (!context.checkMode) {
        if (wanted) {
          const problem =
            (await writeText(context, load, `${name}\n`)) ??
            (line === "" ? undefined : await writeText(context, options, line));
          if (problem !== undefined) return { failed: true, msg: problem, ...shown };
        } else await context.sh(`rm -f ${quote(load)} ${quote(options)}`);
      }
    }
  }
  if (context.target === "image") {
    // The kernel of an image build is the builder's and is not touched.
    return {
      changed,
      ...shown,
      warnings: [
        `The kernel module '${name}' was neither loaded nor unloaded: an image has no kernel of its own. Load it on the machine that runs the container.`,
      ],
    };
  }
  if (parts.has("loaded") !== (state === "present")) {
    changed = true;
    if (!context.checkMode) {
      const done = await context.sh(
        state === "present"
          ? `PATH=$PATH:/usr/sbin:/sbin modprobe ${quote(name)} ${params}`
          : `PATH=$PATH:/usr/sbin:/sbin modprobe -r ${quote(name)}`,
      );
      if (done.rc !== 0) {
        return {
          failed: true,
          msg: errorOf(done).trim(),
          rc: done.rc,
          stdout: outputOf(done),
          stderr: errorOf(done),
          ...shown,
        };
      }
    }
  }
  return { changed, ...shown };
}
