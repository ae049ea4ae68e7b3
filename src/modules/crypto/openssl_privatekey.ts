/**
 * `community.crypto.openssl_privatekey`. The key is made here and put in the target, which needs no
 * program for it.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_privatekey_module.html
 */
import { ATTRIBUTE_OPTIONS } from "../lib/attributes.ts";
import { failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { keepFile, readManaged, removeManaged } from "./x509/managed-file.ts";
import {
  contentText,
  isForced,
  KEY_OPTIONS,
  KEY_RETURNS,
  privateKeyFields,
  privateKeyInfo,
  settlePrivateKey,
} from "./x509/private-key.ts";

export const spec = {
  name: "community.crypto.openssl_privatekey",
  summary: "Keeps a private key for TLS",
  options: {
    path: { type: "path", required: true, description: "The key's file." },
    state: {
      type: "str",
      default: "present",
      choices: ["present", "absent"],
      description: "Whether it shall be there.",
    },
    force: { type: "bool", default: false, description: "Make a new key in any case." },
    backup: { type: "bool", default: false, description: "Keep the old key under another name." },
    return_content: { type: "bool", default: false, description: "Return the key." },
    ...KEY_OPTIONS,
    ...ATTRIBUTE_OPTIONS,
  },
  requiredTogether: [["cipher", "passphrase"]],
  requiredIf: [["type", "ECC", ["curve"]]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    filename: "The key's file.",
    backup_file: "The copy of the old key.",
    ...KEY_RETURNS,
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const returns = flagOption(args, "return_content") ?? false;
    if (textOption(args, "state") === "absent") {
      const { changed, fields } = await removeManaged(context, args, path);
      const diff = { before: {}, after: {} };
      return { ...privateKeyFields(args, undefined), diff, filename: path, changed, ...fields };
    }
    const file = await readManaged(context, path);
    const state = await settlePrivateKey(args, file.bytes, isForced(args), context.checkMode);
    const kept = await keepFile(context, args, file, state.content, "0600");
    const now = state.content ?? file.bytes;
    return {
      ...privateKeyFields(args, state.key),
      ...(returns ? { privatekey: contentText(now) } : {}),
      diff: { before: privateKeyInfo(file.bytes, args), after: privateKeyInfo(now, args) },
      filename: path,
      changed: state.changed || kept.changed,
      ...kept.fields,
    };
  },
);
