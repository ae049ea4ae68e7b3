/** What the commands that stand in for Ansible's programs have in common: settings, secrets, display, inventory. */
import { readFileSync, statSync } from "node:fs";
import { Secrets } from "../build/secrets.ts";
import { EngineEvents } from "../engine/events.ts";
import type { Passwords, VaultAccess } from "../engine/options.ts";
import { type EngineSettings, loadSettings, type SettingOverrides } from "../engine/settings.ts";
import { LayerbookError, UsageError } from "../errors/index.ts";
import type { Inventory } from "../inventory/inventory.ts";
import { expandLimit, selectHosts } from "../inventory/patterns.ts";
import { type Display, openDisplay } from "../report/display.ts";
import type { Value } from "../values/model.ts";
import type { Arguments } from "./arguments.ts";
import { askHidden } from "./ask.ts";
import type { CommandContext } from "./command.ts";
import { versionText } from "./drop-in.ts";
import { readExtraVars } from "./extra-vars.ts";
import { type InventoryExtras, loadInventory, rereadInventory } from "./load-inventory.ts";
import { vaultFrom } from "./vault-access.ts";

export interface Session {
  readonly settings: EngineSettings;
  readonly secrets: Secrets;
  readonly vault: VaultAccess | undefined;
  readonly events: EngineEvents;
  readonly display: Display;
  readonly verbosity: number;
  readonly extraVars: ReadonlyMap<string, Value>;
}

/** Reads settings, vault secrets and extra variables; flags are stronger than settings. */
export async function openSession(args: Arguments, context: CommandContext): Promise<Session> {
  const warnings: string[] = [];
  const settings = loadSettings({
    overrides: overridesOf(args),
    warn: (message) => warnings.push(message),
  });
  const verbosity = args.count("verbose") || settings.number("DEFAULT_VERBOSITY") || 0;
  const display = openDisplay(settings, verbosity);
  for (const warning of warnings) display.warn(warning);
  if (context.isDropIn && verbosity > 1) {
    display.show(versionText(context.program, process.argv[1] ?? "", settings), "verbose");
  }
  if (verbosity > 0) {
    const { configFile } = settings;
    display.show(
      configFile === undefined
        ? "No config file found; using defaults"
        : `Using ${configFile} as config file`,
      "verbose",
    );
  }
  const secrets = new Secrets();
  const vault = await vaultFrom(
    {
      vaultId: args.list("vault-id"),
      vaultPasswordFile: args.list("vault-password-file"),
      askVaultPass: args.has("ask-vault-password"),
    },
    settings,
    secrets,
  );
  return {
    settings,
    secrets,
    vault,
    display,
    verbosity,
    events: new EngineEvents(),
    extraVars: readExtraVars(args.list("extra-vars"), {}, vault),
  };
}

/** What flags say that settings say too. */
function overridesOf(args: Arguments): SettingOverrides {
  const overrides: Record<string, string | number | boolean | readonly string[] | undefined> = {
    DEFAULT_REMOTE_USER: args.text("user"),
    DEFAULT_TRANSPORT: args.text("connection"),
    DEFAULT_TIMEOUT: args.number("timeout"),
    DEFAULT_PRIVATE_KEY_FILE: args.text("private-key"),
    SSH_COMMON_ARGS: args.text("ssh-common-args"),
    SSH_EXTRA_ARGS: args.text("ssh-extra-args"),
    DEFAULT_BECOME: args.has("become") || undefined,
    DEFAULT_BECOME_METHOD: args.text("become-method"),
    DEFAULT_BECOME_USER: args.text("become-user"),
    DEFAULT_FORKS: args.number("forks"),
    TASK_TIMEOUT: args.number("task-timeout"),
    DIFF_ALWAYS: args.has("diff") || undefined,
  };
  const modulePath = args.list("module-path").flatMap((text) => text.split(":"));
  if (modulePath.length > 0) {
    const configured = loadSettings().list("DEFAULT_MODULE_PATH");
    overrides.DEFAULT_MODULE_PATH = [
      ...modulePath.filter((folder) => folder !== ""),
      ...configured,
    ];
  }
  const forks = args.number("forks");
  if (forks !== undefined && forks < 1) {
    throw new UsageError("The number of processes (--forks) must be >= 1");
  }
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

/** Reads the inventory that flags or settings name, and says when there is none. */
export async function openInventory(session: Session, args: Arguments): Promise<Inventory> {
  const { display, settings, vault } = session;
  const inventory = await loadInventory(
    args.list("inventory"),
    settings,
    vault,
    (message) => display.warn(message),
    extrasOf(session),
  );
  if (inventory.hosts.size === 0 && inventory.sources.length === 0) {
    display.warn("No inventory was parsed, only implicit localhost is available");
  }
  return inventory;
}

/** Reads the inventory's sources into it again, after it was emptied. */
export function reopenInventory(
  session: Session,
  args: Arguments,
  inventory: Inventory,
): Promise<void> {
  const { display, settings, vault } = session;
  const warn = (message: string) => display.warn(message);
  const sources = args.list("inventory");
  return rereadInventory(inventory, sources, settings, vault, warn, extrasOf(session));
}

function extrasOf(session: Session): InventoryExtras {
  return {
    extraVars: session.extraVars,
    detail: (message) => {
      if (session.verbosity > 2) session.display.show(message);
    },
  };
}

/** Says that there are no hosts to run on but this machine. */
export function warnOfNoHosts({ display, settings }: Session, inventory: Inventory): void {
  if (inventory.hosts.size === 0 && settings.bool("LOCALHOST_WARNING")) {
    display.warn(
      "provided hosts list is empty, only localhost is available. Note that the implicit localhost does not match 'all'",
    );
  }
}

/** @throws UsageError when `--limit` leaves no host of an inventory that has some */
export function refuseEmptyLimit(inventory: Inventory, limit: string | undefined): void {
  if (limit === undefined || inventory.hosts.size === 0) return;
  if (selectHosts(inventory, expandLimit(limit)).hosts.length > 0) return;
  throw new UsageError(
    "Specified inventory, host pattern and/or --limit leaves us with no hosts to target.",
    { exitCode: 1 },
  );
}

/** Passwords that flags ask for. */
export async function askPasswords(args: Arguments, settings: EngineSettings): Promise<Passwords> {
  const loginFile = args.text("connection-password-file");
  const askLogin =
    args.has("ask-pass") || (loginFile === undefined && settings.bool("DEFAULT_ASK_PASS"));
  const login = askLogin
    ? await askHidden("SSH password: ")
    : passwordFile(loginFile ?? settings.text("CONNECTION_PASSWORD_FILE"));
  const becomeFile = args.text("become-password-file");
  const askBecome =
    args.has("ask-become-pass") ||
    (becomeFile === undefined && settings.bool("DEFAULT_BECOME_ASK_PASS"));
  let becomePassword = passwordFile(becomeFile ?? settings.text("BECOME_PASSWORD_FILE"));
  if (askBecome) {
    const method = "BECOME";
    const question =
      login === undefined
        ? `${method} password: `
        : `${method} password[defaults to SSH password]: `;
    becomePassword = (await askHidden(question)) || login;
  }
  return { login, become: becomePassword };
}

function passwordFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (path === "-") return readFileSync(0, "utf8").trim();
  try {
    if ((statSync(path).mode & 0o111) !== 0) {
      throw new UsageError(`the password file ${path} is a program; name a file with the password`);
    }
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error instanceof LayerbookError) throw error;
    throw new UsageError(`The password file ${path} was not found`, { cause: error, exitCode: 1 });
  }
}

/** `--limit`, which may be given several times. */
export function limitOf(args: Arguments): string | undefined {
  const parts = args.list("limit");
  return parts.length === 0 ? undefined : parts.join(",");
}

/** The tags of several flags, else those of the settings. */
export function tagsOf(given: readonly string[], fallback: readonly string[]): readonly string[] {
  const words = given
    .flatMap((text) => text.split(","))
    .map((word) => word.trim())
    .filter((word) => word !== "");
  return words.length > 0 ? words : fallback;
}
