/**
 * `community.crypto.x509_certificate_pipe`: a certificate that is kept in no file.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/x509_certificate_pipe_module.html
 */
import { failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { readCertificate } from "./x509/certificate.ts";
import {
  CERTIFICATE_OPTIONS,
  CERTIFICATE_RETURNS,
  CERTIFICATE_RULES,
  certificateFields,
  isIssued,
  issue,
  readIssue,
} from "./x509/issuing.ts";

export const spec = {
  name: "community.crypto.x509_certificate_pipe",
  summary: "Makes a certificate, self-signed or signed by one's own authority",
  options: {
    provider: {
      type: "str",
      required: true,
      choices: ["entrust", "ownca", "selfsigned"],
      description: "Who signs; entrust is refused.",
    },
    content: { type: "str", description: "The present certificate; kept where it is right." },
    force: { type: "bool", default: false, description: "Make a new one in any case." },
    ...CERTIFICATE_OPTIONS,
  },
  ...CERTIFICATE_RULES,
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: CERTIFICATE_RETURNS,
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const provider = textOption(args, "provider") ?? "";
    const wanted = await readIssue(context, args, provider);
    const present = textOption(args, "content");
    const existing = present ? readCertificate(Buffer.from(present)) : undefined;
    const isRight = existing !== undefined && isIssued(existing, wanted, args);
    const makes = !isRight || (flagOption(args, "force") ?? false);
    const certificate = makes && !context.checkMode ? issue(wanted) : (present ?? null);
    const shown = certificate ? readCertificate(Buffer.from(certificate)) : undefined;
    return { ...certificateFields(args, provider, shown), certificate, changed: makes };
  },
);
