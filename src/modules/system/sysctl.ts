/** ansible.posix.sysctl: kernel parameters, in a file and in the kernel. */

import { quote } from "../../connection/connection.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, outputOf, parseSections, section } from "../lib/sections.ts";
import { writeText } from "../lib/text-file.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.posix.sysctl",
  summary: "Set kernel parameters",
  options: {
    name: { type: "str", required: true, aliases: ["key"], description: "Name of the parameter." },
    value: { type: "str", aliases: ["val"], description: "Its value." },
    state: {
      type: "str",
      default: "present",
      choices: ["present", "absent"],
      description: "Whether the file has the parameter.",
    },
    reload: { type: "bool", default: true, description: "Run `sysctl -p` after a change." },
    sysctl_file: { type: "path", default: "/etc/sysctl.conf", description: "The file." },
    sysctl_set: {
      type: "bool",
      default: false,
      description: "Make sure that the kernel has the value.",
    },
    ignoreerrors: {
      type: "bool",
      default: false,
      description: "Ignore parameters that the kernel does not know.",
    },
  },
  requiredIf: [["state", "present", ["value"]]],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {},
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const name = (textOption(args, "name") ?? "").trim();
  const state = textOption(args, "state") ?? "present";
  const value = kernelValue(textOption(args, "value") ?? "");
  const file = textOption(args, "sysctl_file") ?? "/etc/sysctl.conf";
  if (name === "") return { failed: true, msg: "name cannot be blank" };
  if (state === "present" && value === "") return { failed: true, msg: "value cannot be blank" };
  const set = flagOption(args, "sysctl_set") === true;
  const ignore = flagOption(args, "ignoreerrors") === true ? "-e " : "";
  const report = await context.sh(`
if [ -e ${quote(file)} ]; then ${section("file")}; cat ${quote(file)}; fi
${set ? `${section("kernel")}; cat ${quote(`/proc/sys/${procPath(name)}`)} 2>/dev/null` : ""}
exit 0`);
  const parts = parseSections(report.stdout);
  const before = parts.get("file");
  const after = edit(before ?? "", name, state === "present" ? value : undefined);
  const fileChanged = after !== (before ?? "");
  // The kernel of an image build is the builder's.
  const live = context.target === "host";
  const kernelChanged =
    set && live && state === "present" && words(parts.get("kernel") ?? "") !== words(value);
  const changed = fileChanged || kernelChanged;
  if (!changed || context.checkMode) return { changed };
  if (kernelChanged) {
    const done = await context.sh(
      `PATH=$PATH:/usr/sbin:/sbin sysctl ${ignore}-w ${quote(`${name}=${value}`)}`,
    );
    const said = errorOf(done);
    if (done.rc !== 0 || (ignore === "" && /Invalid argument|Read-only file system/.test(said))) {
      return { failed: true, msg: `setting ${name} failed: ${outputOf(done)}${said}` };
    }
  }
  if (fileChanged) {
    const problem = await writeText(context, file, after);
    if (problem !== undefined) return { failed: true, msg: problem };
    if (flagOption(args, "reload") !== false && live) {
      const done = await context.sh(`PATH=$PATH:/usr/sbin:/sbin sysctl ${ignore}-p ${quote(file)}`);
      if (done.rc !== 0) {
        return {
          failed: true,
          msg: `Failed to reload sysctl: ${outputOf(done)}${errorOf(done)}`,
        };
      }
    }
  }
  return { changed };
}

/** Booleans of YAML become the kernel's 1 and 0. */
function kernelValue(value: string): string {
  const text = value.trim();
  if (/^(true|yes|on|y)$/i.test(text)) return "1";
  if (/^(false|no|off|n)$/i.test(text)) return "0";
  return text;
}

/** Dots are slashes; a name that has slashes is a path already. */
function procPath(name: string): string {
  return name.includes("/") ? name : name.replaceAll(".", "/");
}

function words(text: string): string {
  return text.trim().split(/\s+/).join(" ");
}

/** The file with one line `name=value`, or without any. */
function edit(text: string, name: string, value: string | undefined): string {
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  let placed = false;
  const kept = lines.flatMap((line) => {
    if (/^\s*[#;]/.test(line) || !line.includes("=")) return [line];
    if (line.slice(0, line.indexOf("=")).trim() !== name) return [line];
    if (value === undefined || placed) return [];
    placed = true;
    const now = line.slice(line.indexOf("=") + 1).trim();
    return [words(now) === words(value) ? line : `${name}=${value}`];
  });
  if (value !== undefined && !placed) kept.push(`${name}=${value}`);
  if (kept.join("\n") === lines.join("\n")) return text;
  // A file that is written is written as a whole, with one spelling.
  const spelt = kept.map((line) =>
    /^\s*[#;]/.test(line) || !line.includes("=")
      ? line
      : line.replace(/^\s*(.*?)\s*=\s*(.*?)\s*$/, "$1=$2"),
  );
  return spelt.length === 0 ? "" : `${spelt.join("\n")}\n`;
}
