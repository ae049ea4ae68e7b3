/**
 * `community.crypto.openssl_dhparam`: parameters for Diffie-Hellman, made here. A safe prime of
 * 4096 bits takes minutes on any machine.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_dhparam_module.html
 */
import { createDiffieHellman, generatePrime } from "node:crypto";
import { promisify } from "node:util";
import { ATTRIBUTE_OPTIONS } from "../lib/attributes.ts";
import { failing } from "../lib/failure.ts";
import { flagOption, numberOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { children, decode, fromPem, integer, readInteger, sequence, toPem } from "./x509/der.ts";
import { BACKEND_OPTION, keepFile, readManaged, removeManaged } from "./x509/managed-file.ts";

export const spec = {
  name: "community.crypto.openssl_dhparam",
  summary: "Keeps parameters for Diffie-Hellman",
  options: {
    path: { type: "path", required: true, description: "The parameters' file." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether it shall be there.",
    },
    size: { type: "int", default: 4096, description: "Bits of the prime." },
    force: { type: "bool", default: false, description: "Make new ones in any case." },
    backup: { type: "bool", default: false, description: "Keep the old ones under another name." },
    return_content: { type: "bool", default: false, description: "Return the parameters." },
    select_crypto_backend: { ...BACKEND_OPTION, choices: ["auto", "cryptography", "openssl"] },
    ...ATTRIBUTE_OPTIONS,
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    filename: "The parameters' file.",
    size: "Bits of the prime.",
    dhparams: "The parameters, where they were asked for.",
    backup_file: "The copy of the old ones.",
  },
} as const satisfies ModuleSpec;

const prime = promisify(generatePrime) as unknown as (
  size: number,
  options: { safe: true; add: bigint; rem: bigint; bigint: true },
) => Promise<bigint>;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const size = numberOption(args, "size") ?? 4096;
    if (textOption(args, "state") === "absent") {
      const { changed, fields } = await removeManaged(context, args, path);
      return { size, filename: path, changed, ...fields };
    }
    const file = await readManaged(context, path, true);
    const isRight = file.bytes !== undefined && isSafe(file.bytes, size);
    const makes = !isRight || (flagOption(args, "force") ?? false);
    const content = makes && !context.checkMode ? await make(size) : undefined;
    const kept = await keepFile(context, args, file, content);
    const now = content ?? file.bytes;
    return {
      size,
      filename: path,
      changed: makes || kept.changed,
      ...(flagOption(args, "return_content") ? { dhparams: now?.toString() ?? null } : {}),
      ...kept.fields,
    };
  },
);

/** A safe prime for which 2 is a good generator (p = 23 modulo 24, as OpenSSL chooses it). */
async function make(size: number): Promise<Buffer> {
  const p = await prime(size, { safe: true, add: 24n, rem: 23n, bigint: true });
  return Buffer.from(toPem(sequence(integer(p), integer(2)), "DH PARAMETERS"));
}

function isSafe(bytes: Buffer, size: number): boolean {
  const der = fromPem(bytes.toString("latin1"), /^DH PARAMETERS$/);
  if (!der) return false;
  try {
    const [p = 0n, g = 0n] = children(decode(der)).map(readInteger);
    if (p.toString(2).length !== size) return false;
    const number = (value: bigint) => {
      const hex = value.toString(16);
      return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
    };
    // 1 and 2: the prime is none, or not a safe one. Generators are looked at less strictly.
    return (createDiffieHellman(number(p), number(g)).verifyError & 3) === 0;
  } catch {
    return false;
  }
}
