/** ansible.builtin.service_facts: the services that a target has, and their states. */
import { linesOf, parseSections, section } from "../lib/sections.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.service_facts",
  summary: "Return the services as facts",
  options: {},
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { ansible_facts: "`services`: for each its name, state, status and source." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, _args: Arguments): Promise<ModuleResult> {
  const image = context.target === "image";
  const report = await context.sh(`
PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C
if lb_have systemctl && ${image ? ":" : "[ -d /run/systemd/system ]"}; then
  ${image ? "" : `${section("units")}; systemctl list-units --no-pager --no-legend --plain --type service --all 2>/dev/null`}
  ${section("files")}; SYSTEMD_OFFLINE=${image ? 1 : 0} systemctl list-unit-files --no-pager --no-legend --type service 2>/dev/null
fi
if lb_have rc-status; then ${section("openrc")}; rc-status -a -s -m 2>/dev/null
elif lb_have service; then ${section("sysv")}; service --status-all 2>&1
elif [ -d /etc/init.d ]; then ${section("scripts")}; for lb_f in /etc/init.d/*; do if [ -x "$lb_f" ]; then echo "\${lb_f##*/}"; fi; done
fi
exit 0`);
  const parts = parseSections(report.stdout);
  const services: Record<string, Data> = {};
  for (const line of linesOf(parts.get("sysv"))) {
    const match = /^\s*\[\s*([+?-])\s*\]\s+(\S+)/.exec(line);
    if (!match) continue;
    const name = match[2] ?? "";
    services[name] = {
      name,
      state: image ? "stopped" : match[1] === "+" ? "running" : "stopped",
      source: "sysv",
    };
  }
  for (const name of linesOf(parts.get("scripts"))) {
    services[name] = { name, state: "stopped", source: "sysv" };
  }
  for (const line of linesOf(parts.get("openrc"))) {
    const match = /^\s*(\S+)\s+\[\s*(\S+).*\]/.exec(line);
    if (!match) continue;
    const name = match[1] ?? "";
    const state = match[2] === "started" ? "running" : (match[2] ?? "");
    services[name] = { name, state, source: "openrc" };
  }
  for (const line of linesOf(parts.get("units"))) {
    const [name = "", load = "", active = "", sub = ""] = line
      .replace(/^[^\w@-]+/, "")
      .split(/\s+/);
    if (!name.endsWith(".service")) continue;
    const state =
      load === "not-found"
        ? "stopped"
        : sub === "running" || sub === "exited" || sub === "dead"
          ? sub === "running"
            ? "running"
            : "stopped"
          : active === "failed"
            ? "stopped"
            : sub;
    const status =
      load === "not-found" || load === "masked" ? load : active === "failed" ? "failed" : "unknown";
    services[name] = { name, state, status, source: "systemd" };
  }
  for (const line of linesOf(parts.get("files"))) {
    const [name = "", status = ""] = line.trim().split(/\s+/);
    if (!name.endsWith(".service")) continue;
    const known = services[name];
    services[name] =
      typeof known === "object" && known !== null && !Array.isArray(known)
        ? { ...(known as Record<string, Data>), status }
        : { name, state: "inactive", status, source: "systemd" };
  }
  return { changed: false, ansible_facts: { services } };
}
