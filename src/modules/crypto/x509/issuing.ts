/**
 * Certificates that sign themselves or that one's own authority signs: what x509_certificate and
 * x509_certificate_pipe have in common.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { fail } from "../../lib/failure.ts";
import { flagOption, textOption } from "../../lib/option-values.ts";
import type { Arguments, Data, ModuleContext, OptionSpec } from "../../module.ts";
import {
  type Certificate,
  instantOf,
  keyIdentifier,
  makeCertificate,
  readCertificate,
  serialText,
} from "./certificate.ts";
import { toPem } from "./der.ts";
import {
  authorityKeyIdentifier,
  type Extension,
  findExtension,
  keyIdentifierOf,
  sameExtensions,
  subjectKeyIdentifier,
} from "./extensions.ts";
import { samePublicKey } from "./keys.ts";
import { BACKEND_OPTION, readFile } from "./managed-file.ts";
import type { NameAttribute } from "./names.ts";
import { EXTENSION } from "./oids.ts";
import { privateKeyOption } from "./private-key-option.ts";
import { type Request, readRequest } from "./request.ts";
import { timeOption } from "./times.ts";

const identifierChoice = (of: string) =>
  ({
    type: "str",
    default: "create_if_not_provided",
    choices: ["create_if_not_provided", "always_create", "never_create"],
    description: `When ${of} certificates get a subject key identifier made from the key.`,
  }) as const satisfies OptionSpec;

const version = {
  type: "int",
  default: 3,
  choices: [3],
  description: "Version of the certificate.",
} as const satisfies OptionSpec;

export const CERTIFICATE_OPTIONS = {
  csr_path: { type: "path", description: "The signing request." },
  csr_content: { type: "str", description: "The signing request itself." },
  privatekey_path: { type: "path", description: "Private key of a self-signed certificate." },
  privatekey_content: { type: "str", noLog: true, description: "That key itself." },
  privatekey_passphrase: { type: "str", noLog: true, description: "Its passphrase." },
  ignore_timestamps: {
    type: "bool",
    default: true,
    description: "Existing certificates may be valid for other times.",
  },
  selfsigned_version: version,
  selfsigned_digest: { type: "str", default: "sha256", description: "Digest that is signed." },
  selfsigned_not_before: {
    type: "str",
    default: "+0s",
    aliases: ["selfsigned_notBefore"],
    description: "Valid from: `+1w2d3h`, or `20351231235959Z`.",
  },
  selfsigned_not_after: {
    type: "str",
    default: "+3650d",
    aliases: ["selfsigned_notAfter"],
    description: "Valid until.",
  },
  selfsigned_create_subject_key_identifier: identifierChoice("self-signed"),
  ownca_path: { type: "path", description: "The authority's certificate." },
  ownca_content: { type: "str", description: "The authority's certificate itself." },
  ownca_privatekey_path: { type: "path", description: "The authority's private key." },
  ownca_privatekey_content: { type: "str", noLog: true, description: "That key itself." },
  ownca_privatekey_passphrase: { type: "str", noLog: true, description: "Its passphrase." },
  ownca_digest: { type: "str", default: "sha256", description: "Digest that is signed." },
  ownca_version: version,
  ownca_not_before: { type: "str", default: "+0s", description: "Valid from." },
  ownca_not_after: { type: "str", default: "+3650d", description: "Valid until." },
  ownca_create_subject_key_identifier: identifierChoice("signed"),
  ownca_create_authority_key_identifier: {
    type: "bool",
    default: true,
    description: "Certificates get the identifier of the authority's key.",
  },
  select_crypto_backend: BACKEND_OPTION,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const CERTIFICATE_RULES = {
  mutuallyExclusive: [
    ["csr_path", "csr_content"],
    ["privatekey_path", "privatekey_content"],
    ["ownca_path", "ownca_content"],
    ["ownca_privatekey_path", "ownca_privatekey_content"],
  ],
} as const;

export const CERTIFICATE_RETURNS = {
  privatekey: "The private key's file.",
  csr: "The request's file.",
  ca_cert: "The authority's certificate.",
  ca_privatekey: "The authority's private key.",
  notBefore: "Valid from.",
  notAfter: "Valid until.",
  serial_number: "The serial number; beyond 53 bits as text.",
  certificate: "The certificate, where it was asked for.",
} as const;

/** Everything that a certificate is made from. */
export interface Issue {
  readonly subject: readonly NameAttribute[];
  readonly issuer: readonly NameAttribute[];
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly request: Request | undefined;
  readonly authority: Certificate | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly digest: string;
  /** `create_if_not_provided` and the like. */
  readonly subjectIdentifier: string;
  readonly authorityIdentifier: boolean;
}

/**
 * Reads keys, request and authority as the arguments name them.
 * @param provider `selfsigned` or `ownca`; others are refused by name
 * @throws ModuleFailure
 */
export async function readIssue(
  context: ModuleContext,
  args: Arguments,
  provider: string,
): Promise<Issue> {
  if (provider === "selfsigned") return selfSigned(context, args);
  if (provider === "ownca") return ownAuthority(context, args);
  return fail(
    `the provider ${provider} is not supported: it talks to a service; selfsigned and ownca are`,
  );
}

async function selfSigned(context: ModuleContext, args: Arguments): Promise<Issue> {
  needs(args, "selfsigned", "privatekey_path", "privatekey_content");
  const signer = await privateKeyOption(
    context,
    args,
    "privatekey",
    (path) => `The private key file ${path} does not exist`,
  );
  const request = await requestOption(context, args);
  const subject = request?.subject ?? [];
  return {
    subject,
    issuer: subject,
    publicKey: createPublicKey(signer),
    signer,
    request,
    authority: undefined,
    ...options(args, "selfsigned"),
    authorityIdentifier: false,
  };
}

async function ownAuthority(context: ModuleContext, args: Arguments): Promise<Issue> {
  needs(args, "ownca", "ownca_path", "ownca_content");
  needs(args, "ownca", "ownca_privatekey_path", "ownca_privatekey_content");
  needs(args, "ownca", "csr_path", "csr_content");
  const content = textOption(args, "ownca_content");
  const path = textOption(args, "ownca_path") ?? "";
  const bytes = content === undefined ? await readFile(context, path) : Buffer.from(content);
  if (!bytes) return fail(`The CA certificate file ${path} does not exist`);
  const signer = await privateKeyOption(
    context,
    args,
    "ownca_privatekey",
    (name) => `The CA private key file ${name} does not exist`,
  );
  const authority = readCertificate(bytes) ?? fail("Cannot read the CA certificate");
  const request = await requestOption(context, args);
  if (!request) return fail("Cannot read the certificate signing request");
  if (!request.isSigned) fail("The CSR signature is not valid");
  if (!samePublicKey(authority.publicKey, signer))
    fail("The CA private key does not belong to the CA certificate");
  return {
    subject: request.subject,
    issuer: authority.subject,
    publicKey: request.publicKey,
    signer,
    request,
    authority,
    ...options(args, "ownca"),
    authorityIdentifier: flagOption(args, "ownca_create_authority_key_identifier") ?? true,
  };
}

function needs(args: Arguments, provider: string, ...names: readonly string[]): void {
  const given = names.some((name) => args[name] !== undefined && args[name] !== null);
  if (!given) fail(`One of ${names.join(" and ")} must be specified for the ${provider} provider.`);
}

function options(args: Arguments, prefix: string) {
  const time = (name: string) =>
    timeOption(textOption(args, `${prefix}_${name}`) ?? "", `${prefix}_${name}`);
  return {
    notBefore: time("not_before"),
    notAfter: time("not_after"),
    digest: textOption(args, `${prefix}_digest`) ?? "sha256",
    subjectIdentifier: textOption(args, `${prefix}_create_subject_key_identifier`) ?? "",
  };
}

async function requestOption(
  context: ModuleContext,
  args: Arguments,
): Promise<Request | undefined> {
  const content = textOption(args, "csr_content");
  const path = textOption(args, "csr_path");
  if (content === undefined && path === undefined) return undefined;
  const bytes = content === undefined ? await readFile(context, path ?? "") : Buffer.from(content);
  if (!bytes) return fail(`The certificate signing request file ${path} does not exist`);
  return readRequest(bytes) ?? fail("Cannot read the certificate signing request");
}

/** PEM of the certificate. */
export function issue(wanted: Issue): string {
  const der = makeCertificate(
    { ...wanted, extensions: wantedExtensions(wanted) },
    wanted.signer,
    wanted.digest,
  );
  return toPem(der, "CERTIFICATE");
}

function wantedExtensions(wanted: Issue): Extension[] {
  const asked = wanted.request?.extensions ?? [];
  const extensions = asked.filter(({ oid }) => {
    if (oid === EXTENSION.subjectKeyIdentifier) return wanted.subjectIdentifier !== "always_create";
    return !(oid === EXTENSION.authorityKeyIdentifier && wanted.authorityIdentifier);
  });
  const has = findExtension(extensions, "subjectKeyIdentifier") !== undefined;
  if (!has && wanted.subjectIdentifier !== "never_create")
    extensions.push(subjectKeyIdentifier(keyIdentifier(wanted.publicKey)));
  if (wanted.authorityIdentifier && wanted.authority)
    extensions.push(authorityKeyIdentifier(authorityIdentifier(wanted.authority)));
  return extensions;
}

function authorityIdentifier(authority: Certificate): Buffer {
  const own = findExtension(authority.extensions, "subjectKeyIdentifier");
  return keyIdentifierOf(own) ?? keyIdentifier(authority.publicKey);
}

/** Whether a certificate that is there is the one that is wanted; serial number and digest apart. */
export function isIssued(certificate: Certificate, wanted: Issue, args: Arguments): boolean {
  if (!samePublicKey(certificate.publicKey, wanted.publicKey)) return false;
  if (!certificate.isSignedBy(createPublicKey(wanted.signer))) return false;
  if (wanted.request || wanted.authority) {
    const flat = (name: readonly NameAttribute[]) =>
      name.map(({ oid, value }) => `${oid}=${value}`).join("\n");
    if (flat(certificate.subject) !== flat(wanted.subject)) return false;
    if (flat(certificate.issuer) !== flat(wanted.issuer)) return false;
    if (!sameExtensions(certificate.extensions, wantedExtensions(wanted))) return false;
  }
  if (flagOption(args, "ignore_timestamps") ?? true) return true;
  return (
    instantOf(certificate.notBefore) === wanted.notBefore.getTime() &&
    instantOf(certificate.notAfter) === wanted.notAfter.getTime()
  );
}

/** The values of the arguments that results repeat, and those of the certificate. */
export function certificateFields(
  args: Arguments,
  provider: string | undefined,
  certificate: Certificate | undefined,
): Record<string, Data> {
  const name = (option: string): Data => textOption(args, option) ?? null;
  return {
    privatekey: name("privatekey_path"),
    csr: name("csr_path"),
    ...(provider === "ownca"
      ? { ca_cert: name("ownca_path"), ca_privatekey: name("ownca_privatekey_path") }
      : {}),
    ...(certificate
      ? {
          notBefore: certificate.notBefore,
          notAfter: certificate.notAfter,
          serial_number: serialText(certificate.serial),
        }
      : {}),
  };
}
