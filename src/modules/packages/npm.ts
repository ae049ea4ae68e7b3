/** community.general.npm: packages of Node.js. */

import { quote } from "../../connection/connection.ts";
import { flagOption, textOption, words } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.npm",
  summary: "Manage packages of Node.js",
  options: {
    name: { type: "str", description: "Name of a package; the project's own when absent." },
    path: { type: "path", description: "Directory of the project." },
    version: { type: "str", description: "Version of the package." },
    global: { type: "bool", default: false, description: "Install for everybody." },
    executable: { type: "path", description: "The npm to use." },
    ignore_scripts: { type: "bool", default: false, description: "Run no scripts of packages." },
    unsafe_perm: { type: "bool", default: false, description: "Run scripts as root." },
    ci: { type: "bool", default: false, description: "Install by the lock file exactly." },
    production: { type: "bool", default: false, description: "Leave development packages out." },
    registry: { type: "str", description: "Registry to install from." },
    no_optional: { type: "bool", default: false, description: "Leave optional packages out." },
    no_bin_links: { type: "bool", default: false, description: "Make no links of programs." },
    force: { type: "bool", default: false, description: "Fetch even what is there." },
    state: {
      type: "str",
      default: "present",
      choices: ["present", "absent", "latest"],
      description: "The state of the packages.",
    },
  },
  requiredIf: [["state", "absent", ["name"]]],
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {},
} as const satisfies ModuleSpec;

interface Dependency {
  readonly version?: string;
  readonly missing?: boolean;
  readonly invalid?: unknown;
}

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const name = textOption(args, "name");
  const version = textOption(args, "version");
  const state = textOption(args, "state") ?? "present";
  const path = textOption(args, "path");
  const global = flagOption(args, "global") === true;
  if (path === undefined && !global) {
    return { failed: true, msg: "path must be specified when not using global" };
  }
  const on = (option: string) => flagOption(args, option) === true;
  const npm = quote(textOption(args, "executable") ?? "npm");
  const registry = textOption(args, "registry");
  const flags = words(
    ...(global ? ["--global"] : []),
    ...(on("production") ? ["--production"] : []),
    ...(on("ignore_scripts") ? ["--ignore-scripts"] : []),
    ...(on("unsafe_perm") ? ["--unsafe-perm"] : []),
    ...(on("no_optional") ? ["--no-optional"] : []),
    ...(on("no_bin_links") ? ["--no-bin-links"] : []),
    ...(on("force") ? ["--force"] : []),
    ...(registry === undefined ? [] : ["--registry", registry]),
  );
  const go =
    path === undefined
      ? ""
      : `[ -d ${quote(path)} ] || mkdir -p ${quote(path)} || exit\ncd ${quote(path)} || exit\n`;
  const wanted =
    name === undefined ? "" : quote(version === undefined ? name : `${name}@${version}`);
  const run = async (command: string) =>
    context.sh(
      `${go}lb_have ${npm} || { echo 'Failed to find required executable "npm"' >&2; exit 60; }\n${npm} ${command} ${flags} ${wanted}`,
    );
  const list = await context.sh(
    `${path === undefined ? "" : `cd ${quote(path)} 2>/dev/null || exit 0\n`}lb_have ${npm} || exit 60\n${npm} list --json --long --depth=0 ${flags} 2>/dev/null; exit 0`,
  );
  if (list.rc === 60) return { failed: true, msg: 'Failed to find required executable "npm"' };
  let dependencies: Readonly<Record<string, Dependency>> = {};
  try {
    dependencies = JSON.parse(outputOf(list) || "{}").dependencies ?? {};
  } catch {
    return {
      failed: true,
      msg: `Failed to parse NPM output with error: ${outputOf(list).slice(0, 200)}`,
    };
  }
  const entry = name === undefined ? undefined : dependencies[name];
  const here =
    entry !== undefined && !entry.missing && (version === undefined || entry.version === version);
  const anyMissing = Object.values(dependencies).some((each) => each.missing || each.invalid);
  let command: string | undefined;
  if (state === "absent") command = here ? "uninstall" : undefined;
  else if (on("ci")) command = "ci";
  else if (state === "latest") {
    const outdated = await run("outdated");
    command =
      name !== undefined && !here
        ? "install"
        : outputOf(outdated).trim() === ""
          ? undefined
          : name === undefined
            ? "update"
            : "install";
  } else
    command =
      name === undefined ? (anyMissing ? "install" : undefined) : here ? undefined : "install";
  if (command === undefined) return { changed: false };
  if (context.checkMode) return { changed: true };
  const done = await run(command);
  if (done.rc !== 0) return { failed: true, msg: errorOf(done) || outputOf(done), rc: done.rc };
  return { changed: true };
}
