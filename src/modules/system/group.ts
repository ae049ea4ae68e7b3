/** ansible.builtin.group: groups of the target, by shadow's tools or busybox's. */
import {
  editEntry,
  type GroupEntry,
  parseGroup,
  replaceAccountFile,
  reportAccounts,
} from "../lib/accounts.ts";
import { flagOption, numberOption, textOption, words } from "../lib/option-values.ts";
import { errorOf, outputOf, parseSections, section, spoken } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { MINIMAL_TOOLS } from "./accounts/minimal.ts";

export const spec = {
  name: "ansible.builtin.group",
  summary: "Add or remove groups",
  options: {
    name: { type: "str", required: true, description: "Name of the group." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the group exists.",
    },
    gid: { type: "int", description: "The number of the group." },
    force: {
      type: "bool",
      default: false,
      description: "Delete the group even if it is the primary group of a user.",
    },
    system: { type: "bool", default: false, description: "Create a system group." },
    local: { type: "bool", default: false, description: "Use the tools for local accounts only." },
    non_unique: { type: "bool", default: false, description: "Allow a number that is taken." },
    gid_min: { type: "int", description: "Least number for a new group." },
    gid_max: { type: "int", description: "Greatest number for a new group." },
  },
  requiredIf: [["non_unique", true, ["gid"]]],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    name: "Name of the group.",
    state: "The state that was asked for.",
    gid: "Number of the group, when it is present.",
    system: "Whether a system group was asked for, when it is present.",
  },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const name = textOption(args, "name") ?? "";
  const state = textOption(args, "state") ?? "present";
  const gid = numberOption(args, "gid");
  const system = flagOption(args, "system") === true;
  const local = flagOption(args, "local") === true;
  const report = parseSections(
    (
      await context.sh(`${reportAccounts(name, "group")}
${section("tools")}; for t in groupadd lgroupadd addgroup; do lb_have $t && echo $t; done
${section("path")}; printf %s "$PATH"`)
    ).stdout,
  );
  const before = parseGroup(report.get("group")).find((group) => group.name === name);
  const tools = (report.get("tools") ?? "").split("\n");
  const warnings =
    local && !before
      ? [
          "'local: true' specified and group was not found in /etc/group. The local group may already exist if the local group database exists somewhere other than /etc/group.",
        ]
      : [];
  const warned = warnings.length > 0 ? { warnings } : {};

  if (local && !tools.includes("lgroupadd")) {
    return {
      failed: true,
      msg: `Failed to find required executable "lgroupadd" in paths: ${report.get("path")}`,
      ...warned,
    };
  }
  const command =
    state === "absent"
      ? before && removal(name, local, flagOption(args, "force") === true, tools)
      : before
        ? gid !== undefined && gid !== before.gid
          ? change(name, gid, local, flagOption(args, "non_unique") === true, tools)
          : undefined
        : creation(name, args, local, tools);

  const shown = { name, state, ...warned };
  if (command === undefined) {
    return {
      changed: false,
      ...shown,
      ...(state === "present" && before ? of(before, system) : {}),
    };
  }
  if (context.checkMode) return { changed: true, ...warned };
  const shadow = tools.includes("groupadd");
  const direct = command === "edit";
  if (direct && gid !== undefined && flagOption(args, "non_unique") !== true) {
    const taken = parseGroup(report.get("group")).some((group) => group.gid === gid);
    if (taken) return { failed: true, msg: `GID '${gid}' already exists`, name, ...warned };
  }
  const result = direct
    ? await context.sh(replaceAccountFile("/etc/group"), {
        stdin: Buffer.from(
          editEntry(report.get("group") ?? "", name, ([n = "", p = "", , m = ""]) => [
            n,
            p,
            String(gid),
            m,
          ]),
        ),
      })
    : await context.sh(
        `${shadow ? "" : MINIMAL_TOOLS}${command} || exit\n${section("group")}; cat /etc/group`,
      );
  const output = outputOf(result);
  if (result.rc !== 0) {
    return { failed: true, msg: errorOf(result) || output, name, ...warned };
  }
  const parts = parseSections(result.stdout);
  const after = direct
    ? { name, gid: gid ?? 0, members: [] }
    : parseGroup(parts.get("group")).find((group) => group.name === name);
  return {
    changed: true,
    ...shown,
    ...spoken(parts.get("") ?? "", errorOf(result)),
    ...(state === "present" && after ? of(after, system) : {}),
  };
}

function of(group: GroupEntry, system: boolean) {
  return { gid: group.gid, system };
}

function creation(name: string, args: Arguments, local: boolean, tools: readonly string[]): string {
  const gid = numberOption(args, "gid");
  const system = flagOption(args, "system") === true;
  const least = numberOption(args, "gid_min");
  const greatest = numberOption(args, "gid_max");
  if (!local && !tools.includes("groupadd")) {
    return words(
      "addgroup",
      ...(gid === undefined ? [] : ["-g", String(gid)]),
      ...(system ? ["-S"] : []),
      name,
    );
  }
  return words(
    local ? "lgroupadd" : "groupadd",
    ...(gid === undefined ? [] : ["-g", String(gid)]),
    ...(gid !== undefined && !local && flagOption(args, "non_unique") === true ? ["-o"] : []),
    ...(system ? ["-r"] : []),
    ...(least === undefined ? [] : ["-K", `GID_MIN=${least}`]),
    ...(greatest === undefined ? [] : ["-K", `GID_MAX=${greatest}`]),
    name,
  );
}

/** Busybox has no tool that changes a group: `edit` says that the file is to be rewritten. */
function change(
  name: string,
  gid: number,
  local: boolean,
  nonUnique: boolean,
  tools: readonly string[],
): string {
  if (!local && !tools.includes("groupadd")) return "edit";
  return words(
    local ? "lgroupmod" : "groupmod",
    "-g",
    String(gid),
    ...(nonUnique && !local ? ["-o"] : []),
    name,
  );
}

function removal(name: string, local: boolean, force: boolean, tools: readonly string[]): string {
  if (local) return words("lgroupdel", name);
  if (!tools.includes("groupadd")) return words("delgroup", name);
  return words("groupdel", ...(force ? ["-f"] : []), name);
}
