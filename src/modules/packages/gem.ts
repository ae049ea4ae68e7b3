/** community.general.gem: packages of Ruby. */

import { quote } from "../../connection/connection.ts";
import { flagOption, textOption, words } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.gem",
  summary: "Manage packages of Ruby",
  options: {
    name: { type: "str", required: true, description: "Name of the gem." },
    state: {
      type: "str",
      default: "present",
      choices: ["present", "absent", "latest"],
      description: "The state of the gem.",
    },
    version: { type: "str", description: "Version of the gem." },
    gem_source: { type: "path", description: "A gem file to install." },
    include_dependencies: { type: "bool", default: true, description: "Install what it needs." },
    repository: { type: "str", aliases: ["source"], description: "Repository to use." },
    user_install: { type: "bool", default: true, description: "Install for this user only." },
    executable: { type: "path", description: "The gem program to use." },
    install_dir: { type: "path", description: "Directory to install into." },
    bindir: { type: "path", description: "Directory of programs." },
    norc: { type: "bool", default: true, description: "Read no .gemrc files." },
    env_shebang: { type: "bool", default: false, description: "Use /usr/bin/env in programs." },
    pre_release: { type: "bool", default: false, description: "Allow pre-releases." },
    include_doc: { type: "bool", default: false, description: "Install documentation." },
    build_flags: { type: "str", description: "Flags of a build." },
    force: { type: "bool", default: false, description: "Force the operation." },
  },
  mutuallyExclusive: [
    ["gem_source", "repository"],
    ["gem_source", "version"],
  ],
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: { name: "Name of the gem.", state: "The state that was asked for." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const name = textOption(args, "name") ?? "";
  const state = textOption(args, "state") ?? "present";
  const version = textOption(args, "version");
  const on = (option: string) => flagOption(args, option) === true;
  if (version !== undefined && state === "latest") {
    return { failed: true, msg: "Cannot specify version when state=latest" };
  }
  if (args.gem_source !== undefined && state === "latest") {
    return { failed: true, msg: "Cannot maintain state=latest when installing from local source" };
  }
  const gem = textOption(args, "executable") ?? "gem";
  const directory = textOption(args, "install_dir");
  const bindir = textOption(args, "bindir");
  const source = textOption(args, "gem_source");
  const repository = textOption(args, "repository");
  const userInstall = flagOption(args, "user_install") !== false && directory === undefined;
  const base = `${directory === undefined ? "" : `export GEM_HOME=${quote(directory)}\n`}lb_have ${quote(gem)} || { echo 'Failed to find required executable "gem"' >&2; exit 60; }\n`;
  const norc = on("norc") ? ["--norc"] : [];
  const list = async (remote: boolean) =>
    context.sh(
      `${base}${words(gem, "query", ...norc, remote ? "-r" : "-l", "-n", `^${name}$`, ...(remote && repository !== undefined ? ["--source", repository] : []))} 2>/dev/null || ${words(gem, "list", ...(remote ? ["-r"] : ["-l"]), `^${name}$`)}`,
    );
  const local = await list(false);
  if (local.rc === 60) return { failed: true, msg: errorOf(local).trim() };
  const here = versionsOf(outputOf(local), name);
  const latest = state === "latest" ? versionsOf(outputOf(await list(true)), name)[0] : undefined;
  const present =
    version !== undefined
      ? here.includes(version)
      : latest !== undefined
        ? here.includes(latest)
        : here.length > 0;
  const result = {
    name,
    state,
    ...(source === undefined ? {} : { gem_source: source }),
    ...(version === undefined ? {} : { version }),
  };
  if (present === (state !== "absent")) return { changed: false, ...result };
  if (context.checkMode) return { changed: true, ...result };
  const place = [
    ...(directory === undefined ? [] : ["--install-dir", directory]),
    ...(bindir === undefined ? [] : ["--bindir", bindir]),
  ];
  const command =
    state === "absent"
      ? words(
          gem,
          "uninstall",
          ...norc,
          ...place,
          ...(version === undefined ? ["--all"] : ["--version", version]),
          "--executable",
          ...(on("force") ? ["--force"] : []),
          name,
        )
      : `${words(
          gem,
          "install",
          ...norc,
          ...(version === undefined ? [] : ["--version", version]),
          ...(repository === undefined ? [] : ["--source", repository]),
          ...(flagOption(args, "include_dependencies") === false ? ["--ignore-dependencies"] : []),
          ...(userInstall ? ["--user-install"] : ["--no-user-install"]),
          ...place,
          ...(on("pre_release") ? ["--pre"] : []),
          ...(on("include_doc") ? [] : ["--no-document"]),
          ...(on("env_shebang") ? ["--env-shebang"] : []),
          ...(on("force") ? ["--force"] : []),
          source ?? name,
        )}${textOption(args, "build_flags") === undefined ? "" : ` -- ${textOption(args, "build_flags")}`}`;
  const done = await context.sh(`${base}${command}`);
  if (done.rc !== 0)
    return { failed: true, msg: errorOf(done) || outputOf(done), rc: done.rc, ...result };
  return { changed: true, ...result };
}

/** `name (1.2.0, default: 1.1.0)` as versions. */
function versionsOf(output: string, name: string): string[] {
  for (const line of output.split("\n")) {
    const match = /^(\S+) \((.+)\)\s*$/.exec(line.trim());
    if (match?.[1] === name) {
      return (match[2] ?? "")
        .split(", ")
        .map((each) => each.replace(/^default: /, "").split(" ")[0] ?? "");
    }
  }
  return [];
}
