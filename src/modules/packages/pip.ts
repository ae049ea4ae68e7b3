/** ansible.builtin.pip: packages of Python, by the pip of the target. */

import { quote } from "../../connection/connection.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, linesOf, outputOf, parseSections, section } from "../lib/sections.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.pip",
  summary: "Manage packages of Python",
  options: {
    name: {
      type: "list",
      elements: "str",
      description: "Packages: names, names with versions, or URLs.",
    },
    version: { type: "str", description: "Version of the one package." },
    requirements: { type: "str", description: "A requirements file of the target." },
    virtualenv: { type: "path", description: "Virtual environment to install into." },
    virtualenv_site_packages: {
      type: "bool",
      default: false,
      description: "Whether a new environment sees the system's packages.",
    },
    virtualenv_command: {
      type: "path",
      default: "virtualenv",
      description: "Command that makes an environment.",
    },
    virtualenv_python: { type: "str", description: "Python of a new environment." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "forcereinstall", "latest", "present"],
      description: "The state of the packages.",
    },
    extra_args: { type: "str", description: "Further arguments of pip." },
    editable: { type: "bool", default: false, description: "Install as editable." },
    chdir: { type: "path", description: "Directory to run in." },
    executable: { type: "path", description: "The pip to use." },
    umask: { type: "str", description: "Umask during the installation." },
    break_system_packages: {
      type: "bool",
      default: false,
      description: "Install into an environment that the distribution manages.",
    },
  },
  requiredOneOf: [["name", "requirements"]],
  mutuallyExclusive: [
    ["name", "requirements"],
    ["executable", "virtualenv"],
  ],
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {
    cmd: "The command.",
    name: "Packages.",
    version: "The version that was asked for.",
    requirements: "The requirements file.",
    virtualenv: "The virtual environment.",
    state: "The state that was asked for.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const state = textOption(args, "state") ?? "present";
  const version = textOption(args, "version");
  const requirements = textOption(args, "requirements");
  const env = textOption(args, "virtualenv");
  const names = joinVersions(listOption(args, "name") ?? []);
  const extra = textOption(args, "extra_args") ?? "";
  const chdir = textOption(args, "chdir");
  if (state === "latest" && version !== undefined) {
    return { failed: true, msg: "version is incompatible with state=latest" };
  }
  if (version !== undefined && names.length > 1) {
    return {
      failed: true,
      msg: "'version' argument is ambiguous when installing multiple package distributions. Please specify version restrictions next to each package in 'name' argument.",
    };
  }
  const [only = ""] = names;
  const packages =
    version === undefined
      ? names
      : [/^\d/.test(version) ? `${only}==${version}` : `${only}${version}`];
  const setUp = [
    chdir === undefined ? "" : `cd ${quote(chdir)} || exit`,
    textOption(args, "umask") === undefined
      ? ""
      : `umask ${quote(textOption(args, "umask") ?? "")}`,
    "export LC_ALL=C.UTF-8 LANG=C.UTF-8 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=",
  ]
    .filter((line) => line !== "")
    .join("\n");

  const found = await context.sh(`${setUp}\n${findPip(args, env)}
${section("freeze")}; $lb_pip list --format=freeze 2>/dev/null || $lb_pip freeze
exit 0`);
  let pip = (parseSections(found.stdout).get("pip") ?? "").trim();
  let freeze = parseSections(found.stdout).get("freeze") ?? "";
  const common: Record<string, Data> = {
    name: names.length > 0 ? names : null,
    version: version ?? null,
    state,
    requirements: requirements ?? null,
    virtualenv: env ?? null,
  };
  let made = "";
  if (env !== undefined && pip === "") {
    if (context.checkMode) return { changed: true, ...common };
    const done = await context.sh(`${setUp}\n${makeEnvironment(args, env)}`);
    if (done.rc !== 0) {
      return {
        failed: true,
        msg: `Failed to create the virtual environment ${env}: ${errorOf(done) || outputOf(done)}`,
        rc: done.rc,
      };
    }
    made = outputOf(done);
    const again = await context.sh(`${setUp}\n${findPip(args, env)}`);
    pip = (parseSections(again.stdout).get("pip") ?? "").trim();
    freeze = "";
  }
  if (pip === "") {
    return {
      failed: true,
      msg:
        textOption(args, "executable") === undefined
          ? "Unable to find any of pip3 to use.  pip needs to be installed."
          : `Failed to find required executable "${textOption(args, "executable")}"`,
    };
  }
  const here = installedVersions(freeze);
  const actions: Readonly<Record<string, string>> = {
    present: "install",
    absent: "uninstall -y",
    latest: "install -U",
    forcereinstall: "install -U --force-reinstall",
  };
  const editable = flagOption(args, "editable") === true ? "-e " : "";
  const breaks =
    flagOption(args, "break_system_packages") === true ? "--break-system-packages " : "";
  const command = [
    `${pip} ${actions[state] ?? "install"}`,
    state === "absent" ? "" : breaks.trim(),
    state === "absent" ? "" : extra,
    ...packages.map((each) => `${state === "absent" ? "" : editable}${quote(each)}`),
    requirements === undefined ? "" : `-r ${quote(requirements)}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
  const cmd: Data = command.split(" ").map((word) => word.replace(/^'(.*)'$/, "$1"));

  if (names.length > 0 && state !== "latest" && state !== "forcereinstall") {
    // URLs, paths and extras are pip's to judge.
    const plain = packages.every((each) => REQUIREMENT.test(each));
    const satisfied = packages.every((each) => satisfies(each, here));
    const missing = packages.every((each) => here.get(bareName(each)) === undefined);
    if (plain && (state === "present" ? satisfied : missing)) {
      return { changed: made !== "", cmd, ...common, stdout: made, stderr: "" };
    }
  }
  if (context.checkMode) return { changed: true, cmd, ...common };
  const done = await context.sh(`${setUp}\n${command} </dev/null`);
  const stdout = outputOf(done);
  const stderr = errorOf(done);
  if (done.rc !== 0 && !(state === "absent" && /not installed/.test(stdout + stderr))) {
    return {
      failed: true,
      msg: `stdout: ${stdout}${stderr === "" ? "" : `\n:stderr: ${stderr}`}`,
      cmd,
      rc: done.rc,
      ...common,
    };
  }
  const changed =
    made !== "" ||
    (state === "absent"
      ? /Successfully uninstalled/.test(stdout)
      : /Successfully installed/.test(stdout));
  return { changed, cmd, ...common, stdout: made + stdout, stderr };
}

/** `name`, `name==1.0`, `name>=1,<2`, without extras. */
const REQUIREMENT = /^[A-Za-z0-9][\w.-]*\s*((==|>=|<=|!=|~=|<|>)\s*[\w.*+!-]+\s*(,\s*|$))*$/;

/** A list that was split at commas inside of a version restriction is put together again. */
function joinVersions(names: readonly string[]): string[] {
  const joined: string[] = [];
  for (const name of names.map((each) => each.trim()).filter((each) => each !== "")) {
    if (/^(==|>=|<=|!=|~=|<|>)/.test(name) && joined.length > 0) {
      joined[joined.length - 1] = `${joined.at(-1)},${name}`;
    } else joined.push(name);
  }
  return joined;
}

function bareName(requirement: string): string {
  return normalName(/^[\w.-]+/.exec(requirement)?.[0] ?? requirement);
}

function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

function installedVersions(freeze: string): ReadonlyMap<string, string> {
  return new Map(
    linesOf(freeze).flatMap((line) => {
      const [name, version] = line.split("==");
      return name && version ? [[normalName(name), version] as const] : [];
    }),
  );
}

function satisfies(requirement: string, here: ReadonlyMap<string, string>): boolean {
  const version = here.get(bareName(requirement));
  if (version === undefined) return false;
  const restrictions = requirement.replace(/^[\w.-]+/, "").split(",");
  return restrictions.every((each) => {
    const match = /^\s*(==|>=|<=|!=|~=|<|>)\s*(.+?)\s*$/.exec(each);
    if (!match) return each.trim() === "";
    const [, operator = "", wanted = ""] = match;
    if (wanted.endsWith(".*")) {
      const inside = `${version}.`.startsWith(wanted.slice(0, -1));
      return operator === "!=" ? !inside : inside;
    }
    const order = compareReleases(version, wanted);
    switch (operator) {
      case "==":
        return order === 0;
      case "!=":
        return order !== 0;
      case ">=":
        return order >= 0;
      case "<=":
        return order <= 0;
      case ">":
        return order > 0;
      case "<":
        return order < 0;
      default:
        return (
          order >= 0 && `${version}.`.startsWith(`${wanted.split(".").slice(0, -1).join(".")}.`)
        );
    }
  });
}

/** Compares the numbers of two versions; a pre-release is less than its release. */
function compareReleases(a: string, b: string): number {
  const parse = (text: string) => {
    const match = /^v?(\d+(?:\.\d+)*)(.*)$/.exec(text);
    const rest = match?.[2] ?? "";
    const rank = rest === "" || rest.startsWith("+") ? 0 : /^\.?post/.test(rest) ? 1 : -1;
    return { numbers: (match?.[1] ?? "0").split(".").map(Number), rank, rest };
  };
  const [left, right] = [parse(a), parse(b)];
  for (let i = 0; i < Math.max(left.numbers.length, right.numbers.length); i++) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.rank - right.rank || (left.rest < right.rest ? -1 : left.rest > right.rest ? 1 : 0);
}

/** Sets `$lb_pip` and prints it as part `pip`; empty when there is none. */
function findPip(args: Arguments, env: string | undefined): string {
  const executable = textOption(args, "executable");
  if (env !== undefined) {
    const pip = quote(`${env}/bin/pip`);
    return `lb_pip=; for lb_t in ${quote(`${env}/bin/pip3`)} ${pip}; do if [ -x "$lb_t" ]; then lb_pip=$lb_t; fi; done
${section("pip")}; echo "$lb_pip"; [ -n "$lb_pip" ] || exit 0`;
  }
  const candidates = executable === undefined ? "pip3 pip" : quote(executable);
  return `lb_pip=; for lb_t in ${candidates}; do
  if [ -z "$lb_pip" ] && lb_have "$lb_t"; then lb_pip=$(command -v "$lb_t"); fi
done
${executable === undefined ? 'if [ -z "$lb_pip" ] && lb_have python3 && python3 -m pip --version >/dev/null 2>&1; then lb_pip="$(command -v python3) -m pip"; fi' : ""}
${section("pip")}; echo "$lb_pip"; [ -n "$lb_pip" ] || exit 0`;
}

function makeEnvironment(args: Arguments, env: string): string {
  const command = textOption(args, "virtualenv_command") ?? "virtualenv";
  const python = textOption(args, "virtualenv_python");
  const venv = /(^|\s)-m\s+(venv|virtualenv)|venv\b/.test(command) && !/virtualenv$/.test(command);
  const program = command.split(/\s+/)[0] ?? "virtualenv";
  const site =
    flagOption(args, "virtualenv_site_packages") === true ? "--system-site-packages" : "";
  return `if ! lb_have ${quote(program)}; then echo 'Failed to find required executable "${program.replaceAll("'", "")}"' >&2; exit 1; fi
${command} ${site} ${python === undefined || venv ? "" : `-p${quote(python)}`} ${quote(env)}`;
}
