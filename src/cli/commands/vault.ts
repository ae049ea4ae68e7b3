/** `layerbook vault`: encrypts, decrypts and edits files and values, as `ansible-vault` does. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type EngineSettings, loadSettings } from "../../engine/settings.ts";
import { type ExitCode, LayerbookError, UsageError } from "../../errors/index.ts";
import { nearest } from "../../errors/nearest.ts";
import { splitShell } from "../../template/python/shlex.ts";
import { parseVault } from "../../template/python/vault-format.ts";
import { Vault, type VaultSecret } from "../../variables/vault.ts";
import {
  decryptBytes,
  editContent,
  encryptBytes,
  openVaultFile,
  readSource,
  replaceFile,
} from "../../variables/vault-files.ts";
import { DEBUG, VAULT_FLAGS, VERBOSE } from "../ansible-flags.ts";
import {
  ArgumentError,
  type Arguments,
  type FlagSpec,
  helpOf,
  type ProgramSpec,
  parseArguments,
} from "../arguments.ts";
import { askHidden, askLine, readInput } from "../ask.ts";
import type { CommandContext } from "../command.ts";
import { readSecrets } from "../vault-access.ts";

export const summary = "encrypt, decrypt and edit secrets";

const ENCRYPT_ID: FlagSpec = {
  names: ["--encrypt-vault-id"],
  value: "ENCRYPT_VAULT_ID",
  text: "the vault id that encrypts, where there are several",
};

const OUTPUT: FlagSpec = {
  names: ["--output"],
  value: "OUTPUT_FILE",
  text: "write there; - is standard output",
};

const FILES = [{ name: "file_name", text: "files", many: true, optional: true }];

interface Action {
  readonly program: ProgramSpec;
  /** What was there before is opened, so there is a password already. */
  readonly opens: boolean;
  readonly run: (tools: Tools) => Promise<void>;
}

interface Tools {
  readonly args: Arguments;
  readonly settings: EngineSettings;
  readonly vault: Vault;
  /** The id that encrypts. */
  readonly encryptId: () => string;
  readonly editor: readonly string[];
}

function action(
  about: string,
  flags: readonly FlagSpec[],
  opens: boolean,
  run: Action["run"],
  operands: ProgramSpec["operands"] = FILES,
): Action {
  return {
    program: { summary: about, operands, flags: [...flags, ...VAULT_FLAGS, VERBOSE, DEBUG] },
    opens,
    run,
  };
}

/** Adding a subcommand is adding a row. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  create: action("Makes a new encrypted file with an editor.", [ENCRYPT_ID], false, create),
  decrypt: action("Decrypts files in place.", [OUTPUT], true, decrypt),
  edit: action("Edits encrypted files.", [ENCRYPT_ID], true, edit),
  view: action("Shows what encrypted files hold.", [], true, view),
  encrypt: action("Encrypts files in place.", [OUTPUT, ENCRYPT_ID], false, encrypt),
  encrypt_string: action(
    "Encrypts values, to be put into a file of variables.",
    [
      OUTPUT,
      ENCRYPT_ID,
      { names: ["-p", "--prompt"], text: "ask for the value" },
      { names: ["--show-input"], text: "show what is typed for it" },
      {
        names: ["-n", "--name"],
        value: "ENCRYPT_STRING_NAMES",
        repeats: true,
        text: "name of the variable",
      },
      {
        names: ["--stdin-name"],
        value: "ENCRYPT_STRING_STDIN_NAME",
        text: "name of the variable that standard input holds",
      },
    ],
    false,
    encryptString,
    [{ name: "string_to_encrypt", text: "values", many: true, optional: true }],
  ),
  rekey: action(
    "Encrypts files with another password.",
    [
      ENCRYPT_ID,
      {
        names: ["--new-vault-password-file"],
        value: "NEW_VAULT_PASSWORD_FILE",
        text: "file with the new password",
        excludes: "new-vault",
      },
      {
        names: ["--new-vault-id"],
        value: "NEW_VAULT_ID",
        text: "the new identity: label@source",
        excludes: "new-vault",
      },
    ],
    true,
    rekey,
  ),
};

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const names = Object.keys(ACTIONS);
  const at = argv.findIndex((word) => !word.startsWith("-"));
  const name = argv[at];
  if (name === undefined) {
    const usage = `usage: ${context.program} [-h] {${names.join(",")}} ...\n`;
    if (argv.some((word) => word === "-h" || word === "--help")) {
      process.stdout.write(overview(usage));
      return 0;
    }
    throw new ArgumentError("the following arguments are required: action", usage);
  }
  const chosen = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (!chosen) {
    const meant = nearest(name, names);
    throw new ArgumentError(
      `argument action: invalid choice: '${name}' (choose from ${names.map((one) => `'${one}'`).join(", ")})`,
      `usage: ${context.program} [-h] {${names.join(",")}} ...\n`,
      meant && `Did you mean '${meant}'?`,
    );
  }
  const rest = [...argv.slice(0, at), ...argv.slice(at + 1)];
  const program = `${context.program} ${name}`;
  const args = parseArguments(chosen.program, rest, program);
  if (!args) {
    process.stdout.write(helpOf(chosen.program, program));
    return 0;
  }
  const settings = loadSettings();
  const secrets = await secretsFor(chosen, args, settings);
  const vault = new Vault(secrets, settings.bool("DEFAULT_VAULT_ID_MATCH"));
  await chosen.run({
    args,
    settings,
    vault,
    encryptId: () => encryptIdOf(args, settings, secrets),
    editor: splitShell(process.env.EDITOR || process.env.VISUAL || "vi"),
  });
  return 0;
}

function overview(usage: string): string {
  const rows = Object.entries(ACTIONS).map(
    ([name, { program }]) => `  ${name.padEnd(16)} ${program.summary}`,
  );
  return `${usage}\nEncrypts, decrypts and edits secrets.\n\n${rows.join("\n")}\n`;
}

async function secretsFor(
  chosen: Action,
  args: Arguments,
  settings: EngineSettings,
): Promise<readonly VaultSecret[]> {
  const found = await readSecrets(
    {
      vaultId: args.list("vault-id"),
      vaultPasswordFile: args.list("vault-password-file"),
      askVaultPass: args.has("ask-vault-password"),
    },
    settings,
    { isNew: !chosen.opens, alwaysOne: true },
  );
  return found;
}

/** @throws UsageError where there are several and none is chosen */
function encryptIdOf(
  args: Arguments,
  settings: EngineSettings,
  secrets: readonly VaultSecret[],
): string {
  const ids = [...new Set(secrets.map((secret) => secret.id))];
  const chosen = args.text("encrypt-vault-id") ?? settings.text("DEFAULT_VAULT_ENCRYPT_IDENTITY");
  if (chosen !== undefined) {
    if (ids.includes(chosen)) return chosen;
    throw new LayerbookError(
      `Did not find a match for --encrypt-vault-id=${chosen} in the known vault-ids [${ids.map((id) => `'${id}'`).join(", ")}]`,
    );
  }
  if (ids.length > 1) {
    throw new LayerbookError(
      `The vault-ids ${ids.join(",")} are available to encrypt. Specify the vault-id to encrypt with --encrypt-vault-id`,
    );
  }
  return ids[0] ?? "default";
}

/** Said to the person, where there is one. */
function tell(text: string): void {
  if (process.stdout.isTTY) process.stderr.write(`${text}\n`);
}

function writeOutput(content: Uint8Array, path: string): void {
  if (path === "-") process.stdout.write(content);
  else replaceFile(path, content);
}

async function oneFile(args: Arguments): Promise<string> {
  const [path, ...more] = args.operands;
  if (path === undefined || more.length > 0) {
    throw new UsageError("ansible-vault create can take only one filename argument");
  }
  return path;
}

/** Files and standard input, each with where its result goes. */
function* sources(
  args: Arguments,
  what: string,
): IterableIterator<{
  readonly shown: string;
  readonly bytes: Buffer;
  readonly target: string;
}> {
  const output = args.text("output");
  if (output !== undefined && args.operands.length > 1) {
    throw new UsageError("At most one input file may be used with the --output option");
  }
  if (args.operands.length === 0 && process.stdin.isTTY) {
    process.stderr.write(`Reading ${what} input from stdin\n`);
  }
  for (const path of args.operands.length > 0 ? args.operands : ["-"]) {
    const isInput = path === "-";
    yield {
      shown: isInput ? "-" : resolve(path),
      bytes: isInput ? readInput() : readSource(path),
      target: output ?? path,
    };
  }
}

async function encrypt({ args, vault, encryptId }: Tools): Promise<void> {
  const id = encryptId();
  for (const { bytes, target } of sources(args, "plaintext")) {
    writeOutput(Buffer.from(encryptBytes(vault, bytes, id)), target);
  }
  tell("Encryption successful");
}

async function decrypt({ args, vault }: Tools): Promise<void> {
  for (const { bytes, shown, target } of sources(args, "ciphertext")) {
    writeOutput(decryptBytes(vault, bytes, shown), target);
  }
  tell("Decryption successful");
}

async function view({ args, vault }: Tools): Promise<void> {
  for (const path of args.operands) {
    const text = openVaultFile(vault, path).toString("utf8");
    await page(text.endsWith("\n") ? text : `${text}\n`);
  }
}

async function create({ args, vault, encryptId, editor }: Tools): Promise<void> {
  const path = await oneFile(args);
  const id = encryptId();
  if (existsSync(path)) throw new LayerbookError(`${path} exists, please use 'edit' instead`);
  if (!existsSync(dirname(path))) {
    throw new LayerbookError(`the folder of ${path} is not there`, { hint: "Make it first." });
  }
  const content = await editContent(Buffer.alloc(0), path, (file) => openEditor(editor, file));
  replaceFile(path, Buffer.from(encryptBytes(vault, content ?? Buffer.alloc(0), id)));
}

async function edit({ args, vault, encryptId, editor }: Tools): Promise<void> {
  for (const path of args.operands) {
    const before = readSource(path).toString("latin1");
    const content = decryptBytes(vault, Buffer.from(before, "latin1"), resolve(path));
    const after = await editContent(content, path, (file) => openEditor(editor, file));
    if (after === undefined) continue;
    // The file stays with its own secret, unless another is asked for.
    const own = parseVault(before).id ?? "default";
    const known = vault.secrets.some((secret) => secret.id === own);
    const id = args.text("encrypt-vault-id") !== undefined || !known ? encryptId() : own;
    replaceFile(path, Buffer.from(vault.encrypt(after, { id })));
  }
}

async function rekey({ args, settings, vault }: Tools): Promise<void> {
  const newId = args.text("new-vault-id");
  const newFile = args.text("new-vault-password-file");
  const [secret] = await readSecrets(
    {
      vaultId: newId === undefined ? [] : [newId],
      vaultPasswordFile: newFile === undefined ? [] : [newFile],
      askVaultPass: false,
    },
    settings,
    { isNew: true, alwaysOne: true, onlyGiven: true },
  );
  if (!secret) throw new UsageError("A new vault password is required to rekey");
  const next = new Vault([secret]);
  for (const path of args.operands) {
    const content = decryptBytes(vault, readSource(path), resolve(path));
    replaceFile(path, Buffer.from(next.encrypt(content)));
  }
  process.stderr.write("Rekey successful\n");
}

interface NamedText {
  readonly name: string | undefined;
  readonly text: Buffer;
  readonly origin: string;
}

async function encryptString({ args, vault, encryptId }: Tools): Promise<void> {
  const id = encryptId();
  const texts = await stringsOf(args);
  if (texts.length === 0) {
    throw new UsageError(
      "encrypt_string needs a value: as an argument, with --prompt, or on standard input with -",
    );
  }
  const output: string[] = [];
  for (const [index, { name, text, origin }] of texts.entries()) {
    const lines = vault.encrypt(text, { id }).trimEnd().split("\n");
    const lead = name === undefined ? "!vault |" : `${name}: !vault |`;
    if (texts.length > 1) {
      const shown = name === undefined ? "" : `variable ("${name}", `;
      process.stderr.write(
        `# The encrypted version of ${shown === "" ? "the string " : shown}the string #${index + 1} from ${origin}${shown === "" ? "" : ")"}.\n`,
      );
    }
    output.push([lead, ...lines.map((line) => `          ${line}`)].join("\n"));
  }
  const target = args.text("output") ?? "-";
  const end = process.stdout.isTTY || target !== "-" ? "\n" : "";
  writeOutput(Buffer.from(`${output.join("\n")}${end}`), target);
  tell("Encryption successful");
}

async function stringsOf(args: Arguments): Promise<NamedText[]> {
  const found: NamedText[] = [];
  const fromInput = args.operands.includes("-") || args.has("stdin-name");
  if (args.has("prompt")) {
    const name = (await askLine("Variable name (enter for no name): ")).trim();
    const text = args.has("show-input")
      ? await askLine("String to encrypt: ")
      : await confirmed("String to encrypt (hidden): ");
    if (text === "") {
      throw new UsageError("The plaintext provided from the prompt was empty, not encrypting");
    }
    found.push({
      name: name || undefined,
      text: Buffer.from(text),
      origin: "the interactive prompt",
    });
  }
  if (fromInput) {
    if (process.stdin.isTTY) {
      process.stderr.write(
        "Reading plaintext input from stdin. (ctrl-d to end input, twice if your content does not already have a newline)\n",
      );
    }
    const text = readInput();
    if (text.length === 0) {
      throw new UsageError("stdin was empty, not encrypting");
    }
    found.push({ name: args.text("stdin-name"), text, origin: "stdin" });
  }
  const names = args.list("name");
  const values = args.operands.filter((word) => word !== "-");
  for (const [index, value] of values.entries()) {
    if (value === "") {
      throw new UsageError(
        "The plaintext provided from the command line args was empty, not encrypting",
      );
    }
    const name = names[index];
    found.push({ name, text: Buffer.from(value), origin: "the command line args" });
  }
  return found;
}

async function confirmed(question: string): Promise<string> {
  const text = await askHidden(question);
  const again = await askHidden(`Confirm ${question.charAt(0).toLowerCase()}${question.slice(1)}`);
  if (text !== again) throw new UsageError("The two texts are not the same", { exitCode: 1 });
  return text;
}

async function openEditor(editor: readonly string[], path: string): Promise<void> {
  const [command = "vi", ...words] = editor;
  const code = await spawned(command, [...words, path]);
  if (code !== 0) {
    throw new LayerbookError(`the editor ${command} ended with code ${code}; nothing was changed`);
  }
}

/** Through the pager of a terminal. */
async function page(text: string): Promise<void> {
  const pager = splitShell(process.env.PAGER || "less");
  if (!process.stdout.isTTY || pager[0] === undefined) {
    process.stdout.write(text);
    return;
  }
  const [command, ...words] = pager as [string, ...string[]];
  await new Promise<void>((done, failed) => {
    const child = spawn(command, words, { stdio: ["pipe", "inherit", "inherit"] });
    child.on("error", failed);
    child.on("close", () => done());
    child.stdin.on("error", () => undefined);
    child.stdin.end(text);
  });
}

function spawned(command: string, words: readonly string[]): Promise<number> {
  return new Promise((done, failed) => {
    const child = spawn(command, words, { stdio: "inherit" });
    child.on("error", (error) =>
      failed(
        new LayerbookError(`the editor ${command} cannot be run: ${error.message}`, {
          hint: "Name another one in the variable EDITOR.",
        }),
      ),
    );
    child.on("close", (code) => done(code ?? 1));
  });
}
