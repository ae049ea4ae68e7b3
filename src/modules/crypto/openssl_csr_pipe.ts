/**
 * `community.crypto.openssl_csr_pipe`: a certificate signing request that is kept in no file.
 * @see https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_csr_pipe_module.html
 */
import { failing } from "../lib/failure.ts";
import { textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { toPem } from "./x509/der.ts";
import { privateKeyOption } from "./x509/private-key-option.ts";
import { makeRequest, readRequest } from "./x509/request.ts";
import {
  isWantedRequest,
  REQUEST_OPTIONS,
  REQUEST_RETURNS,
  REQUEST_RULES,
  requestFields,
  wantedRequest,
} from "./x509/request-options.ts";

export const spec = {
  name: "community.crypto.openssl_csr_pipe",
  summary: "Makes a certificate signing request",
  options: {
    content: { type: "str", description: "The present request; kept where it is right." },
    ...REQUEST_OPTIONS,
  },
  ...REQUEST_RULES,
  requiredOneOf: [["privatekey_path", "privatekey_content"]],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: REQUEST_RETURNS,
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const key = await privateKeyOption(
      context,
      args,
      "privatekey",
      (name) => `[Errno 2] No such file or directory: '${name}'`,
    );
    const wanted = wantedRequest(args, key);
    const present = textOption(args, "content");
    const existing = present ? readRequest(Buffer.from(present)) : undefined;
    const isRight = existing !== undefined && isWantedRequest(existing, wanted, key);
    if (isRight || context.checkMode)
      return { ...requestFields(args), csr: present ?? null, changed: !isRight };
    const digest = textOption(args, "digest") ?? "";
    const made = makeRequest(wanted.subject, wanted.extensions, key, digest);
    return { ...requestFields(args), csr: toPem(made, "CERTIFICATE REQUEST"), changed: true };
  },
);
