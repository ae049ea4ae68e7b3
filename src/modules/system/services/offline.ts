/**
 * Services in an image build, where nothing is booted.
 *
 * - `enabled` and `masked` are applied to the files: by systemctl, which works offline, by the tools
 *   of init scripts, or by the links that they would make.
 * - `started`, `restarted` and `reloaded` are deferred to the container's own start and noted.
 *   `started` and `stopped` report no change (the image is as wanted: nothing runs in it);
 *   `restarted` and `reloaded` always report one, as they do on a machine.
 * - with `--services run` the init script is really run; with `--services fail` the task fails.
 */
import { quote } from "../../../connection/connection.ts";
import { errorOf, outputOf } from "../../lib/sections.ts";
import type { ModuleContext, ModuleResult } from "../../module.ts";
import { runInitScript } from "./init-script.ts";
import {
  inspectScript,
  offlineEnabled,
  parseService,
  type ServiceState,
  templateName,
  unitName,
} from "./inspect.ts";

export interface OfflineWish {
  readonly name: string;
  readonly state: string | undefined;
  readonly enabled: boolean | undefined;
  readonly masked?: boolean | undefined;
  readonly arguments?: string | undefined;
  readonly runlevel?: string | undefined;
  /** Names the machine in the message about a service that there is not. */
  readonly missing: string;
}

export interface OfflineOutcome {
  readonly result: ModuleResult;
  readonly service: ServiceState;
}

export async function offlineService(
  context: ModuleContext,
  wish: OfflineWish,
): Promise<OfflineOutcome> {
  const report = await context.sh(`${inspectScript(wish.name)}${offlineEnabled(wish.name)}exit 0`);
  const service = parseService(report.stdout);
  const fail = (msg: string): OfflineOutcome => ({ result: { failed: true, msg }, service });
  if (!service.unit && !service.initScript) return fail(wish.missing);

  let changed = false;
  if (wish.masked !== undefined && wish.masked !== service.masked) {
    changed = true;
    if (!context.checkMode) {
      const done = await context.sh(maskScript(wish.name, wish.masked, service));
      if (done.rc !== 0)
        return fail(
          `Unable to ${wish.masked ? "mask" : "unmask"} service ${wish.name}: ${errorOf(done)}`,
        );
    }
  }
  if (wish.enabled !== undefined && wish.enabled !== isEnabled(service)) {
    changed = true;
    if (!context.checkMode) {
      const done = await context.sh(enableScript(wish, wish.enabled, service));
      if (done.rc !== 0) {
        return fail(
          `Unable to ${wish.enabled ? "enable" : "disable"} service ${wish.name}: ${errorOf(done) || outputOf(done)}`,
        );
      }
    }
  }
  if (wish.state !== undefined) {
    if (context.services === "fail") {
      return fail(
        `Cannot bring the service '${wish.name}' to the state '${wish.state}': nothing is booted in an image build, and --services fail is set`,
      );
    }
    if (context.services === "run") {
      const ran = await runInitScript(context, wish, service);
      if (ran.failed) return { result: ran, service };
      changed ||= ran.changed === true;
    } else {
      changed ||= wish.state === "restarted" || wish.state === "reloaded";
      if (!context.checkMode && wish.state !== "stopped")
        context.deferService(wish.name, wish.state);
    }
  }
  return {
    result: {
      changed,
      name: wish.name,
      ...(wish.enabled === undefined ? {} : { enabled: wish.enabled }),
      ...(wish.state === undefined
        ? {}
        : { state: wish.state === "stopped" ? "stopped" : "started" }),
    },
    service,
  };
}

/** Will the service start when the system does? */
export function isEnabled(service: ServiceState): boolean {
  if (service.unit || service.unitState === "generated") {
    if (/^(enabled|enabled-runtime|static|indirect|alias)$/.test(service.unitState)) return true;
    return service.unitState === "generated" && service.initEnabled;
  }
  return service.initEnabled;
}

function maskScript(name: string, mask: boolean, service: ServiceState): string {
  const unit = unitName(name);
  if (service.systemctl) {
    return `SYSTEMD_OFFLINE=1 systemctl ${mask ? "mask" : "unmask"} ${quote(unit)}`;
  }
  const link = quote(`/etc/systemd/system/${unit}`);
  return mask
    ? `mkdir -p /etc/systemd/system && ln -sf /dev/null ${link}`
    : `if [ "$(readlink ${link})" = /dev/null ]; then rm -f ${link}; fi`;
}

function enableScript(wish: OfflineWish, enable: boolean, service: ServiceState): string {
  const { name } = wish;
  const unit = unitName(name);
  const bare = quote(name.replace(/\.service$/, ""));
  const verb = enable ? "enable" : "disable";
  if (service.openrc && service.initScript) {
    return `PATH=$PATH:/sbin:/usr/sbin rc-update ${enable ? "add" : "del"} ${bare} ${quote(wish.runlevel ?? "default")}`;
  }
  if (service.unit || service.unitState === "generated") {
    return service.systemctl
      ? `SYSTEMD_OFFLINE=1 systemctl ${verb} ${quote(unit)}`
      : `${linkScript(unit, enable, service)}${service.initScript ? ` && { ${initLinks(bare, enable, service)}; }` : ""}`;
  }
  return initLinks(bare, enable, service);
}

/** Links of an init script, by the tool that the distribution has. */
export function initLinks(bare: string, enable: boolean, service: ServiceState): string {
  const path = "PATH=$PATH:/usr/sbin:/sbin";
  if (service.updateRc) {
    return enable
      ? `${path} update-rc.d ${bare} defaults && ${path} update-rc.d ${bare} enable`
      : `${path} update-rc.d ${bare} disable`;
  }
  if (service.chkconfig) {
    return enable
      ? `${path} chkconfig --add ${bare} && ${path} chkconfig ${bare} on`
      : `${path} chkconfig ${bare} off`;
  }
  return enable
    ? `for lb_n in 2 3 4 5; do mkdir -p /etc/rc$lb_n.d && ln -sf ../init.d/${bare} /etc/rc$lb_n.d/S20${bare} || exit; done`
    : `rm -f /etc/rc[2345].d/S??${bare}`;
}

/** What `systemctl enable` would link, where there is no systemctl: the unit's [Install] section. */
function linkScript(unit: string, enable: boolean, service: ServiceState): string {
  const folder = "/etc/systemd/system";
  const install = new Map<string, string[]>();
  let inside = false;
  for (const line of service.unitText.split("\n")) {
    if (/^\s*\[/.test(line)) inside = /^\s*\[Install\]/.test(line);
    const pair = inside ? /^\s*(WantedBy|RequiredBy|Alias)\s*=\s*(.*)$/.exec(line) : null;
    if (!pair) continue;
    const list = install.get(pair[1] ?? "") ?? [];
    install.set(pair[1] ?? "", [...list, ...(pair[2] ?? "").split(/\s+/).filter(Boolean)]);
  }
  const source = quote(service.unit ?? `/lib/systemd/system/${templateName(unit)}`);
  const links = [
    ...(install.get("WantedBy") ?? []).map((by) => [`${folder}/${by}.wants`, unit] as const),
    ...(install.get("RequiredBy") ?? []).map((by) => [`${folder}/${by}.requires`, unit] as const),
    ...(install.get("Alias") ?? []).map((alias) => [folder, alias] as const),
  ];
  return links
    .map(([directory, name]) =>
      enable
        ? `mkdir -p ${quote(directory)} && ln -sf ${source} ${quote(`${directory}/${name}`)} || exit`
        : `rm -f ${quote(`${directory}/${name}`)}`,
    )
    .concat("true")
    .join("\n");
}
