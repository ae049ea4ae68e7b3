/** ansible.builtin.systemd_service: systemd's units. */
import { quote } from "../../connection/connection.ts";
import { flagOption, textOption, words } from "../lib/option-values.ts";
import { errorOf, linesOf, outputOf, parseSections, section } from "../lib/sections.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { type ServiceState, unitName } from "./services/inspect.ts";
import { offlineService } from "./services/offline.ts";

export const spec = {
  name: "ansible.builtin.systemd_service",
  aliases: ["ansible.builtin.systemd"],
  summary: "Manage systemd units",
  options: {
    name: { type: "str", aliases: ["service", "unit"], description: "Name of the unit." },
    state: {
      type: "str",
      choices: ["reloaded", "restarted", "started", "stopped"],
      description: "The state the unit should be in.",
    },
    enabled: { type: "bool", description: "Whether the unit starts with the system." },
    force: { type: "bool", description: "Overwrite links that are in the way." },
    masked: { type: "bool", description: "Whether the unit is masked." },
    daemon_reload: {
      type: "bool",
      default: false,
      aliases: ["daemon-reload"],
      description: "Make systemd read its unit files again, even without a change.",
    },
    daemon_reexec: {
      type: "bool",
      default: false,
      aliases: ["daemon-reexec"],
      description: "Make systemd execute itself again.",
    },
    scope: {
      type: "str",
      default: "system",
      choices: ["system", "user", "global"],
      description: "Whose service manager to talk to.",
    },
    no_block: { type: "bool", default: false, description: "Do not wait for the operation." },
  },
  requiredOneOf: [["state", "enabled", "masked", "daemon_reload", "daemon_reexec"]],
  requiredBy: { state: ["name"], enabled: ["name"], masked: ["name"] },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    name: "Name of the unit.",
    state: "The state that was asked for.",
    enabled: "Whether the unit is enabled, when that was asked for.",
    status: "Properties of the unit, as `systemctl show` names them.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name");
  if (name !== undefined && /[*?[]/.test(name)) {
    return {
      failed: true,
      msg: `This module does not currently support using glob patterns, found '${/[*?[]/.exec(name)?.[0]}' in service name: ${name}`,
    };
  }
  return context.target === "image" ? offline(context, args, name) : live(context, args, name);
}

/** In an image build there is no manager to reload; see services/offline.ts for the rest. */
async function offline(
  context: ModuleContext,
  args: Arguments,
  name: string | undefined,
): Promise<ModuleResult> {
  if (name === undefined) return { changed: false, name: null, status: {} };
  const { result, service } = await offlineService(context, {
    name,
    state: textOption(args, "state"),
    enabled: flagOption(args, "enabled"),
    masked: flagOption(args, "masked"),
    missing: `Could not find the requested service ${name}: host`,
  });
  return result.failed ? result : { ...result, status: offlineStatus(name, service) };
}

/** The properties that follow from the files alone. */
function offlineStatus(name: string, service: ServiceState): Record<string, Data> {
  const unit = unitName(name);
  return {
    Id: unit,
    Names: unit,
    LoadState: service.masked ? "masked" : "loaded",
    ActiveState: "inactive",
    SubState: "dead",
    UnitFileState: service.unitState,
    FragmentPath: service.unit ?? "",
    SourcePath: service.unit ? "" : (service.initScript ?? ""),
  };
}

async function live(
  context: ModuleContext,
  args: Arguments,
  name: string | undefined,
): Promise<ModuleResult> {
  const scope = textOption(args, "scope") ?? "system";
  const flags = [
    ...(scope === "system" ? [] : [`--${scope}`]),
    ...(flagOption(args, "no_block") === true ? ["--no-block"] : []),
    ...(flagOption(args, "force") === true ? ["--force"] : []),
  ];
  const systemctl = words("systemctl", ...flags);
  const unit = name === undefined ? undefined : quote(name);
  const reload = flagOption(args, "daemon_reload") === true && !context.checkMode;
  const reexec = flagOption(args, "daemon_reexec") === true && !context.checkMode;
  const runtime =
    scope === "user"
      ? '[ -n "$XDG_RUNTIME_DIR" ] || export XDG_RUNTIME_DIR=/run/user/$(id -u)\n'
      : "";
  const report = await context.sh(`${runtime}
if ! lb_have systemctl; then ${section("missing")}; printf %s "$PATH"; exit 0; fi
${reload ? `${section("reload")}; ${systemctl} daemon-reload 2>&1; lb_rc=$?; printf '\\n%s' $lb_rc; [ $lb_rc = 0 ] || exit 0` : ""}
${reexec ? `${section("reexec")}; ${systemctl} daemon-reexec 2>&1; lb_rc=$?; printf '\\n%s' $lb_rc; [ $lb_rc = 0 ] || exit 0` : ""}
${
  unit === undefined
    ? ""
    : `${section("show")}; ${systemctl} show ${unit} 2>&1; lb_rc=$?
${section("showrc")}; echo $lb_rc
${section("enabled")}; ${systemctl} is-enabled ${unit} -l 2>&1; lb_rc=$?
${section("enabledrc")}; echo $lb_rc
${section("init")}; [ ! -e /etc/init.d/${unit} ] || echo yes
${section("rc")}; for lb_f in /etc/rc?.d/S??${unit}; do if [ -L "$lb_f" ]; then echo yes; fi; done`
}
exit 0`);
  const parts = parseSections(report.stdout);
  if (parts.has("missing")) {
    return {
      failed: true,
      msg: `Failed to find required executable "systemctl" in paths: ${parts.get("missing")}`,
    };
  }
  for (const [part, verb] of [
    ["reload", "daemon-reload"],
    ["reexec", "daemon-reexec"],
  ] as const) {
    const said = parts.get(part);
    const code = said?.slice(said.lastIndexOf("\n") + 1);
    if (said !== undefined && code !== "0") {
      return {
        failed: true,
        msg: `failure ${code} during ${verb}: ${said.slice(0, said.lastIndexOf("\n"))}`,
      };
    }
  }
  if (name === undefined || unit === undefined) return { changed: false, name: null, status: {} };

  const shown = parts.get("show") ?? "";
  const status = parts.get("showrc")?.trim() === "0" ? parseProperties(shown) : {};
  const hasInit = parts.get("init")?.trim() === "yes";
  const enabledLines = linesOf((parts.get("enabled") ?? "").trim());
  const enabledText = enabledLines[0] ?? "";
  const enabledCode = Number(parts.get("enabledrc")?.trim() ?? "1");
  const loadState = String(status.LoadState ?? "");
  // systemctl in a chroot, or told to work offline, only handles files.
  const ignored = /ignoring (?:request|command)/.test(shown);
  if (parts.get("showrc")?.trim() !== "0" && !hasInit) {
    return { failed: true, cmd: "systemctl", msg: shown.trim(), rc: 1, stdout: "", stderr: shown };
  }
  if (loadState === "not-found" && !hasInit && enabledText !== "masked") {
    return { failed: true, msg: `Could not find the requested service ${name}: host` };
  }

  const result: Record<string, Data> = { name, status };
  let changed = false;
  const act = async (verb: string): Promise<string | undefined> => {
    if (context.checkMode) return undefined;
    const done = await context.sh(`${runtime}${systemctl} ${verb} ${unit}`);
    return done.rc === 0 ? undefined : errorOf(done) || outputOf(done);
  };
  const masked = flagOption(args, "masked");
  const isMasked = loadState === "masked" || enabledText === "masked";
  if (masked !== undefined && masked !== isMasked) {
    changed = true;
    const wrong = await act(masked ? "mask" : "unmask");
    if (wrong !== undefined) {
      return {
        failed: true,
        msg: `Unable to ${masked ? "mask" : "unmask"} service ${name}: ${wrong}`,
      };
    }
  }
  const enabled = flagOption(args, "enabled");
  if (enabled !== undefined) {
    const now =
      // Indirect units and aliases are enabled when further lines name links to them; what is only
      // enabled until the next boot is not.
      (enabledCode === 0 &&
        enabledText !== "enabled-runtime" &&
        !(/^(indirect|alias)$/.test(enabledText) && enabledLines.length === 1)) ||
      (enabledCode !== 0 && hasInit && parts.get("rc")?.includes("yes") === true);
    result.enabled = now;
    if (now !== enabled) {
      changed = true;
      const verb = enabled ? "enable" : "disable";
      const wrong = await act(verb);
      if (wrong !== undefined) {
        return { failed: true, msg: `Unable to ${verb} service ${name}: ${wrong}`, status };
      }
      result.enabled = enabled;
    }
  }
  const state = textOption(args, "state");
  if (state !== undefined) {
    result.state = state;
    const active = String(status.ActiveState ?? "");
    if (ignored) {
      return {
        changed,
        ...result,
        warnings: [
          "Target is a chroot or systemd is offline. This can lead to false positives or prevent the init system tools from working.",
        ],
      };
    }
    if (active === "") {
      return { failed: true, msg: "Service is in unknown state", status };
    }
    const runs = ["active", "activating", "reloading"].includes(active);
    const verb =
      state === "started"
        ? runs
          ? undefined
          : "start"
        : state === "stopped"
          ? runs || active === "deactivating"
            ? "stop"
            : undefined
          : !runs
            ? "start"
            : state === "restarted"
              ? "restart"
              : "reload";
    if (state === "restarted" || state === "reloaded" || state === "started") {
      result.state = "started";
    }
    if (verb !== undefined) {
      changed = true;
      const wrong = await act(verb);
      if (wrong !== undefined) {
        return { failed: true, msg: `Unable to ${verb} service ${name}: ${wrong}`, status };
      }
    }
  }
  return { changed, ...result };
}

/** `Key=value` lines; a value in braces may go over several lines. */
export function parseProperties(text: string): Record<string, Data> {
  const properties: Record<string, Data> = {};
  let key: string | undefined;
  for (const line of linesOf(text)) {
    const equals = line.indexOf("=");
    if (key !== undefined) {
      properties[key] = `${properties[key]}\n${line}`;
      if (line.trimEnd().endsWith("}")) key = undefined;
    } else if (equals > 0) {
      const name = line.slice(0, equals);
      const value = line.slice(equals + 1).trim();
      properties[name] = value;
      if (name.startsWith("Exec") && value.startsWith("{") && !value.endsWith("}")) key = name;
    }
  }
  return properties;
}
