/** Private and public keys: reading, making, writing and describing them. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  getHashes,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import { fail } from "../../lib/failure.ts";
import type { Data } from "../../module.ts";
import {
  child,
  children,
  decode,
  integer,
  readInteger,
  readOid,
  sequence,
  TAG,
  toPem,
} from "./der.ts";
import { colons } from "./extensions.ts";

/** Curves: the name in arguments, OpenSSL's, and the identifier. */
const CURVES: readonly (readonly [name: string, openssl: string, oid: string])[] = [
  ["secp192r1", "prime192v1", "1.2.840.10045.3.1.1"],
  ["secp224r1", "secp224r1", "1.3.132.0.33"],
  ["secp256k1", "secp256k1", "1.3.132.0.10"],
  ["secp256r1", "prime256v1", "1.2.840.10045.3.1.7"],
  ["secp384r1", "secp384r1", "1.3.132.0.34"],
  ["secp521r1", "secp521r1", "1.3.132.0.35"],
  ["brainpoolP256r1", "brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7"],
  ["brainpoolP384r1", "brainpoolP384r1", "1.3.36.3.3.2.8.1.1.11"],
  ["brainpoolP512r1", "brainpoolP512r1", "1.3.36.3.3.2.8.1.1.13"],
  ["sect163k1", "sect163k1", "1.3.132.0.1"],
  ["sect163r2", "sect163r2", "1.3.132.0.15"],
  ["sect233k1", "sect233k1", "1.3.132.0.26"],
  ["sect233r1", "sect233r1", "1.3.132.0.27"],
  ["sect283k1", "sect283k1", "1.3.132.0.16"],
  ["sect283r1", "sect283r1", "1.3.132.0.17"],
  ["sect409k1", "sect409k1", "1.3.132.0.36"],
  ["sect409r1", "sect409r1", "1.3.132.0.37"],
  ["sect571k1", "sect571k1", "1.3.132.0.38"],
  ["sect571r1", "sect571r1", "1.3.132.0.39"],
];

export const CURVE_NAMES = [
  "secp224r1",
  "secp256k1",
  "secp256r1",
  "secp384r1",
  "secp521r1",
  "secp192r1",
  "brainpoolP256r1",
  "brainpoolP384r1",
  "brainpoolP512r1",
  "sect163k1",
  "sect163r2",
  "sect233k1",
  "sect233r1",
  "sect283k1",
  "sect283r1",
  "sect409k1",
  "sect409r1",
  "sect571k1",
  "sect571r1",
] as const;

export type KeyType = "RSA" | "DSA" | "ECC" | "Ed25519" | "Ed448" | "X25519" | "X448";
export type KeyFormat = "pkcs1" | "pkcs8" | "raw";

const make = {
  rsa: promisify(generateKeyPair) as (
    type: "rsa",
    options: { modulusLength: number },
  ) => Promise<{ privateKey: KeyObject }>,
  dsa: promisify(generateKeyPair) as (
    type: "dsa",
    options: { modulusLength: number; divisorLength: number },
  ) => Promise<{ privateKey: KeyObject }>,
  ec: promisify(generateKeyPair) as (
    type: "ec",
    options: { namedCurve: string },
  ) => Promise<{ privateKey: KeyObject }>,
  edwards: promisify(generateKeyPair) as unknown as (
    type: "ed25519" | "ed448" | "x25519" | "x448",
  ) => Promise<{ privateKey: KeyObject }>,
};

/** @param size bits, of RSA and DSA keys */
export async function generateKey(
  type: KeyType,
  size: number,
  curve: string | undefined,
): Promise<KeyObject> {
  switch (type) {
    case "RSA":
      return (await make.rsa("rsa", { modulusLength: size })).privateKey;
    case "DSA":
      return (
        await make.dsa("dsa", { modulusLength: size, divisorLength: size < 2048 ? 160 : 256 })
      ).privateKey;
    case "ECC": {
      const namedCurve = CURVES.find(([name]) => name === curve)?.[1] ?? "";
      try {
        return (await make.ec("ec", { namedCurve })).privateKey;
      } catch {
        return fail(`Cryptography backend does not support ${curve}`);
      }
    }
    default:
      return (await make.edwards(type.toLowerCase() as "ed25519")).privateKey;
  }
}

export function typeOf(key: KeyObject): KeyType {
  const types: Readonly<Record<string, KeyType>> = {
    rsa: "RSA",
    "rsa-pss": "RSA",
    dsa: "DSA",
    ec: "ECC",
    ed25519: "Ed25519",
    ed448: "Ed448",
    x25519: "X25519",
    x448: "X448",
  };
  return types[key.asymmetricKeyType ?? ""] ?? fail(`unknown key type ${key.asymmetricKeyType}`);
}

/** Bits of an RSA or DSA key. */
export function sizeOf(key: KeyObject): number | undefined {
  return key.asymmetricKeyDetails?.modulusLength;
}

/** The curve's name in arguments. */
export function curveOf(key: KeyObject): string | undefined {
  const named = key.asymmetricKeyDetails?.namedCurve;
  return CURVES.find(([, openssl]) => openssl === named)?.[0] ?? named;
}

/** The format that a file has, by its first line. */
export function formatOf(bytes: Buffer): KeyFormat {
  const label = /^-----BEGIN ([A-Z ]*)PRIVATE KEY-----/m.exec(bytes.toString("latin1"))?.[1];
  if (label === undefined) return "raw";
  return label === "" || label === "ENCRYPTED " ? "pkcs8" : "pkcs1";
}

const RAW_KEYS: readonly (readonly [type: KeyType, length: number, prefix: string])[] = [
  ["X25519", 32, "302e020100300506032b656e04220420"],
  ["X448", 56, "3046020100300506032b656f043a0438"],
  ["Ed25519", 32, "302e020100300506032b657004220420"],
  ["Ed448", 57, "3047020100300506032b6571043b0439"],
];

/**
 * Reads a private key. An encrypted one needs its passphrase, and one that is not refuses any.
 * @param type tells what raw bytes are
 * @returns `undefined` for what cannot be read
 */
export function readPrivateKey(
  bytes: Buffer,
  passphrase: string | undefined,
  type?: KeyType,
): KeyObject | undefined {
  const text = bytes.toString("latin1");
  if (formatOf(bytes) === "raw") {
    const known = RAW_KEYS.find(([name, length]) => name === type && length === bytes.length);
    if (!known || passphrase !== undefined) return undefined;
    const key = Buffer.concat([Buffer.from(known[2], "hex"), bytes]);
    return createPrivateKey({ key, format: "der", type: "pkcs8" });
  }
  const encrypted = /BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text);
  if (encrypted !== (passphrase !== undefined)) return undefined;
  try {
    return createPrivateKey({ key: bytes, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    return undefined;
  }
}

/** PKCS#1 is also the name for the old formats of other keys, where there is one. */
export function automaticFormat(type: KeyType): KeyFormat {
  return ["RSA", "DSA", "ECC"].includes(type) ? "pkcs1" : "pkcs8";
}

/** The bytes of a private key's file. */
export function writePrivateKey(
  key: KeyObject,
  format: KeyFormat,
  passphrase: string | undefined,
): Buffer {
  const type = typeOf(key);
  const refuse = (): never =>
    fail(
      `Cryptography backend cannot serialize the private key in the required format "${format}"`,
    );
  const secret = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  if (format === "raw") {
    if (!RAW_KEYS.some(([name]) => name === type) || passphrase !== undefined) refuse();
    const der = key.export({ format: "der", type: "pkcs8" });
    return decode(child(decode(der), 2).content).content;
  }
  if (format === "pkcs8")
    return Buffer.from(key.export({ format: "pem", type: "pkcs8", ...secret }));
  if (type === "RSA") return Buffer.from(key.export({ format: "pem", type: "pkcs1", ...secret }));
  if (type === "ECC") return Buffer.from(key.export({ format: "pem", type: "sec1", ...secret }));
  if (type !== "DSA") return refuse();
  if (passphrase !== undefined)
    fail("an encrypted DSA key is written in the format pkcs8 only; set format: pkcs8");
  const whole = decode(key.export({ format: "der", type: "pkcs8" }));
  const numbers = children(child(child(whole, 1), 1)).map(({ whole: number }) => number);
  const secretNumber = child(whole, 2).content;
  const open = child(decode(spki(createPublicKey(key))), 1).content.subarray(1);
  return Buffer.from(
    toPem(sequence(integer(0), ...numbers, open, secretNumber), "DSA PRIVATE KEY"),
  );
}

/** DER of the public key with its algorithm. */
export function spki(key: KeyObject): Buffer {
  return (key.type === "private" ? createPublicKey(key) : key).export({
    format: "der",
    type: "spki",
  });
}

/** The bits of the public key alone, as identifiers of keys are made of. */
export function publicBits(key: KeyObject): Buffer {
  return child(decode(spki(key)), 1).content.subarray(1);
}

/** Digests of the public key by name: those that Python always has, and which OpenSSL calls otherwise. */
const FINGERPRINTS: Readonly<Record<string, string>> = {
  blake2b: "blake2b512",
  blake2s: "blake2s256",
  md5: "md5",
  sha1: "sha1",
  sha224: "sha224",
  sha256: "sha256",
  sha384: "sha384",
  sha3_224: "sha3-224",
  sha3_256: "sha3-256",
  sha3_384: "sha3-384",
  sha3_512: "sha3-512",
  sha512: "sha512",
  shake_128: "shake128",
  shake_256: "shake256",
};

const available = new Set(getHashes());

export function fingerprints(bytes: Uint8Array): Record<string, string> {
  return Object.fromEntries(
    Object.entries(FINGERPRINTS)
      .filter(([, name]) => available.has(name) || available.has(`RSA-${name.toUpperCase()}`))
      .map(([name, openssl]) => {
        const options = openssl.startsWith("shake") ? { outputLength: 32 } : undefined;
        return [name, colons(createHash(openssl, options).update(bytes).digest())];
      }),
  );
}

/** The one fingerprint that differences show. */
export function shownFingerprint(bytes: Uint8Array): Record<string, string> {
  return { sha256: colons(createHash("sha256").update(bytes).digest()) };
}

/** Numbers too large for a double stay exact as text; small ones are numbers. */
function bigNumber(value: bigint): Data {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

function fromUrl(text: string | undefined): bigint {
  return BigInt(`0x${Buffer.from(text ?? "", "base64url").toString("hex") || "0"}`);
}

/** `public_data` of information: size, modulus, curve and the like. */
export function publicData(key: KeyObject): Record<string, Data> {
  const open = key.type === "private" ? createPublicKey(key) : key;
  switch (typeOf(open)) {
    case "RSA": {
      const parts = children(decode(publicBits(open))).map(readInteger);
      return {
        size: sizeOf(open) ?? 0,
        modulus: bigNumber(parts[0] ?? 0n),
        exponent: bigNumber(parts[1] ?? 0n),
      };
    }
    case "DSA": {
      const info = decode(spki(open));
      const [p = 0n, q = 0n, g = 0n] = children(child(child(info, 0), 1)).map(readInteger);
      const y = readInteger(decode(publicBits(open)));
      return {
        size: sizeOf(open) ?? 0,
        p: bigNumber(p),
        q: bigNumber(q),
        g: bigNumber(g),
        y: bigNumber(y),
      };
    }
    case "ECC": {
      const point = publicBits(open).subarray(1);
      const half = point.length / 2;
      const number = (bytes: Buffer) => BigInt(`0x${bytes.toString("hex")}`);
      const curve = curveOf(open) ?? "";
      return {
        curve,
        x: bigNumber(number(point.subarray(0, half))),
        y: bigNumber(number(point.subarray(half))),
        exponent_size: Number(/\d+/.exec(curve)?.[0] ?? half * 8),
      };
    }
    default:
      return {};
  }
}

/** Secret numbers of a key, for those who ask for them. */
export function privateData(key: KeyObject): Record<string, Data> {
  const type = typeOf(key);
  if (type === "DSA") {
    const x = readInteger(
      decode(child(decode(key.export({ format: "der", type: "pkcs8" })), 2).content),
    );
    return { x: bigNumber(x) };
  }
  if (type !== "RSA" && type !== "ECC") return {};
  const jwk = key.export({ format: "jwk" });
  return type === "RSA"
    ? {
        p: bigNumber(fromUrl(jwk.p)),
        q: bigNumber(fromUrl(jwk.q)),
        exponent: bigNumber(fromUrl(jwk.d)),
      }
    : { multiplier: bigNumber(fromUrl(jwk.d)) };
}

export function publicPem(key: KeyObject): string {
  const open = key.type === "private" ? createPublicKey(key) : key;
  return String(open.export({ format: "pem", type: "spki" }));
}

/** The public key of a subjectPublicKeyInfo. */
export function publicKeyOf(info: Buffer): KeyObject {
  return createPublicKey({ key: info, format: "der", type: "spki" });
}

export function samePublicKey(left: KeyObject, right: KeyObject): boolean {
  return spki(left).equals(spki(right));
}

/** The identifier of the key's algorithm, for what node cannot read. */
export function algorithmOf(info: Buffer): string {
  const algorithm = child(decode(info), 0);
  return algorithm.tag === TAG.sequence ? readOid(child(algorithm, 0)) : "";
}
