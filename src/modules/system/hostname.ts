/** ansible.builtin.hostname: the name of the system, now and at its next start. */
import { quote } from "../../connection/connection.ts";
import { textOption } from "../lib/option-values.ts";
import { errorOf, parseSections, section } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.hostname",
  summary: "Set the host name",
  options: {
    name: { type: "str", required: true, description: "The name." },
    use: {
      type: "str",
      choices: [
        "alpine",
        "debian",
        "freebsd",
        "generic",
        "macos",
        "macosx",
        "darwin",
        "openbsd",
        "openrc",
        "redhat",
        "sles",
        "solaris",
        "systemd",
      ],
      description: "How the name is set.",
      noEffect: "systemd is asked where it runs; everywhere else the file and the kernel are",
    },
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: { name: "The name." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name") ?? "";
  const report = await context.sh(`
${section("file")}; cat /etc/hostname 2>/dev/null
${section("kernel")}; cat /proc/sys/kernel/hostname
${section("systemd")}; if [ -d /run/systemd/system ] && lb_have hostnamectl; then echo yes; fi`);
  const parts = parseSections(report.stdout);
  const permanent = (parts.get("file") ?? "").trim();
  const current = (parts.get("kernel") ?? "").trim();
  // In an image build the kernel's name is the builder's: only the file counts.
  const live = context.target === "host";
  const changed = permanent !== name || (live && current !== name);
  if (changed && !context.checkMode) {
    const done = await context.sh(
      live && parts.get("systemd")?.trim() === "yes"
        ? `hostnamectl set-hostname ${quote(name)}`
        : `printf '%s\\n' ${quote(name)} >/etc/hostname || exit
${live && current !== name ? `PATH=$PATH:/sbin hostname ${quote(name)}` : ""}`,
    );
    if (done.rc !== 0) {
      return { failed: true, msg: `Command failed rc=${done.rc}, out=, err=${errorOf(done)}` };
    }
  }
  return {
    changed,
    name,
    ansible_facts: {
      ansible_hostname: name.split(".")[0] ?? name,
      ansible_nodename: name,
      ansible_fqdn: name,
      ansible_domain: name.split(".").slice(1).join("."),
    },
    ...(context.diffMode && changed
      ? {
          diff: {
            before: `hostname = ${permanent}\n`,
            after: `hostname = ${name}\n`,
          },
        }
      : {}),
  };
}
