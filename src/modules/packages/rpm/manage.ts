/** Packages of the Red Hat family, by dnf, dnf5 or yum. */
import { quote } from "../../../connection/connection.ts";
import { flagOption, listOption, textOption, words } from "../../lib/option-values.ts";
import { errorOf, linesOf, outputOf, parseSections, section } from "../../lib/sections.ts";
import type { Arguments, Data, ModuleContext, ModuleResult } from "../../module.ts";

/** The programs in the order in which each module looks for them. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  auto: ["dnf", "dnf5", "yum", "microdnf"],
  dnf: ["dnf", "dnf5"],
  dnf4: ["dnf-3", "dnf"],
  dnf5: ["dnf5"],
  yum4: ["dnf", "yum"],
  yum: ["yum", "dnf"],
};

export async function manageRpm(
  context: ModuleContext,
  args: Arguments,
  preferred: "dnf" | "yum",
): Promise<ModuleResult> {
  const names = (listOption(args, "name") ?? []).map((name) => name.trim()).filter(Boolean);
  const autoremove = flagOption(args, "autoremove") === true;
  const given =
    textOption(args, "state") ?? (autoremove && names.length === 0 ? "absent" : "present");
  const state = given === "installed" ? "present" : given === "removed" ? "absent" : given;
  const backend = textOption(args, "use_backend") ?? "auto";
  const programs = PROGRAMS[backend === "auto" ? (preferred === "dnf" ? "dnf" : "auto") : backend];
  if (autoremove && !(given === "absent")) {
    return {
      failed: true,
      msg: "Autoremove should be used alone or with state=absent",
      results: [],
    };
  }
  const root = textOption(args, "installroot") ?? "/";
  const rpm = root === "/" ? "rpm" : `rpm --root ${quote(root)}`;
  const plain = names.filter((name) => !/^@|:\/\/|^\/.*\.rpm$|[*?[]/.test(name));
  const report = await context.sh(`
for lb_p in ${(programs ?? []).join(" ")}; do if lb_have $lb_p; then ${section("program")}; echo $lb_p; break; fi; done
lb_have rpm || exit 0
${plain
  .map(
    (name, index) =>
      `${section(`p${index}`)}; ${rpm} -q ${quote(name)} 2>/dev/null || ${rpm} -q --whatprovides ${quote(name)} 2>/dev/null || printf '\\001missing%s\\n' ${index}`,
  )
  .join("\n")}
exit 0`);
  const parts = parseSections(report.stdout);
  const program = parts.get("program")?.trim();
  if (!program) {
    return {
      failed: true,
      msg: `Could not find ${(programs ?? []).join(" or ")} on the target. Could not detect which major revision of yum is in use, which is required to determine module backend.`,
    };
  }
  const installed = (name: string) => {
    const index = plain.indexOf(name);
    return index >= 0 && !parts.has(`missing${index}`);
  };
  const options = commonOptions(args, context, program);
  const list = textOption(args, "list");
  if (list !== undefined) return listPackages(context, program, options, list);
  if (flagOption(args, "update_cache") === true && names.length === 0 && !autoremove) {
    const done = await context.sh(`${words(program, ...options)} makecache`);
    return done.rc === 0
      ? { changed: false, msg: "Cache updated", rc: 0, results: [] }
      : { failed: true, msg: errorOf(done).trim(), rc: done.rc, results: [] };
  }

  let action: string[];
  if (state === "absent") {
    const due = names.filter(
      (name) => installed(name) || (!plain.includes(name) && !/:\/\//.test(name)),
    );
    if (due.length === 0 && !autoremove) return nothing();
    action = due.length === 0 ? ["autoremove"] : [autoremove ? "autoremove" : "remove", ...due];
  } else if (state === "latest" && names.includes("*")) {
    action = ["upgrade"];
  } else if (state === "latest") {
    const only = flagOption(args, "update_only") === true;
    const here = names.filter(installed);
    const missing = only ? [] : names.filter((name) => !installed(name));
    if (here.length + missing.length === 0) return nothing();
    return run(context, program, options, [
      ...(missing.length > 0 ? [["install", ...missing]] : []),
      ...(here.length > 0 ? [["upgrade", ...here]] : []),
    ]);
  } else {
    const due = names.filter((name) => !installed(name));
    if (due.length === 0) return nothing();
    action = ["install", ...due];
  }
  return run(context, program, options, [action]);
}

function nothing(): ModuleResult {
  return { changed: false, msg: "Nothing to do", rc: 0, results: [] };
}

function commonOptions(args: Arguments, context: ModuleContext, program: string): string[] {
  const on = (name: string) => flagOption(args, name) === true;
  const lists = (name: string, option: string) =>
    (listOption(args, name) ?? []).flatMap((each) => [`--${option}=${each}`]);
  const root = textOption(args, "installroot") ?? "/";
  const config = textOption(args, "conf_file");
  const release = textOption(args, "releasever");
  const directory = textOption(args, "download_dir");
  const excludes = textOption(args, "disable_excludes");
  const modern = program !== "yum";
  return [
    context.checkMode ? "--assumeno" : "-y",
    ...(config === undefined ? [] : modern ? [`--config=${config}`] : ["-c", config]),
    ...lists("disablerepo", "disablerepo"),
    ...lists("enablerepo", "enablerepo"),
    ...lists("exclude", "exclude"),
    ...lists("disable_plugin", "disableplugin"),
    ...lists("enable_plugin", "enableplugin"),
    ...(root === "/" ? [] : [`--installroot=${root}`]),
    ...(release === undefined ? [] : [`--releasever=${release}`]),
    ...(on("disable_gpg_check") ? ["--nogpgcheck"] : []),
    ...(on("skip_broken") ? ["--skip-broken"] : []),
    ...(on("security") ? ["--security"] : []),
    ...(on("bugfix") ? ["--bugfix"] : []),
    ...(on("update_cache") && modern ? ["--refresh"] : []),
    ...(on("allowerasing") && modern ? ["--allowerasing"] : []),
    ...((on("nobest") || flagOption(args, "best") === false) && modern ? ["--nobest"] : []),
    ...(flagOption(args, "best") === true && modern ? ["--best"] : []),
    ...(on("cacheonly") ? ["-C"] : []),
    ...(on("download_only") ? ["--downloadonly"] : []),
    ...(directory === undefined ? [] : [`--downloaddir=${directory}`]),
    ...(excludes === undefined ? [] : [`--disableexcludes=${excludes}`]),
    ...(flagOption(args, "sslverify") === false ? ["--setopt=sslverify=0"] : []),
    ...(flagOption(args, "install_weak_deps") === false
      ? ["--setopt=install_weak_deps=False"]
      : []),
  ];
}

async function run(
  context: ModuleContext,
  program: string,
  options: readonly string[],
  actions: readonly (readonly string[])[],
): Promise<ModuleResult> {
  const results: string[] = [];
  let changed = false;
  for (const action of actions) {
    const done = await context.sh(
      `export LC_ALL=C.UTF-8 LANG=C.UTF-8\n${words(program, ...options, ...action)} </dev/null`,
    );
    const stdout = outputOf(done);
    const stderr = errorOf(done);
    const transaction =
      /^(Installing|Upgrading|Removing|Downgrading|Reinstalling|Updating)\b|^Transaction Summary/m.test(
        stdout,
      );
    const idle =
      /^\s*(Nothing to do|No packages marked for (removal|update))/m.test(stdout) ||
      /Nothing to do/.test(stderr);
    const failures = missingPackages(`${stdout}\n${stderr}`);
    if (failures.length > 0) {
      return {
        failed: true,
        msg: "Failed to install some of the specified packages",
        failures,
        rc: 1,
        results: [],
      };
    }
    if (context.checkMode && transaction) {
      changed = true;
      results.push(...planned(stdout));
      continue;
    }
    if (done.rc !== 0 && !(context.checkMode && idle)) {
      return {
        failed: true,
        msg: `Failed to ${action[0]}: ${stderr.trim() || stdout.trim()}`,
        rc: done.rc,
        results: [],
        stdout,
        stderr,
      };
    }
    changed ||= transaction && !idle;
    results.push(...performed(stdout));
  }
  if (!changed) return nothing();
  return {
    changed,
    msg: context.checkMode
      ? "Check mode: No changes made, but would have if not in check mode"
      : "",
    rc: 0,
    results,
  };
}

function missingPackages(output: string): string[] {
  const failures = new Set<string>();
  for (const pattern of [
    /^(?:No match for argument|No package matches): (.+)$/gm,
    /^No package (.+) available\.?$/gm,
    /^Error: Unable to find a match: (.+)$/gm,
  ]) {
    for (const match of output.matchAll(pattern)) {
      for (const name of (match[1] ?? "").trim().split(/\s+/)) {
        failures.add(`No package ${name} available.`);
      }
    }
  }
  return [...failures];
}

/** The closing lists of dnf: `Installed:` and below it indented names. */
function performed(output: string): string[] {
  const results: string[] = [];
  let verb: string | undefined;
  for (const line of linesOf(output)) {
    const heading =
      /^(Installed|Upgraded|Removed|Downgraded|Reinstalled|Updated|Dependency Installed|Dependency Removed|Erased):\s*$/.exec(
        line,
      );
    if (heading) verb = heading[1];
    else if (line.trim() === "" || !/^\s/.test(line)) verb = undefined;
    else if (verb !== undefined) {
      for (const name of line.trim().split(/\s{2,}|\s(?=\S+-\d)/)) {
        results.push(
          `${verb === "Upgraded" || verb === "Updated" ? "Installed" : verb}: ${name.trim()}`,
        );
      }
    }
  }
  return results;
}

/** The rows of the transaction's table: name, architecture, version. */
function planned(output: string): string[] {
  const results: string[] = [];
  let verb = "Installed";
  for (const line of linesOf(output)) {
    if (/^(Installing|Upgrading|Updating)/.test(line)) verb = "Installed";
    else if (/^Removing/.test(line)) verb = "Removed";
    const row = /^\s(\S+)\s+(\S+)\s+(\S+)\s+\S+\s+\d/.exec(line);
    if (row) results.push(`${verb}: ${row[1]}-${row[3]}.${row[2]}`);
  }
  return results;
}

async function listPackages(
  context: ModuleContext,
  program: string,
  options: readonly string[],
  what: string,
): Promise<ModuleResult> {
  const format = "%{name}|%{epoch}|%{version}|%{release}|%{arch}|%{repoid}\\n";
  const base = words(program, "-q", ...options.filter((each) => each !== "--assumeno"));
  const script =
    what === "installed"
      ? "rpm -qa --qf '%{NAME}|%{EPOCHNUM}|%{VERSION}|%{RELEASE}|%{ARCH}|installed\\n'"
      : what === "updates" || what === "upgrades"
        ? `${base} repoquery --upgrades --qf '${format}'`
        : what === "available"
          ? `${base} repoquery --available --qf '${format}'`
          : what === "repos" || what === "repositories"
            ? `${base} repolist --enabled | tail -n +2 | while read -r lb_i lb_r; do echo "$lb_i"; done`
            : `{ ${base} repoquery --installed --qf '${format.replace("%{repoid}", "installed")}' ${quote(what)}; ${base} repoquery --available --qf '${format}' ${quote(what)}; }`;
  const done = await context.sh(`export LC_ALL=C.UTF-8\n${script}`);
  if (done.rc !== 0) return { failed: true, msg: errorOf(done).trim(), rc: done.rc, results: [] };
  const lines = linesOf(outputOf(done)).filter((line) => line !== "");
  const results: Data[] = lines.map((line) => {
    if (!line.includes("|")) return { repoid: line, state: "enabled" };
    const [name = "", epoch = "0", version = "", release = "", arch = "", repo = ""] =
      line.split("|");
    const place = repo === "installed" ? "installed" : "available";
    return {
      name,
      epoch,
      version,
      release,
      arch,
      repo,
      yumstate: place,
      envra: `${epoch}:${name}-${version}-${release}.${arch}`,
      nevra: `${epoch}:${name}-${version}-${release}.${arch}`,
    };
  });
  return { changed: false, results };
}
