/**
 * `community.crypto.openssl_privatekey_info`: what a private key is.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_privatekey_info_module.html
 */
import { createPublicKey, sign, verify } from "node:crypto";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import {
  fingerprints,
  privateData,
  publicData,
  publicPem,
  readPrivateKey,
  spki,
  typeOf,
} from "./x509/keys.ts";
import { BACKEND_OPTION, readFile } from "./x509/managed-file.ts";

export const spec = {
  name: "community.crypto.openssl_privatekey_info",
  summary: "Tells what a private key is",
  options: {
    path: { type: "path", description: "The key's file." },
    content: { type: "str", noLog: true, description: "The key itself." },
    passphrase: { type: "str", noLog: true, description: "Its passphrase." },
    return_private_key_data: {
      type: "bool",
      default: false,
      description: "Return also its secret numbers.",
    },
    check_consistency: {
      type: "bool",
      default: false,
      description: "Whether the private and the public part belong together.",
    },
    select_crypto_backend: BACKEND_OPTION,
  },
  requiredOneOf: [["path", "content"]],
  mutuallyExclusive: [["path", "content"]],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    can_load_key: "Whether there is such a file.",
    can_parse_key: "Whether it is a key.",
    key_is_consistent: "Whether its parts belong together.",
    public_key: "The public key.",
    public_key_fingerprints: "Its digests.",
    type: "Kind of key.",
    public_data: "Its public numbers; those beyond 53 bits as text.",
    private_data: "Its secret numbers, where they were asked for.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path");
    const content = textOption(args, "content");
    const bytes = path === undefined ? Buffer.from(content ?? "") : await readFile(context, path);
    const unread = { can_load_key: false, can_parse_key: false, key_is_consistent: null };
    if (!bytes) return fail(`[Errno 2] No such file or directory: '${path}'`, unread);
    const key = readPrivateKey(bytes, textOption(args, "passphrase"));
    if (!key) {
      return fail("Wrong passphrase provided for private key", { ...unread, can_load_key: true });
    }
    const type = typeOf(key);
    const canSign = !type.startsWith("X");
    const consistent = () => {
      const digest = type.startsWith("Ed") ? null : "sha256";
      const text = Buffer.from("consistent");
      return verify(digest, text, createPublicKey(key), sign(digest, text, key));
    };
    return {
      can_load_key: true,
      can_parse_key: true,
      key_is_consistent: flagOption(args, "check_consistency") && canSign ? consistent() : null,
      public_key: publicPem(key),
      public_key_fingerprints: fingerprints(spki(key)),
      type,
      public_data: publicData(key),
      ...(flagOption(args, "return_private_key_data") ? { private_data: privateData(key) } : {}),
      changed: false,
    };
  },
);
