/**
 * `community.crypto.x509_certificate`, for the providers `selfsigned` and `ownca`. It is made and
 * signed here.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/x509_certificate_module.html
 */
import { ATTRIBUTE_OPTIONS } from "../lib/attributes.ts";
import { failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { certificateInfo, readCertificate } from "./x509/certificate.ts";
import {
  CERTIFICATE_OPTIONS,
  CERTIFICATE_RETURNS,
  CERTIFICATE_RULES,
  certificateFields,
  isIssued,
  issue,
  readIssue,
} from "./x509/issuing.ts";
import { shownFingerprint } from "./x509/keys.ts";
import { keepFile, readManaged, removeManaged } from "./x509/managed-file.ts";

export const spec = {
  name: "community.crypto.x509_certificate",
  aliases: ["community.crypto.openssl_certificate", "openssl_certificate"],
  summary: "Keeps a certificate, self-signed or signed by one's own authority",
  options: {
    path: { type: "path", required: true, description: "The certificate's file." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether it shall be there.",
    },
    provider: {
      type: "str",
      choices: ["acme", "entrust", "ownca", "selfsigned"],
      description: "Who signs; acme and entrust are refused.",
    },
    force: { type: "bool", default: false, description: "Make a new one in any case." },
    backup: { type: "bool", default: false, description: "Keep the old one under another name." },
    return_content: { type: "bool", default: false, description: "Return the certificate." },
    ...CERTIFICATE_OPTIONS,
    ...ATTRIBUTE_OPTIONS,
  },
  ...CERTIFICATE_RULES,
  requiredIf: [["state", "present", ["provider"]]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    filename: "The certificate's file.",
    backup_file: "The copy of the old certificate.",
    ...CERTIFICATE_RETURNS,
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const provider = textOption(args, "provider");
    if (textOption(args, "state") === "absent") {
      const { changed, fields } = await removeManaged(context, args, path);
      return {
        changed,
        filename: path,
        ...certificateFields(args, undefined, undefined),
        ...fields,
      };
    }
    const file = await readManaged(context, path);
    const wanted = await readIssue(context, args, provider ?? "");
    const existing = file.bytes ? readCertificate(file.bytes) : undefined;
    const isRight = existing !== undefined && isIssued(existing, wanted, args);
    const makes = !isRight || (flagOption(args, "force") ?? false);
    const made = makes ? issue(wanted) : undefined;
    const kept = await keepFile(context, args, file, made ? Buffer.from(made) : undefined);
    const now = context.checkMode || !made ? file.bytes : Buffer.from(made);
    const shown = made ? readCertificate(Buffer.from(made)) : existing;
    return {
      ...certificateFields(args, provider, shown),
      ...(flagOption(args, "return_content") ? { certificate: now?.toString() ?? null } : {}),
      diff: { before: info(file.bytes), after: info(now) },
      changed: makes || kept.changed,
      filename: path,
      ...kept.fields,
    };
  },
);

function info(bytes: Buffer | undefined): Record<string, Data> {
  if (!bytes) return {};
  const certificate = readCertificate(bytes);
  if (!certificate) return { can_parse_certificate: false };
  return { ...certificateInfo(certificate, shownFingerprint), can_parse_certificate: true };
}
