/** `layerbook play`: runs playbooks against machines and containers, as `ansible-playbook` does. */
import { Command } from "commander";
import { Secrets } from "../../build/secrets.ts";
import { EngineEvents } from "../../engine/events.ts";
import { prepare, type RunOptions, runPlaybook } from "../../engine/index.ts";
import { type EngineSettings, loadSettings } from "../../engine/settings.ts";
import { type ExitCode, UnsupportedError, UsageError } from "../../errors/index.ts";
import { coloursFor } from "../../report/colours.ts";
import { defaultCallback } from "../../report/default-callback.ts";
import type { Value } from "../../values/model.ts";
import { askHidden } from "../ask.ts";
import type { CommandContext } from "../command.ts";
import { connectionFactory } from "../connections.ts";
import { readExtraVars } from "../extra-vars.ts";
import { parseFlags, repeated } from "../flags.ts";
import { loadInventory } from "../load-inventory.ts";
import { type VaultFlags, vaultFrom } from "../vault-access.ts";

export const summary = "run playbooks against machines and containers";

interface Flags extends VaultFlags {
  readonly inventory: readonly string[];
  readonly limit?: string;
  readonly extraVars: readonly string[];
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly startAtTask?: string;
  readonly check?: boolean;
  readonly syntaxCheck?: boolean;
  readonly become?: boolean;
  readonly becomeMethod?: string;
  readonly becomeUser?: string;
  readonly askBecomePass?: boolean;
  readonly askPass?: boolean;
  readonly connection?: string;
  readonly user?: string;
  readonly privateKey?: string;
  readonly sshCommonArgs?: string;
  readonly sshExtraArgs?: string;
  readonly timeout?: string;
  readonly verbose: number;
}

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const command = new Command("layerbook play")
    .description(
      "Runs playbooks against machines and containers, with ansible-playbook's default output and exit\n" +
        "codes. It does not have all of its flags yet; those it does not have are refused.",
    )
    .argument("<playbook...>", "playbooks, run in order")
    .option(
      "-i, --inventory <source>",
      "inventory: a file, a folder, or hosts with a comma",
      repeated,
      [],
    )
    .option("-l, --limit <pattern>", "only these hosts")
    .option("-e, --extra-vars <vars>", "variables: k=v, YAML, JSON or @file", repeated, [])
    .option("-t, --tags <tags>", "run only tasks with these tags", repeated, [])
    .option("--skip-tags <tags>", "leave out tasks with these tags", repeated, [])
    .option("--start-at-task <name>", "begin at the task of this name")
    .option("-C, --check", "change nothing, tell what would change")
    .option("--syntax-check", "read everything, run nothing")
    .option("-b, --become", "become another user")
    .option("--become-method <method>", "sudo, su, doas, runuser")
    .option("--become-user <user>", "the user to become")
    .option("-K, --ask-become-pass", "ask for the password of becoming")
    .option("-k, --ask-pass", "ask for the password of the connection")
    .option("-c, --connection <type>", "ssh, docker, local")
    .option("-u, --user <user>", "user to log in as")
    .option("--private-key <file>", "key to log in with")
    .option("--ssh-common-args <words>", "further arguments of ssh")
    .option("--ssh-extra-args <words>", "further arguments of ssh")
    .option("-T, --timeout <seconds>", "time for connecting")
    .option("--vault-id <id>", "vault identity: label@source", repeated, [])
    .option(
      "--vault-password-file <path>",
      "file or program that gives the vault's password",
      repeated,
      [],
    )
    .option("-J, --ask-vault-pass", "ask for the vault's password")
    .option("-v, --verbose", "more detail: -v to -vvv", (_text, count: number) => count + 1, 0)
    .option("--debug", "stack traces of errors");
  const { flags, operands } = parseFlags<Flags>(command, argv);
  if (!flags) return 0;
  const settings = loadSettings();
  refuseOtherCallbacks(settings);
  const secrets = new Secrets();
  const vault = await vaultFrom(flags, settings, secrets);
  const events = new EngineEvents();
  const verbosity = flags.verbose || settings.number("DEFAULT_VERBOSITY") || 0;
  events.listen(
    defaultCallback({
      write: (text) => process.stdout.write(text),
      writeError: (text) => process.stderr.write(text),
      colours: coloursFor(process.stdout),
      columns: process.stdout.isTTY ? (process.stdout.columns ?? 80) - 1 : 79,
      verbosity,
      showSkipped: settings.bool("DISPLAY_SKIPPED_HOSTS"),
      showOk: settings.bool("DISPLAY_OK_HOSTS"),
      deprecations: settings.bool("DEPRECATION_WARNINGS"),
    }),
  );
  const inventory = await loadInventory(flags.inventory, settings, vault, (message) =>
    events.warn(message),
  );
  if (inventory.hosts.size === 0) {
    events.warn("No inventory was parsed, only implicit localhost is available");
    if (settings.bool("LOCALHOST_WARNING")) {
      events.warn(
        "provided hosts list is empty, only localhost is available. Note that the implicit localhost does not match 'all'",
      );
    }
  }
  const options: RunOptions = {
    playbooks: operands,
    inventory,
    connections: connectionFactory(settings),
    events,
    settings,
    signal: context.signal,
    extraVars: new Map([
      ...readExtraVars(flags.extraVars, {}, vault),
      ...(await connectionVariables(flags)),
    ]),
    ...tagOption("tags", flags.tags, settings.list("TAGS_RUN")),
    ...tagOption("skipTags", flags.skipTags, settings.list("TAGS_SKIP")),
    limit: flags.limit,
    startAtTask: flags.startAtTask,
    check: flags.check ?? false,
    vault,
    ask: async (prompt) => askHidden(`${prompt.text}: `),
  };
  if (flags.syntaxCheck) {
    const { playbooks, state } = await prepare(options);
    await state.pool.close();
    for (const { file } of playbooks) process.stdout.write(`\nplaybook: ${file}\n`);
    return 0;
  }
  return (await runPlaybook(options)).exitCode;
}

/** Output in another shape than was asked for would be read wrongly. */
function refuseOtherCallbacks(settings: EngineSettings): void {
  const wanted = settings.text("DEFAULT_STDOUT_CALLBACK") ?? "default";
  if (/^(ansible\.builtin\.)?default$/.test(wanted)) return;
  throw new UnsupportedError(`the output '${wanted}' (stdout_callback) is not supported`, {
    hint: "Only 'default' is: unset ANSIBLE_STDOUT_CALLBACK, or stdout_callback in ansible.cfg.",
    exitCode: 1,
  });
}

/** What flags say of connections. */
async function connectionVariables(flags: Flags): Promise<[string, Value][]> {
  const variables: [string, Value | undefined][] = [
    ["ansible_connection", flags.connection],
    ["ansible_user", flags.user],
    ["ansible_ssh_private_key_file", flags.privateKey],
    ["ansible_ssh_common_args", flags.sshCommonArgs],
    ["ansible_ssh_extra_args", flags.sshExtraArgs],
    ["ansible_ssh_timeout", flags.timeout],
    ["ansible_become", flags.become],
    ["ansible_become_method", flags.becomeMethod],
    ["ansible_become_user", flags.becomeUser],
  ];
  if (flags.askPass) variables.push(["ansible_password", await askHidden("SSH password: ")]);
  if (flags.askBecomePass) {
    variables.push(["ansible_become_password", await askHidden("BECOME password: ")]);
  }
  return variables.filter((entry): entry is [string, Value] => entry[1] !== undefined);
}

function tagOption(
  name: "tags" | "skipTags",
  flags: readonly string[],
  fallback: readonly string[],
) {
  const words = flags.flatMap((text) => text.split(",")).map((word) => word.trim());
  if (words.some((word) => word === "")) throw new UsageError(`--${name}: a tag is empty`);
  const chosen = words.length > 0 ? words : fallback;
  return chosen.length > 0 ? { [name]: chosen } : {};
}
