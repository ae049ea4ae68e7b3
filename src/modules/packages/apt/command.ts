/** apt-get's command line, and what its output says. */
import { quote } from "../../../connection/connection.ts";
import { flagOption, numberOption, textOption } from "../../lib/option-values.ts";
import { section } from "../../lib/sections.ts";
import type { Arguments, ModuleContext } from "../../module.ts";
import { policyScript } from "./policy.ts";

/** The environment that every call of apt and dpkg needs. */
export const APT_ENVIRONMENT =
  "export DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical LANG=C.UTF-8 LC_ALL=C.UTF-8 LC_MESSAGES=C.UTF-8 APT_LISTCHANGES_FRONTEND=none";

/** The words of `dpkg_options` as options for apt-get. */
function dpkgOptions(args: Arguments): string[] {
  return (textOption(args, "dpkg_options") ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .flatMap((each) => ["-o", `Dpkg::Options::=--${each}`]);
}

/**
 * The words of an apt-get call.
 * @param action `install`, `remove`, ...; further words of it first
 */
export function aptGet(
  context: ModuleContext,
  args: Arguments,
  action: readonly string[],
  packages: readonly string[] = [],
): string[] {
  const installs = action[0] === "install" || action[0] === "build-dep";
  const changes = installs || action[0]?.includes("upgrade") === true;
  const removes = action[0] === "remove";
  const recommends = flagOption(args, "install_recommends");
  const release = textOption(args, "default_release");
  const on = (name: string) => flagOption(args, name) === true;
  const force = on("force");
  return [
    "/usr/bin/apt-get",
    "-y",
    ...dpkgOptions(args),
    "-o",
    `DPkg::Lock::Timeout=${numberOption(args, "lock_timeout") ?? 60}`,
    "-o",
    "Dpkg::Use-Pty=0",
    ...(on("only_upgrade") && installs ? ["--only-upgrade"] : []),
    ...(on("fail_on_autoremove") && changes ? ["--no-remove"] : []),
    ...(force ? ["--allow-downgrades", "--allow-remove-essential"] : []),
    ...(changes && (force || on("allow_unauthenticated")) ? ["--allow-unauthenticated"] : []),
    ...(changes && !force && on("allow_downgrade") ? ["--allow-downgrades"] : []),
    ...(force || on("allow_change_held_packages") ? ["--allow-change-held-packages"] : []),
    ...(on("autoremove") && (changes || removes) ? ["--auto-remove"] : []),
    ...(on("purge") && (removes || action[0] === "autoremove") ? ["--purge"] : []),
    ...(release !== undefined && changes ? ["-t", release] : []),
    ...(recommends !== undefined && installs
      ? ["-o", `APT::Install-Recommends=${recommends ? "yes" : "no"}`]
      : []),
    ...(context.checkMode ? ["--simulate"] : []),
    ...action,
    ...packages,
  ];
}

/** The call as Ansible's messages show it. */
export function shownCommand(command: readonly string[], packages: readonly string[]): string {
  const flags = command
    .slice(0, command.length - packages.length)
    .map((word) => (word.startsWith("Dpkg::Options") ? `"${word}"` : word));
  return [...flags, ...packages.map((name) => `'${name}'`)].join(" ");
}

/** Prints when the package lists changed last: `time` part. */
export const CACHE_TIME = `${section("time")}
if [ -e /var/lib/apt/periodic/update-success-stamp ]; then stat -c %Y /var/lib/apt/periodic/update-success-stamp
elif [ -e /var/lib/apt/lists ]; then stat -c %Y /var/lib/apt/lists
else echo 0; fi`;

/** Runs `apt-get update`, again after growing pauses while it fails. Its output goes to part `update`. */
export function updateScript(args: Arguments): string {
  const retries = numberOption(args, "update_cache_retries") ?? 5;
  const most = numberOption(args, "update_cache_retry_max_delay") ?? 12;
  const timeout = numberOption(args, "lock_timeout") ?? 60;
  return `${section("update")}
lb_try=0; lb_wait=1
while :; do
  apt-get update -o DPkg::Lock::Timeout=${timeout} -o APT::Update::Error-Mode=any </dev/null && break
  lb_try=$((lb_try + 1))
  if [ $lb_try -ge ${Math.max(1, retries)} ]; then ${section("updatefailed")}; exit 100; fi
  sleep $lb_wait; lb_wait=$((lb_wait * 2)); if [ $lb_wait -gt ${most} ]; then lb_wait=${most}; fi
done
`;
}

/** Wraps a call with the policy of services; its output is part `run`, then comes `time`. */
export function runScript(
  context: ModuleContext,
  args: Arguments,
  command: readonly string[],
  prefix = "",
): string {
  const wanted = numberOption(args, "policy_rc_d");
  const quiet = context.target === "image" && context.services !== "run" ? 101 : undefined;
  const policy = context.checkMode
    ? policyScript(undefined, false)
    : policyScript(wanted ?? quiet, wanted !== undefined);
  return `${APT_ENVIRONMENT}
${prefix}
${policy.before}
${section("run")}
${command.map(quote).join(" ")} </dev/null
lb_rc=$?
${policy.after}
${CACHE_TIME}
exit $lb_rc`;
}

/** Did apt-get change anything? */
export function changedAnything(output: string): boolean {
  return !/^0 upgraded, 0 newly installed, 0 to remove/m.test(output);
}

/** The part of apt-get's output that says what will be done: Ansible's `diff`. */
export function preparedDiff(output: string): string {
  const lines = output.split("\n");
  const start = lines.findIndex((line) => line.startsWith("The following"));
  const end = lines.findIndex((line) => /^\d+ upgraded, /.test(line));
  return start < 0 || end < start ? "" : lines.slice(start, end + 1).join("\n");
}
