/** ansible.posix.mount: lines of fstab, and mounts. */

import { quote } from "../../connection/connection.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, linesOf, outputOf, parseSections, section } from "../lib/sections.ts";
import { writeText } from "../lib/text-file.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.posix.mount",
  summary: "Manage mount points",
  options: {
    path: {
      type: "path",
      required: true,
      aliases: ["name"],
      description: "The mount point.",
    },
    src: { type: "path", description: "The device or the remote path." },
    fstype: { type: "str", description: "Type of the file system." },
    opts: { type: "str", description: "Mount options." },
    opts_no_log: { type: "bool", default: false, description: "Keep the options out of results." },
    dump: { type: "str", default: "0", description: "The dump field." },
    passno: { type: "str", default: "0", description: "The passno field." },
    state: {
      type: "str",
      required: true,
      choices: [
        "absent",
        "absent_from_fstab",
        "mounted",
        "present",
        "unmounted",
        "remounted",
        "ephemeral",
      ],
      description: "The state of line and mount.",
    },
    fstab: { type: "str", default: "/etc/fstab", description: "The file." },
    boot: { type: "bool", default: true, description: "Mount it at boot (else `noauto`)." },
    backup: { type: "bool", default: false, description: "Keep a copy of the file." },
  },
  requiredIf: [
    ["state", "mounted", ["src", "fstype"]],
    ["state", "present", ["src", "fstype"]],
    ["state", "ephemeral", ["src", "fstype"]],
  ],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    name: "The mount point.",
    src: "The device.",
    fstype: "The type.",
    opts: "The options.",
    dump: "The dump field.",
    passno: "The passno field.",
    fstab: "The file.",
    boot: "Whether it is mounted at boot.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const state = textOption(args, "state") ?? "present";
  const path = (textOption(args, "path") ?? "").replace(/(.)\/+$/, "$1");
  const fstab = textOption(args, "fstab") ?? "/etc/fstab";
  const boot = flagOption(args, "boot") !== false;
  const options = textOption(args, "opts") ?? "defaults";
  const opts = boot || options.split(",").includes("noauto") ? options : `${options},noauto`;
  const entry = {
    src: textOption(args, "src") ?? "",
    fstype: textOption(args, "fstype") ?? "",
    opts,
    dump: textOption(args, "dump") ?? "0",
    passno: textOption(args, "passno") ?? "0",
  };
  const result: Record<string, Data> = {
    name: path,
    fstab,
    backup_file: "",
    boot: boot ? "yes" : "no",
    dump: entry.dump,
    passno: entry.passno,
    opts: flagOption(args, "opts_no_log") === true ? "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" : opts,
    ...(entry.src === "" ? {} : { src: entry.src }),
    ...(entry.fstype === "" ? {} : { fstype: entry.fstype }),
  };
  const report = await context.sh(`
if [ -e ${quote(fstab)} ]; then ${section("fstab")}; cat ${quote(fstab)}; fi
${section("mounts")}; cat /proc/self/mounts
if [ -e ${quote(path)} ]; then ${section("exists")}; fi
exit 0`);
  const parts = parseSections(report.stdout);
  const before = parts.get("fstab") ?? "";
  const mounted = linesOf(parts.get("mounts")).some(
    (line) => unescapeField(line.split(" ")[1] ?? "") === path,
  );
  // Nothing is booted in an image build: the line is what the container will mount by.
  const live = context.target === "host";

  const writes = state === "present" || state === "mounted";
  const removes = state === "absent" || state === "absent_from_fstab";
  const after = writes ? setLine(before, path, entry) : removes ? dropLine(before, path) : before;
  let changed = after !== before;
  if (changed && !context.checkMode) {
    if (flagOption(args, "backup") === true) {
      const copy = await context.sh(
        `lb_b=${quote(fstab)}.$$.$(date +%Y-%m-%d@%H:%M:%S)~; cp -p ${quote(fstab)} "$lb_b" && printf %s "$lb_b"`,
      );
      result.backup_file = outputOf(copy);
    }
    const problem = await writeText(context, fstab, after);
    if (problem !== undefined) return { failed: true, msg: problem };
  }
  let command: string | undefined;
  const point = quote(path);
  const mount = "PATH=$PATH:/usr/sbin:/sbin mount";
  const umount = "PATH=$PATH:/usr/sbin:/sbin umount";
  const file = fstab === "/etc/fstab" ? "" : `-T ${quote(fstab)} `;
  if (state === "mounted" || state === "ephemeral") {
    const direct = `${mount} -t ${quote(entry.fstype)} -o ${quote(opts)} ${quote(entry.src)} ${point}`;
    const make = parts.has("exists") ? "" : `mkdir -p ${point} || exit\n`;
    if (!live) command = parts.has("exists") ? undefined : `mkdir -p ${point}`;
    else if (!mounted)
      command = `${make}${state === "mounted" ? `${mount} ${file}${point}` : direct}`;
    else if (changed)
      command = `${mount} ${file}-o remount ${point} || { ${umount} ${point} && ${mount} ${file}${point}; }`;
  } else if (state === "unmounted" && mounted && live) {
    command = `${umount} ${point}`;
  } else if (state === "remounted" && live) {
    if (!mounted) return { failed: true, msg: `Error remounting ${path}: it is not mounted` };
    command = `${mount} ${file}-o remount ${point}`;
  } else if (state === "absent") {
    if (mounted && live) command = `${umount} ${point} && rmdir ${point}`;
    else if (parts.has("exists")) {
      command = `rmdir ${point} 2>/dev/null || [ -n "$(ls -A ${point} 2>/dev/null)" ]`;
    }
  }
  if (command !== undefined) {
    if (state !== "absent" || (mounted && live)) changed = true;
    if (!context.checkMode) {
      const done = await context.sh(command);
      if (done.rc !== 0) {
        return {
          failed: true,
          msg: `Error ${state === "absent" || state === "unmounted" ? "unmounting" : "mounting"} ${path}: ${errorOf(done)}`,
        };
      }
    }
  }
  return { changed, ...result };
}

interface Entry {
  readonly src: string;
  readonly fstype: string;
  readonly opts: string;
  readonly dump: string;
  readonly passno: string;
}

const escapeField = (text: string) =>
  text.replace(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
const unescapeField = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );

/** Fields of a line of fstab; `undefined` for comments and blanks. */
function fields(line: string): string[] | undefined {
  const parts = line.trim().split(/\s+/);
  return /^\s*(#|$)/.test(line) || parts.length < 4 ? undefined : parts.map(unescapeField);
}

function setLine(text: string, path: string, entry: Entry): string {
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const line = [entry.src, path, entry.fstype, entry.opts, entry.dump, entry.passno]
    .map(escapeField)
    .join(" ");
  let found = false;
  const edited = lines.map((each) => {
    const parts = fields(each);
    const same = parts?.[1] === path || (path === "none" && parts?.[0] === entry.src);
    if (!parts || !same || (entry.fstype === "swap" && parts[0] !== entry.src)) return each;
    found = true;
    const now = [parts[0], parts[2], parts[3], parts[4] ?? "0", parts[5] ?? "0"];
    const want = [entry.src, entry.fstype, entry.opts, entry.dump, entry.passno];
    return now.every((value, index) => value === want[index]) ? each : line;
  });
  if (!found) edited.push(line);
  const joined = `${edited.join("\n")}\n`;
  return edited.join("\n") === lines.join("\n") ? text : joined;
}

function dropLine(text: string, path: string): string {
  return text
    .split("\n")
    .filter((line) => fields(line)?.[1] !== path)
    .join("\n");
}
