/**
 * `community.crypto.openssl_publickey`: the public key of a private one, in a file.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_publickey_module.html
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { ATTRIBUTE_OPTIONS } from "../lib/attributes.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import {
  fingerprints,
  publicData,
  publicPem,
  shownFingerprint,
  spki,
  typeOf,
} from "./x509/keys.ts";
import { BACKEND_OPTION, keepFile, readManaged, removeManaged } from "./x509/managed-file.ts";
import { privateKeyOption } from "./x509/private-key-option.ts";
import { opensshPublicKey } from "./x509/ssh-key.ts";

export const spec = {
  name: "community.crypto.openssl_publickey",
  summary: "Keeps the public key of a private one in a file",
  options: {
    path: { type: "path", required: true, description: "The public key's file." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether it shall be there.",
    },
    format: {
      type: "str",
      default: "PEM",
      choices: ["OpenSSH", "PEM"],
      description: "Format of the file.",
    },
    privatekey_path: { type: "path", description: "The private key." },
    privatekey_content: { type: "str", noLog: true, description: "The private key itself." },
    privatekey_passphrase: { type: "str", noLog: true, description: "Its passphrase." },
    force: { type: "bool", default: false, description: "Write it in any case." },
    backup: { type: "bool", default: false, description: "Keep the old one under another name." },
    return_content: { type: "bool", default: false, description: "Return the key." },
    select_crypto_backend: BACKEND_OPTION,
    ...ATTRIBUTE_OPTIONS,
  },
  requiredIf: [["state", "present", ["privatekey_path", "privatekey_content"], true]],
  mutuallyExclusive: [["privatekey_path", "privatekey_content"]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    filename: "The public key's file.",
    format: "Its format.",
    privatekey: "The private key's file.",
    fingerprint: "Digests of the public key by their names.",
    publickey: "The key, where it was asked for.",
    backup_file: "The copy of the old key.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const format = textOption(args, "format") ?? "PEM";
    const fields = {
      privatekey: textOption(args, "privatekey_path") ?? null,
      filename: path,
      format,
    };
    if (textOption(args, "state") === "absent") {
      const removed = await removeManaged(context, args, path);
      const diff = { before: {}, after: {} };
      return { ...fields, changed: removed.changed, ...removed.fields, diff };
    }
    const file = await readManaged(context, path);
    const key = await privateKeyOption(
      context,
      args,
      "privatekey",
      (name) => `The private key ${name} does not exist`,
    );
    const open = createPublicKey(key);
    const isRight = file.bytes !== undefined && isKey(file.bytes, open, format);
    const makes = !isRight || (flagOption(args, "force") ?? false);
    const content = makes ? Buffer.from(textOf(open, format)) : undefined;
    const kept = await keepFile(context, args, file, content);
    const now = context.checkMode ? file.bytes : (content ?? file.bytes);
    return {
      ...fields,
      fingerprint: fingerprints(spki(open)),
      changed: makes || kept.changed,
      ...(flagOption(args, "return_content") ? { publickey: now?.toString() ?? null } : {}),
      ...kept.fields,
      diff: { before: info(file.bytes), after: info(now) },
    };
  },
);

function textOf(key: KeyObject, format: string): string {
  if (format === "PEM") return publicPem(key);
  return opensshPublicKey(key) ?? fail(`keys of type ${typeOf(key)} have no format OpenSSH`);
}

/** The same key in that format; a comment behind an SSH key does not count. */
function isKey(bytes: Buffer, key: KeyObject, format: string): boolean {
  const text = bytes.toString();
  if (format === "OpenSSH") {
    const words = (line: string) => line.trim().split(/\s+/).slice(0, 2).join(" ");
    return words(text) === words(opensshPublicKey(key) ?? "");
  }
  if (!text.includes("-----BEGIN PUBLIC KEY-----")) return false;
  try {
    return spki(createPublicKey(text)).equals(spki(key));
  } catch {
    return false;
  }
}

function info(bytes: Buffer | undefined): Record<string, Data> {
  if (!bytes) return {};
  try {
    const key = createPublicKey(bytes);
    return {
      can_parse_key: true,
      fingerprints: shownFingerprint(spki(key)),
      type: typeOf(key),
      public_data: publicData(key),
    };
  } catch {
    return { can_parse_key: false };
  }
}
