/** Signatures of requests and certificates: the algorithm that a key and a digest make. */
import { type KeyObject, sign, verify } from "node:crypto";
import { fail } from "../../lib/failure.ts";
import { bitString, type DerNode, encode, oid, readOid, sequence, TAG } from "./der.ts";
import { typeOf } from "./keys.ts";
import { SIGNATURES } from "./oids.ts";

const RSA: Readonly<Record<string, string>> = {
  md5: "1.2.840.113549.1.1.4",
  sha1: "1.2.840.113549.1.1.5",
  sha224: "1.2.840.113549.1.1.14",
  sha256: "1.2.840.113549.1.1.11",
  sha384: "1.2.840.113549.1.1.12",
  sha512: "1.2.840.113549.1.1.13",
};
const DSA: Readonly<Record<string, string>> = {
  sha1: "1.2.840.10040.4.3",
  sha224: "2.16.840.1.101.3.4.3.1",
  sha256: "2.16.840.1.101.3.4.3.2",
};
const ECDSA: Readonly<Record<string, string>> = {
  sha1: "1.2.840.10045.4.1",
  sha224: "1.2.840.10045.4.3.1",
  sha256: "1.2.840.10045.4.3.2",
  sha384: "1.2.840.10045.4.3.3",
  sha512: "1.2.840.10045.4.3.4",
};

/** DER of the algorithm that signs. @throws ModuleFailure for keys that cannot sign */
export function signatureAlgorithm(key: KeyObject, digest: string): Buffer {
  if (!Object.hasOwn(RSA, digest)) fail(`Unsupported digest "${digest}"`);
  const type = typeOf(key);
  if (type === "Ed25519") return sequence(oid("1.3.101.112"));
  if (type === "Ed448") return sequence(oid("1.3.101.113"));
  if (type === "X25519" || type === "X448")
    return fail(`keys of type ${type} exchange secrets; they cannot sign`);
  const table = type === "RSA" ? RSA : type === "DSA" ? DSA : ECDSA;
  const id = table[digest] ?? fail(`a ${type} key cannot sign with digest "${digest}"`);
  return type === "RSA" ? sequence(oid(id), encode(0x05)) : sequence(oid(id));
}

/** The signed whole: what is signed, the algorithm, the signature. */
export function signed(content: Buffer, key: KeyObject, digest: string): Buffer {
  const algorithm = signatureAlgorithm(key, digest);
  const isEdwards = ["Ed25519", "Ed448"].includes(typeOf(key));
  return sequence(content, algorithm, bitString(sign(isEdwards ? null : digest, content, key)));
}

/** Whether the signature over the content is that key's. */
export function isSignedBy(
  content: Buffer,
  algorithm: DerNode,
  signature: DerNode,
  key: KeyObject,
): boolean {
  const name = algorithmName(algorithm);
  const digest = /sha?(\d+)$/i.exec(name)?.[1] ?? /sha(\d+)|md5/i.exec(name)?.[1];
  const hash = name.startsWith("ED") ? null : name.startsWith("md5") ? "md5" : `sha${digest}`;
  try {
    return verify(hash, content, key, signature.content.subarray(1));
  } catch {
    return false;
  }
}

/** The long name of the algorithm. */
export function algorithmName(algorithm: DerNode): string {
  if (algorithm.tag !== TAG.sequence) return "";
  const id = readOid({ ...algorithm, content: firstOf(algorithm) });
  return SIGNATURES[id] ?? id;
}

function firstOf(algorithm: DerNode): Buffer {
  const length = algorithm.content[1] ?? 0;
  return algorithm.content.subarray(2, 2 + length);
}
