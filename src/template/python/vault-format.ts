import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  pbkdf2Sync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { LayerbookError } from "../../errors/index.ts";

/**
 * The envelope of Ansible Vault, versions 1.1 and 1.2 (AES256).
 * https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html
 *
 * The text is a header line `$ANSIBLE_VAULT;1.2;AES256;id` (1.1 has no id) and lines of 80 digits:
 * hex of three lines, each hex again: the salt, the HMAC-SHA256, the ciphertext. The keys come from
 * PBKDF2-HMAC-SHA256 with 10,000 rounds: 32 bytes for AES-256-CTR, 32 for the HMAC, 16 of counter.
 */

const ROUNDS = 10_000;
const MAGIC = "$ANSIBLE_VAULT";

/** The text is no vault, or a damaged one. */
export class VaultFormatError extends LayerbookError {}

export interface VaultEnvelope {
  readonly version: string;
  /** The label in the header, if there is one. */
  readonly id: string | undefined;
  readonly salt: Buffer;
  readonly hmac: Buffer;
  readonly ciphertext: Buffer;
}

/** Whether the text starts with the header of a vault. */
export function isVaultText(text: string): boolean {
  return text.startsWith(MAGIC);
}

interface Keys {
  readonly cipher: Buffer;
  readonly hmac: Buffer;
  readonly counter: Buffer;
}

// Deriving takes some milliseconds, and many values of one file may share their salt and secret.
const derived = new Map<string, Keys>();

function keysOf(secret: Buffer, salt: Buffer): Keys {
  const id = `${salt.toString("hex")}:${secret.toString("hex")}`;
  let keys = derived.get(id);
  if (!keys) {
    const bytes = pbkdf2Sync(secret, salt, ROUNDS, 80, "sha256");
    keys = {
      cipher: bytes.subarray(0, 32),
      hmac: bytes.subarray(32, 64),
      counter: bytes.subarray(64, 80),
    };
    if (derived.size > 256) derived.clear();
    derived.set(id, keys);
  }
  return keys;
}

function fromHex(text: string, what: string): Buffer {
  const clean = text.trim();
  if (clean === "" || clean.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(clean)) {
    throw new VaultFormatError(`Vault format unhexlify error: the ${what} is not hexadecimal`, {
      hint: "The encrypted text is damaged: copy it again, all of its lines.",
    });
  }
  return Buffer.from(clean, "hex");
}

/** Takes the envelope apart. Throws {@link VaultFormatError}. */
export function parseVault(text: string): VaultEnvelope {
  const lines = text.trim().split(/\r?\n/);
  const header = (lines[0] ?? "").trim().split(";");
  if (header[0] !== MAGIC) {
    throw new VaultFormatError("input is not vault encrypted data", {
      hint: `Encrypted data starts with "${MAGIC};".`,
    });
  }
  const [, version = "", cipher = "", ...id] = header;
  if (version !== "1.1" && version !== "1.2") {
    throw new VaultFormatError(`Vault format version ${version || "(none)"} is not supported`, {
      hint: "Versions 1.1 and 1.2 are. Encrypt it again with a current ansible-vault.",
    });
  }
  if (cipher !== "AES256") {
    throw new VaultFormatError(`Vault cipher ${cipher || "(none)"} is not supported`, {
      hint: "AES256 is the only cipher.",
    });
  }
  const body = fromHex(
    lines
      .slice(1)
      .map((line) => line.trim())
      .join(""),
    "body",
  ).toString("latin1");
  const parts = body.split("\n");
  if (parts.length < 3) {
    throw new VaultFormatError("Vault format error: the salt, the HMAC or the data is missing", {
      hint: "The encrypted text is damaged: copy it again, all of its lines.",
    });
  }
  return {
    version,
    id: version === "1.2" ? id.join(";").trim() || undefined : undefined,
    salt: fromHex(parts[0] ?? "", "salt"),
    hmac: fromHex(parts[1] ?? "", "HMAC"),
    ciphertext: fromHex(parts[2] ?? "", "data"),
  };
}

/** The plaintext, or `undefined` when the secret is not the right one (the HMAC differs). */
export function openVault(envelope: VaultEnvelope, secret: Buffer): Buffer | undefined {
  const keys = keysOf(secret, envelope.salt);
  const hmac = createHmac("sha256", keys.hmac).update(envelope.ciphertext).digest();
  if (hmac.length !== envelope.hmac.length || !timingSafeEqual(hmac, envelope.hmac))
    return undefined;
  const decipher = createDecipheriv("aes-256-ctr", keys.cipher, keys.counter);
  const padded = Buffer.concat([decipher.update(envelope.ciphertext), decipher.final()]);
  const padding = padded.at(-1) ?? 0;
  if (padding < 1 || padding > 16 || padding > padded.length) {
    throw new VaultFormatError("Vault format error: the decrypted data has no valid padding");
  }
  return padded.subarray(0, padded.length - padding);
}

/** Encrypts; with an id it is version 1.2. The text ends with a line end. */
export function sealVault(
  plaintext: Buffer,
  secret: Buffer,
  options: { readonly salt?: Buffer; readonly id?: string | undefined } = {},
): string {
  const salt = options.salt ?? randomBytes(32);
  const keys = keysOf(secret, salt);
  const padding = 16 - (plaintext.length % 16);
  const cipher = createCipheriv("aes-256-ctr", keys.cipher, keys.counter);
  const ciphertext = Buffer.concat([
    cipher.update(Buffer.concat([plaintext, Buffer.alloc(padding, padding)])),
    cipher.final(),
  ]);
  const hmac = createHmac("sha256", keys.hmac).update(ciphertext).digest();
  const inner = [salt, hmac, ciphertext].map((part) => part.toString("hex")).join("\n");
  const body = Buffer.from(inner, "latin1").toString("hex");
  const id = options.id === undefined || options.id === "default" ? "" : `;${options.id}`;
  const header = `${MAGIC};${id === "" ? "1.1" : "1.2"};AES256${id}`;
  return `${header}\n${body.match(/.{1,80}/g)?.join("\n") ?? ""}\n`;
}
