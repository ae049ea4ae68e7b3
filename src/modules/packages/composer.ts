/** community.general.composer: packages of PHP. */

import { quote } from "../../connection/connection.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.composer",
  summary: "Manage packages of PHP",
  options: {
    command: { type: "str", default: "install", description: "Command of composer." },
    arguments: { type: "str", default: "", description: "Arguments of the command." },
    executable: { type: "path", aliases: ["php_path"], description: "The php to use." },
    working_dir: { type: "path", description: "Directory of the project." },
    global_command: { type: "bool", default: false, description: "Run `composer global`." },
    prefer_source: { type: "bool", default: false, description: "Prefer sources." },
    prefer_dist: { type: "bool", default: false, description: "Prefer archives." },
    no_dev: { type: "bool", default: true, description: "Leave development packages out." },
    no_scripts: { type: "bool", default: false, description: "Run no scripts." },
    no_plugins: { type: "bool", default: false, description: "Use no plugins." },
    optimize_autoloader: { type: "bool", default: true, description: "Optimize the autoloader." },
    classmap_authoritative: {
      type: "bool",
      default: false,
      description: "Load classes by the class map only.",
    },
    apcu_autoloader: { type: "bool", default: false, description: "Cache found classes in APCu." },
    ignore_platform_reqs: { type: "bool", default: false, description: "Ignore what PHP lacks." },
    force: { type: "bool", default: false, description: "Force the operation." },
    composer_executable: { type: "path", description: "The composer to use." },
  },
  requiredIf: [["global_command", false, ["working_dir"]]],
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {},
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const command = textOption(args, "command") ?? "install";
  if (/\s/.test(command)) {
    return {
      failed: true,
      msg: "Use the 'arguments' param for passing arguments with the 'command'",
    };
  }
  const php = quote(textOption(args, "executable") ?? "php");
  const composer = textOption(args, "composer_executable");
  const directory = textOption(args, "working_dir");
  const global = flagOption(args, "global_command") === true;
  const prologue = `export COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_NO_INTERACTION=1
lb_have ${php} || { echo 'Failed to find required executable "php"' >&2; exit 60; }
lb_c=${composer === undefined ? "$(command -v composer)" : quote(composer)}
[ -n "$lb_c" ] || { echo 'Failed to find required executable "composer"' >&2; exit 60; }
`;
  const base = `${php} "$lb_c"${global ? " global" : ""}`;
  const help = await context.sh(
    `${prologue}${base} help ${quote(command)} --no-interaction --format=json`,
  );
  if (help.rc !== 0) {
    return { failed: true, msg: (errorOf(help) || outputOf(help)).trim(), rc: help.rc };
  }
  const known = new Set(
    [...outputOf(help).matchAll(/"name"\s*:\s*"--([\w-]+)"/g)].map((match) => match[1] ?? ""),
  );
  const flags = [
    "prefer_source",
    "prefer_dist",
    "no_dev",
    "no_scripts",
    "no_plugins",
    "optimize_autoloader",
    "classmap_authoritative",
    "apcu_autoloader",
    "ignore_platform_reqs",
  ];
  const options = ["--no-ansi", "--no-interaction", "--no-progress"].filter((option) =>
    known.has(option.slice(2)),
  );
  for (const flag of flags) {
    const option = flag.replaceAll("_", "-");
    if (flagOption(args, flag) === true && known.has(option)) options.push(`--${option}`);
  }
  if (context.checkMode && known.has("dry-run")) options.push("--dry-run");
  if (flagOption(args, "force") === true) options.push("--force");
  const where = directory === undefined ? "" : ` --working-dir ${quote(directory)}`;
  const done = await context.sh(
    `${prologue}${base} ${command} ${options.join(" ")}${where} ${textOption(args, "arguments") ?? ""}`,
  );
  const text = `${outputOf(done)}${errorOf(done)}`;
  if (done.rc !== 0) return { failed: true, msg: text.trim(), rc: done.rc, stdout: text };
  const idle = /Nothing to install(?:, update or remove)?|Nothing to install or update/.test(text);
  return { changed: !idle, msg: text.trim(), stdout: text };
}
