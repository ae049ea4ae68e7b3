/** `layerbook run`: one module on the hosts of a pattern, as `ansible` does. */
import { resolve } from "node:path";
import type { RunOptions } from "../../engine/options.ts";
import { tellUnmatched } from "../../engine/play-hosts.ts";
import { type ExitCode, UsageError } from "../../errors/index.ts";
import { expandLimit, selectHosts } from "../../inventory/patterns.ts";
import { Dict } from "../../values/model.ts";
import { loadYaml } from "../../values/yaml.ts";
import {
  BECOME_FLAGS,
  CONNECTION_FLAGS,
  DEBUG,
  EXTRA_VARS,
  INVENTORY_FLAGS,
  PLAYBOOK_DIR,
  RUN_FLAGS,
  VAULT_FLAGS,
  VERBOSE,
} from "../ansible-flags.ts";
import { type Arguments, helpOf, type ProgramSpec, parseArguments } from "../arguments.ts";
import type { CommandContext } from "../command.ts";
import { openReport } from "../open-report.ts";
import {
  askPasswords,
  limitOf,
  openInventory,
  openSession,
  type Session,
  warnOfNoHosts,
} from "../session.ts";

export const summary = "run one module on hosts";

export const program: ProgramSpec = {
  summary: "Runs one module on the hosts that a pattern names, as ansible does.",
  operands: [{ name: "pattern", text: "hosts or groups" }],
  flags: [
    VERBOSE,
    ...BECOME_FLAGS,
    ...INVENTORY_FLAGS,
    {
      names: ["-P", "--poll"],
      value: "POLL_INTERVAL",
      type: "int",
      text: "seconds between looks at a task that runs in the background; default: 15",
    },
    {
      names: ["-B", "--background"],
      value: "SECONDS",
      type: "int",
      text: "run in the background, for at most so many seconds",
    },
    { names: ["-o", "--one-line"], text: "one line a host" },
    { names: ["-t", "--tree"], value: "TREE", text: "write each host's result to a file here" },
    ...CONNECTION_FLAGS,
    EXTRA_VARS,
    ...VAULT_FLAGS,
    ...RUN_FLAGS,
    PLAYBOOK_DIR,
    {
      names: ["--task-timeout"],
      value: "TASK_TIMEOUT",
      type: "int",
      text: "seconds that the task may take",
    },
    {
      names: ["-a", "--args"],
      value: "MODULE_ARGS",
      text: "arguments: 'key=value ...', JSON, or the module's free text",
    },
    { names: ["-m", "--module-name"], value: "MODULE_NAME", text: "the module; default: command" },
    DEBUG,
  ],
  epilogue: "layerbook run web -m ping",
};

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const args = parseArguments(program, argv, context.program);
  if (!args) {
    process.stdout.write(helpOf(program, context.program));
    return 0;
  }
  const session = await openSession(args, context);
  const { settings, display } = session;
  const passwords = args.has("list-hosts") ? {} : await askPasswords(args, settings);
  const inventory = await openInventory(session, args);
  warnOfNoHosts(session, inventory);
  const pattern = args.operands[0] ?? "";
  const limit = limitOf(args);
  const selected = selectHosts(inventory, pattern);
  tellUnmatched(selected.unmatched, settings, (message) => display.warn(message));
  const limited =
    limit === undefined ? undefined : new Set(selectHosts(inventory, expandLimit(limit)).hosts);
  const hosts = selected.hosts.filter((host) => limited === undefined || limited.has(host));
  if (hosts.length === 0) {
    if (limited !== undefined) {
      throw new UsageError("Specified --limit does not match any hosts", { exitCode: 1 });
    }
    display.warn("No hosts matched, nothing to do");
    if (!args.has("list-hosts")) return 0;
  }
  if (args.has("list-hosts")) {
    display.show(`  hosts (${hosts.length}):`);
    for (const host of hosts) display.show(`    ${host.name}`);
    return 0;
  }
  const check = args.has("check");
  const task = taskOf(args, session, pattern);
  await openReport(session, callbackOf(args, session), check);
  const tree = args.text("tree");
  if (tree !== undefined) {
    const { treeCallback } = await import("../../report/tree-callback.ts");
    session.events.listen(treeCallback(tree));
  }
  const { runPlaybook } = await import("../../engine/index.ts");
  const { connectionFactory } = await import("../connections.ts");
  const directory = resolve(args.text("playbook-dir") ?? settings.text("PLAYBOOK_DIR") ?? ".");
  const options: RunOptions = {
    playbooks: [],
    plays: { value: [playOf(pattern, task)], file: `${directory}/__adhoc_playbook__` },
    inventory,
    connections: connectionFactory(settings),
    events: session.events,
    settings,
    signal: context.signal,
    extraVars: session.extraVars,
    limit,
    verbosity: session.verbosity,
    check,
    diff: settings.bool("DIFF_ALWAYS"),
    passwords,
    vault: session.vault,
  };
  return (await runPlaybook(options)).exitCode;
}

/** Ad-hoc tasks have an output of their own, unless another one is wanted for them too. */
function callbackOf(args: Arguments, { settings }: Session): string {
  if (args.has("one-line")) return "oneline";
  const chosen = settings.text("DEFAULT_STDOUT_CALLBACK") ?? "default";
  const counts = settings.bool("DEFAULT_LOAD_CALLBACK_PLUGINS") && chosen !== "default";
  return counts ? chosen : "minimal";
}

function playOf(pattern: string, task: Dict): Dict {
  return new Dict([
    ["name", "Ansible Ad-Hoc"],
    ["hosts", pattern],
    ["gather_facts", false],
    ["tasks", [task]],
  ]) as Dict;
}

/** Modules that need something said. */
const NEEDS_ARGUMENTS = new Set(["command", "raw", "script", "shell", "win_command", "win_shell"]);

function taskOf(args: Arguments, { settings }: Session, pattern: string): Dict {
  const name = args.text("module-name") ?? settings.text("DEFAULT_MODULE_NAME") ?? "command";
  const given = args.text("args") ?? settings.text("DEFAULT_MODULE_ARGS") ?? "";
  const short = name.replace(/^ansible\.(builtin|legacy)\./, "");
  if (given.trim() === "" && NEEDS_ARGUMENTS.has(short)) {
    const hint = /\.(ya?ml)$/.test(pattern)
      ? "Did you mean ansible-playbook?"
      : "Give them with -a, for example -a uptime.";
    throw new UsageError(`No argument passed to ${name} module`, { hint });
  }
  if (["import_playbook", "include", "import_tasks", "import_role"].includes(short)) {
    throw new UsageError(`'${name}' is not a valid action for ad-hoc commands`);
  }
  const isJson = /^\s*\{/.test(given) && !NEEDS_ARGUMENTS.has(short);
  const task = new Dict();
  task.set(name, isJson ? loadYaml(given, { file: "<args>" }) : given === "" ? null : given);
  const background = args.number("background");
  if (background !== undefined) {
    task.set("async", background);
    task.set("poll", args.number("poll") ?? settings.number("DEFAULT_POLL_INTERVAL") ?? 15);
  }
  return task as Dict;
}
