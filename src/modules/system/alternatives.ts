/** community.general.alternatives: which of several programs a name stands for. */

import { quote } from "../../connection/connection.ts";
import { numberOption, textOption, words } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.alternatives",
  summary: "Manage alternatives",
  options: {
    name: { type: "str", required: true, description: "Generic name of the link." },
    path: { type: "path", description: "Path of the program." },
    link: { type: "path", description: "Path of the link." },
    priority: { type: "int", description: "Priority; 50 for a new alternative." },
    state: {
      type: "str",
      default: "selected",
      choices: ["present", "selected", "absent", "auto"],
      description: "Whether it is installed, selected, or automatic.",
    },
    subcommands: {
      type: "list",
      elements: "dict",
      aliases: ["slaves"],
      options: {
        name: { type: "str", required: true, description: "Generic name." },
        path: { type: "path", required: true, description: "Path of the program." },
        link: { type: "path", required: true, description: "Path of the link." },
      },
      description: "Links that follow this one.",
    },
    family: { type: "str", description: "Family of the alternative (Red Hat)." },
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {},
} as const satisfies ModuleSpec;

interface Alternative {
  readonly path: string;
  readonly priority: number;
  readonly slaves: ReadonlyMap<string, string>;
}

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const name = textOption(args, "name") ?? "";
  const state = textOption(args, "state") ?? "selected";
  const path = textOption(args, "path");
  const priority = numberOption(args, "priority");
  const tool =
    "PATH=$PATH:/usr/sbin:/sbin; lb_u=update-alternatives; lb_have $lb_u || lb_u=alternatives; lb_have $lb_u || { echo 'Failed to find required executable \"update-alternatives\"' >&2; exit 60; }\n";
  const report = await context.sh(
    `${tool}LC_ALL=C $lb_u --query ${quote(name)} 2>/dev/null || LC_ALL=C $lb_u --display ${quote(name)} 2>/dev/null; exit 0`,
  );
  if (report.rc === 60) return { failed: true, msg: errorOf(report).trim() };
  const known = parse(outputOf(report));
  const current = known.alternatives.find((each) => each.path === path);
  if (state !== "auto" && path === undefined) {
    return { failed: true, msg: `state is ${state} but all of the following are missing: path` };
  }
  const wantedSlaves = subcommands(args);
  const link = textOption(args, "link") ?? known.link;
  const commands: string[] = [];
  const installs = state === "present" || state === "selected" || state === "auto";
  const differs =
    current === undefined ||
    (priority !== undefined && priority !== current.priority) ||
    (wantedSlaves !== undefined &&
      (wantedSlaves.some(([, slave, target]) => current.slaves.get(slave) !== target) ||
        wantedSlaves.length !== current.slaves.size));
  if (installs && path !== undefined && differs) {
    if (link === undefined) {
      return {
        failed: true,
        msg: "Needed to install the alternative, but unable to do so as we are missing the link",
      };
    }
    commands.push(
      `$lb_u ${words(
        "--install",
        link,
        name,
        path,
        String(priority ?? current?.priority ?? 50),
        ...(wantedSlaves ?? []).flatMap(([slaveLink, slave, target]) => [
          "--slave",
          slaveLink,
          slave,
          target,
        ]),
      )}`,
    );
  }
  if (state === "selected" && path !== undefined && known.value !== path) {
    commands.push(`$lb_u ${words("--set", name, path)}`);
  }
  if (state === "auto" && known.status !== "auto") commands.push(`$lb_u ${words("--auto", name)}`);
  // An alternative that is installed in automatic mode may become the chosen one: as intended.
  if (state === "absent" && current !== undefined && path !== undefined) {
    commands.push(`$lb_u ${words("--remove", name, path)}`);
  }
  if (commands.length === 0) return { changed: false };
  if (!context.checkMode) {
    const done = await context.sh(`${tool}${commands.map((each) => `${each} || exit`).join("\n")}`);
    if (done.rc !== 0) return { failed: true, msg: errorOf(done).trim(), rc: done.rc };
  }
  return { changed: true };
}

function subcommands(args: Arguments): (readonly [string, string, string])[] | undefined {
  const value = args.subcommands;
  if (!Array.isArray(value)) return undefined;
  return value.map((each) => {
    const entry = each as { readonly [key: string]: Data };
    return [String(entry.link), String(entry.name), String(entry.path)] as const;
  });
}

/** `update-alternatives --query`, or Red Hat's `--display`. */
function parse(text: string) {
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(text)?.[1];
  const alternatives: Alternative[] = [];
  for (const stanza of text.split("\n\n").slice(1)) {
    const path = /^Alternative: (.*)$/m.exec(stanza)?.[1];
    if (path === undefined) continue;
    const slaves = new Map<string, string>();
    for (const match of stanza.matchAll(/^ (\S+) (\S+)$/gm))
      slaves.set(match[1] ?? "", match[2] ?? "");
    alternatives.push({
      path,
      priority: Number(/^Priority: (.*)$/m.exec(stanza)?.[1] ?? 0),
      slaves,
    });
  }
  if (alternatives.length === 0) {
    for (const match of text.matchAll(/^(\/\S+) - (?:family \S+ )?priority (\d+)$/gm)) {
      alternatives.push({ path: match[1] ?? "", priority: Number(match[2]), slaves: new Map() });
    }
  }
  return {
    link: field("Link"),
    status: field("Status") ?? (/status is auto/.test(text) ? "auto" : "manual"),
    value: field("Value") ?? /link currently points to (\S+)/.exec(text)?.[1],
    alternatives,
  };
}
