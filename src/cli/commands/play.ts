/** `layerbook play`: runs playbooks against machines and containers, as `ansible-playbook` does. */
import type { Prompt, RunOptions } from "../../engine/options.ts";
import type { ExitCode } from "../../errors/index.ts";
import type { TemplateOf } from "../../report/list-playbooks.ts";
import {
  BECOME_FLAGS,
  CONNECTION_FLAGS,
  DEBUG,
  EXTRA_VARS,
  INVENTORY_FLAGS,
  RUN_FLAGS,
  VAULT_FLAGS,
  VERBOSE,
} from "../ansible-flags.ts";
import { helpOf, type ProgramSpec, parseArguments } from "../arguments.ts";
import { askHidden, askLine } from "../ask.ts";
import type { CommandContext } from "../command.ts";
import { openReport } from "../open-report.ts";
import {
  askPasswords,
  limitOf,
  openInventory,
  openSession,
  refuseEmptyLimit,
  reopenInventory,
  tagsOf,
  warnOfNoHosts,
} from "../session.ts";

export const summary = "run playbooks against machines and containers";

export const program: ProgramSpec = {
  summary: "Runs playbooks against machines and containers, as ansible-playbook does.",
  operands: [{ name: "playbook", text: "playbooks, run in order", many: true }],
  flags: [
    VERBOSE,
    ...CONNECTION_FLAGS,
    { names: ["--force-handlers"], text: "run notified handlers on failed hosts too" },
    { names: ["--flush-cache"], text: "forget the facts that are kept of the hosts" },
    ...BECOME_FLAGS,
    {
      names: ["-t", "--tags"],
      value: "TAGS",
      repeats: true,
      text: "run only plays and tasks with these tags",
    },
    {
      names: ["--skip-tags"],
      value: "SKIP_TAGS",
      repeats: true,
      text: "leave out plays and tasks with these tags",
    },
    ...INVENTORY_FLAGS,
    EXTRA_VARS,
    ...VAULT_FLAGS,
    ...RUN_FLAGS,
    { names: ["--syntax-check"], text: "read everything, run nothing" },
    { names: ["--list-tasks"], text: "list the tasks; run nothing" },
    { names: ["--list-tags"], text: "list the tags; run nothing" },
    { names: ["--step"], text: "ask before each task" },
    {
      names: ["--start-at-task"],
      value: "START_AT_TASK",
      text: "begin at the task of this name",
    },
    {
      names: ["--snapshot"],
      text: "keep the state of containers after each task (layerbook snapshots)",
    },
    {
      names: ["--resume"],
      text: "go on from the last state of containers that still holds; implies --snapshot",
    },
    DEBUG,
  ],
};

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const args = parseArguments(program, argv, context.program);
  if (!args) {
    process.stdout.write(helpOf(program, context.program));
    return 0;
  }
  const { prepare, runPlaybook } = await import("../../engine/index.ts");
  const { connectionFactory } = await import("../connections.ts");
  const session = await openSession(args, context);
  const { settings, events, vault } = session;
  const listing = ["syntax-check", "list-tasks", "list-tags", "list-hosts"].some((flag) =>
    args.has(flag),
  );
  const check = args.has("check");
  const passwords = listing ? {} : await askPasswords(args, settings);
  if (listing) {
    events.listen((event) => {
      if (event.type === "warning") session.display.warn(event.message);
      else if (event.type === "deprecation") session.display.deprecate(event.message);
    });
  } else {
    await openReport(session, settings.text("DEFAULT_STDOUT_CALLBACK") ?? "default", check);
  }
  const inventory = await openInventory(session, args);
  warnOfNoHosts(session, inventory);
  refuseEmptyLimit(inventory, limitOf(args));
  const options: RunOptions = {
    playbooks: args.operands,
    inventory,
    connections: connectionFactory(settings),
    events,
    settings,
    signal: context.signal,
    extraVars: session.extraVars,
    tags: tagsOf(args.list("tags"), settings.list("TAGS_RUN")),
    skipTags: tagsOf(args.list("skip-tags"), settings.list("TAGS_SKIP")),
    limit: limitOf(args),
    startAtTask: args.text("start-at-task"),
    verbosity: session.verbosity,
    check,
    diff: settings.bool("DIFF_ALWAYS"),
    passwords,
    vault,
    ...(args.has("force-handlers") && { forceHandlers: true }),
    ...(args.has("flush-cache") && { flushCache: true }),
    refreshInventory: () => reopenInventory(session, args, inventory),
    ...(process.stdin.isTTY && {
      ask: async (prompt: Prompt) => (prompt.isPrivate ? askHidden : askLine)(`${prompt.text}: `),
    }),
    ...(args.has("step") && { confirmTask: confirmTask }),
  };
  if (listing) {
    const { listPlaybooks } = await import("../../report/list-playbooks.ts");
    const { playbooks, state } = await prepare(options);
    await state.pool.close();
    const template: TemplateOf = (value, node) => state.parse.template(value, node);
    const what = {
      hosts: args.has("list-hosts"),
      tasks: args.has("list-tasks"),
      tags: args.has("list-tags"),
    };
    for (const line of listPlaybooks(playbooks, options, what, template))
      session.display.show(line);
    await state.closePlugins();
    return 0;
  }
  const { snapshotSetup } = await import("../play-snapshots.ts");
  const { connections, runner, finish } = snapshotSetup(session, args);
  try {
    return (await runPlaybook({ ...options, connections, runner })).exitCode;
  } finally {
    await finish();
  }
}

/** `--step`: yes, no, or yes to all that come. */
async function confirmTask(title: string): Promise<"yes" | "no" | "continue"> {
  const answer = await askLine(`Perform task: TASK: ${title} (N)o/(y)es/(c)ontinue: `);
  if (/^y(es)?$/i.test(answer.trim())) return "yes";
  return /^c(ontinue)?$/i.test(answer.trim()) ? "continue" : "no";
}
