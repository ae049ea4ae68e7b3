/** What openssl_privatekey and openssl_privatekey_pipe have in common: options and the decision. */
import type { KeyObject } from "node:crypto";
import { fail } from "../../lib/failure.ts";
import { flagOption, numberOption, textOption } from "../../lib/option-values.ts";
import type { Arguments, Data, OptionSpec } from "../../module.ts";
import {
  automaticFormat,
  CURVE_NAMES,
  curveOf,
  fingerprints,
  formatOf,
  generateKey,
  type KeyFormat,
  type KeyType,
  publicData,
  publicPem,
  readPrivateKey,
  shownFingerprint,
  sizeOf,
  spki,
  typeOf,
  writePrivateKey,
} from "./keys.ts";
import { BACKEND_OPTION } from "./managed-file.ts";

export const KEY_OPTIONS = {
  size: { type: "int", default: 4096, description: "Bits of an RSA or DSA key." },
  type: {
    type: "str",
    default: "RSA",
    choices: ["DSA", "ECC", "Ed25519", "Ed448", "RSA", "X25519", "X448"],
    description: "Kind of key.",
  },
  curve: { type: "str", choices: [...CURVE_NAMES], description: "Curve of an ECC key." },
  passphrase: { type: "str", noLog: true, description: "Encrypts the key." },
  cipher: { type: "str", description: "How it is encrypted; only `auto`." },
  format: {
    type: "str",
    default: "auto_ignore",
    choices: ["pkcs1", "pkcs8", "raw", "auto", "auto_ignore"],
    description: "Format of the file; `auto_ignore` leaves existing files in theirs.",
  },
  format_mismatch: {
    type: "str",
    default: "regenerate",
    choices: ["regenerate", "convert"],
    description: "What happens to a right key in a wrong format.",
  },
  regenerate: {
    type: "str",
    default: "full_idempotence",
    choices: ["never", "fail", "partial_idempotence", "full_idempotence", "always"],
    description: "When an existing key is replaced.",
  },
  select_crypto_backend: BACKEND_OPTION,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const KEY_RETURNS = {
  size: "Bits, as asked for.",
  type: "Kind of key.",
  curve: "Curve of an ECC key.",
  fingerprint: "Digests of the public key by their names.",
  privatekey: "The key, where it was asked for; raw keys in base64.",
} as const;

const REPLACE =
  "Will not proceed. To force regeneration, call the module with `generate` set to `full_idempotence` or `always`, or with `force=true`.";
const REPLACE_PARTIAL =
  "Will not proceed. To force regeneration, call the module with `generate` set to `partial_idempotence`, `full_idempotence` or `always`, or with `force=true`.";

export interface PrivateKeyState {
  /** The key that is there or was made; none in check mode where one would be made. */
  readonly key: KeyObject | undefined;
  /** The new content; `undefined` if the present one is right. */
  readonly content: Buffer | undefined;
  /** A new one is needed, also in check mode. */
  readonly changed: boolean;
}

/**
 * Decides whether the present key will do, and makes or converts one if not.
 * @throws ModuleFailure as `regenerate` says
 */
export async function settlePrivateKey(
  args: Arguments,
  present: Buffer | undefined,
  force: boolean,
  checkMode: boolean,
): Promise<PrivateKeyState> {
  const cipher = textOption(args, "cipher");
  if (cipher !== undefined && cipher !== "auto")
    fail('Cryptography backend can only use "auto" for cipher option.');
  const type = (textOption(args, "type") ?? "RSA") as KeyType;
  const passphrase = textOption(args, "passphrase");
  const asked = textOption(args, "format") ?? "auto_ignore";
  const format = asked.startsWith("auto") ? automaticFormat(type) : (asked as KeyFormat);
  const existing = present ? readPrivateKey(present, passphrase, type) : undefined;
  const verdict = force ? "make" : judge(args, present, existing, asked, format);
  if (verdict === "keep") return { key: existing, content: undefined, changed: false };
  if (checkMode) return { key: existing, content: undefined, changed: true };
  const key =
    verdict === "convert" && existing
      ? existing
      : await generateKey(type, numberOption(args, "size") ?? 4096, textOption(args, "curve"));
  return { key, content: writePrivateKey(key, format, passphrase), changed: true };
}

function judge(
  args: Arguments,
  present: Buffer | undefined,
  existing: KeyObject | undefined,
  asked: string,
  format: KeyFormat,
): "keep" | "convert" | "make" {
  if (!present) return "make";
  const policy = textOption(args, "regenerate") ?? "full_idempotence";
  if (policy === "always") return "make";
  const replaces = policy === "full_idempotence" || policy === "partial_idempotence";
  if (!existing) {
    if (policy === "full_idempotence") return "make";
    return fail(
      `Unable to read the key. The key is protected with a another passphrase / no passphrase or broken. ${REPLACE}`,
    );
  }
  if (!isWanted(args, existing)) {
    if (replaces) return "make";
    if (policy === "fail") fail(`Key has wrong type and/or size. ${REPLACE_PARTIAL}`);
    return "keep";
  }
  if (asked === "auto_ignore" || formatOf(present) === format) return "keep";
  if (textOption(args, "format_mismatch") === "convert") return "convert";
  if (replaces) return "make";
  if (policy === "fail") {
    fail(
      `Key has wrong format. ${REPLACE_PARTIAL} To convert the key, set \`format_mismatch\` to \`convert\`.`,
    );
  }
  return "keep";
}

function isWanted(args: Arguments, key: KeyObject): boolean {
  const type = typeOf(key);
  if (type !== textOption(args, "type")) return false;
  if (type === "ECC") return curveOf(key) === textOption(args, "curve");
  return (type !== "RSA" && type !== "DSA") || sizeOf(key) === numberOption(args, "size");
}

/** The values about a key that results have. */
export function privateKeyFields(
  args: Arguments,
  key: KeyObject | undefined,
): Record<string, Data> {
  const type = textOption(args, "type") ?? "RSA";
  return {
    size: numberOption(args, "size") ?? 4096,
    type,
    ...(type === "ECC" ? { curve: textOption(args, "curve") ?? "" } : {}),
    fingerprint: key ? fingerprints(spki(key)) : null,
  };
}

/** The content as results return it. */
export function contentText(bytes: Buffer | undefined): Data {
  if (!bytes) return null;
  return formatOf(bytes) === "raw" ? bytes.toString("base64") : bytes.toString("utf8");
}

/** A key's side of a difference. */
export function privateKeyInfo(bytes: Buffer | undefined, args: Arguments): Record<string, Data> {
  if (!bytes) return {};
  const key =
    formatOf(bytes) === "raw" ? undefined : readPrivateKey(bytes, textOption(args, "passphrase"));
  if (!key) return { can_parse_key: false, key_is_consistent: null };
  return {
    can_parse_key: true,
    key_is_consistent: null,
    public_key: publicPem(key),
    public_key_fingerprints: shownFingerprint(spki(key)),
    type: typeOf(key),
    public_data: publicData(key),
  };
}

/** Whether `force` or `regenerate: always` asks for a new key. */
export function isForced(args: Arguments): boolean {
  return flagOption(args, "force") ?? false;
}
