/**
 * `community.crypto.openssl_privatekey_pipe`: a private key that is kept in no file.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_privatekey_pipe_module.html
 */
import { failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import {
  contentText,
  KEY_OPTIONS,
  KEY_RETURNS,
  privateKeyFields,
  settlePrivateKey,
} from "./x509/private-key.ts";

export const spec = {
  name: "community.crypto.openssl_privatekey_pipe",
  summary: "Makes a private key for TLS",
  options: {
    content: { type: "str", noLog: true, description: "The present key; kept where it is right." },
    content_base64: { type: "bool", default: false, description: "It is in base64." },
    return_current_key: {
      type: "bool",
      default: false,
      description: "Return the present key also when it is kept.",
    },
    ...KEY_OPTIONS,
  },
  requiredTogether: [["cipher", "passphrase"]],
  requiredIf: [["type", "ECC", ["curve"]]],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: KEY_RETURNS,
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, args: Arguments): Promise<ModuleResult> => {
    const text = textOption(args, "content");
    const encoding = flagOption(args, "content_base64") ? "base64" : "utf8";
    const present = text === undefined ? undefined : Buffer.from(text, encoding);
    const state = await settlePrivateKey(args, present, false, context.checkMode);
    const returned =
      state.content ?? (flagOption(args, "return_current_key") ? present : undefined);
    return {
      ...privateKeyFields(args, state.key),
      ...(returned ? { privatekey: contentText(returned) } : {}),
      changed: state.changed,
    };
  },
);
