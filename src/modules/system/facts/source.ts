/** The one script that facts come from, and its report taken apart. */
import { quote } from "../../../connection/connection.ts";
import { linesOf, parseSections, section } from "../../lib/sections.ts";

/** Which facts are wanted: all, those of the image, or those of the moment and the builder. */
export type FactKind = "all" | "image" | "moment";

export interface Wanted {
  readonly kind: FactKind;
  readonly factPath: string;
  readonly network: boolean;
  readonly hardware: boolean;
  readonly local: boolean;
}

const IMAGE_FILES = [
  "/etc/os-release",
  "/usr/lib/os-release",
  "/etc/lsb-release",
  "/etc/debian_version",
  "/etc/redhat-release",
  "/etc/oracle-release",
  "/etc/system-release",
  "/etc/alpine-release",
  "/etc/arch-release",
  "/etc/SuSE-release",
  "/etc/passwd",
  "/etc/machine-id",
  "/var/lib/dbus/machine-id",
  "/etc/ssh/ssh_host_*_key.pub",
];

const MOMENT_FILES = [
  "/proc/self/status",
  "/proc/1/comm",
  "/proc/sys/kernel/hostname",
  "/proc/sys/kernel/osrelease",
  "/proc/sys/kernel/version",
  "/proc/sys/crypto/fips_enabled",
  "/proc/cmdline",
  "/proc/uptime",
  "/proc/loadavg",
  "/etc/hosts",
  "/etc/resolv.conf",
  "/etc/selinux/config",
  "/sys/fs/selinux/enforce",
  "/sys/fs/selinux/policyvers",
  "/proc/1/cgroup",
];

const HARDWARE_FILES = [
  "/proc/cpuinfo",
  "/proc/meminfo",
  "/proc/self/mountinfo",
  "/sys/devices/virtual/dmi/id/*",
  "/sys/block/*/size",
  "/sys/block/*/removable",
  "/sys/block/*/queue/rotational",
  "/sys/block/*/queue/scheduler",
  "/sys/block/*/queue/discard_granularity",
  "/sys/block/*/queue/physical_block_size",
  "/sys/block/*/device/model",
  "/sys/block/*/device/vendor",
  "/sys/block/*/*/start",
  "/sys/block/*/*/size",
];

const NETWORK_FILES = [
  "/sys/class/net/*/address",
  "/sys/class/net/*/mtu",
  "/sys/class/net/*/operstate",
  "/sys/class/net/*/type",
  "/sys/class/net/*/flags",
  "/sys/class/net/*/speed",
  "/sys/class/net/*/bridge/bridge_id",
  "/sys/class/net/*/bridge/stp_state",
  "/sys/class/net/*/bonding/mode",
];

/** Programs whose place decides a fact; printed when they exist. */
const PLACES = [
  "/usr/bin/apt-get",
  "/usr/bin/dnf5",
  "/usr/bin/dnf",
  "/usr/bin/yum",
  "/usr/bin/zypper",
  "/usr/bin/pacman",
  "/sbin/apk",
  "/usr/bin/emerge",
  "/usr/bin/xbps-install",
  "/bin/opkg",
  "/usr/bin/swupd",
  "/usr/bin/rpm-ostree",
  "/run/systemd/system",
  "/bin/systemctl",
  "/usr/bin/systemctl",
  "/lib/systemd/systemd",
  "/sbin/openrc",
  "/etc/init.d",
  "/etc/init",
  "/sbin/initctl",
  "/.dockerenv",
  "/.dockerinit",
  "/run/.containerenv",
  "/dev/kvm",
  "/sys/kernel/security/apparmor",
];

/**
 * Files are read by one `grep`, which names the file before each line; so the whole report costs a
 * handful of processes.
 */
export function factScript(wanted: Wanted): string {
  const moment = wanted.kind !== "image";
  const image = wanted.kind !== "moment";
  const files = [
    ...(image ? IMAGE_FILES : ["/etc/passwd"]),
    ...(moment ? MOMENT_FILES : ["/proc/self/status"]),
    ...(moment && wanted.hardware ? HARDWARE_FILES : ["/sys/devices/virtual/dmi/id/product_name"]),
    ...(moment && wanted.network ? NETWORK_FILES : []),
  ];
  const parts = [
    "lb_bin=$PATH:/usr/sbin:/sbin",
    `${section("uname")}; uname -m`,
    `${section("files")}; LC_ALL=C grep -sH '' ${files.join(" ")}`,
    `${section("places")}; for lb_f in ${PLACES.join(" ")}; do if [ -e $lb_f ]; then echo $lb_f; fi; done`,
    `${section("init")}; if [ -L /sbin/init ]; then readlink /sbin/init; fi`,
  ];
  if (image) {
    parts.push(
      `${section("lsb")}; if lb_have lsb_release; then lsb_release -a 2>/dev/null; fi`,
      `${section("systemd")}; if lb_have systemctl; then systemctl --version 2>/dev/null; fi`,
      `${section("python")}
for lb_f in /usr/bin/python3 python3 /usr/libexec/platform-python python; do
  if lb_have $lb_f; then
    $lb_f -E -S -c 'import sys; print(sys.executable); print(*sys.version_info); print(sys.implementation.name)' 2>/dev/null; break
  fi
done`,
    );
  }
  if (moment) {
    parts.push(
      `${section("date")}; date '+%Y|%m|%d|%H|%M|%S|%s|%N|%Z|%z|%A|%w|%W'; date -u '+%Y|%m|%d|%H|%M|%S'`,
      `${section("env")}; env`,
      `${section("caps")}; if lb_have capsh; then capsh --print 2>/dev/null; fi`,
      `${section("container")}; while IFS= read -r lb_l; do case "$lb_l" in *container=*) echo container;; esac; done </proc/1/environ 2>/dev/null`,
    );
  }
  if (moment && wanted.hardware) {
    parts.push(`${section("statfs")}
set --
while read -r lb_a lb_b lb_c lb_d lb_m lb_e; do
  case "$lb_e" in *' - '*' /'*|*' - '*:/*) set -- "$@" "$(printf '%b' "$lb_m")";; esac
done </proc/self/mountinfo
if [ $# -gt 0 ]; then stat -f -c '%S %b %a %c %d %n' "$@" 2>/dev/null; fi`);
  }
  if (moment && wanted.network) {
    parts.push(`if PATH=$lb_bin command -v ip >/dev/null 2>&1; then
PATH=$lb_bin
${section("addr")}; ip -o addr show 2>/dev/null
${section("links")}; ip -o link show 2>/dev/null
${section("route4")}; ip -4 route get 8.8.8.8 2>/dev/null
${section("route6")}; ip -6 route get 2404:6800:400a:800::1012 2>/dev/null
fi`);
  }
  if (wanted.local) {
    const path = quote(wanted.factPath);
    parts.push(`{
for lb_f in ${path}/*.fact; do
  if [ ! -e "$lb_f" ]; then
    if [ -L "$lb_f" ]; then printf '\\001lost:%s\\n' "$lb_f"; fi
  elif [ -x "$lb_f" ] && [ ! -d "$lb_f" ]; then
    lb_e=$({ lb_o=$("$lb_f" 2>&3 </dev/null 5>&-)
      printf '\\001run:%s\\n%s\\n%s' "$lb_f" "$?" "$lb_o" >&5; } 3>&1)
    printf '\\001err:%s\\n%s' "$lb_f" "$lb_e"
  else
    printf '\\001local:%s\\n' "$lb_f"; cat "$lb_f" 2>/dev/null
  fi
done; } 5>&1`);
  }
  return `${parts.join("\n")}\nexit 0`;
}

/** What the script reported. */
export class FactReport {
  readonly parts: ReadonlyMap<string, string>;
  readonly #files = new Map<string, string[]>();
  readonly #places: ReadonlySet<string>;

  constructor(stdout: Buffer) {
    this.parts = parseSections(stdout);
    for (const line of linesOf(this.parts.get("files"))) {
      // A path of /sys may hold colons (PCI addresses), but none of those that are asked for does.
      const colon = line.indexOf(":");
      const path = line.slice(0, colon);
      const list = this.#files.get(path);
      if (list) list.push(line.slice(colon + 1));
      else this.#files.set(path, [line.slice(colon + 1)]);
    }
    this.#places = new Set(linesOf(this.parts.get("places")));
  }
  part(name: string): string {
    return this.parts.get(name) ?? "";
  }
  /** Does a place of the list exist? */
  has(place: string): boolean {
    return this.#places.has(place);
  }
  lines(path: string): readonly string[] {
    return this.#files.get(path) ?? [];
  }
  /** First line of a file without surrounding space; `undefined` if there is no such file. */
  line(path: string): string | undefined {
    return this.#files.get(path)?.[0]?.trim();
  }
  paths(): IterableIterator<string> {
    return this.#files.keys();
  }
}
