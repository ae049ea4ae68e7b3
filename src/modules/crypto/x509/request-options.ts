/** What openssl_csr and openssl_csr_pipe have in common: options, and the request they ask for. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { fail } from "../../lib/failure.ts";
import { flagOption, listOption, numberOption, textOption } from "../../lib/option-values.ts";
import type { Arguments, Data, OptionSpec } from "../../module.ts";
import { keyIdentifier } from "./certificate.ts";
import {
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoints,
  type Extension,
  extendedKeyUsage,
  keyUsage,
  mustStaple,
  nameConstraints,
  sameExtensions,
  subjectAltName,
  subjectKeyIdentifier,
} from "./extensions.ts";
import { samePublicKey } from "./keys.ts";
import { BACKEND_OPTION } from "./managed-file.ts";
import { attributeOid, type NameAttribute } from "./names.ts";
import type { Request } from "./request.ts";

const critical = (of: string, aliases: readonly string[] = []) =>
  ({
    type: "bool",
    default: false,
    aliases,
    description: `Whether ${of} must be understood.`,
  }) as const satisfies OptionSpec;

const names = (description: string, aliases: readonly string[] = []) =>
  ({ type: "list", elements: "str", aliases, description }) as const satisfies OptionSpec;

export const REQUEST_OPTIONS = {
  digest: { type: "str", default: "sha256", description: "Digest that is signed." },
  privatekey_path: { type: "path", description: "Private key that signs." },
  privatekey_content: { type: "str", noLog: true, description: "The private key itself." },
  privatekey_passphrase: { type: "str", noLog: true, description: "Passphrase of the key." },
  version: { type: "int", default: 1, choices: [1], description: "Version of the request." },
  subject: { type: "dict", description: "Attributes of the subject; lists for several values." },
  subject_ordered: {
    type: "list",
    elements: "dict",
    description: "Attributes of the subject, one a dictionary, in this order.",
  },
  country_name: { type: "str", aliases: ["C", "countryName"], description: "Country." },
  state_or_province_name: {
    type: "str",
    aliases: ["ST", "stateOrProvinceName"],
    description: "State or province.",
  },
  locality_name: { type: "str", aliases: ["L", "localityName"], description: "Locality." },
  organization_name: {
    type: "str",
    aliases: ["O", "organizationName"],
    description: "Organization.",
  },
  organizational_unit_name: {
    type: "str",
    aliases: ["OU", "organizationalUnitName"],
    description: "Organizational unit.",
  },
  common_name: { type: "str", aliases: ["CN", "commonName"], description: "Common name." },
  email_address: { type: "str", aliases: ["E", "emailAddress"], description: "E-mail address." },
  subject_alt_name: names("Further names, such as `DNS:www.example.com`.", ["subjectAltName"]),
  subject_alt_name_critical: critical("`subject_alt_name`", ["subjectAltName_critical"]),
  use_common_name_for_san: {
    type: "bool",
    default: true,
    aliases: ["useCommonNameForSAN"],
    description: "The common name is a DNS name, where no further names are given.",
  },
  key_usage: names("What the key may be used for.", ["keyUsage"]),
  key_usage_critical: critical("`key_usage`", ["keyUsage_critical"]),
  extended_key_usage: names("Purposes of the key.", ["extKeyUsage", "extendedKeyUsage"]),
  extended_key_usage_critical: critical("`extended_key_usage`", [
    "extKeyUsage_critical",
    "extendedKeyUsage_critical",
  ]),
  basic_constraints: names("`CA:TRUE` and `pathlen:0` for authorities.", ["basicConstraints"]),
  basic_constraints_critical: critical("`basic_constraints`", ["basicConstraints_critical"]),
  ocsp_must_staple: {
    type: "bool",
    default: false,
    aliases: ["ocspMustStaple"],
    description: "Servers must send a stapled OCSP answer.",
  },
  ocsp_must_staple_critical: critical("`ocsp_must_staple`", ["ocspMustStaple_critical"]),
  name_constraints_permitted: names("Names that the authority may speak for."),
  name_constraints_excluded: names("Names that the authority may not speak for."),
  name_constraints_critical: critical("these"),
  create_subject_key_identifier: {
    type: "bool",
    default: false,
    description: "Make the subject key identifier from the key.",
  },
  subject_key_identifier: { type: "str", description: "Subject key identifier, as `00:11:22`." },
  authority_key_identifier: {
    type: "str",
    description: "Authority key identifier, as `00:11:22`.",
  },
  authority_cert_issuer: names("Names of who issued the authority's certificate."),
  authority_cert_serial_number: {
    type: "int",
    description: "Serial number of the authority's certificate.",
  },
  crl_distribution_points: {
    type: "list",
    elements: "dict",
    description: "Where lists of revoked certificates are.",
    options: {
      full_name: names("Where the list is."),
      relative_name: names("Name relative to the issuer; not supported."),
      crl_issuer: names("Who issues the list."),
      reasons: {
        type: "list",
        elements: "str",
        choices: [
          "key_compromise",
          "ca_compromise",
          "affiliation_changed",
          "superseded",
          "cessation_of_operation",
          "certificate_hold",
          "privilege_withdrawn",
          "aa_compromise",
        ],
        description: "Reasons that the list covers.",
      },
    },
  },
  select_crypto_backend: BACKEND_OPTION,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const REQUEST_RULES = {
  requiredTogether: [["authority_cert_issuer", "authority_cert_serial_number"]],
  mutuallyExclusive: [
    ["create_subject_key_identifier", "subject_key_identifier"],
    ["privatekey_path", "privatekey_content"],
    ["subject", "subject_ordered"],
  ],
} as const;

export const REQUEST_RETURNS = {
  privatekey: "The private key's file.",
  subject: "Attributes of the subject, as pairs.",
  subjectAltName: "Further names.",
  keyUsage: "What the key may be used for.",
  extendedKeyUsage: "Purposes of the key.",
  basicConstraints: "Constraints of an authority.",
  ocspMustStaple: "Whether a stapled OCSP answer is wanted.",
  name_constraints_permitted: "Names that the authority may speak for.",
  name_constraints_excluded: "Names that the authority may not speak for.",
  csr: "The request, where it was asked for.",
} as const;

export interface WantedRequest {
  readonly subject: readonly NameAttribute[];
  readonly extensions: readonly Extension[];
  /** Whether the order of the subject's attributes counts. */
  readonly isOrdered: boolean;
}

const SINGLE: readonly (readonly [option: string, short: string])[] = [
  ["country_name", "C"],
  ["state_or_province_name", "ST"],
  ["locality_name", "L"],
  ["organization_name", "O"],
  ["organizational_unit_name", "OU"],
  ["common_name", "CN"],
  ["email_address", "emailAddress"],
];

/** The attributes of the subject as arguments give them: name as written, and value. */
export function subjectOption(args: Arguments): [name: string, value: string][] {
  const pairs: [string, string][] = SINGLE.flatMap(([option, short]) => {
    const value = textOption(args, option);
    return value === undefined ? [] : [[short, value] as [string, string]];
  });
  const add = (entries: Data | undefined) => {
    if (typeof entries !== "object" || entries === null || Array.isArray(entries)) return;
    for (const name of Object.keys(entries)) {
      const values = listOption(entries as Arguments, name) ?? [];
      for (const value of values) pairs.push([name, value]);
    }
  };
  add(args.subject);
  const ordered = args.subject_ordered;
  if (Array.isArray(ordered)) {
    for (const entry of ordered as readonly Data[]) {
      if (typeof entry !== "object" || entry === null || Object.keys(entry).length !== 1)
        fail("subject_ordered: every dictionary must have exactly one key/value pair");
      add(entry);
    }
  }
  return pairs;
}

/** The further names: those that are given, or the common name. */
export function alternativeNames(args: Arguments): string[] | undefined {
  const given = listOption(args, "subject_alt_name");
  if (given && given.length > 0) return given;
  if (!flagOption(args, "use_common_name_for_san")) return undefined;
  const common = subjectOption(args).find(([name]) => name === "CN" || name === "commonName");
  return common ? [`DNS:${common[1]}`] : undefined;
}

/** @throws ModuleFailure for names that nobody knows */
export function wantedRequest(args: Arguments, key: KeyObject): WantedRequest {
  const subject = subjectOption(args).map(([name, value]) => ({ oid: attributeOid(name), value }));
  const list = (name: string) => listOption(args, name) ?? [];
  const flag = (name: string) => flagOption(args, name) ?? false;
  const extensions: Extension[] = [];
  const further = alternativeNames(args);
  if (further) extensions.push(subjectAltName(further, flag("subject_alt_name_critical")));
  const usages = list("key_usage");
  if (usages.length > 0) extensions.push(keyUsage(usages, flag("key_usage_critical")));
  const purposes = list("extended_key_usage");
  if (purposes.length > 0)
    extensions.push(extendedKeyUsage(purposes, flag("extended_key_usage_critical")));
  const constraints = list("basic_constraints");
  if (constraints.length > 0)
    extensions.push(basicConstraints(constraints, flag("basic_constraints_critical")));
  if (flag("ocsp_must_staple")) extensions.push(mustStaple(flag("ocsp_must_staple_critical")));
  const permitted = list("name_constraints_permitted");
  const excluded = list("name_constraints_excluded");
  if (permitted.length + excluded.length > 0)
    extensions.push(nameConstraints(permitted, excluded, flag("name_constraints_critical")));
  extensions.push(...identifiers(args, key));
  const points = distributionPoints(args);
  if (points) extensions.push(crlDistributionPoints(points));
  return { subject, extensions, isOrdered: args.subject_ordered !== undefined };
}

function identifiers(args: Arguments, key: KeyObject): Extension[] {
  const extensions: Extension[] = [];
  const own = flagOption(args, "create_subject_key_identifier")
    ? keyIdentifier(createPublicKey(key))
    : identifierOption(args, "subject_key_identifier");
  if (own) extensions.push(subjectKeyIdentifier(own));
  const authority = identifierOption(args, "authority_key_identifier");
  const serial = numberOption(args, "authority_cert_serial_number");
  if (authority || serial !== undefined) {
    const issuer = listOption(args, "authority_cert_issuer") ?? [];
    const number = serial === undefined ? undefined : BigInt(serial);
    extensions.push(authorityKeyIdentifier(authority, issuer, number));
  }
  return extensions;
}

function identifierOption(args: Arguments, name: string): Buffer | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  const hex = text.replaceAll(":", "");
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(hex)) fail(`Cannot parse ${name}: it is no hexadecimal text`);
  return Buffer.from(hex, "hex");
}

function distributionPoints(args: Arguments) {
  const points = args.crl_distribution_points;
  if (!Array.isArray(points)) return undefined;
  return (points as readonly Arguments[]).map((point) => {
    if (point.relative_name !== undefined && point.relative_name !== null)
      fail("crl_distribution_points: relative_name is not supported; give full_name");
    const [fullName, issuer] = [listOption(point, "full_name"), listOption(point, "crl_issuer")];
    if (!fullName && !issuer)
      fail("crl_distribution_points: one of full_name and crl_issuer is required");
    return { fullName, issuer, reasons: listOption(point, "reasons") };
  });
}

/** Whether a request that is there is the one that is wanted. */
export function isWantedRequest(request: Request, wanted: WantedRequest, key: KeyObject): boolean {
  const flat = (subject: readonly NameAttribute[]) => {
    const lines = subject.map(({ oid, value }) => `${oid}=${value}`);
    return (wanted.isOrdered ? lines : lines.sort()).join("\n");
  };
  return (
    request.isSigned &&
    samePublicKey(request.publicKey, key) &&
    flat(request.subject) === flat(wanted.subject) &&
    sameExtensions(request.extensions, wanted.extensions)
  );
}

/** The values of the arguments that results repeat. */
export function requestFields(args: Arguments): Record<string, Data> {
  const list = (name: string): Data => listOption(args, name) ?? null;
  return {
    privatekey: textOption(args, "privatekey_path") ?? null,
    subject: subjectOption(args),
    subjectAltName: alternativeNames(args) ?? null,
    keyUsage: list("key_usage"),
    extendedKeyUsage: list("extended_key_usage"),
    basicConstraints: list("basic_constraints"),
    ocspMustStaple: flagOption(args, "ocsp_must_staple") ?? false,
    name_constraints_permitted: listOption(args, "name_constraints_permitted") ?? [],
    name_constraints_excluded: listOption(args, "name_constraints_excluded") ?? [],
  };
}
