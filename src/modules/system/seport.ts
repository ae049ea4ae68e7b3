/** community.general.seport: types of ports in SELinux's policy. */
import { quote } from "../../connection/connection.ts";
import { flagOption, listOption, textOption, words } from "../lib/option-values.ts";
import { errorOf, linesOf, outputOf } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { withoutSelinux } from "./selinux/state.ts";

export const spec = {
  name: "community.general.seport",
  summary: "Set types of ports in SELinux's policy",
  options: {
    ports: { type: "list", elements: "str", required: true, description: "Ports or ranges." },
    proto: { type: "str", required: true, choices: ["tcp", "udp"], description: "Protocol." },
    setype: { type: "str", required: true, description: "Type of the ports." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the ports have the type.",
    },
    reload: { type: "bool", default: true, description: "Reload the policy." },
    local: { type: "bool", default: false, description: "Look at local changes only." },
    ignore_selinux_state: {
      type: "bool",
      default: false,
      description: "Go on where SELinux is disabled.",
    },
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: { ports: "The ports.", setype: "The type.", state: "The state." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const ports = (listOption(args, "ports") ?? []).map((port) => port.trim());
  const proto = textOption(args, "proto") ?? "tcp";
  const setype = textOption(args, "setype") ?? "";
  const state = textOption(args, "state") ?? "present";
  const missing = await withoutSelinux(context, flagOption(args, "ignore_selinux_state") === true);
  if (missing) return missing;
  const local = flagOption(args, "local") === true ? "-C" : "";
  const list = await context.sh(
    `PATH=$PATH:/usr/sbin; lb_have semanage || exit 60; semanage port -l -n ${local}`,
  );
  if (list.rc === 60) return { failed: true, msg: 'Failed to find required executable "semanage"' };
  const types = new Map<string, string>();
  for (const line of linesOf(outputOf(list))) {
    const [type = "", protocol, ...rest] = line.trim().split(/[\s,]+/);
    if (protocol === proto) for (const port of rest) if (!types.has(port)) types.set(port, type);
  }
  const due = ports.filter((port) => (types.get(port) === setype) !== (state === "present"));
  const result = { ports, proto, setype, state };
  if (due.length === 0 || context.checkMode) return { changed: due.length > 0, ...result };
  const reload = flagOption(args, "reload") === false ? "-N " : "";
  const done = await context.sh(
    `PATH=$PATH:/usr/sbin\n${due
      .map((port) =>
        state === "absent"
          ? `semanage port ${reload}-d ${words("-t", setype, "-p", proto, port)} || exit`
          : `semanage port ${reload}-${types.has(port) ? "m" : "a"} -t ${quote(setype)} -p ${proto} ${quote(port)} || exit`,
      )
      .join("\n")}`,
  );
  return done.rc === 0
    ? { changed: true, ...result }
    : { failed: true, msg: errorOf(done).trim(), rc: done.rc };
}
