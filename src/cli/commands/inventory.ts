/** `layerbook inventory`: shows hosts, groups and variables, as `ansible-inventory` does. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { tellUnmatched } from "../../engine/play-hosts.ts";
import { type ExitCode, LayerbookError, messageOf, UsageError } from "../../errors/index.ts";
import type { Inventory } from "../../inventory/inventory.ts";
import { expandLimit, selectHosts } from "../../inventory/patterns.ts";
import { Loader } from "../../playbook/loader.ts";
import {
  type InventoryView,
  inventoryGraph,
  scriptDict,
  tomlDict,
  yamlDict,
} from "../../report/inventory-tree.ts";
import { plainJson, plainYaml } from "../../report/plain-data.ts";
import { dumpToml } from "../../report/toml.ts";
import { Dict } from "../../values/model.ts";
import { HostVariables } from "../../variables/host-variables.ts";
import {
  DEBUG,
  EXTRA_VARS,
  INVENTORY,
  PLAYBOOK_DIR,
  VAULT_FLAGS,
  VERBOSE,
} from "../ansible-flags.ts";
import { type Arguments, helpOf, type ProgramSpec, parseArguments } from "../arguments.ts";
import type { CommandContext } from "../command.ts";
import { openInventory, openSession, type Session } from "../session.ts";

export const summary = "show hosts, groups and variables";

export const program: ProgramSpec = {
  summary: "Shows the hosts, groups and variables of an inventory, as ansible-inventory does.",
  operands: [{ name: "group", text: "the group to begin a graph with", optional: true }],
  flags: [
    VERBOSE,
    INVENTORY,
    {
      names: ["-l", "--limit"],
      value: "SUBSET",
      repeats: true,
      text: "only hosts that this pattern, or @file, names",
    },
    ...VAULT_FLAGS,
    PLAYBOOK_DIR,
    EXTRA_VARS,
    { names: ["--list"], text: "all hosts, in the form of inventory scripts" },
    { names: ["--host"], value: "HOST", text: "the variables of one host" },
    { names: ["--graph"], text: "the tree of groups and hosts" },
    { names: ["-y", "--yaml"], text: "YAML in place of JSON" },
    { names: ["--toml"], text: "TOML in place of JSON" },
    { names: ["--vars"], text: "variables in the graph too" },
    { names: ["--export"], text: "variables stay with the groups that have them" },
    { names: ["--output"], value: "OUTPUT_FILE", text: "write the list to this file" },
    DEBUG,
  ],
};

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const args = parseArguments(program, argv, context.program);
  if (!args) {
    process.stdout.write(helpOf(program, context.program));
    return 0;
  }
  const action = actionOf(args);
  const session = await openSession(args, context);
  const inventory = await openInventory(session, args);
  const view = viewOf(args, session, inventory);
  if (action === "graph") {
    session.display.show(graphOf(args, view).join("\n"));
    return 0;
  }
  const text = action === "host" ? hostText(args, view, session) : listText(args, view);
  const output = args.text("output");
  if (output === undefined) session.display.show(text);
  else {
    try {
      writeFileSync(output, text.endsWith("\n") ? text : `${text}\n`);
    } catch (error) {
      throw new LayerbookError(
        `Unable to write to destination file (${output}): ${messageOf(error)}`,
      );
    }
  }
  return 0;
}

function actionOf(args: Arguments): "list" | "host" | "graph" {
  const wanted = (["list", "host", "graph"] as const).filter((name) => args.has(name));
  const [action] = wanted;
  if (action === undefined) {
    throw new UsageError(
      "No action selected, at least one of --host, --graph or --list needs to be specified.",
    );
  }
  if (wanted.length > 1) {
    throw new UsageError(
      "Conflicting options used, only one of --host, --graph or --list can be used at the same time.",
    );
  }
  return action;
}

function viewOf(args: Arguments, session: Session, inventory: Inventory): InventoryView {
  const { display, extraVars, settings, vault } = session;
  const variables = new HostVariables({
    inventory,
    loader: new Loader({
      warn: (message) => display.warn(message),
      ...(vault && { decrypt: (text: string, file: string) => vault.decrypt(text, file) }),
    }),
    mergeDicts: settings.text("DEFAULT_HASH_BEHAVIOUR") === "merge",
  });
  const directory = args.text("playbook-dir") ?? settings.text("PLAYBOOK_DIR");
  if (directory !== undefined) variables.usePlaybookDirectory(resolve(directory));
  const isExport = args.has("export") || settings.bool("INVENTORY_EXPORT");
  const limit = args.list("limit").join(",");
  return {
    inventory,
    hostVars: (host) =>
      isExport ? variables.ofHostAlone(host) : new Map([...variables.of(host), ...extraVars]),
    groupVars: (group) => variables.ofGroupAlone(group),
    export: isExport,
    only: limit === "" ? undefined : new Set(selectHosts(inventory, expandLimit(limit)).hosts),
  };
}

function graphOf(args: Arguments, view: InventoryView): string[] {
  const name = args.operands[0] ?? "all";
  const group = view.inventory.groups.get(name);
  if (!group) throw new UsageError("Pattern must be valid group name when using --graph");
  return inventoryGraph(view, group, args.has("vars"));
}

function hostText(args: Arguments, view: InventoryView, { display, settings }: Session): string {
  const pattern = args.text("host") ?? "";
  const { hosts, unmatched } = selectHosts(view.inventory, pattern);
  tellUnmatched(unmatched, settings, (message) => display.warn(message));
  const [host] = hosts;
  if (host === undefined || hosts.length !== 1) {
    throw new UsageError("You must pass a single valid host to --host parameter");
  }
  const variables = new Dict(view.hostVars(host));
  if (args.has("toml")) return dumpToml(variables);
  return args.has("yaml") ? plainYaml(variables) : plainJson(variables);
}

function listText(args: Arguments, view: InventoryView): string {
  if (args.has("yaml")) return plainYaml(yamlDict(view));
  if (args.has("toml")) return dumpToml(tomlDict(view));
  return plainJson(scriptDict(view));
}
