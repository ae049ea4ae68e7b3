import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import {
  EnvironmentError,
  LayerbookError,
  type SourcePosition,
  UsageError,
} from "../errors/index.ts";
import {
  isVaultText,
  openVault,
  parseVault,
  sealVault,
  VaultFormatError,
} from "../template/python/vault-format.ts";

/**
 * Ansible Vault: encrypted files and values, with several secrets told apart by their ids.
 * https://docs.ansible.com/ansible/latest/vault_guide/index.html
 */

export { isVaultText, VaultFormatError };

/** A secret and the id it belongs to ("default" when none was given). */
export interface VaultSecret {
  readonly id: string;
  readonly bytes: Buffer;
}

/** No known secret opens the data. */
export class VaultDecryptError extends LayerbookError {}

/** Where a secret comes from, as `--vault-id` writes it: `id@source`. */
export interface VaultIdSource {
  readonly id: string;
  /** "prompt", "prompt_ask_vault_pass", or the path of a file or an executable script. */
  readonly source: string;
}

/** Splits `id@source`; without "@" the whole text is the source and the id is "default". */
export function parseVaultId(text: string): VaultIdSource {
  const at = text.indexOf("@");
  if (at === -1) return { id: "default", source: text };
  return { id: text.slice(0, at) || "default", source: text.slice(at + 1) };
}

/**
 * The secret of a password file, or of what an executable one prints. A script whose name ends in
 * `-client` (before its extension) is told the id: `script --vault-id ID`.
 */
export function readVaultSecret(path: string, id: string): VaultSecret {
  let bytes: Buffer;
  if (isExecutable(path)) {
    const isClient = /-client(?:\.[^./]*)?$/.test(path);
    const run = spawnSync(path, isClient ? ["--vault-id", id] : [], {
      stdio: ["inherit", "pipe", "pipe"],
    });
    if (run.error) {
      throw new EnvironmentError(
        `The vault password script ${path} could not be run: ${run.error.message}`,
        {
          hint: "If it is a plain password file, remove its executable bit: chmod -x.",
          cause: run.error,
        },
      );
    }
    if (run.status === 2 && isClient) {
      throw new VaultDecryptError(
        `Vault password client script ${path} did not find a secret for vault-id=${id}: ${run.stderr.toString().trim()}`,
      );
    }
    if (run.status !== 0) {
      throw new EnvironmentError(
        `Vault password script ${path} returned non-zero (${run.status ?? run.signal}): ${run.stderr.toString().trim()}`,
      );
    }
    bytes = run.stdout;
  } else {
    try {
      bytes = readFileSync(path);
    } catch (error) {
      throw new UsageError(`The vault password file ${path} was not found`, {
        hint: "Name an existing file after --vault-password-file or --vault-id.",
        exitCode: 1,
        cause: error,
      });
    }
    if (isVaultText(bytes.toString("latin1"))) {
      throw new UsageError(`The vault password file ${path} is itself encrypted`, { exitCode: 1 });
    }
  }
  return secretOf(bytes, id, path);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return (statSync(path).mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

/** A secret as typed or read: the line end after it does not belong to it. */
export function secretOf(bytes: Buffer | string, id = "default", source = "prompt"): VaultSecret {
  const trimmed = Buffer.from(
    Buffer.from(bytes)
      .toString("latin1")
      .replace(/^\s+|\s+$/g, ""),
    "latin1",
  );
  if (trimmed.length === 0) {
    throw new UsageError(`Invalid vault password was provided from ${source}: it is empty`, {
      exitCode: 1,
    });
  }
  return { id, bytes: trimmed };
}

/** The secrets of a run, tried in the order in which they were given. */
export class Vault {
  readonly #secrets: readonly VaultSecret[];
  readonly #matchId: boolean;

  /** @param matchId `DEFAULT_VAULT_ID_MATCH`: try only secrets with the data's own id */
  constructor(secrets: readonly VaultSecret[], matchId = false) {
    this.#secrets = secrets;
    this.#matchId = matchId;
  }

  get secrets(): readonly VaultSecret[] {
    return this.#secrets;
  }

  /**
   * Decrypts. Secrets with the data's id are tried first, then all others.
   * @param what names the data in messages: a file or a variable
   */
  decrypt(text: string, what?: string, position?: SourcePosition): Buffer {
    const place = what === undefined ? "" : ` for ${what}`;
    let envelope: ReturnType<typeof parseVault>;
    try {
      envelope = parseVault(text);
    } catch (error) {
      if (!(error instanceof VaultFormatError)) throw error;
      throw new VaultFormatError(`${error.message}${place}`, {
        hint: error.hint,
        position,
        cause: error,
      });
    }
    if (this.#secrets.length === 0) {
      throw new VaultDecryptError(`Attempting to decrypt but no vault secrets found${place}`, {
        hint: "Give the password with --vault-password-file, --vault-id or --ask-vault-pass.",
        position,
      });
    }
    const own = this.#secrets.filter((secret) => secret.id === envelope.id);
    const others = this.#secrets.filter((secret) => secret.id !== envelope.id);
    const candidates = this.#matchId && envelope.id !== undefined ? own : [...own, ...others];
    for (const secret of candidates) {
      const plaintext = openVault(envelope, secret.bytes);
      if (plaintext) return plaintext;
    }
    const tried = candidates.map((secret) => secret.id).join(", ") || "none";
    throw new VaultDecryptError(
      `Decryption failed (no vault secrets were found that could decrypt)${place}`,
      {
        hint: `Tried the vault ids: ${tried}.${envelope.id === undefined ? "" : ` The data says it is for "${envelope.id}".`}`,
        position,
      },
    );
  }

  /** Encrypts with the secret of the id, else with the first one. */
  encrypt(
    plaintext: Buffer | string,
    options: { readonly id?: string; readonly salt?: Buffer } = {},
  ): string {
    const secret =
      options.id === undefined
        ? this.#secrets[0]
        : this.#secrets.find((candidate) => candidate.id === options.id);
    if (!secret) {
      throw new VaultDecryptError(
        options.id === undefined
          ? "A vault password is required to encrypt"
          : `Did not find a match for --encrypt-vault-id=${options.id} in the known vault-ids ${this.#secrets.map((s) => s.id).join(", ")}`,
        { hint: "Give the password with --vault-password-file, --vault-id or --ask-vault-pass." },
      );
    }
    return sealVault(Buffer.from(plaintext), secret.bytes, {
      id: secret.id,
      ...(options.salt ? { salt: options.salt } : {}),
    });
  }
}
