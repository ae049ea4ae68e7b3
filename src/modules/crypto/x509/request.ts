/** Certificate signing requests (PKCS#10). @see https://www.rfc-editor.org/rfc/rfc2986 */
import type { KeyObject } from "node:crypto";
import type { Data } from "../../module.ts";
import {
  child,
  children,
  type DerNode,
  decode,
  encode,
  fromPem,
  integer,
  oid,
  readOid,
  sequence,
  tagged,
} from "./der.ts";
import {
  decodeExtensions,
  type Extension,
  encodeExtensions,
  extensionInfo,
  extensionsByOid,
  identifierInfo,
  nameConstraintInfo,
} from "./extensions.ts";
import { publicData, publicKeyOf, publicPem, spki, typeOf } from "./keys.ts";
import { decodeName, encodeName, type NameAttribute, orderedName } from "./names.ts";
import { isSignedBy, signed } from "./signing.ts";

export interface Request {
  readonly subject: readonly NameAttribute[];
  readonly extensions: readonly Extension[];
  readonly publicKey: KeyObject;
  /** Whether it is signed by the key that it names. */
  readonly isSigned: boolean;
}

/** PKCS#9: extensions that are asked for. */
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

/** DER of a request. */
export function makeRequest(
  subject: readonly NameAttribute[],
  extensions: readonly Extension[],
  key: KeyObject,
  digest: string,
): Buffer {
  const attributes =
    extensions.length === 0
      ? []
      : [sequence(oid(EXTENSION_REQUEST), encode(0x31, encodeExtensions(extensions)))];
  const content = sequence(
    integer(0),
    encodeName(subject),
    spki(key),
    tagged(0, true, ...attributes),
  );
  return signed(content, key, digest);
}

/** Reads PEM or DER. @returns `undefined` for what is no request */
export function readRequest(bytes: Buffer): Request | undefined {
  try {
    const der = fromPem(bytes.toString("latin1"), /CERTIFICATE REQUEST$/) ?? bytes;
    const whole = decode(der);
    const content = child(whole, 0);
    const [, subject, info, attributes] = children(content);
    if (!subject || !info) return undefined;
    const publicKey = publicKeyOf(info.whole);
    const asked = attributes ? children(attributes).find(isExtensionRequest) : undefined;
    return {
      subject: decodeName(subject),
      extensions: asked ? decodeExtensions(child(child(asked, 1), 0)) : [],
      publicKey,
      isSigned: isSignedBy(content.whole, child(whole, 1), child(whole, 2), publicKey),
    };
  } catch {
    return undefined;
  }
}

function isExtensionRequest(attribute: DerNode): boolean {
  return readOid(child(attribute, 0)) === EXTENSION_REQUEST;
}

/**
 * What information and differences tell of a request.
 * @param digests of the public key: all of them, or the one that is shown
 */
export function requestInfo(
  request: Request,
  digests: (bytes: Uint8Array) => Record<string, string>,
): Record<string, Data> {
  const { extensions, publicKey, subject } = request;
  return {
    subject: Object.fromEntries(orderedName(subject)),
    subject_ordered: orderedName(subject),
    ...extensionInfo(extensions),
    ...nameConstraintInfo(extensions),
    public_key: publicPem(publicKey),
    public_key_type: typeOf(publicKey),
    public_key_data: publicData(publicKey),
    public_key_fingerprints: digests(spki(publicKey)),
    ...identifierInfo(extensions),
    extensions_by_oid: extensionsByOid(extensions),
    signature_valid: request.isSigned,
  };
}
