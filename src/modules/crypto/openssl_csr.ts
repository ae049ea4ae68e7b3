/**
 * `community.crypto.openssl_csr`: a certificate signing request, made and signed here.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_csr_module.html
 */
import { ATTRIBUTE_OPTIONS } from "../lib/attributes.ts";
import { failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { toPem } from "./x509/der.ts";
import { shownFingerprint } from "./x509/keys.ts";
import { keepFile, readManaged, removeManaged } from "./x509/managed-file.ts";
import { privateKeyOption } from "./x509/private-key-option.ts";
import { makeRequest, readRequest, requestInfo } from "./x509/request.ts";
import {
  isWantedRequest,
  REQUEST_OPTIONS,
  REQUEST_RETURNS,
  REQUEST_RULES,
  requestFields,
  wantedRequest,
} from "./x509/request-options.ts";

export const spec = {
  name: "community.crypto.openssl_csr",
  summary: "Keeps a certificate signing request",
  options: {
    path: { type: "path", required: true, description: "The request's file." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether it shall be there.",
    },
    force: { type: "bool", default: false, description: "Make a new request in any case." },
    backup: { type: "bool", default: false, description: "Keep the old one under another name." },
    return_content: { type: "bool", default: false, description: "Return the request." },
    ...REQUEST_OPTIONS,
    ...ATTRIBUTE_OPTIONS,
  },
  ...REQUEST_RULES,
  requiredIf: [["state", "present", ["privatekey_path", "privatekey_content"], true]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    filename: "The request's file.",
    backup_file: "The copy of the old request.",
    ...REQUEST_RETURNS,
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    if (textOption(args, "state") === "absent") {
      const { changed, fields } = await removeManaged(context, args, path);
      const diff = { before: {}, after: {} };
      return { ...requestFields(args), diff, filename: path, changed, ...fields };
    }
    const file = await readManaged(context, path);
    const key = await privateKeyOption(
      context,
      args,
      "privatekey",
      (name) => `[Errno 2] No such file or directory: '${name}'`,
    );
    const wanted = wantedRequest(args, key);
    const existing = file.bytes ? readRequest(file.bytes) : undefined;
    const isRight = existing !== undefined && isWantedRequest(existing, wanted, key);
    const makes = !isRight || (flagOption(args, "force") ?? false);
    const made = makes
      ? makeRequest(wanted.subject, wanted.extensions, key, textOption(args, "digest") ?? "")
      : undefined;
    const content = made ? Buffer.from(toPem(made, "CERTIFICATE REQUEST")) : undefined;
    const kept = await keepFile(context, args, file, content);
    const now = context.checkMode ? file.bytes : (content ?? file.bytes);
    return {
      ...requestFields(args),
      ...(flagOption(args, "return_content") ? { csr: now?.toString() ?? null } : {}),
      diff: { before: info(file.bytes), after: info(now) },
      filename: path,
      changed: makes || kept.changed,
      ...kept.fields,
    };
  },
);

function info(bytes: Buffer | undefined): Record<string, Data> {
  if (!bytes) return {};
  const request = readRequest(bytes);
  if (!request) return { can_parse_csr: false };
  return { ...requestInfo(request, shownFingerprint), can_parse_csr: true };
}
