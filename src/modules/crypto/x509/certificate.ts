/** Certificates: making, reading and describing them. @see https://www.rfc-editor.org/rfc/rfc5280 */
import { createHash, type KeyObject, randomBytes } from "node:crypto";
import type { Data } from "../../module.ts";
import {
  child,
  children,
  type DerNode,
  decode,
  fromPem,
  integer,
  readInteger,
  readTime,
  sequence,
  tagged,
  time,
} from "./der.ts";
import {
  authorityInformation,
  decodeExtensions,
  type Extension,
  encodeExtensions,
  extensionInfo,
  extensionsByOid,
  identifierInfo,
} from "./extensions.ts";
import { publicBits, publicData, publicKeyOf, publicPem, spki, typeOf } from "./keys.ts";
import { decodeName, encodeName, type NameAttribute, orderedName } from "./names.ts";
import { algorithmName, isSignedBy, signatureAlgorithm, signed } from "./signing.ts";

export interface Certificate {
  readonly der: Buffer;
  readonly version: number;
  readonly serial: bigint;
  readonly signatureAlgorithm: string;
  readonly issuer: readonly NameAttribute[];
  readonly subject: readonly NameAttribute[];
  /** `20260131235959Z` */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Extension[];
  isSignedBy(key: KeyObject): boolean;
}

export interface CertificateRequest {
  readonly subject: readonly NameAttribute[];
  readonly issuer: readonly NameAttribute[];
  readonly publicKey: KeyObject;
  readonly extensions: readonly Extension[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** DER of a certificate, version 3, with a serial number by chance. */
export function makeCertificate(
  wanted: CertificateRequest,
  signer: KeyObject,
  digest: string,
): Buffer {
  // 159 bits: positive, at most 20 octets.
  const serial = BigInt(`0x${randomBytes(20).toString("hex")}`) >> 1n;
  const content = sequence(
    tagged(0, true, integer(2)),
    integer(serial),
    signatureAlgorithm(signer, digest),
    encodeName(wanted.issuer),
    sequence(time(wanted.notBefore), time(wanted.notAfter)),
    encodeName(wanted.subject),
    spki(wanted.publicKey),
    ...(wanted.extensions.length > 0 ? [tagged(3, true, encodeExtensions(wanted.extensions))] : []),
  );
  return signed(content, signer, digest);
}

/** Reads PEM (the first certificate in it) or DER. @returns `undefined` for what is none */
export function readCertificate(bytes: Buffer): Certificate | undefined {
  try {
    const der = fromPem(bytes.toString("latin1"), /^(?:X509 |TRUSTED )?CERTIFICATE$/) ?? bytes;
    const whole = decode(der);
    const [content, algorithm, signature] = children(whole);
    if (!content || !algorithm || !signature) return undefined;
    const parts = children(content);
    const versioned = parts[0]?.tag === 0xa0;
    const part = (index: number): DerNode => {
      const found = parts[index + (versioned ? 1 : 0)];
      if (!found) throw new Error("a part is missing");
      return found;
    };
    const version = versioned ? Number(readInteger(child(parts[0] as DerNode, 0))) + 1 : 1;
    const extensions = parts.find(({ tag }) => tag === 0xa3);
    return {
      der: whole.whole,
      version,
      serial: readInteger(part(0)),
      signatureAlgorithm: algorithmName(algorithm),
      issuer: decodeName(part(2)),
      notBefore: readTime(child(part(3), 0)),
      notAfter: readTime(child(part(3), 1)),
      subject: decodeName(part(4)),
      publicKey: publicKeyOf(part(5).whole),
      extensions: extensions ? decodeExtensions(child(extensions, 0)) : [],
      isSignedBy: (key) => isSignedBy(content.whole, algorithm, signature, key),
    };
  } catch {
    return undefined;
  }
}

/** The identifier of a key: RFC 5280, 4.2.1.2, method (1). */
export function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha1").update(publicBits(key)).digest();
}

/** Milliseconds since 1970 of `20260131235959Z`. */
export function instantOf(text: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?/.exec(text) ?? [];
  return Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second ?? 0),
  );
}

/**
 * What information and differences tell of a certificate.
 * @param digests all of them, or the one that is shown
 */
export function certificateInfo(
  certificate: Certificate,
  digests: (bytes: Uint8Array) => Record<string, string>,
): Record<string, Data> {
  const { extensions, publicKey } = certificate;
  return {
    signature_algorithm: certificate.signatureAlgorithm,
    subject: Object.fromEntries(orderedName(certificate.subject)),
    subject_ordered: orderedName(certificate.subject),
    issuer: Object.fromEntries(orderedName(certificate.issuer)),
    issuer_ordered: orderedName(certificate.issuer),
    version: certificate.version,
    ...extensionInfo(extensions),
    not_before: certificate.notBefore,
    not_after: certificate.notAfter,
    expired: instantOf(certificate.notAfter) < Date.now(),
    public_key: publicPem(publicKey),
    public_key_type: typeOf(publicKey),
    public_key_data: publicData(publicKey),
    public_key_fingerprints: digests(spki(publicKey)),
    fingerprints: digests(certificate.der),
    ...identifierInfo(extensions),
    serial_number: serialText(certificate.serial),
    extensions_by_oid: extensionsByOid(extensions),
    ...authorityInformation(extensions),
  };
}

/** A serial number as a number while a double holds it exactly, else as its digits. */
export function serialText(serial: bigint): Data {
  return serial <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(serial) : serial.toString();
}
