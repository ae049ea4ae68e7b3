/** Host name, kernel, user, time, environment and the other small facts. */
import { PyFloat } from "../../../values/model.ts";
import { parsePasswd } from "../../lib/accounts.ts";
import { linesOf } from "../../lib/sections.ts";
import type { Data } from "../../module.ts";
import type { FactReport } from "./source.ts";

type Facts = Record<string, Data>;

export function machineFacts(report: FactReport): Facts {
  const machine = report.part("uname").trim();
  const architecture = /^i[3456]86$/.test(machine) ? "i386" : machine;
  const id = report.line("/var/lib/dbus/machine-id") || report.line("/etc/machine-id");
  return {
    system: "Linux",
    machine,
    architecture,
    userspace_bits: /64/.test(machine) || machine === "s390x" ? "64" : "32",
    userspace_architecture: architecture,
    ...(id && /^[0-9a-f]{32}$/.test(id) ? { machine_id: id } : {}),
  };
}

export function hostFacts(report: FactReport): Facts {
  const nodename = report.line("/proc/sys/kernel/hostname") ?? "localhost";
  const fqdn = qualifiedName(nodename, report.lines("/etc/hosts"));
  return {
    nodename,
    hostname: nodename.split(".")[0] ?? nodename,
    fqdn,
    domain: fqdn.split(".").slice(1).join("."),
    kernel: report.line("/proc/sys/kernel/osrelease") ?? "",
    kernel_version: report.line("/proc/sys/kernel/version") ?? "",
  };
}

/** The first name with a domain among a host's names in /etc/hosts, as Python's getfqdn looks it up. */
function qualifiedName(nodename: string, hosts: readonly string[]): string {
  for (const line of hosts) {
    const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (address && names.includes(nodename)) {
      return names.find((name) => name.includes(".")) ?? names[0] ?? nodename;
    }
  }
  return nodename;
}

export function userFacts(report: FactReport, environment: ReadonlyMap<string, string>): Facts {
  const ids = (label: string) =>
    (report.lines("/proc/self/status").find((line) => line.startsWith(`${label}:`)) ?? "")
      .split(/\s+/)
      .slice(1)
      .map(Number);
  const [realUser = 0, effectiveUser = 0] = ids("Uid");
  const [realGroup = 0, effectiveGroup = 0] = ids("Gid");
  const entries = parsePasswd(report.lines("/etc/passwd").join("\n"));
  const entry = entries.find(({ uid }) => uid === realUser);
  const login = ["LOGNAME", "USER", "LNAME", "USERNAME"]
    .map((name) => environment.get(name))
    .find((value) => value);
  const named = entries.find(({ name }) => name === login) ?? entry;
  return {
    user_id: login ?? entry?.name ?? String(realUser),
    user_uid: named?.uid ?? realUser,
    user_gid: named?.gid ?? realGroup,
    user_gecos: named?.comment ?? "",
    user_dir: named?.home ?? "/",
    user_shell: named?.shell ?? "",
    real_user_id: realUser,
    effective_user_id: effectiveUser,
    real_group_id: realGroup,
    effective_group_id: effectiveGroup,
  };
}

/** `env`'s output; a value may go over several lines. */
export function parseEnvironment(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  let last: string | undefined;
  for (const line of linesOf(text)) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(line);
    if (match) {
      last = match[1] ?? "";
      variables.set(last, match[2] ?? "");
    } else if (last !== undefined) variables.set(last, `${variables.get(last)}\n${line}`);
  }
  variables.delete("_");
  return variables;
}

export function timeFacts(report: FactReport): Facts {
  const [local = "", utc = ""] = linesOf(report.part("date"));
  const [
    year = "",
    month = "",
    day = "",
    hour = "",
    minute = "",
    second = "",
    epoch = "",
    nano = "",
    tz = "",
    offset = "",
    weekday = "",
    number = "",
    week = "",
  ] = local.split("|");
  const [y, mo, d, h, mi, s] = utc.split("|");
  // busybox has no %N
  const micro = /^\d{9}$/.test(nano) ? nano.slice(0, 6) : "000000";
  return {
    date_time: {
      year,
      month,
      weekday,
      weekday_number: number,
      weeknumber: week,
      day,
      hour,
      minute,
      second,
      epoch,
      epoch_int: epoch,
      date: `${year}-${month}-${day}`,
      time: `${hour}:${minute}:${second}`,
      iso8601_micro: `${y}-${mo}-${d}T${h}:${mi}:${s}.${micro}Z`,
      iso8601: `${y}-${mo}-${d}T${h}:${mi}:${s}Z`,
      iso8601_basic: `${year}${month}${day}T${hour}${minute}${second}${micro}`,
      iso8601_basic_short: `${year}${month}${day}T${hour}${minute}${second}`,
      tz,
      tz_dst: tz,
      tz_offset: offset,
    },
  };
}

export function commandLineFacts(report: FactReport): Facts {
  const words = (report.line("/proc/cmdline") ?? "").match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  const cmdline: Record<string, Data> = {};
  const all: Record<string, Data> = {};
  for (const word of words.map((each) => each.replaceAll('"', ""))) {
    const equals = word.indexOf("=");
    const key = equals < 0 ? word : word.slice(0, equals);
    const value: Data = equals < 0 ? true : word.slice(equals + 1);
    cmdline[key] = value;
    const before = all[key];
    if (before === undefined) all[key] = value;
    else if (Array.isArray(before)) all[key] = [...before, value];
    else all[key] = [before, value];
  }
  return { cmdline, proc_cmdline: all };
}

export function dnsFacts(report: FactReport): Facts {
  const dns: Record<string, Data> = {};
  const nameservers: string[] = [];
  for (const line of report.lines("/etc/resolv.conf")) {
    if (/^\s*[#;]/.test(line)) continue;
    const [key, ...rest] = line.trim().split(/\s+/);
    if (key === "nameserver") nameservers.push(...rest);
    else if (key === "domain") dns.domain = rest[0] ?? "";
    else if (key === "search" || key === "sortlist") dns[key] = rest;
    else if (key === "options") {
      dns.options = Object.fromEntries(
        rest.map((option) => {
          const [name = "", value] = option.split(":");
          return [name, value ?? true];
        }),
      );
    }
  }
  if (nameservers.length > 0) dns.nameservers = nameservers;
  return { dns };
}

export function securityFacts(report: FactReport): Facts {
  const enforce = report.line("/sys/fs/selinux/enforce");
  const config = new Map(
    report.lines("/etc/selinux/config").map((line) => {
      const [key = "", value = ""] = line.split("=");
      return [key.trim(), value.trim()] as const;
    }),
  );
  return {
    selinux:
      enforce === undefined
        ? { status: "disabled" }
        : {
            status: "enabled",
            policyvers: Number(report.line("/sys/fs/selinux/policyvers") ?? 0),
            config_mode: config.get("SELINUX") ?? "unknown",
            mode: enforce === "1" ? "enforcing" : "permissive",
            type: config.get("SELINUXTYPE") ?? "unknown",
          },
    selinux_python_present: true,
    apparmor: { status: report.has("/sys/kernel/security/apparmor") ? "enabled" : "disabled" },
    fips: report.line("/proc/sys/crypto/fips_enabled") === "1",
  };
}

export function capabilityFacts(report: FactReport): Facts {
  const current = linesOf(report.part("caps")).find((line) => line.startsWith("Current:"));
  if (current === undefined) {
    return { system_capabilities: "N/A", system_capabilities_enforced: "N/A" };
  }
  const text = current.slice("Current:".length).trim();
  if (text === "=ep") return { system_capabilities: [], system_capabilities_enforced: "False" };
  const list = (text.split("=")[1] ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
  return { system_capabilities: list, system_capabilities_enforced: "True" };
}

export function sshKeyFacts(report: FactReport): Facts {
  const facts: Facts = {};
  for (const path of report.paths()) {
    const kind = /^\/etc\/ssh\/ssh_host_(\w+)_key\.pub$/.exec(path)?.[1];
    const [type, key] = (report.line(path) ?? "").split(" ");
    if (!kind || !type || !key) continue;
    facts[`ssh_host_key_${kind}_public`] = key;
    facts[`ssh_host_key_${kind}_public_keytype`] = type;
  }
  return facts;
}

export function loadFacts(report: FactReport): Facts {
  const [one, five, fifteen] = (report.line("/proc/loadavg") ?? "0 0 0").split(" ").map(Number);
  const load = (value: number | undefined) => new PyFloat(value ?? 0);
  return { loadavg: { "1m": load(one), "5m": load(five), "15m": load(fifteen) } };
}
