/** What a target knows about one service, without asking any daemon. */
import { quote } from "../../../connection/connection.ts";
import { linesOf, parseSections, section } from "../../lib/sections.ts";

export interface ServiceState {
  readonly systemctl: boolean;
  /** systemd is process 1. */
  readonly booted: boolean;
  readonly openrc: boolean;
  readonly updateRc: boolean;
  readonly chkconfig: boolean;
  readonly service: boolean;
  /** Path of /etc/init.d/NAME, if it is there. */
  readonly initScript: string | undefined;
  /** Path of the unit file (or of its template), if there is one. */
  readonly unit: string | undefined;
  readonly unitText: string;
  /** `systemctl is-enabled`, asked offline: `enabled`, `disabled`, `masked`, `static`, ... */
  readonly unitState: string;
  /** The unit is linked to /dev/null. */
  readonly masked: boolean;
  /** A runlevel starts the init script. */
  readonly initEnabled: boolean;
  readonly upstart: boolean;
  readonly path: string;
}

const UNIT_FOLDERS = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
];

/** `nginx` is `nginx.service`; names with another suffix stay. */
export function unitName(name: string): string {
  return /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/.test(name)
    ? name
    : `${name}.service`;
}

/** `getty@.service` for `getty@tty1.service`; the same name for units without an instance. */
export function templateName(unit: string): string {
  return unit.replace(/@.*(\.[a-z]+)$/, "@$1");
}

/** The script. `run` is added behind it, with `$lb_unit` and `$lb_init` set. */
export function inspectScript(name: string): string {
  const unit = unitName(name);
  const bare = name.replace(/\.service$/, "");
  return `
lb_init=; lb_unit=
${section("tools")}
PATH=$PATH:/usr/sbin:/sbin
for lb_t in systemctl update-rc.d chkconfig service rc-service; do if lb_have $lb_t; then echo $lb_t; fi; done
if [ -d /run/systemd/system ]; then echo booted; fi
if [ -e ${quote(`/etc/init/${bare}.conf`)} ] && lb_have initctl; then echo upstart; fi
if [ -e ${quote(`/etc/init.d/${bare}`)} ]; then lb_init=${quote(`/etc/init.d/${bare}`)}; fi
${section("init")}; echo "$lb_init"
for lb_t in ${UNIT_FOLDERS.join(" ")}; do
  for lb_n in ${quote(unit)} ${quote(templateName(unit))}; do
    if [ -z "$lb_unit" ] && { [ -e "$lb_t/$lb_n" ] || [ -L "$lb_t/$lb_n" ]; }; then lb_unit=$lb_t/$lb_n; fi
  done
done
${section("unit")}; echo "$lb_unit"
if [ -n "$lb_unit" ]; then
  if [ -c "$lb_unit" ] || [ "$(readlink "$lb_unit")" = /dev/null ]; then ${section("masked")}
  elif ! lb_have systemctl; then ${section("unittext")}; cat "$lb_unit"; fi
fi
${section("links")}
for lb_t in /etc/systemd/system/*.wants/${quote(unit)} /etc/systemd/system/*.requires/${quote(unit)}; do
  if [ -L "$lb_t" ]; then echo "$lb_t"; fi
done
for lb_t in /etc/rc[S2345].d/S??${quote(bare)} /etc/rc.d/rc[2345].d/S??${quote(bare)} /etc/runlevels/*/${quote(bare)}; do
  if [ -e "$lb_t" ] || [ -L "$lb_t" ]; then echo "$lb_t"; fi
done
${section("path")}; printf '%s' "$PATH"
`;
}

/** Asks systemctl whether the unit is enabled, from the files alone. */
export function offlineEnabled(name: string): string {
  return `if lb_have systemctl && [ -n "$lb_unit$lb_init" ]; then ${section("enabled")}; SYSTEMD_OFFLINE=1 systemctl is-enabled ${quote(unitName(name))} 2>/dev/null; fi
`;
}

export function parseService(stdout: Buffer): ServiceState {
  const parts = parseSections(stdout);
  const tools = new Set(linesOf(parts.get("tools")));
  const links = linesOf(parts.get("links"));
  const text = (name: string) => (parts.get(name) ?? "").trim();
  const unitLinked = links.some((link) => link.startsWith("/etc/systemd/"));
  const unit = text("unit") || undefined;
  return {
    systemctl: tools.has("systemctl"),
    booted: tools.has("booted") && tools.has("systemctl"),
    openrc: tools.has("rc-service"),
    updateRc: tools.has("update-rc.d"),
    chkconfig: tools.has("chkconfig"),
    service: tools.has("service"),
    initScript: text("init") || undefined,
    unit,
    unitText: parts.get("unittext") ?? "",
    unitState: text("enabled") || (unitLinked ? "enabled" : unit ? "disabled" : ""),
    masked: parts.has("masked"),
    initEnabled: links.some((link) => !link.startsWith("/etc/systemd/")),
    upstart: tools.has("upstart"),
    path: text("path"),
  };
}
