/** community.general.ufw: the firewall of Ubuntu and Debian. */
import { flagOption, numberOption, textOption, words } from "../lib/option-values.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.ufw",
  summary: "Manage the firewall ufw",
  options: {
    state: {
      type: "str",
      choices: ["enabled", "disabled", "reloaded", "reset"],
      description: "State of the firewall.",
    },
    default: {
      type: "str",
      aliases: ["policy"],
      choices: ["allow", "deny", "reject"],
      description: "Default policy of a direction.",
    },
    direction: {
      type: "str",
      choices: ["in", "incoming", "out", "outgoing", "routed"],
      description: "Direction of the rule or policy.",
    },
    logging: {
      type: "str",
      choices: ["on", "off", "low", "medium", "high", "full"],
      description: "Logging of the firewall.",
    },
    insert: { type: "int", description: "Number that the rule gets." },
    insert_relative_to: {
      type: "str",
      default: "zero",
      choices: ["first-ipv4", "first-ipv6", "last-ipv4", "last-ipv6", "zero"],
      description: "What the number counts from; only `zero` is supported.",
    },
    rule: {
      type: "str",
      choices: ["allow", "deny", "limit", "reject"],
      description: "What the rule does.",
    },
    log: { type: "bool", default: false, description: "Log new connections of the rule." },
    from_ip: {
      type: "str",
      default: "any",
      aliases: ["from", "src"],
      description: "Source address.",
    },
    from_port: { type: "str", description: "Source port." },
    to_ip: {
      type: "str",
      default: "any",
      aliases: ["dest", "to"],
      description: "Destination address.",
    },
    to_port: { type: "str", aliases: ["port"], description: "Destination port." },
    proto: {
      type: "str",
      aliases: ["protocol"],
      choices: ["any", "tcp", "udp", "ipv6", "esp", "ah", "gre", "igmp", "vrrp"],
      description: "Protocol.",
    },
    name: { type: "str", aliases: ["app"], description: "An application profile." },
    delete: { type: "bool", default: false, description: "Delete the rule." },
    interface: { type: "str", aliases: ["if"], description: "Interface of the rule." },
    interface_in: { type: "str", aliases: ["if_in"], description: "Incoming interface." },
    interface_out: { type: "str", aliases: ["if_out"], description: "Outgoing interface." },
    route: { type: "bool", default: false, description: "Apply to forwarded packets." },
    comment: { type: "str", description: "Comment of the rule." },
  },
  mutuallyExclusive: [
    ["name", "proto", "logging"],
    ["interface", "interface_in"],
    ["interface", "interface_out"],
  ],
  requiredOneOf: [["default", "state", "rule", "logging"]],
  requiredBy: { interface: ["direction"] },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { commands: "The calls of ufw.", msg: "The status after them." },
} as const satisfies ModuleSpec;

/** The state that ufw keeps: its rule files and settings. */
const STATE =
  "cat /etc/ufw/ufw.conf /etc/default/ufw /lib/ufw/user*.rules /etc/ufw/user*.rules /var/lib/ufw/user*.rules 2>/dev/null";

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const get = (name: string) => textOption(args, name);
  const on = (name: string) => flagOption(args, name) === true;
  if (get("insert_relative_to") !== undefined && get("insert_relative_to") !== "zero") {
    return {
      failed: true,
      msg: "insert_relative_to is supported with 'zero' only: give the number of the rule as 'ufw status numbered' shows it",
    };
  }
  if (get("direction") === "routed" && get("default") === undefined) {
    return { failed: true, msg: 'Direction "routed" is only valid together with "default"' };
  }
  if (on("route") && get("interface") !== undefined) {
    return {
      failed: true,
      msg: "Only use interface_in and interface_out with route: an interface alone has no direction",
    };
  }
  if (context.target === "image" && get("state") !== undefined && get("state") !== "disabled") {
    return {
      failed: true,
      msg: "ufw cannot be enabled in an image build: the rules live in the kernel of the machine that runs the container, not in the image",
    };
  }
  const dry = context.checkMode ? ["--dry-run"] : [];
  const commands: string[][] = [];
  const state = get("state");
  if (state !== undefined) {
    const verb =
      { enabled: "enable", disabled: "disable", reloaded: "reload", reset: "reset" }[state] ??
      state;
    commands.push(["ufw", ...dry, "-f", verb]);
  }
  const logging = get("logging");
  if (logging !== undefined) commands.push(["ufw", ...dry, "logging", logging]);
  const policy = get("default");
  if (policy !== undefined) {
    const direction = get("direction");
    const full = { in: "incoming", out: "outgoing" }[direction ?? ""] ?? direction;
    commands.push(["ufw", ...dry, "default", policy, ...(full === undefined ? [] : [full])]);
  }
  const rule = get("rule");
  if (rule !== undefined) {
    const insert = numberOption(args, "insert");
    const name = get("name");
    const direction =
      { incoming: "in", outgoing: "out" }[get("direction") ?? ""] ?? get("direction");
    commands.push([
      "ufw",
      ...dry,
      ...(on("route") ? ["route"] : []),
      ...(on("delete") ? ["delete"] : []),
      ...(insert === undefined || on("delete") ? [] : ["insert", String(insert)]),
      rule,
      ...(direction === undefined ? [] : [direction]),
      ...(get("interface") === undefined ? [] : ["on", get("interface") ?? ""]),
      ...(get("interface_in") === undefined ? [] : ["in", "on", get("interface_in") ?? ""]),
      ...(get("interface_out") === undefined ? [] : ["out", "on", get("interface_out") ?? ""]),
      ...(on("log") ? ["log"] : []),
      ...(get("proto") === undefined || get("proto") === "any"
        ? []
        : ["proto", get("proto") ?? ""]),
      "from",
      get("from_ip") ?? "any",
      ...(get("from_port") === undefined ? [] : ["port", get("from_port") ?? ""]),
      "to",
      get("to_ip") ?? "any",
      ...(get("to_port") === undefined ? [] : ["port", get("to_port") ?? ""]),
      ...(name === undefined ? [] : ["app", name]),
      ...(get("comment") === undefined ? [] : ["comment", get("comment") ?? ""]),
    ]);
  }
  const done = await context.sh(`export LANG=C LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
lb_have ufw || { echo 'Failed to find required executable "ufw"' >&2; exit 60; }
lb_before=$(${STATE})
lb_run=$(ufw status verbose 2>/dev/null)
${commands.map((command) => `${words(...command)} || exit`).join("\n")}
printf '\\001status\\n'; ufw status verbose
[ "$lb_before" = "$(${STATE})" ] && [ "$lb_run" = "$(ufw status verbose 2>/dev/null)" ] || printf '\\001changed\\n'
exit 0`);
  const output = outputOf(done);
  const shown = commands.map((command) => command.join(" "));
  if (done.rc !== 0) {
    return {
      failed: true,
      msg: errorOf(done).trim() || output.trim(),
      rc: done.rc,
      commands: shown,
    };
  }
  // A dry run prints the rules as they would be, unless the rule is there already.
  const said = output.split("\u0001")[0] ?? "";
  const changed = context.checkMode
    ? !/^Skipping|^Could not delete non-existent/m.test(said) && said.trim() !== ""
    : output.includes("\u0001changed");
  return {
    changed,
    commands: shown,
    msg: (/\u0001status\n([^\u0001]*)/.exec(output)?.[1] ?? "").trim(),
  };
}
