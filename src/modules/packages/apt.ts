/** ansible.builtin.apt, by apt-get and dpkg-query: no Python in the target. */

import { quote } from "../../connection/connection.ts";
import { globRegExp } from "../lib/glob.ts";
import { flagOption, listOption, numberOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, parseSections, section } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, RunResult } from "../module.ts";
import {
  APT_ENVIRONMENT,
  aptGet,
  CACHE_TIME,
  changedAnything,
  preparedDiff,
  runScript,
  shownCommand,
  updateScript,
} from "./apt/command.ts";
import { APT_SPEC } from "./apt/spec.ts";
import { automaticPackages, DPKG_QUERY, DpkgState } from "./apt/state.ts";
import { parseSpec, versionFits } from "./apt/version.ts";

export const spec = APT_SPEC;

type Fields = Record<string, number | boolean>;

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const names = (listOption(args, "name") ?? []).map((name) => name.trim()).filter(Boolean);
  const on = (name: string) => flagOption(args, name) === true;
  const cacheValid = numberOption(args, "cache_valid_time") ?? 0;
  const wantUpdate = on("update_cache") || (cacheValid > 0 && args.update_cache === undefined);
  const inspect = await context.sh(
    inspection(context, args, names, wantUpdate ? cacheValid : undefined),
  );
  const report = parseSections(inspect.stdout);
  if (report.has("noapt")) {
    return {
      failed: true,
      msg: 'Failed to find required executable "apt-get"',
    };
  }
  if (report.has("updatefailed")) {
    return {
      failed: true,
      msg: `Failed to update apt cache: ${errorOf(inspect).trim() || "unknown reason"}`,
    };
  }
  const time = Number((report.get("time") ?? "0").trim());
  if (inspect.rc !== 0) {
    return {
      failed: true,
      msg: errorOf(inspect).trim() || "cannot read the state of apt",
      rc: inspect.rc,
    };
  }
  const oldTime = report.get("oldtime");
  const wouldUpdate = context.checkMode && report.has("wouldupdate");
  const cache: Fields = {
    cache_updated: wouldUpdate || (oldTime !== undefined && time !== Number(oldTime)),
    cache_update_time: time,
  };
  const state = new DpkgState(report.get("dpkg"));

  if (on("clean") && !context.checkMode) await context.sh("apt-get clean");
  const deb = textOption(args, "deb");
  if (deb !== undefined) return installFile(context, args, deb);
  const upgrade = textOption(args, "upgrade") ?? "no";
  const wanted = textOption(args, "state") ?? "present";
  if (names.includes("*") && wanted === "latest" && names.length > 1) {
    return {
      failed: true,
      msg: "unable to install additional packages when upgrading all installed packages",
    };
  }
  if (upgrade !== "no" || (names.includes("*") && wanted === "latest")) {
    return upgradeAll(context, args, upgrade === "no" ? "yes" : upgrade);
  }
  if (names.length === 0) {
    if (on("autoclean")) return plain(context, args, ["autoclean"], /\nDel /);
    if (on("autoremove")) return plain(context, args, ["autoremove"], undefined);
    return { changed: cache.cache_updated === true, ...cache };
  }
  if (wanted === "absent") return remove(context, args, names, state);
  const available = (report.get("names") ?? "").split("\n");
  const lists = report.has("lists") || report.has("update");
  return install(context, args, names, {
    state,
    available,
    cache,
    lists,
    fetched: report.has("nolists"),
    wanted,
    automatic: automaticPackages(report.get("auto")),
    candidates: report.get("policy") ?? "",
  });
}

/** Reads all that decides, and updates the lists if that is due. */
function inspection(
  context: ModuleContext,
  args: Arguments,
  names: readonly string[],
  cacheValid: number | undefined,
): string {
  const removes = textOption(args, "state") === "absent";
  const patterns = names.some(
    (name) => /[*?[]/.test(name.split(/[=>]/, 1)[0] ?? "") && name !== "*",
  );
  const least = names.map(parseSpec).filter((each) => each.operator === ">=");
  const update =
    cacheValid === undefined
      ? ""
      : `read -r lb_old <<LB
$(${CACHE_TIME.slice(CACHE_TIME.indexOf("\n") + 1)})
LB
${section("oldtime")}; echo "$lb_old"
${cacheValid > 0 ? `if [ $(($(date +%s) - ${cacheValid})) -ge "$lb_old" ]; then` : "if :; then"}
${context.checkMode ? section("wouldupdate") : updateScript(args)}
fi`;
  return `${APT_ENVIRONMENT}
lb_have apt-get || { ${section("noapt")}; exit 0; }
${update}
${
  (patterns || least.length > 0) && !removes && !context.checkMode
    ? `set -- /var/lib/apt/lists/*_Packages*
if [ ! -e "$1" ]; then ${section("nolists")}
${updateScript(args)}fi`
    : ""
}
${CACHE_TIME}
${names.length > 0 ? `${section("dpkg")}; ${DPKG_QUERY}` : ""}
${
  names.length > 0 && !removes
    ? `${section("auto")}; [ ! -e /var/lib/apt/extended_states ] || cat /var/lib/apt/extended_states
set -- /var/lib/apt/lists/*_Packages*; [ ! -e "$1" ] || ${section("lists")}`
    : ""
}
${patterns ? `${section("names")}; apt-cache pkgnames` : ""}
${least.length > 0 ? `${section("policy")}; apt-cache policy ${least.map((each) => quote(each.name)).join(" ")}` : ""}
exit 0`;
}

interface Known {
  readonly state: DpkgState;
  readonly available: readonly string[];
  readonly cache: Fields;
  readonly lists: boolean;
  /** There were no lists, and they were fetched to look names up in them. */
  readonly fetched: boolean;
  readonly wanted: string;
  readonly automatic: ReadonlySet<string>;
  readonly candidates: string;
}

async function install(
  context: ModuleContext,
  args: Arguments,
  names: readonly string[],
  known: Known,
): Promise<ModuleResult> {
  const { state, cache, wanted } = known;
  const expanded: string[] = [];
  for (const name of names) {
    const each = parseSpec(name);
    if (!/[*?[]/.test(each.name)) {
      expanded.push(name);
      continue;
    }
    const regexp = globRegExp(each.name);
    const found = known.available.filter((candidate) => regexp.test(candidate)).sort();
    if (found.length === 0) {
      return { failed: true, msg: `No package(s) matching '${name}' available` };
    }
    expanded.push(...found);
  }
  const due: string[] = [];
  const manual: string[] = [];
  for (const name of expanded) {
    const each = parseSpec(name);
    const here = state.installed(each);
    if (here && known.automatic.has(here.name)) manual.push(here.name);
    if (each.operator === ">=" && !here) {
      const candidate = candidateOf(known.candidates, each.name);
      if (candidate === undefined || !versionFits(each, candidate)) {
        return {
          failed: true,
          msg: `no available installation candidate for ${name}`,
          ...cache,
        };
      }
    }
    if (here && wanted === "present" && each.release === undefined) continue;
    if (!here && flagOption(args, "only_upgrade") === true && !state.find(each)?.installed)
      continue;
    due.push(each.operator === ">=" ? each.name : name);
  }
  const buildDependencies = wanted === "build-dep";
  if (due.length === 0 && wanted !== "fixed") {
    if (manual.length > 0 && !context.checkMode) {
      await context.sh(`apt-mark manual ${manual.map(quote).join(" ")} >/dev/null`);
    }
    return { changed: false, ...cache };
  }
  const command = aptGet(
    context,
    args,
    [buildDependencies ? "build-dep" : "install", ...(wanted === "fixed" ? ["-f"] : [])],
    due,
  );
  // Where there are no package lists at all, nothing could be found.
  const fetch = !known.lists && !context.checkMode;
  const warnings =
    fetch || known.fetched
      ? ["The target has no package lists: 'apt-get update' was run first."]
      : [];
  const prefix = [
    fetch ? updateScript(args) : "",
    manual.length > 0 && !context.checkMode
      ? `apt-mark manual ${manual.map(quote).join(" ")} >/dev/null`
      : "",
  ].join("\n");
  const done = await context.sh(runScript(context, args, command, prefix));
  const warned = warnings.length > 0 ? { warnings } : {};
  const report = parseSections(done.stdout);
  const time = Number((report.get("time") ?? "0").trim()) || 0;
  const fields: Fields =
    warnings.length > 0 ? { cache_updated: true, cache_update_time: time } : cache;
  if (report.has("updatefailed")) {
    return { failed: true, msg: `Failed to update apt cache: ${errorOf(done).trim()}` };
  }
  if (done.rc !== 0) return failure(done, command, due, fields, warned);
  return { ...success(context, done), ...fields, ...warned };
}

/** The version that apt would install, from `apt-cache policy`. */
function candidateOf(policy: string, name: string): string | undefined {
  const start = policy.indexOf(`${name}:\n`);
  const found = /Candidate: (\S+)/.exec(start < 0 ? "" : policy.slice(start))?.[1];
  return found === "(none)" ? undefined : found;
}

function success(context: ModuleContext, done: RunResult) {
  const stdout = parseSections(done.stdout).get("run") ?? "";
  return {
    changed: changedAnything(stdout),
    stdout,
    stderr: errorOf(done),
    ...(context.diffMode ? { diff: { prepared: preparedDiff(stdout) } } : {}),
  };
}

function failure(
  done: RunResult,
  command: readonly string[],
  packages: readonly string[],
  fields: Fields,
  warned: { readonly warnings?: readonly string[] },
): ModuleResult {
  const stderr = errorOf(done);
  const stdout = parseSections(done.stdout).get("run") ?? "";
  const unknown = /^E: Unable to locate package (\S+)/m.exec(stderr)?.[1];
  if (unknown)
    return { failed: true, msg: `No package matching '${unknown}' is available`, ...warned };
  const version = /^E: Version '(.+)' for '(.+)' was not found/m.exec(stderr);
  if (version) {
    return {
      failed: true,
      msg: `no available installation candidate for ${version[2]}=${version[1]}`,
      ...fields,
      ...warned,
    };
  }
  return {
    failed: true,
    msg: `'${shownCommand(command, packages)}' failed: ${stderr}`,
    rc: done.rc,
    stdout,
    stderr,
    ...fields,
    ...warned,
  };
}

async function remove(
  context: ModuleContext,
  args: Arguments,
  names: readonly string[],
  state: DpkgState,
): Promise<ModuleResult> {
  const purge = flagOption(args, "purge") === true;
  const due = names
    .flatMap((name) => (/[*?[]/.test(name) ? state.matching(parseSpec(name).name) : [name]))
    .filter((name) => {
      const found = state.find(parseSpec(name));
      return found?.installed || (purge && found?.hasFiles);
    })
    .map((name) => parseSpec(name))
    .map((each) => (each.architecture ? `${each.name}:${each.architecture}` : each.name));
  if (due.length === 0) return { changed: false };
  const command = aptGet(context, args, ["remove"], due);
  const done = await context.sh(runScript(context, args, command));
  if (done.rc !== 0) {
    return {
      failed: true,
      msg: `'apt-get remove '${due.join("' '")}'' failed: ${errorOf(done)}`,
      rc: done.rc,
      stdout: parseSections(done.stdout).get("run") ?? "",
      stderr: errorOf(done),
    };
  }
  return { ...success(context, done), changed: true };
}

async function upgradeAll(
  context: ModuleContext,
  args: Arguments,
  mode: string,
): Promise<ModuleResult> {
  const action =
    mode === "dist" || mode === "full" ? ["dist-upgrade"] : ["upgrade", "--with-new-pkgs"];
  const command = aptGet(context, args, action);
  const done = await context.sh(runScript(context, args, command));
  if (done.rc !== 0) {
    return {
      failed: true,
      msg: `'${shownCommand(command, [])}' failed: ${errorOf(done)}`,
      rc: done.rc,
      stdout: parseSections(done.stdout).get("run") ?? "",
      stderr: errorOf(done),
    };
  }
  const result = success(context, done);
  return { ...result, msg: result.stdout };
}

/** `autoclean` and `autoremove` on their own. */
async function plain(
  context: ModuleContext,
  args: Arguments,
  action: readonly string[],
  changedWhen: RegExp | undefined,
): Promise<ModuleResult> {
  const command = aptGet(context, args, action);
  const done = await context.sh(runScript(context, args, command));
  if (done.rc !== 0) {
    return {
      failed: true,
      msg: `'${shownCommand(command, [])}' failed: ${errorOf(done)}`,
      rc: done.rc,
    };
  }
  const result = success(context, done);
  return changedWhen ? { ...result, changed: changedWhen.test(result.stdout) } : result;
}

/** Installs a package file, with its dependencies. A URL is fetched by apt's own downloader. */
async function installFile(
  context: ModuleContext,
  args: Arguments,
  deb: string,
): Promise<ModuleResult> {
  const url = /^[a-z]+:\/\//i.test(deb);
  const fetched = await context.sh(`${APT_ENVIRONMENT}
lb_deb=${quote(deb)}
${
  url
    ? `lb_dir=$(mktemp -d /tmp/layerbook.XXXXXX) || exit
lb_deb=$lb_dir/$(basename ${quote(deb.replace(/[?#].*$/, ""))}); case "$lb_deb" in *.deb) ;; *) lb_deb=$lb_deb.deb;; esac
/usr/lib/apt/apt-helper download-file ${quote(deb)} "$lb_deb" >&2 || { rm -rf "$lb_dir"; exit 1; }
chmod 755 "$lb_dir"`
    : ""
}
case "$lb_deb" in /*) ;; *) lb_deb=$PWD/$lb_deb;; esac
if [ ! -e "$lb_deb" ]; then echo "E:Could not open file $lb_deb - open (2: No such file or directory)" >&2; exit 1; fi
${section("path")}; printf %s "$lb_deb"
${section("fields")}; dpkg-deb -W --showformat='\${Package}\\t\${Version}\\t\${Architecture}\\n' "$lb_deb" || exit
${section("dpkg")}; ${DPKG_QUERY}
set -- /var/lib/apt/lists/*_Packages*; [ ! -e "$1" ] || ${section("lists")}
exit 0`);
  const report = parseSections(fetched.stdout);
  const path = report.get("path") ?? deb;
  const directory = url ? path.slice(0, path.lastIndexOf("/")) : undefined;
  const cleanUp = directory ? `rm -rf ${quote(directory)}\n` : "";
  if (fetched.rc !== 0) {
    return {
      failed: true,
      msg: url
        ? `Failure downloading ${deb}, ${errorOf(fetched).trim()}`
        : `Unable to install package: ${errorOf(fetched).trim()}`,
    };
  }
  const [name = "", version = "", architecture] = (report.get("fields") ?? "").trim().split("\t");
  const here = new DpkgState(report.get("dpkg")).find({
    ...parseSpec(name),
    architecture: architecture === "all" ? undefined : architecture,
  });
  if (here?.installed && here.version === version) {
    if (cleanUp) await context.sh(cleanUp);
    return { changed: false, stdout: "", stderr: "" };
  }
  const command = aptGet(context, args, ["install"], [path]);
  const update = report.has("lists") || context.checkMode ? "" : updateScript(args);
  const done = await context.sh(
    runScript(context, args, command, update).replace(/exit \$lb_rc$/, `${cleanUp}exit $lb_rc`),
  );
  if (done.rc !== 0) {
    return {
      failed: true,
      msg: `'${shownCommand(command, [path])}' failed: ${errorOf(done)}`,
      rc: done.rc,
      stdout: parseSections(done.stdout).get("run") ?? "",
      stderr: errorOf(done),
    };
  }
  return { ...success(context, done), changed: true };
}
