/** ansible.builtin.iptables: one rule, chain or policy of the packet filter. */
import { flagOption, listOption, textOption, words } from "../lib/option-values.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type {
  Arguments,
  Data,
  ModuleContext,
  ModuleResult,
  ModuleSpec,
  OptionSpec,
} from "../module.ts";

const text = (description: string): OptionSpec => ({ type: "str", description });

export const spec = {
  name: "ansible.builtin.iptables",
  summary: "Manage rules of iptables",
  options: {
    table: {
      type: "str",
      default: "filter",
      choices: ["filter", "nat", "mangle", "raw", "security"],
      description: "The table.",
    },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the rule is there.",
    },
    action: {
      type: "str",
      default: "append",
      choices: ["append", "insert"],
      description: "Where a new rule goes.",
    },
    rule_num: text("Number that an inserted rule gets."),
    ip_version: {
      type: "str",
      default: "ipv4",
      choices: ["ipv4", "ipv6"],
      description: "Version of the protocol.",
    },
    chain: text("The chain."),
    protocol: text("Protocol of the packet."),
    source: text("Where the packet comes from."),
    destination: text("Where the packet goes to."),
    tcp_flags: {
      type: "dict",
      options: {
        flags: { type: "list", elements: "str", description: "Flags to look at." },
        flags_set: { type: "list", elements: "str", description: "Flags that are set." },
      },
      description: "Flags of TCP.",
    },
    match: { type: "list", elements: "str", default: [], description: "Match extensions." },
    jump: text("Target of the rule."),
    gateway: text("Host of the TEE target."),
    log_prefix: text("Text before a log line."),
    log_level: {
      type: "str",
      choices: [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "emerg",
        "alert",
        "crit",
        "error",
        "warning",
        "notice",
        "info",
        "debug",
      ],
      description: "Level of a log line.",
    },
    goto: text("Chain to go on in."),
    in_interface: text("Interface it comes in by."),
    out_interface: text("Interface it goes out by."),
    fragment: text("Fragments only."),
    set_counters: text("Counters to begin with."),
    source_port: text("Source port or range."),
    destination_port: text("Destination port or range."),
    destination_ports: {
      type: "list",
      elements: "str",
      default: [],
      description: "Several destination ports.",
    },
    to_ports: text("Ports to redirect to."),
    to_destination: text("Destination of DNAT."),
    to_source: text("Source of SNAT."),
    syn: {
      type: "str",
      default: "ignore",
      choices: ["ignore", "match", "negate"],
      description: "Packets that open a connection.",
    },
    set_dscp_mark: text("DSCP mark to set."),
    set_dscp_mark_class: text("DSCP class to set."),
    comment: text("Comment of the rule."),
    ctstate: { type: "list", elements: "str", default: [], description: "States of connections." },
    src_range: text("Range of sources."),
    dst_range: text("Range of destinations."),
    match_set: text("Name of an ipset."),
    match_set_flags: {
      type: "str",
      choices: ["src", "dst", "src,dst", "dst,src", "src,src", "dst,dst"],
      description: "What of the packet the set holds.",
    },
    limit: text("Most matches in a time."),
    limit_burst: text("Matches before the limit holds."),
    uid_owner: text("User that sends."),
    gid_owner: text("Group that sends."),
    reject_with: text("How to reject."),
    icmp_type: text("Type of ICMP."),
    flush: { type: "bool", default: false, description: "Remove all rules." },
    policy: {
      type: "str",
      choices: ["ACCEPT", "DROP", "QUEUE", "RETURN"],
      description: "Policy of the chain.",
    },
    wait: text("Seconds to wait for the lock."),
    chain_management: { type: "bool", default: false, description: "Create or delete chains." },
    numeric: { type: "bool", default: false, description: "Look up no names." },
  },
  mutuallyExclusive: [
    ["set_dscp_mark", "set_dscp_mark_class"],
    ["flush", "policy"],
  ],
  requiredTogether: [["match_set", "match_set_flags"]],
  requiredIf: [
    ["jump", "TEE", ["gateway"]],
    ["jump", "tee", ["gateway"]],
  ],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { rule: "The rule.", chain: "The chain.", table: "The table." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const flush = flagOption(args, "flush") === true;
  const chain = textOption(args, "chain");
  const policy = textOption(args, "policy");
  const table = textOption(args, "table") ?? "filter";
  const version = textOption(args, "ip_version") ?? "ipv4";
  const state = textOption(args, "state") ?? "present";
  const shown: Record<string, Data> = {
    flush,
    ip_version: version,
    table,
    chain: chain ?? null,
    state,
    rule: rule(args).join(" "),
    chain_management: flagOption(args, "chain_management") === true,
  };
  if (!flush && chain === undefined) {
    return { failed: true, msg: "Either chain or flush parameter must be specified." };
  }
  if (context.target === "image") {
    return {
      failed: true,
      msg: "iptables is refused in an image build: the rules live in the kernel of the machine that runs the container, not in the image",
    };
  }
  const program = version === "ipv6" ? "ip6tables" : "iptables";
  const wait = textOption(args, "wait");
  const call = async (action: readonly string[], more: readonly string[] = []) =>
    context.sh(
      `PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C; lb_have ${program} || { echo 'Failed to find required executable "${program}"' >&2; exit 60; }\n${words(program, "-t", table, ...action, ...(wait === undefined ? [] : ["-w", wait]), ...more)}`,
    );
  const act = async (
    action: readonly string[],
    more: readonly string[] = [],
  ): Promise<ModuleResult> => {
    if (context.checkMode) return { changed: true, ...shown };
    const done = await call(action, more);
    return done.rc === 0
      ? { changed: true, ...shown }
      : { failed: true, msg: errorOf(done).trim(), rc: done.rc, cmd: program };
  };
  if (flush) return act(["-F", ...(chain === undefined ? [] : [chain])]);
  const name = chain ?? "";
  if (policy !== undefined) {
    const list = await call(["-L", name]);
    const now = /^Chain \S+ \(policy (\S+)/.exec(outputOf(list))?.[1];
    if (now === undefined) return { failed: true, msg: "Can't detect current policy" };
    return now === policy ? { changed: false, ...shown } : act(["-P", name, policy]);
  }
  const parameters = rule(args);
  if (flagOption(args, "chain_management") === true) {
    const exists = (await call(["-L", name])).rc === 0;
    if (state === "present" && parameters.length === 0) {
      return exists ? { changed: false, ...shown } : act(["-N", name]);
    }
    if (state === "absent" && parameters.length === 0) {
      return exists ? act(["-X", name]) : { changed: false, ...shown };
    }
    if (state === "present" && !exists && !context.checkMode) {
      const made = await act(["-N", name]);
      if (made.failed) return made;
    }
  }
  const check = await call(["-C", name], parameters);
  if (check.rc === 60) return { failed: true, msg: errorOf(check).trim() };
  const present = check.rc === 0;
  if (present === (state === "present")) return { changed: false, ...shown };
  if (state === "absent") return act(["-D", name], parameters);
  const number = textOption(args, "rule_num");
  return textOption(args, "action") === "insert"
    ? act(["-I", name, ...(number === undefined ? [] : [number])], parameters)
    : act(["-A", name], parameters);
}

/** A flag and its value; `!` before the value negates. */
function flag(value: string | undefined, name: string): string[] {
  if (value === undefined || value === "") return [];
  return value.startsWith("!") ? ["!", name, value.slice(1).trim()] : [name, value];
}

/** The words of the rule, in the order in which iptables wants them. */
function rule(args: Arguments): string[] {
  const get = (name: string) => textOption(args, name);
  const list = (name: string) => listOption(args, name) ?? [];
  const match = list("match");
  const extension = (name: string, wanted: boolean) =>
    wanted && !match.includes(name) ? ["-m", name] : [];
  const flags = args.tcp_flags;
  const tcp =
    typeof flags === "object" && flags !== null && !Array.isArray(flags)
      ? (flags as { readonly [key: string]: Data })
      : undefined;
  const names = (value: Data | undefined) => (Array.isArray(value) ? value.join(",") : "");
  const jump = get("jump");
  const log = jump === "LOG" || jump === "NFLOG";
  const syn = get("syn");
  const states = list("ctstate").join(",");
  const ports = list("destination_ports");
  return [
    ...flag(get("protocol"), "-p"),
    ...flag(get("source"), "-s"),
    ...flag(get("destination"), "-d"),
    ...match.flatMap((each) => ["-m", each]),
    ...(tcp ? ["--tcp-flags", names(tcp.flags), names(tcp.flags_set)] : []),
    ...flag(jump, "-j"),
    ...(jump?.toLowerCase() === "tee" ? flag(get("gateway"), "--gateway") : []),
    ...(log || get("log_prefix") !== undefined
      ? [
          ...(jump === undefined ? ["-j", "LOG"] : []),
          ...flag(get("log_prefix"), jump === "NFLOG" ? "--nflog-prefix" : "--log-prefix"),
          ...flag(get("log_level"), "--log-level"),
        ]
      : []),
    ...flag(get("to_destination"), "--to-destination"),
    ...extension("multiport", ports.length > 0),
    ...(ports.length > 0 ? ["--dports", ports.join(",")] : []),
    ...flag(get("to_source"), "--to-source"),
    ...flag(get("goto"), "-g"),
    ...flag(get("in_interface"), "-i"),
    ...flag(get("out_interface"), "-o"),
    ...flag(get("fragment"), "-f"),
    ...flag(get("set_counters"), "-c"),
    ...flag(get("source_port"), "--source-port"),
    ...flag(get("destination_port"), "--destination-port"),
    ...flag(get("to_ports"), "--to-ports"),
    ...flag(get("set_dscp_mark"), "--set-dscp"),
    ...flag(get("set_dscp_mark_class"), "--set-dscp-class"),
    ...(syn === "match" ? ["--syn"] : syn === "negate" ? ["!", "--syn"] : []),
    ...(states === ""
      ? []
      : match.includes("state")
        ? ["--state", states]
        : [...extension("conntrack", true), "--ctstate", states]),
    ...extension("iprange", get("src_range") !== undefined || get("dst_range") !== undefined),
    ...flag(get("src_range"), "--src-range"),
    ...flag(get("dst_range"), "--dst-range"),
    ...extension("set", get("match_set") !== undefined),
    ...(get("match_set") === undefined
      ? []
      : [...flag(get("match_set"), "--match-set"), get("match_set_flags") ?? ""]),
    ...extension("limit", get("limit") !== undefined || get("limit_burst") !== undefined),
    ...flag(get("limit"), "--limit"),
    ...flag(get("limit_burst"), "--limit-burst"),
    ...extension("owner", get("uid_owner") !== undefined || get("gid_owner") !== undefined),
    ...flag(get("uid_owner"), "--uid-owner"),
    ...flag(get("gid_owner"), "--gid-owner"),
    ...(get("reject_with") !== undefined && jump === undefined ? ["-j", "REJECT"] : []),
    ...flag(get("reject_with"), "--reject-with"),
    ...flag(get("icmp_type"), get("ip_version") === "ipv6" ? "--icmpv6-type" : "--icmp-type"),
    ...(get("comment") === undefined ? [] : ["-m", "comment", "--comment", get("comment") ?? ""]),
  ];
}
