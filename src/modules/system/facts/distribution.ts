/** Distribution, its package manager and service manager. */
import { linesOf } from "../../lib/sections.ts";
import type { Data } from "../../module.ts";
import type { FactReport } from "./source.ts";

type Facts = Record<string, Data>;

const NAMES: Readonly<Record<string, string>> = {
  debian: "Debian",
  raspbian: "Debian",
  ubuntu: "Ubuntu",
  linuxmint: "Linux Mint",
  kali: "Kali",
  pop: "Pop!_OS",
  neon: "KDE neon",
  devuan: "Devuan",
  alpine: "Alpine",
  centos: "CentOS",
  rhel: "RedHat",
  fedora: "Fedora",
  rocky: "Rocky",
  almalinux: "AlmaLinux",
  ol: "OracleLinux",
  amzn: "Amazon",
  scientific: "Scientific",
  "opensuse-leap": "openSUSE Leap",
  "opensuse-tumbleweed": "openSUSE Tumbleweed",
  sles: "SLES",
  sled: "SLED",
  arch: "Archlinux",
  archarm: "Archlinux",
  manjaro: "Archlinux",
  gentoo: "Gentoo",
  void: "Void",
  photon: "Photon",
  clearlinux: "Clear Linux OS",
  openwrt: "OpenWrt",
  mageia: "Mageia",
  openeuler: "openEuler",
  altlinux: "Altlinux",
};

const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  RedHat: [
    "RedHat",
    "CentOS",
    "Fedora",
    "Rocky",
    "AlmaLinux",
    "OracleLinux",
    "Amazon",
    "Scientific",
    "Photon",
    "openEuler",
  ],
  Debian: ["Debian", "Ubuntu", "Linux Mint", "Kali", "Pop!_OS", "KDE neon", "Devuan"],
  Suse: ["SLES", "SLED", "openSUSE Leap", "openSUSE Tumbleweed"],
  Archlinux: ["Archlinux"],
  Alpine: ["Alpine"],
  Gentoo: ["Gentoo"],
  ClearLinux: ["Clear Linux OS"],
};

/** The file that Ansible reads each family's details from. */
const FILES: Readonly<Record<string, readonly [path: string, variety: string]>> = {
  Debian: ["/etc/os-release", "Debian"],
  RedHat: ["/etc/redhat-release", "RedHat"],
  Alpine: ["/etc/alpine-release", "Alpine"],
  Archlinux: ["/etc/arch-release", "Archlinux"],
  Suse: ["/etc/os-release", "SUSE"],
};

/** `KEY="value"` lines as shells read them. */
export function parseAssignments(lines: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of lines) {
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    if (!match) continue;
    const raw = (match[2] ?? "").trim();
    const quoted = /^"((?:[^"\\]|\\.)*)"|^'([^']*)'/.exec(raw);
    values.set(
      match[1] ?? "",
      quoted ? (quoted[1]?.replace(/\\(.)/g, "$1") ?? quoted[2] ?? "") : raw,
    );
  }
  return values;
}

export function distributionFacts(report: FactReport): Facts {
  const etc = report.lines("/etc/os-release");
  const release = parseAssignments(etc.length > 0 ? etc : report.lines("/usr/lib/os-release"));
  const id = release.get("ID") ?? "";
  const redhat = report.line("/etc/redhat-release") ?? "";
  const name = NAMES[id] ?? (redhat ? "RedHat" : release.get("NAME")?.split(" ")[0]) ?? "Linux";
  const family =
    Object.entries(FAMILIES).find(([, members]) => members.includes(name))?.[0] ?? name;
  const version = versionOf(report, release, family, redhat);
  const codename =
    release.get("VERSION_CODENAME") ||
    release.get("UBUNTU_CODENAME") ||
    /\(([^)]*)\)/.exec(release.get("VERSION") ?? redhat)?.[1] ||
    (/Stream/.test(redhat) ? "Stream" : "NA");
  const minor =
    name === "Debian"
      ? /^\d+\.(\d+)/.exec(report.line("/etc/debian_version") ?? "")?.[1]
      : undefined;
  const file = FILES[family] ?? ["/etc/os-release", "NA"];
  const amazon = name === "Amazon" ? (["/etc/os-release", "Amazon"] as const) : file;
  const oracle =
    name === "OracleLinux" ? (["/etc/oracle-release", "OracleLinux"] as const) : amazon;
  return {
    distribution: name,
    distribution_version: version,
    distribution_release: /Stream/.test(redhat) && name === "CentOS" ? "Stream" : codename,
    distribution_major_version: version.split(".")[0] || "NA",
    ...(minor === undefined ? {} : { distribution_minor_version: minor }),
    distribution_file_path: oracle[0],
    distribution_file_variety: oracle[1],
    distribution_file_parsed: true,
    os_family: family,
  };
}

function versionOf(
  report: FactReport,
  release: ReadonlyMap<string, string>,
  family: string,
  redhat: string,
): string {
  if (family === "Alpine") return report.line("/etc/alpine-release") ?? "NA";
  const id = release.get("VERSION_ID") ?? "";
  const named = /release (\d+(?:\.\d+)*)/.exec(redhat)?.[1];
  // The longer of the two: CentOS 7 calls itself 7 in one file and 7.9.2009 in the other.
  if (family === "RedHat" && named && named.length > id.length) {
    return named.split(".").slice(0, 2).join(".");
  }
  return id || named || "NA";
}

export function packageManager(report: FactReport, distribution: Facts): string {
  const family = distribution.os_family;
  const major = Number(distribution.distribution_major_version);
  if (family === "RedHat") {
    if (report.has("/usr/bin/dnf5") && major >= 41) return "dnf5";
    const old = distribution.distribution === "Amazon" ? major < 2022 : major < 8;
    if (old && distribution.distribution !== "Fedora" && report.has("/usr/bin/yum")) return "yum";
    if (report.has("/usr/bin/dnf")) return "dnf";
    if (report.has("/usr/bin/yum")) return "yum";
  }
  if (family === "Debian" && report.has("/usr/bin/apt-get")) return "apt";
  const order = [
    ["/sbin/apk", "apk"],
    ["/usr/bin/zypper", "zypper"],
    ["/usr/bin/pacman", "pacman"],
    ["/usr/bin/emerge", "portage"],
    ["/usr/bin/xbps-install", "xbps"],
    ["/bin/opkg", "opkg"],
    ["/usr/bin/swupd", "swupd"],
    ["/usr/bin/dnf", "dnf"],
    ["/usr/bin/yum", "yum"],
    ["/usr/bin/apt-get", "apt"],
  ] as const;
  return order.find(([path]) => report.has(path))?.[1] ?? "unknown";
}

/**
 * The service manager: the name of process 1, or what the system is made for when that says nothing.
 * @param booted false in an image build, where process 1 is the builder's
 */
export function serviceManager(report: FactReport, booted: boolean): string {
  const first = booted ? report.line("/proc/1/comm") : undefined;
  const named: Readonly<Record<string, string>> = {
    procd: "openwrt_init",
    "runit-init": "runit",
    svscan: "svc",
    "openrc-init": "openrc",
  };
  if (first && first !== "init" && !first.endsWith("sh")) return named[first] ?? first;
  const systemctl = report.has("/bin/systemctl") || report.has("/usr/bin/systemctl");
  if (booted && systemctl && report.has("/run/systemd/system")) return "systemd";
  if (report.has("/sbin/initctl") && report.has("/etc/init")) return "upstart";
  if (report.has("/sbin/openrc")) return "openrc";
  if (report.part("init").trim().endsWith("systemd")) return "systemd";
  if (!booted && systemctl && report.has("/lib/systemd/systemd")) return "systemd";
  if (report.has("/etc/init.d")) return "sysvinit";
  return "service";
}

export function lsbFacts(report: FactReport): Facts {
  const asked = new Map(
    linesOf(report.part("lsb")).map((line) => {
      const [key = "", ...rest] = line.split(":");
      return [key.trim(), rest.join(":").trim()] as const;
    }),
  );
  const file = parseAssignments(report.lines("/etc/lsb-release"));
  const lsb: Record<string, string> = {};
  const set = (key: string, value: string | undefined) => {
    if (value) lsb[key] = value;
  };
  set("id", asked.get("Distributor ID") ?? file.get("DISTRIB_ID"));
  set("description", asked.get("Description") ?? file.get("DISTRIB_DESCRIPTION"));
  set("release", asked.get("Release") ?? file.get("DISTRIB_RELEASE"));
  set("codename", asked.get("Codename") ?? file.get("DISTRIB_CODENAME"));
  set("major_release", lsb.release?.split(".")[0]);
  return lsb;
}

/** The interpreter of the distribution, for targets that have none: roles ask for its major version. */
const PYTHONS: Readonly<Record<string, readonly [number, number, number]>> = {
  buster: [3, 7, 3],
  bullseye: [3, 9, 2],
  bookworm: [3, 11, 2],
  trixie: [3, 13, 5],
  focal: [3, 8, 10],
  jammy: [3, 10, 12],
  noble: [3, 12, 3],
};

export function pythonFacts(report: FactReport, release: string): Facts {
  const [executable, info, implementation] = linesOf(report.part("python"));
  const parts = info?.split(" ");
  const numbers = parts?.map(Number);
  const [major, minor, micro] = numbers
    ? [numbers[0] ?? 3, numbers[1] ?? 0, numbers[2] ?? 0]
    : (PYTHONS[release] ?? [3, 11, 0]);
  const level = parts?.[3] ?? "final";
  const serial = numbers?.[4] ?? 0;
  return {
    python_version: `${major}.${minor}.${micro}`,
    python: {
      executable: executable ?? "/usr/bin/python3",
      has_sslcontext: true,
      type: implementation ?? "cpython",
      version: { major, minor, micro, releaselevel: level, serial },
      version_info: [major, minor, micro, level, serial],
    },
  };
}

/**
 * Version and build options of systemd, where it manages the services.
 * @param booted false in an image build, where its presence counts
 */
export function systemdFacts(report: FactReport, booted: boolean): Facts {
  const [first = "", features = ""] = linesOf(report.part("systemd"));
  const version = /^systemd (\d+)/.exec(first)?.[1];
  if (version === undefined || (booted && !report.has("/run/systemd/system"))) return {};
  return { systemd: { version: Number(version), features } };
}
