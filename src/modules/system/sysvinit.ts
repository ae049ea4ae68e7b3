/** ansible.builtin.sysvinit: services by their init scripts. */
import { quote } from "../../connection/connection.ts";
import { flagOption, listOption, numberOption, textOption } from "../lib/option-values.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { runInitScript } from "./services/init-script.ts";
import { inspectScript, parseService } from "./services/inspect.ts";
import { initLinks, offlineService } from "./services/offline.ts";

export const spec = {
  name: "ansible.builtin.sysvinit",
  summary: "Manage services that have init scripts",
  options: {
    name: {
      type: "str",
      required: true,
      aliases: ["service"],
      description: "Name of the service.",
    },
    state: {
      type: "str",
      choices: ["started", "stopped", "restarted", "reloaded"],
      description: "The state the service should be in.",
    },
    enabled: { type: "bool", description: "Whether the service starts with the system." },
    sleep: { type: "int", default: 1, description: "Seconds between stop and start of a restart." },
    pattern: {
      type: "str",
      description: "Text to look for in the process list instead of asking for the status.",
    },
    runlevels: { type: "list", elements: "str", description: "The runlevels it starts in." },
    arguments: {
      type: "str",
      aliases: ["args"],
      description: "Further arguments of the init script.",
    },
    daemonize: {
      type: "bool",
      default: false,
      description: "Run the script as a daemon.",
      noEffect: "scripts never hold the connection open",
    },
  },
  requiredOneOf: [["state", "enabled"]],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { name: "Name of the service.", status: "What was done, by step." },
} as const satisfies ModuleSpec;

const NOTHING = { changed: false, rc: null, stdout: null, stderr: null };

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name") ?? "";
  const state = textOption(args, "state");
  const enabled = flagOption(args, "enabled");
  const missing = `Could not find the requested service ${name}: `;
  const step = state ?? "null";
  if (context.target === "image") {
    const { result } = await offlineService(context, { name, state, enabled, missing });
    if (result.failed) return result;
    return {
      changed: result.changed === true,
      name,
      status: { enabled: NOTHING, [step]: { ...NOTHING, changed: result.changed === true } },
    };
  }
  const service = parseService((await context.sh(`${inspectScript(name)}exit 0`)).stdout);
  if (!service.initScript) return { failed: true, msg: missing };
  const status: Record<string, Data> = { enabled: NOTHING, [step]: NOTHING };
  let changed = false;
  if (enabled !== undefined && enabled !== service.initEnabled) {
    changed = true;
    const levels = listOption(args, "runlevels");
    const links =
      levels && enabled
        ? levels
            .map((level) => `ln -sf ../init.d/${quote(name)} /etc/rc${level}.d/S20${quote(name)}`)
            .join(" && ")
        : initLinks(quote(name), enabled, service);
    if (!context.checkMode) {
      const done = await context.sh(links);
      if (done.rc !== 0) {
        return { failed: true, msg: `Failed to enable service: ${errorOf(done)}`, rc: done.rc };
      }
      status.enabled = {
        changed: true,
        rc: 0,
        stdout: outputOf(done),
        stderr: errorOf(done),
      };
    }
  }
  const acted = await runInitScript(
    context,
    {
      name,
      state,
      arguments: textOption(args, "arguments"),
      sleep: state === "restarted" ? numberOption(args, "sleep") : undefined,
      pattern: textOption(args, "pattern"),
    },
    service,
  );
  if (acted.failed) return { ...acted, msg: `Failed to ${step} service: ${acted.msg}` };
  if (acted.changed) {
    changed = true;
    status[step] = { changed: true, rc: 0, stdout: acted.stdout ?? "", stderr: "" };
  }
  return { changed, name, status };
}
