/** Vault secrets from flags and settings; what they open is remembered as secret. */
import type { Secrets } from "../build/secrets.ts";
import type { VaultAccess } from "../engine/options.ts";
import type { EngineSettings } from "../engine/settings.ts";
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

/** @returns `undefined` where no secret was given: encrypted data is then an error that says so */
export async function vaultFrom(
  flags: VaultFlags,
  settings: EngineSettings,
  secrets: Secrets,
): Promise<VaultAccess | undefined> {
  const found: VaultSecret[] = [];
  for (const text of [...settings.list("DEFAULT_VAULT_IDENTITY_LIST"), ...flags.vaultId]) {
    const { id, source } = parseVaultId(text);
    found.push(source.startsWith("prompt") ? await prompt(id) : readVaultSecret(source, id));
  }
  const configured = settings.text("DEFAULT_VAULT_PASSWORD_FILE");
  const files =
    flags.vaultPasswordFile.length > 0 ? flags.vaultPasswordFile : configured ? [configured] : [];
  for (const path of files) found.push(readVaultSecret(path, "default"));
  if (flags.askVaultPass) found.push(await prompt("default"));
  if (found.length === 0) return undefined;
  const vault = new Vault(found);
  return {
    decrypt: (text, file) => {
      const plain = vault.decrypt(text, file);
      noteSecrets(plain.toString(), secrets);
      return plain;
    },
  };
}

async function prompt(id: string): Promise<VaultSecret> {
  return secretOf(
    await askHidden(id === "default" ? "Vault password: " : `Vault password (${id}): `),
    id,
  );
}

/** A value, or a file of values: each line's value is a secret, and so is a text as a whole. */
function noteSecrets(plain: string, secrets: Secrets): void {
  secrets.add(plain);
  for (const line of plain.split("\n")) {
    const value = /^\s*(?:- |[^\s:#][^:#]*:\s+)(.*)$/.exec(line)?.[1] ?? line;
    secrets.add(value.replace(/^(["'])(.*)\1$/, "$2"));
  }
}
