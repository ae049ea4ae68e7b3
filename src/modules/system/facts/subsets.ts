/** `gather_subset` and `filter`: which facts are wanted. */
import { globRegExp } from "../../lib/glob.ts";

/** Collectors by name, and the further names under which each is asked for. */
const COLLECTORS: Readonly<Record<string, readonly string[]>> = {
  apparmor: [],
  caps: ["system_capabilities", "system_capabilities_enforced"],
  chroot: ["is_chroot"],
  cmdline: ["proc_cmdline"],
  date_time: [],
  distribution: [
    "distribution_version",
    "distribution_release",
    "distribution_major_version",
    "os_family",
  ],
  dns: [],
  env: [],
  fibre_channel_wwn: [],
  fips: [],
  hardware: [
    "processor",
    "processor_cores",
    "processor_count",
    "mounts",
    "devices",
    "memory",
    "memtotal_mb",
    "bios",
    "dmi",
  ],
  iscsi: ["iscsi_iqn"],
  loadavg: [],
  local: [],
  lsb: [],
  network: [
    "interfaces",
    "default_ipv4",
    "default_ipv6",
    "all_ipv4_addresses",
    "all_ipv6_addresses",
  ],
  nvme: ["hostnqn"],
  pkg_mgr: [],
  platform: [
    "system",
    "kernel",
    "kernel_version",
    "machine",
    "architecture",
    "machine_id",
    "fqdn",
    "hostname",
    "nodename",
    "domain",
  ],
  python: ["python_version"],
  selinux: [],
  service_mgr: [],
  ssh_pub_keys: [
    "ssh_host_pub_keys",
    "ssh_host_key_dsa_public",
    "ssh_host_key_rsa_public",
    "ssh_host_key_ecdsa_public",
    "ssh_host_key_ed25519_public",
  ],
  systemd: [],
  user: [
    "user_id",
    "user_uid",
    "user_gid",
    "user_gecos",
    "user_dir",
    "user_shell",
    "real_user_id",
    "effective_user_id",
    "effective_group_ids",
  ],
  virtual: [
    "virtualization_type",
    "virtualization_role",
    "virtualization_tech_guest",
    "virtualization_tech_host",
  ],
  facter: [],
  ohai: [],
};

const MINIMAL = [
  "apparmor",
  "caps",
  "cmdline",
  "date_time",
  "distribution",
  "dns",
  "env",
  "fips",
  "local",
  "lsb",
  "pkg_mgr",
  "platform",
  "python",
  "selinux",
  "service_mgr",
  "ssh_pub_keys",
  "user",
];

/** What a collector needs to have been found out first. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  pkg_mgr: ["distribution"],
  service_mgr: ["distribution", "platform"],
  hardware: ["platform"],
  network: ["platform"],
};

/** A subset that there is not. */
export class BadSubset extends Error {}

/**
 * Names of the collectors to run.
 * @throws BadSubset in Ansible's words
 */
export function chooseCollectors(subsets: readonly string[]): ReadonlySet<string> {
  const byName = new Map<string, string>();
  for (const [name, ids] of Object.entries(COLLECTORS)) {
    for (const id of [name, ...ids]) byName.set(id, name);
  }
  const names = Object.keys(COLLECTORS);
  const added = new Set<string>();
  const excluded = new Set<string>();
  let explicit = false;
  const expand = (subset: string): readonly string[] => {
    if (subset === "all") return names;
    if (subset === "min") return MINIMAL;
    const name = byName.get(subset);
    if (name === undefined) {
      throw new BadSubset(
        `Bad subset '${subset}' given to Ansible. gather_subset options allowed: ${["all", "min", ...byName.keys()].sort().join(", ")}`,
      );
    }
    return [name];
  };
  for (const subset of subsets) {
    if (subset === "all" || subset === "min") {
      for (const name of expand(subset)) added.add(name);
      explicit = true;
    } else if (subset === "!all") {
      for (const name of names) if (!MINIMAL.includes(name)) excluded.add(name);
    } else if (subset.startsWith("!")) {
      for (const name of expand(subset.slice(1))) excluded.add(name);
    } else {
      for (const name of expand(subset)) {
        added.add(name);
        excluded.delete(name);
      }
      explicit = true;
    }
  }
  const negated = subsets.some((subset) => subset.startsWith("!"));
  const chosen = new Set(explicit || !negated ? added : names);
  // The minimal set comes along unless it is taken out by name.
  if (!subsets.includes("!min")) for (const name of MINIMAL) chosen.add(name);
  for (const name of excluded) chosen.delete(name);
  for (const subset of subsets) if (byName.has(subset)) chosen.add(byName.get(subset) ?? "");
  for (const name of [...chosen]) for (const need of NEEDS[name] ?? []) chosen.add(need);
  return chosen;
}

/** Whether a fact's full name (`ansible_x`) fits one of the patterns. No pattern: all fit. */
export function filterMatches(patterns: readonly string[], fact: string): boolean {
  if (patterns.length === 0) return true;
  const bare = fact.replace(/^ansible_/, "");
  return patterns.some((pattern) => {
    if (pattern === "" || pattern === "*") return true;
    const regexp = globRegExp(pattern);
    return regexp.test(fact) || regexp.test(bare);
  });
}
