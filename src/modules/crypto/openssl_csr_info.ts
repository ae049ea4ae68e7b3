/**
 * `community.crypto.openssl_csr_info`: what is in a certificate signing request.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_csr_info_module.html
 */
import { fail, failing } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { fingerprints } from "./x509/keys.ts";
import { BACKEND_OPTION, NAME_ENCODING_OPTION, readFile } from "./x509/managed-file.ts";
import { readRequest, requestInfo } from "./x509/request.ts";

export const spec = {
  name: "community.crypto.openssl_csr_info",
  summary: "Tells what is in a certificate signing request",
  options: {
    path: { type: "path", description: "The request's file." },
    content: { type: "str", description: "The request itself." },
    name_encoding: NAME_ENCODING_OPTION,
    select_crypto_backend: BACKEND_OPTION,
  },
  requiredOneOf: [["path", "content"]],
  mutuallyExclusive: [["path", "content"]],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    subject: "Attributes of the subject.",
    subject_ordered: "The same, as pairs in their order.",
    public_key: "The public key.",
    public_key_type: "Its kind.",
    public_key_data: "Its numbers; those beyond 53 bits as text.",
    public_key_fingerprints: "Its digests.",
    signature_valid: "Whether the key itself signed it.",
    extensions_by_oid: "All extensions.",
    subject_alt_name: "Further names.",
    key_usage: "What the key may be used for.",
    extended_key_usage: "Purposes.",
    basic_constraints: "Constraints of an authority.",
    ocsp_must_staple: "Whether a stapled OCSP answer is wanted.",
    name_constraints_permitted: "Names that the authority may speak for.",
    name_constraints_excluded: "Names that the authority may not speak for.",
    subject_key_identifier: "Identifier of the key.",
    authority_key_identifier: "Identifier of the authority's key.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path");
    const content = textOption(args, "content");
    const bytes = path === undefined ? Buffer.from(content ?? "") : await readFile(context, path);
    if (!bytes) return fail(`[Errno 2] No such file or directory: '${path}'`);
    const request = readRequest(bytes);
    if (!request) return fail("Cannot read the certificate signing request");
    return { ...requestInfo(request, fingerprints), changed: false };
  },
);
