/**
 * `community.crypto.x509_certificate_info`: what is in a certificate.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/x509_certificate_info_module.html
 */
import { fail, failing } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { certificateInfo, instantOf, readCertificate } from "./x509/certificate.ts";
import { fingerprints } from "./x509/keys.ts";
import { BACKEND_OPTION, NAME_ENCODING_OPTION, readFile } from "./x509/managed-file.ts";
import { timeOption } from "./x509/times.ts";

export const spec = {
  name: "community.crypto.x509_certificate_info",
  aliases: ["community.crypto.openssl_certificate_info", "openssl_certificate_info"],
  summary: "Tells what is in a certificate",
  options: {
    path: { type: "path", description: "The certificate's file." },
    content: { type: "str", description: "The certificate itself." },
    valid_at: { type: "dict", description: "Points in time, by names of one's own." },
    name_encoding: NAME_ENCODING_OPTION,
    select_crypto_backend: BACKEND_OPTION,
  },
  requiredOneOf: [["path", "content"]],
  mutuallyExclusive: [["path", "content"]],
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {
    subject: "Attributes of the subject.",
    issuer: "Attributes of the issuer.",
    not_before: "Valid from.",
    not_after: "Valid until.",
    expired: "Whether it is no longer valid.",
    valid_at: "Whether it is valid at those points in time.",
    serial_number: "The serial number; beyond 53 bits as text.",
    version: "Version.",
    signature_algorithm: "How it is signed.",
    fingerprints: "Digests of the certificate.",
    public_key: "The public key.",
    public_key_type: "Its kind.",
    public_key_data: "Its numbers; those beyond 53 bits as text.",
    public_key_fingerprints: "Its digests.",
    extensions_by_oid: "All extensions.",
    subject_alt_name: "Further names.",
    key_usage: "What the key may be used for.",
    extended_key_usage: "Purposes.",
    basic_constraints: "Constraints of an authority.",
    subject_key_identifier: "Identifier of the key.",
    authority_key_identifier: "Identifier of the authority's key.",
    ocsp_uri: "Where to ask whether it is still good.",
    issuer_uri: "Where the authority's certificate is.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path");
    const content = textOption(args, "content");
    const bytes = path === undefined ? Buffer.from(content ?? "") : await readFile(context, path);
    if (!bytes) return fail(`[Errno 2] No such file or directory: '${path}'`);
    const certificate = readCertificate(bytes);
    if (!certificate) return fail("Cannot read the certificate");
    const points = (args.valid_at ?? {}) as Readonly<Record<string, Data>>;
    const valid = Object.entries(points).map(([name, value]) => {
      if (typeof value !== "string") fail(`The value for valid_at.${name} must be of type string`);
      const time = timeOption(String(value), `valid_at.${name}`).getTime();
      const from = instantOf(certificate.notBefore);
      return [name, from <= time && time <= instantOf(certificate.notAfter)] as const;
    });
    return {
      ...certificateInfo(certificate, fingerprints),
      valid_at: Object.fromEntries(valid),
      changed: false,
    };
  },
);
