/**
 * Extensions of requests and certificates: made from arguments, and read for comparison and
 * information. @see https://www.rfc-editor.org/rfc/rfc5280#section-4.2
 */
import { fail } from "../../lib/failure.ts";
import type { Data } from "../../module.ts";
import {
  boolean,
  child,
  children,
  type DerNode,
  decode,
  encode,
  integer,
  namedBits,
  octetString,
  oid,
  readBits,
  readInteger,
  readOid,
  readText,
  sequence,
  TAG,
  tagged,
} from "./der.ts";
import { encodeGeneralName, generalNameText } from "./names.ts";
import { EXTENSION, KEY_USAGES, longNameOf, oidOf } from "./oids.ts";

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** DER of the value. */
  readonly value: Buffer;
}

export function encodeExtensions(extensions: readonly Extension[]): Buffer {
  return sequence(
    ...extensions.map((each) =>
      sequence(oid(each.oid), ...(each.critical ? [boolean(true)] : []), octetString(each.value)),
    ),
  );
}

export function decodeExtensions(node: DerNode): Extension[] {
  return children(node).map((each) => {
    const parts = children(each);
    const critical = parts[1]?.tag === TAG.boolean && parts[1].content[0] !== 0;
    const value = parts.at(-1)?.content ?? Buffer.alloc(0);
    return { oid: readOid(child(each, 0)), critical, value };
  });
}

export function findExtension(
  extensions: readonly Extension[],
  name: keyof typeof EXTENSION,
): Extension | undefined {
  return extensions.find((each) => each.oid === EXTENSION[name]);
}

export function keyUsage(names: readonly string[], critical: boolean): Extension {
  const bits = names.map((name) => {
    const wanted = name === "contentCommitment" ? "nonRepudiation" : name;
    const bit = KEY_USAGES.findIndex(([argument, shown]) => [argument, shown].includes(wanted));
    return bit < 0 ? fail(`Unknown key usage "${name}"`) : bit;
  });
  return { oid: EXTENSION.keyUsage, critical, value: namedBits(bits) };
}

export function extendedKeyUsage(names: readonly string[], critical: boolean): Extension {
  const purposes = names.map((name) => oid(oidOf(name) ?? fail(`Cannot find OID for "${name}"`)));
  return { oid: EXTENSION.extendedKeyUsage, critical, value: sequence(...purposes) };
}

export function basicConstraints(constraints: readonly string[], critical: boolean): Extension {
  let authority = false;
  let length: number | undefined;
  for (const constraint of constraints) {
    if (/^CA:(?:TRUE|true)$/.test(constraint)) authority = true;
    else if (/^CA:(?:FALSE|false)$/.test(constraint)) authority = false;
    else {
      const path = /^pathlen(?:Constraint)?:(\d+)$/i.exec(constraint)?.[1];
      if (path === undefined) fail(`Unknown basic constraint "${constraint}"`);
      length = Number(path);
    }
  }
  const parts = [
    ...(authority ? [boolean(true)] : []),
    ...(length === undefined ? [] : [integer(length)]),
  ];
  return { oid: EXTENSION.basicConstraints, critical, value: sequence(...parts) };
}

/** RFC 7633: the server must send a stapled answer of its authority. */
export function mustStaple(critical: boolean): Extension {
  return { oid: EXTENSION.tlsFeature, critical, value: sequence(integer(5)) };
}

export function subjectAltName(names: readonly string[], critical: boolean): Extension {
  const value = sequence(...names.map((name) => encodeGeneralName(name)));
  return { oid: EXTENSION.subjectAltName, critical, value };
}

export function nameConstraints(
  permitted: readonly string[],
  excluded: readonly string[],
  critical: boolean,
): Extension {
  const subtrees = (number: number, names: readonly string[], what: string) =>
    names.length === 0
      ? []
      : [
          tagged(
            number,
            true,
            ...names.map((name) => sequence(encodeGeneralName(name, what, true))),
          ),
        ];
  const value = sequence(
    ...subtrees(0, permitted, "name constraints permitted"),
    ...subtrees(1, excluded, "name constraints excluded"),
  );
  return { oid: EXTENSION.nameConstraints, critical, value };
}

export function subjectKeyIdentifier(identifier: Uint8Array): Extension {
  return {
    oid: EXTENSION.subjectKeyIdentifier,
    critical: false,
    value: octetString(identifier),
  };
}

export function authorityKeyIdentifier(
  identifier: Uint8Array | undefined,
  issuer: readonly string[] = [],
  serial?: bigint,
): Extension {
  const names = issuer.map((name) => encodeGeneralName(name, "authority cert issuer"));
  const value = sequence(
    ...(identifier ? [tagged(0, false, identifier)] : []),
    ...(names.length > 0 ? [tagged(1, true, ...names)] : []),
    ...(serial === undefined ? [] : [tagged(2, false, decode(integer(serial)).content)]),
  );
  return { oid: EXTENSION.authorityKeyIdentifier, critical: false, value };
}

/** Bits of `ReasonFlags`; bit 0 is not used. */
const REASONS: readonly string[] = [
  "",
  "key_compromise",
  "ca_compromise",
  "affiliation_changed",
  "superseded",
  "cessation_of_operation",
  "certificate_hold",
  "privilege_withdrawn",
  "aa_compromise",
];

export interface DistributionPoint {
  readonly fullName: readonly string[] | undefined;
  readonly issuer: readonly string[] | undefined;
  readonly reasons: readonly string[] | undefined;
}

export function crlDistributionPoints(points: readonly DistributionPoint[]): Extension {
  const names = (list: readonly string[]) =>
    list.map((name) => encodeGeneralName(name, "CRL distribution point"));
  const value = sequence(
    ...points.map(({ fullName, issuer, reasons }) =>
      sequence(
        ...(fullName ? [tagged(0, true, tagged(0, true, ...names(fullName)))] : []),
        ...(reasons
          ? [encode(0x81, decode(namedBits(reasons.map((r) => REASONS.indexOf(r)))).content)]
          : []),
        ...(issuer ? [tagged(2, true, ...names(issuer))] : []),
      ),
    ),
  );
  return { oid: EXTENSION.crlDistributionPoints, critical: false, value };
}

/** `00:11:22` of bytes. */
export function colons(bytes: Uint8Array): string {
  return (Buffer.from(bytes).toString("hex").match(/../g) ?? []).join(":");
}

/** The key identifier in an authority key identifier extension, or in a subject key identifier. */
export function keyIdentifierOf(extension: Extension | undefined): Buffer | undefined {
  if (!extension) return undefined;
  const node = decode(extension.value);
  if (extension.oid === EXTENSION.subjectKeyIdentifier) return node.content;
  return children(node).find(({ tag }) => tag === 0x80)?.content;
}

/** Everything that information about a request or certificate tells of its extensions. */
export function extensionInfo(extensions: readonly Extension[]): Record<string, Data> {
  const find = (name: keyof typeof EXTENSION) => findExtension(extensions, name);
  const read = <T extends Data>(name: keyof typeof EXTENSION, how: (node: DerNode) => T) => {
    const extension = find(name);
    return extension ? how(decode(extension.value)) : null;
  };
  const critical = (name: keyof typeof EXTENSION) => find(name)?.critical ?? false;
  return {
    key_usage: read("keyUsage", (node) =>
      readBits(node)
        .map((bit) => KEY_USAGES[bit]?.[1] ?? String(bit))
        .sort(),
    ),
    key_usage_critical: critical("keyUsage"),
    extended_key_usage: read("extendedKeyUsage", (node) =>
      children(node)
        .map((each) => longNameOf(readOid(each)))
        .sort(),
    ),
    extended_key_usage_critical: critical("extendedKeyUsage"),
    basic_constraints: read("basicConstraints", (node) => {
      const parts = children(node);
      const length = parts.find(({ tag }) => tag === TAG.integer);
      const authority = parts[0]?.tag === TAG.boolean && parts[0].content[0] !== 0;
      return [
        `CA:${authority ? "TRUE" : "FALSE"}`,
        ...(length ? [`pathlen:${readInteger(length)}`] : []),
      ];
    }),
    basic_constraints_critical: critical("basicConstraints"),
    ocsp_must_staple: read("tlsFeature", (node) =>
      children(node).some((each) => [5n, 17n].includes(readInteger(each))),
    ),
    ocsp_must_staple_critical: critical("tlsFeature"),
    subject_alt_name: read("subjectAltName", (node) => children(node).map(generalNameText)),
    subject_alt_name_critical: critical("subjectAltName"),
  };
}

/** Names that an authority may or may not speak for. */
export function nameConstraintInfo(extensions: readonly Extension[]): Record<string, Data> {
  const extension = findExtension(extensions, "nameConstraints");
  const names = (tag: number): Data => {
    if (!extension) return null;
    const subtrees = children(decode(extension.value)).find((each) => each.tag === tag);
    return subtrees ? children(subtrees).map((each) => generalNameText(child(each, 0))) : [];
  };
  return {
    name_constraints_permitted: names(0xa0),
    name_constraints_excluded: names(0xa1),
    name_constraints_critical: extension?.critical ?? false,
  };
}

/** Whose key this is, and whose key signed it. */
export function identifierInfo(extensions: readonly Extension[]): Record<string, Data> {
  const subject = keyIdentifierOf(findExtension(extensions, "subjectKeyIdentifier"));
  const authority = findExtension(extensions, "authorityKeyIdentifier");
  const parts = authority ? children(decode(authority.value)) : [];
  const key = keyIdentifierOf(authority);
  const issuer = parts.find(({ tag }) => tag === 0xa1);
  const serial = parts.find(({ tag }) => tag === 0x82);
  return {
    subject_key_identifier: subject ? colons(subject) : null,
    authority_key_identifier: key ? colons(key) : null,
    authority_cert_issuer: issuer ? children(issuer).map(generalNameText) : null,
    authority_cert_serial_number: serial ? Number(readInteger(serial)) : null,
  };
}

export function extensionsByOid(extensions: readonly Extension[]): Data {
  return Object.fromEntries(
    extensions.map((each) => [
      each.oid,
      { critical: each.critical, value: each.value.toString("base64") },
    ]),
  );
}

/** Where an authority says that a certificate is still good, and where its own certificate is. */
export function authorityInformation(extensions: readonly Extension[]): Record<string, Data> {
  const extension = findExtension(extensions, "authorityInformation");
  const uri = (method: string): Data => {
    const found = extension
      ? children(decode(extension.value)).find((each) => readOid(child(each, 0)) === method)
      : undefined;
    const name = found ? child(found, 1) : undefined;
    return name && (name.tag & 0x1f) === 6 ? readText(name) : null;
  };
  return { ocsp_uri: uri("1.3.6.1.5.5.7.48.1"), issuer_uri: uri("1.3.6.1.5.5.7.48.2") };
}

/** The same extensions, in any order; names and purposes in any order too. */
export function sameExtensions(left: readonly Extension[], right: readonly Extension[]): boolean {
  const canonical = (extensions: readonly Extension[]) =>
    extensions
      .map((each) => `${each.oid} ${each.critical} ${canonicalValue(each).toString("hex")}`)
      .sort()
      .join("\n");
  return canonical(left) === canonical(right);
}

function canonicalValue({ oid: id, value }: Extension): Buffer {
  if (id !== EXTENSION.subjectAltName && id !== EXTENSION.extendedKeyUsage) return value;
  const parts = children(decode(value)).map(({ whole }) => whole);
  return Buffer.concat(parts.sort(Buffer.compare));
}
