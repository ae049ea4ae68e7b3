/** ansible.posix.selinux: the mode of SELinux. */
import { textOption } from "../lib/option-values.ts";
import { errorOf, parseSections, section } from "../lib/sections.ts";
import { writeText } from "../lib/text-file.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.posix.selinux",
  summary: "Set the mode and policy of SELinux",
  options: {
    policy: { type: "str", description: "Name of the policy." },
    state: {
      type: "str",
      required: true,
      choices: ["enforcing", "permissive", "disabled"],
      description: "The mode.",
    },
    configfile: {
      type: "str",
      default: "/etc/selinux/config",
      aliases: ["conf", "file"],
      description: "The configuration file.",
    },
    update_kernel_param: {
      type: "bool",
      default: false,
      description: "Change the boot loader's parameters too.",
      noEffect: "a container has no boot loader",
    },
  },
  requiredIf: [
    ["state", "enforcing", ["policy"]],
    ["state", "permissive", ["policy"]],
  ],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    msg: "What was changed.",
    configfile: "The configuration file.",
    policy: "The policy.",
    state: "The mode.",
    reboot_required: "Whether a reboot is needed.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const state = textOption(args, "state") ?? "disabled";
  const file = textOption(args, "configfile") ?? "/etc/selinux/config";
  const report = await context.sh(`
if [ -e '${file.replaceAll("'", "'\\''")}' ]; then ${section("config")}; cat '${file.replaceAll("'", "'\\''")}'; fi
if [ -e /sys/fs/selinux/enforce ]; then ${section("enforce")}; cat /sys/fs/selinux/enforce; fi
exit 0`);
  const parts = parseSections(report.stdout);
  const before = parts.get("config");
  if (before === undefined) {
    return {
      failed: true,
      msg: `Unable to find file ${file}`,
      details:
        "Please install SELinux-policy package, if this package is not installed previously.",
    };
  }
  const policy = textOption(args, "policy") ?? /^SELINUXTYPE=(.*)$/m.exec(before)?.[1] ?? "";
  const after = before
    .replace(/^SELINUX=.*$/m, `SELINUX=${state}`)
    .replace(/^SELINUXTYPE=.*$/m, `SELINUXTYPE=${policy}`);
  const enforce = context.target === "host" ? parts.get("enforce")?.trim() : undefined;
  const wanted = state === "enforcing" ? "1" : "0";
  const running = enforce !== undefined && state !== "disabled" && enforce !== wanted;
  const changed = after !== before || running;
  const result: Record<string, Data> = {
    configfile: file,
    policy,
    state,
    msg: changed ? `Config SELinux state changed to '${state}'` : "",
    reboot_required: (state === "disabled") === (enforce !== undefined),
  };
  if (changed && !context.checkMode) {
    if (running) {
      const done = await context.sh(`PATH=$PATH:/usr/sbin setenforce ${wanted}`);
      if (done.rc !== 0) return { failed: true, msg: errorOf(done).trim() };
    }
    if (after !== before) {
      const problem = await writeText(context, file, after);
      if (problem !== undefined) return { failed: true, msg: problem };
    }
  }
  return { changed, ...result };
}
