/** Vault secrets from flags and settings; what they open is remembered as secret. */
import type { Secrets } from "../build/secrets.ts";
import type { VaultAccess } from "../engine/options.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { UsageError } from "../errors/index.ts";
import {
  parseVaultId,
  readVaultSecret,
  secretOf,
  Vault,
  type VaultSecret,
} from "../variables/vault.ts";
import { askHidden } from "./ask.ts";

export interface VaultFlags {
  readonly vaultId: readonly string[];
  readonly vaultPasswordFile: readonly string[];
  readonly askVaultPass?: boolean;
}

export interface ReadSecretsOptions {
  /** The passwords are new: they are asked for twice. */
  readonly isNew?: boolean;
  /** One is asked for when none is given. */
  readonly alwaysOne?: boolean;
  /** Settings do not count. */
  readonly onlyGiven?: boolean;
}

/** The secrets in the order in which they are tried. */
export async function readSecrets(
  flags: VaultFlags,
  settings: EngineSettings,
  options: ReadSecretsOptions = {},
): Promise<VaultSecret[]> {
  const found: VaultSecret[] = [];
  const isNew = options.isNew ?? false;
  const ownId = settings.text("DEFAULT_VAULT_IDENTITY") ?? "default";
  const configuredIds = options.onlyGiven ? [] : settings.list("DEFAULT_VAULT_IDENTITY_LIST");
  for (const text of [...configuredIds, ...flags.vaultId]) {
    const { source, ...given } = parseVaultId(text);
    const id = text.includes("@") ? given.id : ownId;
    found.push(source.startsWith("prompt") ? await prompt(id, isNew) : readVaultSecret(source, id));
  }
  const configured = options.onlyGiven ? undefined : settings.text("DEFAULT_VAULT_PASSWORD_FILE");
  const files =
    flags.vaultPasswordFile.length > 0 ? flags.vaultPasswordFile : configured ? [configured] : [];
  for (const path of files) found.push(readVaultSecret(path, ownId));
  const configuredAsk = !options.onlyGiven && settings.bool("DEFAULT_ASK_VAULT_PASS");
  if (flags.askVaultPass || configuredAsk || (options.alwaysOne && found.length === 0)) {
    found.push(await prompt(ownId, isNew));
  }
  return found;
}

/** @returns `undefined` where no secret was given: encrypted data is then an error that says so */
export async function vaultFrom(
  flags: VaultFlags,
  settings: EngineSettings,
  secrets: Secrets,
): Promise<VaultAccess | undefined> {
  const found = await readSecrets(flags, settings);
  if (found.length === 0) return undefined;
  const vault = new Vault(found, settings.bool("DEFAULT_VAULT_ID_MATCH"));
  return {
    decrypt: (text, file) => {
      const plain = vault.decrypt(text, file);
      noteSecrets(plain.toString(), secrets);
      return plain;
    },
  };
}

async function prompt(id: string, isNew: boolean): Promise<VaultSecret> {
  const which = id === "default" ? "" : ` (${id})`;
  if (!isNew) return secretOf(await askHidden(`Vault password${which}: `), id);
  const text = await askHidden(`New Vault password${which}: `);
  const again = await askHidden(`Confirm New Vault password${which}: `);
  if (text !== again) throw new UsageError("Passwords do not match", { exitCode: 1 });
  return secretOf(text, id);
}

/** A value, or a file of values: each line's value is a secret, and so is a text as a whole. */
function noteSecrets(plain: string, secrets: Secrets): void {
  secrets.add(plain);
  for (const line of plain.split("\n")) {
    const value = /^\s*(?:- |[^\s:#][^:#]*:\s+)(.*)$/.exec(line)?.[1] ?? line;
    secrets.add(value.replace(/^(["'])(.*)\1$/, "$2"));
  }
}
