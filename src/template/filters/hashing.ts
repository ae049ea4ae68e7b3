import { createHash, getHashes, randomInt } from "node:crypto";
import { PyBytes, textOf, type Value } from "../../values/model.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import { FilterError } from "../errors.ts";
import type { Filter } from "../plugin.ts";
import { bcrypt } from "../python/bcrypt.ts";
import { md5Crypt, randomSalt, sha2Crypt } from "../python/crypt.ts";
import { raise } from "../python/raise.ts";
import { isVaultText, openVault, parseVault, sealVault } from "../python/vault-format.ts";
import { Undefined } from "../undefined.ts";
import { define, plain, textFrom } from "./shared.ts";

/** Hashes, passwords, base 64 and UUIDs. */

const DIGESTS: Readonly<Record<string, string>> = {
  blake2b: "blake2b512",
  blake2s: "blake2s256",
  md5: "md5",
  ripemd160: "ripemd160",
  sha1: "sha1",
  sha224: "sha224",
  sha256: "sha256",
  sha384: "sha384",
  sha512: "sha512",
  sha512_224: "sha512-224",
  sha512_256: "sha512-256",
  sha3_224: "sha3-224",
  sha3_256: "sha3-256",
  sha3_384: "sha3-384",
  sha3_512: "sha3-512",
};

function bytesOf(value: Value): Uint8Array {
  return value instanceof PyBytes ? value.bytes : Buffer.from(textFrom(value), "utf8");
}

function digest(name: string, value: Value): string | null {
  const algorithm = Object.hasOwn(DIGESTS, name) ? DIGESTS[name] : undefined;
  if (algorithm === undefined || !getHashes().includes(algorithm)) return null;
  return createHash(algorithm).update(bytesOf(value)).digest("hex");
}

const hash = define("get_hash", ["hashtype?"], (value, parameters) => {
  const name = textFrom(parameters.get("hashtype", "sha1"));
  const result = digest(name, value);
  if (result === null) throw new FilterError(`unsupported hash type ${name}`);
  return result;
});

const LATIN: Readonly<Record<string, BufferEncoding>> = {
  "utf-8": "utf8",
  utf8: "utf8",
  "utf-16-le": "utf16le",
  "utf-16le": "utf16le",
  latin1: "latin1",
  "latin-1": "latin1",
  "iso-8859-1": "latin1",
  ascii: "ascii",
};

/** A text in an encoding that Python knows; "utf-16" has a byte order mark in front. */
function encodeText(text: string, encoding: string): Buffer {
  const name = encoding.toLowerCase().replaceAll("_", "-");
  const known = LATIN[name];
  if (known) return Buffer.from(text, known);
  if (name === "utf-16-be") return Buffer.from(text, "utf16le").swap16();
  if (name === "utf-16") return Buffer.from(`\ufeff${text}`, "utf16le");
  return raise("LookupError", `unknown encoding: ${encoding}`);
}

function decodeText(bytes: Buffer, encoding: string): string {
  const name = encoding.toLowerCase().replaceAll("_", "-");
  const known = LATIN[name];
  if (known && known !== "utf8") return bytes.toString(known);
  try {
    return new TextDecoder(name === "utf8" ? "utf-8" : name, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) return raise("LookupError", `unknown encoding: ${encoding}`);
    return raise("UnicodeDecodeError", `'${encoding}' codec can't decode the bytes`);
  }
}

const b64encode = define("b64encode", ["encoding?"], (value, parameters) => {
  if (value instanceof PyBytes) return Buffer.from(value.bytes).toString("base64");
  return encodeText(textFrom(value), textFrom(parameters.get("encoding", "utf-8"))).toString(
    "base64",
  );
});

const b64decode = define("b64decode", ["encoding?"], (value, parameters) => {
  const text = Buffer.from(bytesOf(value))
    .toString("latin1")
    .replace(/[^A-Za-z0-9+/=]/g, "");
  const body = text.replace(/=+$/, "");
  const padding = text.length - body.length;
  if (body.length % 4 === 1) {
    raise(
      "Error",
      `Invalid base64-encoded string: number of data characters (${body.length}) cannot be 1 more than a multiple of 4`,
    );
  }
  if (
    (body.length + padding) % 4 !== 0 &&
    body.length % 4 !== 0 &&
    padding < 4 - (body.length % 4)
  ) {
    raise("Error", "Incorrect padding");
  }
  return decodeText(Buffer.from(body, "base64"), textFrom(parameters.get("encoding", "utf-8")));
});

/** The namespace of Ansible's UUIDs. */
const ANSIBLE_NAMESPACE = "361e6d51-faec-444a-9079-341386da8e2e";

const toUuid = define("to_uuid", ["namespace?"], (value, parameters) => {
  const namespace = textFrom(parameters.get("namespace", ANSIBLE_NAMESPACE));
  const hex = namespace.replace(/^urn:uuid:/i, "").replace(/[{}-]/g, "");
  if (!/^[0-9a-fA-F]{32}$/.test(hex)) {
    throw new FilterError(
      `Invalid value '${namespace}' for 'namespace': badly formed hexadecimal UUID string`,
    );
  }
  const bytes = createHash("sha1").update(Buffer.from(hex, "hex")).update(bytesOf(value)).digest();
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const text = bytes.toString("hex");
  return [
    text.slice(0, 8),
    text.slice(8, 12),
    text.slice(12, 16),
    text.slice(16, 20),
    text.slice(20, 32),
  ].join("-");
});

interface Scheme {
  readonly name: string;
  readonly saltSize: { readonly exact?: number; readonly max: number; readonly usual: number };
  readonly rounds?: { readonly usual: number; readonly min: number; readonly max: number };
  readonly hash: (secret: string, salt: string, rounds: number, ident: string) => string;
}

const sha2 = (algorithm: "sha256" | "sha512", usual: number): Scheme => ({
  name: `${algorithm}_crypt`,
  saltSize: { max: 16, usual: 16 },
  rounds: { usual, min: 1000, max: 999_999_999 },
  hash: (secret, salt, rounds) => sha2Crypt(algorithm, secret, salt, rounds),
});

const SCHEMES: Readonly<Record<string, Scheme>> = {
  md5: { name: "md5_crypt", saltSize: { max: 8, usual: 8 }, hash: md5Crypt },
  sha256: sha2("sha256", 535_000),
  sha512: sha2("sha512", 656_000),
  bcrypt: {
    name: "bcrypt",
    saltSize: { exact: 22, max: 22, usual: 22 },
    rounds: { usual: 12, min: 4, max: 31 },
    hash: bcrypt,
  },
};
const SCHEME_ALIASES: Readonly<Record<string, string>> = {
  blowfish: "bcrypt",
  md5_crypt: "md5",
  sha256_crypt: "sha256",
  sha512_crypt: "sha512",
};

function refuse(message: string): never {
  throw new FilterError(
    `Could not hash the secret.. ${message}. Could not hash the secret.. ${message}`,
  );
}

/** Hashes a password in the manner of `crypt(3)`. Also what the `password` lookup uses. */
export function hashPassword(
  secret: string,
  type: string,
  salt: string | undefined,
  saltSize: number | undefined,
  rounds: number | undefined,
  ident: string | undefined,
): string {
  const id = SCHEME_ALIASES[type] ?? type;
  const scheme = Object.hasOwn(SCHEMES, id) ? SCHEMES[id] : undefined;
  if (!scheme) {
    const message = `passlib does not support '${type}' algorithm`;
    throw new FilterError(`${message}. ${message}`);
  }
  const { max, exact, usual } = scheme.saltSize;
  const used = salt ?? (exact === undefined ? randomSalt(saltSize ?? usual) : bcryptSalt());
  if (!/^[./0-9A-Za-z]*$/.test(used)) return refuse(`invalid characters in ${scheme.name} salt`);
  if (exact !== undefined && used.length < exact) {
    return refuse(`salt too small (${scheme.name} requires exactly ${exact} chars)`);
  }
  if (used.length > max) {
    const limit = exact === undefined ? `<= ${max}` : `exactly ${exact}`;
    return refuse(`salt too large (${scheme.name} requires ${limit} chars)`);
  }
  if (rounds !== undefined && scheme.rounds) {
    const { min, max: most } = scheme.rounds;
    if (rounds < min) {
      return refuse(
        `${scheme.name}: min_desired_rounds (${rounds}) is too low, must be at least ${min}`,
      );
    }
    if (rounds > most) {
      return refuse(
        `${scheme.name}: min_desired_rounds (${rounds}) is too high, must be at most ${most}`,
      );
    }
  }
  const version = ident ?? "2b";
  if (id === "bcrypt" && !["2", "2a", "2y", "2b"].includes(version)) {
    return refuse(`invalid ident: '${version}'`);
  }
  return scheme.hash(
    secret,
    used,
    rounds ?? scheme.rounds?.usual ?? 0,
    version === "2" ? "2a" : version,
  );
}

/** 22 characters whose last one carries only the two bits that count. */
function bcryptSalt(): string {
  return randomSalt(21) + ".Oeu".charAt(randomInt(4));
}

const passwordHash = define(
  "get_encrypted_password",
  ["hashtype?", "salt?", "salt_size?", "rounds?", "ident?"],
  (value, parameters) => {
    if (value instanceof Undefined) value.fail();
    const size =
      parameters.get("salt_size", null) === null ? undefined : parameters.int("salt_size", 8);
    const rounds =
      parameters.get("rounds", null) === null ? undefined : parameters.int("rounds", 0);
    return hashPassword(
      str(value),
      textFrom(parameters.get("hashtype", "sha512")),
      parameters.text("salt"),
      size,
      rounds === 0 ? undefined : rounds,
      parameters.text("ident"),
    );
  },
);

function textOnly(value: Value, what: string): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  if (value instanceof Undefined) value.fail();
  return raise("TypeError", `${what}, instead we got: <class '${typeName(value)}'>`);
}

const vault = define(
  "do_vault",
  ["data_secret", "salt?", "vault_id?", "wrap_object?", "vaultid?"],
  (value, parameters) => {
    const secret = textOnly(
      parameters.get("data_secret", null),
      "Secret passed is required to be a string",
    );
    const text = textOnly(value, "Can only vault strings");
    const salt = parameters.text("salt");
    const id = parameters.text("vault_id") ?? parameters.text("vaultid") ?? "filter_default";
    return sealVault(Buffer.from(text), Buffer.from(secret), {
      id: id === "filter_default" ? undefined : id,
      ...(salt === undefined ? {} : { salt: Buffer.from(salt) }),
    });
  },
);

const unvault = define("do_unvault", ["secret", "vault_id?", "vaultid?"], (value, parameters) => {
  const secret = textOnly(
    parameters.get("secret", null),
    "Secret passed is required to be as string",
  );
  const text = textOnly(value, "Vault should be in the form of a string");
  if (!isVaultText(text)) return text;
  const opened = openVault(parseVault(text), Buffer.from(secret));
  if (!opened)
    throw new FilterError(
      "Unable to decrypt: Decryption failed (no vault secrets were found that could decrypt)",
    );
  return opened.toString("utf8");
});

export const filters: Readonly<Record<string, Filter>> = {
  b64decode,
  b64encode,
  checksum: plain("checksum_s", (value) => digest("sha1", value) ?? ""),
  hash,
  md5: plain("md5s", (value) => digest("md5", value) ?? ""),
  password_hash: passwordHash,
  sha1: plain("checksum_s", (value) => digest("sha1", value) ?? ""),
  to_uuid: toUuid,
  unvault,
  vault,
};
