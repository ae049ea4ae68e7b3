/** ansible.builtin.package_facts: what is installed, as the package database says it. */
import { listOption, textOption } from "../lib/option-values.ts";
import { linesOf, parseSections, section } from "../lib/sections.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.package_facts",
  summary: "Return the installed packages as facts",
  options: {
    manager: {
      type: "list",
      elements: "str",
      default: ["auto"],
      description: "Package managers to ask; `auto` finds them.",
    },
    strategy: {
      type: "str",
      default: "first",
      choices: ["first", "all"],
      description: "Ask the first one that is there, or all.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { ansible_facts: "`packages`: for each name a list of its installed versions." },
} as const satisfies ModuleSpec;

type Packages = Record<string, Data[]>;

interface Manager {
  readonly name: string;
  readonly tool: string;
  readonly command: string;
  readonly parse: (text: string, distribution: string) => Packages;
}

const MANAGERS: readonly Manager[] = [
  {
    name: "apk",
    tool: "apk",
    command: "apk list -I 2>/dev/null || apk info -v",
    parse: parseApk,
  },
  {
    name: "apt",
    tool: "dpkg-query",
    command: `dpkg-query -W -f='\${db:Status-Status}\\t\${Package}\\t\${Version}\\t\${Architecture}\\t\${Section}\\n'`,
    parse: parseApt,
  },
  {
    name: "pacman",
    tool: "pacman",
    command: "LC_ALL=C pacman -Qi",
    parse: parsePacman,
  },
  {
    name: "rpm",
    tool: "rpm",
    command: "rpm -qa --qf '%{NAME}\\t%{VERSION}\\t%{RELEASE}\\t%{EPOCH}\\t%{ARCH}\\n'",
    parse: parseRpm,
  },
];

const KNOWN = ["auto", "rpm", "apt", "portage", "pkg", "pacman", "apk", "pkg_info"];
const SAME: Readonly<Record<string, string>> = {
  yum: "rpm",
  dnf: "rpm",
  dnf5: "rpm",
  zypper: "rpm",
};

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const asked = (listOption(args, "manager") ?? ["auto"]).map((name) => SAME[name] ?? name);
  const unknown = asked.filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) {
    return { failed: true, msg: `Unsupported package managers requested: ${unknown.join(", ")}` };
  }
  const wanted = MANAGERS.filter(({ name }) => asked.includes("auto") || asked.includes(name));
  const first = textOption(args, "strategy") !== "all";
  const script = wanted
    .map(
      ({ name, tool, command }) =>
        `if ${first ? '[ -z "$lb_done" ] && ' : ""}lb_have ${tool}; then ${section(name)}; ${command}; lb_done=1; fi`,
    )
    .join("\n");
  const report = await context.sh(
    `lb_done=; ${section("release")}; cat /etc/os-release 2>/dev/null\n${script}\nexit 0`,
  );
  const parts = parseSections(report.stdout);
  const id = /^ID="?([^"\n]*)/m.exec(parts.get("release") ?? "")?.[1] ?? "";
  const packages: Packages = {};
  let found = 0;
  for (const manager of wanted) {
    const text = parts.get(manager.name);
    if (text === undefined) continue;
    found++;
    for (const [name, list] of Object.entries(manager.parse(text, id))) {
      packages[name] = [...(packages[name] ?? []), ...list];
    }
  }
  if (found === 0) {
    return {
      failed: true,
      msg: `Could not detect a supported package manager from the following list: ${JSON.stringify(
        asked.includes("auto") ? KNOWN.slice(1) : asked,
      ).replaceAll(
        '"',
        "'",
      )}, or the required Python library is not installed. Check warnings for details.`,
    };
  }
  return { changed: false, ansible_facts: { packages } };
}

function add(packages: Packages, name: string, entry: Data): void {
  const list = packages[name];
  if (list) list.push(entry);
  else packages[name] = [entry];
}

function parseApt(text: string, distribution: string): Packages {
  const packages: Packages = {};
  const origin = distribution.charAt(0).toUpperCase() + distribution.slice(1);
  for (const line of linesOf(text)) {
    const [status, name = "", version = "", arch = "", category = ""] = line.split("\t");
    if (status !== "installed") continue;
    add(packages, name, { name, version, arch, category, origin, source: "apt" });
  }
  return packages;
}

function parseRpm(text: string): Packages {
  const packages: Packages = {};
  for (const line of linesOf(text)) {
    const [name = "", version = "", release = "", epoch = "", arch = ""] = line.split("\t");
    add(packages, name, {
      name,
      version,
      release,
      epoch: /^\d+$/.test(epoch) ? Number(epoch) : null,
      arch: arch === "(none)" ? null : arch,
      source: "rpm",
    });
  }
  return packages;
}

/** `name-1.2-r0 x86_64 {origin} (licence) [installed]`, or only the first word. */
function parseApk(text: string): Packages {
  const packages: Packages = {};
  for (const line of linesOf(text)) {
    const match = /^(\S+)-([^-\s]+)-r(\d+)(?:\s|$)/.exec(line);
    if (!match) continue;
    const [, name = "", version = "", release = ""] = match;
    add(packages, name, { name, version, release, source: "apk" });
  }
  return packages;
}

function parsePacman(text: string): Packages {
  const packages: Packages = {};
  for (const stanza of text.split("\n\n")) {
    const field = (key: string) => new RegExp(`^${key}\\s*: (.*)$`, "m").exec(stanza)?.[1] ?? "";
    const name = field("Name");
    if (name === "") continue;
    const [version = "", release = ""] = field("Version").split("-");
    add(packages, name, { name, version, release, arch: field("Architecture"), source: "pacman" });
  }
  return packages;
}
