/** ansible.builtin.service: services by whatever manages them: systemd, OpenRC, init scripts. */

import { quote } from "../../connection/connection.ts";
import { flagOption, numberOption, textOption } from "../lib/option-values.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { runInitScript } from "./services/init-script.ts";
import { inspectScript, parseService } from "./services/inspect.ts";
import { initLinks, isEnabled, offlineService } from "./services/offline.ts";

const SYSTEMD_ONLY = ["daemon_reload", "daemon_reexec", "masked", "scope", "no_block", "force"];

export const spec = {
  name: "ansible.builtin.service",
  summary: "Manage services",
  options: {
    // Not required here: it may come from the defaults of the module that does the work.
    name: { type: "str", description: "Name of the service." },
    state: {
      type: "str",
      choices: ["reloaded", "restarted", "started", "stopped"],
      description: "The state the service should be in.",
    },
    enabled: { type: "bool", description: "Whether the service starts with the system." },
    sleep: { type: "int", description: "Seconds between stop and start of a restart." },
    pattern: {
      type: "str",
      description: "Text to look for in the process list instead of asking for the status.",
    },
    runlevel: { type: "str", default: "default", description: "OpenRC's runlevel." },
    arguments: {
      type: "str",
      default: "",
      aliases: ["args"],
      description: "Further arguments of the init script.",
    },
    use: { type: "str", default: "auto", description: "Name of the service module to use." },
    daemon_reload: { type: "bool", description: "systemd: read the unit files again." },
    daemon_reexec: { type: "bool", description: "systemd: execute systemd again." },
    masked: { type: "bool", description: "systemd: whether the unit is masked." },
    scope: { type: "str", description: "systemd: `system`, `user` or `global`." },
    no_block: { type: "bool", description: "systemd: do not wait for the operation." },
    force: { type: "bool", description: "systemd: overwrite links." },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    name: "Name of the service.",
    state: "`started` or `stopped`, when a state was asked for.",
    enabled: "Whether it starts with the system, when that was asked for.",
    status: "Properties of the unit, where systemd manages it.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name") ?? "";
  const unnamed = { failed: true, msg: "missing required arguments: name" };
  const state = textOption(args, "state");
  const enabled = flagOption(args, "enabled");
  const use = textOption(args, "use") ?? "auto";
  const bareUse = use.slice(use.lastIndexOf(".") + 1);
  if (bareUse !== "auto" && bareUse !== "service" && context.target === "host") {
    return context.invoke(
      bareUse,
      given(args, (option) => option !== "use"),
    );
  }
  const missing = `Could not find the requested service ${name}: host`;
  if (context.target === "image") {
    if (name === "") return unnamed;
    const { result } = await offlineService(context, {
      name,
      state,
      enabled,
      masked: flagOption(args, "masked"),
      arguments: textOption(args, "arguments"),
      runlevel: textOption(args, "runlevel"),
      missing,
    });
    return result;
  }
  const report = await context.sh(`${inspectScript(name)}exit 0`);
  const service = parseService(report.stdout);
  if (service.booted)
    return context.invoke("ansible.builtin.systemd_service", systemdArguments(args));
  if (name === "") return unnamed;
  const refused = SYSTEMD_ONLY.filter((option) => args[option] !== undefined);
  if (refused.length > 0) {
    return {
      failed: true,
      msg: `Unsupported parameters for (ansible.legacy.service) module: ${refused.join(", ")}. Supported parameters include: arguments, enabled, name, pattern, runlevel, sleep, state (args).`,
    };
  }
  if (state === undefined && enabled === undefined) {
    return { failed: true, msg: "one of the following is required: state, enabled" };
  }
  if (!service.initScript && !service.upstart) {
    return { failed: true, msg: missing };
  }
  let changed = false;
  if (enabled !== undefined && enabled !== isEnabledByScript(service)) {
    if (context.checkMode) return { changed: true, msg: "changing service enablement" };
    changed = true;
    const bare = quote(name);
    const done = await context.sh(
      service.openrc
        ? `PATH=$PATH:/sbin rc-update ${enabled ? "add" : "del"} ${bare} ${quote(textOption(args, "runlevel") ?? "default")}`
        : initLinks(bare, enabled, service),
    );
    if (done.rc !== 0) return { failed: true, msg: errorOf(done) || outputOf(done), rc: done.rc };
  }
  const acted = await runInitScript(
    context,
    {
      name,
      state,
      arguments: textOption(args, "arguments"),
      sleep: numberOption(args, "sleep"),
      pattern: textOption(args, "pattern"),
    },
    service,
  );
  if (acted.failed) return acted;
  if (context.checkMode && acted.changed) return acted;
  return {
    changed: changed || acted.changed === true,
    name,
    ...(enabled === undefined ? {} : { enabled }),
    ...(state === undefined ? {} : { state: state === "stopped" ? "stopped" : "started" }),
  };
}

/** Outside of systemd only the links of the init script count. */
function isEnabledByScript(service: Parameters<typeof isEnabled>[0]): boolean {
  return isEnabled({ ...service, unit: undefined, unitState: "" });
}

function given(args: Arguments, keep: (option: string) => boolean): Record<string, Data> {
  return Object.fromEntries(
    Object.entries(args).filter(
      (entry): entry is [string, Data] => entry[1] !== undefined && keep(entry[0]),
    ),
  );
}

/** The arguments that the systemd module has; the others have no meaning there. */
function systemdArguments(args: Arguments): Record<string, Data> {
  return given(args, (option) => ["name", "state", "enabled", ...SYSTEMD_ONLY].includes(option));
}
