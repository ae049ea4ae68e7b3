/** community.general.apk: packages of Alpine. */
import { quote } from "../../connection/connection.ts";
import { flagOption, listOption, textOption, words } from "../lib/option-values.ts";
import { errorOf, linesOf, outputOf, parseSections, section } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.apk",
  summary: "Manage packages of Alpine",
  options: {
    name: { type: "list", elements: "str", aliases: ["pkg"], description: "Packages." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "installed", "latest", "present", "removed"],
      description: "The state the packages should be in.",
    },
    available: {
      type: "bool",
      default: false,
      description: "With upgrade: replace what no repository has any more.",
    },
    no_cache: { type: "bool", default: false, description: "Use no local cache." },
    repository: { type: "list", elements: "str", description: "Repositories to use as well." },
    update_cache: { type: "bool", default: false, description: "Update the indexes first." },
    upgrade: { type: "bool", default: false, description: "Upgrade all packages." },
    world: {
      type: "str",
      default: "/etc/apk/world",
      description: "The file of explicitly installed packages.",
    },
  },
  requiredOneOf: [["name", "update_cache", "upgrade"]],
  mutuallyExclusive: [["name", "upgrade"]],
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: { packages: "Packages that were changed." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const names = (listOption(args, "name") ?? []).map((name) => name.trim()).filter(Boolean);
  const given = textOption(args, "state") ?? "present";
  const state = given === "installed" ? "present" : given === "removed" ? "absent" : given;
  const options = words(
    "--no-progress",
    ...(flagOption(args, "no_cache") === true ? ["--no-cache"] : []),
    ...(listOption(args, "repository") ?? []).flatMap((each) => ["--repository", each]),
  );
  const simulate = context.checkMode ? "--simulate " : "";
  const apk = "PATH=$PATH:/sbin:/usr/sbin apk";
  const update = flagOption(args, "update_cache") === true;
  const report = await context.sh(`PATH=$PATH:/sbin:/usr/sbin
lb_have apk || exit 60
${update && !context.checkMode ? `apk ${options} update >&2 || exit 61` : ""}
${section("world")}; cat ${quote(textOption(args, "world") ?? "/etc/apk/world")} 2>/dev/null
${section("installed")}; apk info 2>/dev/null
exit 0`);
  if (report.rc === 60) return { failed: true, msg: 'Failed to find required executable "apk"' };
  if (report.rc === 61) {
    return { failed: true, msg: "could not update package db", stderr: errorOf(report) };
  }
  if (flagOption(args, "upgrade") === true) {
    const available = flagOption(args, "available") === true ? "--available" : "";
    const done = await context.sh(`${apk} ${options} upgrade ${simulate}${available}`);
    const stdout = outputOf(done);
    if (done.rc !== 0) {
      return {
        failed: true,
        msg: "failed to upgrade packages",
        stdout,
        stderr: errorOf(done),
        packages: changedPackages(stdout),
      };
    }
    const packages = changedPackages(stdout);
    return packages.length > 0
      ? { changed: true, msg: "upgraded packages", packages, stdout, stderr: "" }
      : { changed: false, msg: "packages already upgraded", packages, stdout, stderr: "" };
  }
  if (names.length === 0) return { changed: true, msg: "updated repository indexes" };
  const parts = parseSections(report.stdout);
  const installed = new Set(linesOf(parts.get("installed")));
  const world = new Set(
    (parts.get("world") ?? "").split(/\s+/).map((each) => each.replace(/[@<>=~].*$/, "")),
  );
  const bare = (name: string) => name.replace(/[@<>=~].*$/, "");
  if (state === "absent") {
    const due = names.filter((name) => installed.has(bare(name)));
    if (due.length === 0) return { changed: false, msg: "package(s) already removed" };
    const done = await context.sh(`${apk} ${options} del ${simulate}--purge ${words(...due)}`);
    const stdout = outputOf(done);
    if (done.rc !== 0) {
      return {
        failed: true,
        msg: `failed to remove ${due.join(" ")} package(s)`,
        stdout,
        stderr: errorOf(done),
      };
    }
    return {
      changed: true,
      msg: `removed ${due.join(" ")} package(s)`,
      packages: changedPackages(stdout),
      stdout,
      stderr: errorOf(done),
    };
  }
  const due = names.filter(
    (name) =>
      state === "latest" ||
      !installed.has(bare(name)) ||
      !world.has(bare(name)) ||
      /[<>=~]/.test(name),
  );
  if (due.length === 0) return { changed: false, msg: "package(s) already installed" };
  const upgrade = state === "latest" ? "--upgrade " : "";
  const done = await context.sh(`${apk} ${options} add ${simulate}${upgrade}${words(...due)}`);
  const stdout = outputOf(done);
  const stderr = errorOf(done);
  if (done.rc !== 0) {
    return {
      failed: true,
      msg: `failed to install ${due.join(" ")}`,
      stdout,
      stderr,
      packages: [],
    };
  }
  const packages = changedPackages(stdout);
  const changed = packages.length > 0 || due.some((name) => !world.has(bare(name)));
  return changed
    ? { changed, msg: `installed ${due.join(" ")} package(s)`, packages, stdout, stderr }
    : { changed, msg: "package(s) already installed", packages, stdout, stderr };
}

/** `(1/2) Installing nginx (1.24.0-r1)` names a package. */
function changedPackages(output: string): string[] {
  return linesOf(output).flatMap((line) => {
    const name = /^\(\s*\d+\/\d+\)\s+\S+\s+(\S+)/.exec(line)?.[1];
    return name === undefined ? [] : [name];
  });
}
