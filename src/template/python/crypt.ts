import { hash, randomInt } from "node:crypto";

/**
 * The hashes of `crypt(3)` that passwords are stored as: MD5 ("$1$", Poul-Henning Kamp) and SHA-2
 * ("$5$", "$6$", Ulrich Drepper, https://www.akkadia.org/drepper/SHA-crypt.txt). bcrypt stands beside.
 */

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `length` random characters that are allowed in a salt. */
export function randomSalt(length: number): string {
  let salt = "";
  for (let i = 0; i < length; i++) salt += ALPHABET[randomInt(64)];
  return salt;
}

/** crypt's base 64: least significant six bits first. */
function encode(value: number, characters: number): string {
  let text = "";
  let rest = value;
  for (let i = 0; i < characters; i++) {
    text += ALPHABET[rest & 63];
    rest >>>= 6;
  }
  return text;
}

function digest(algorithm: string, ...parts: readonly Uint8Array[]): Buffer {
  return hash(algorithm, Buffer.concat(parts), "buffer");
}

/** The first `length` bytes of `block` repeated. */
function repeated(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, block);
}

/** "$1$salt$..." */
export function md5Crypt(password: string, salt: string): string {
  const key = Buffer.from(password, "utf8");
  const seed = Buffer.from(salt, "latin1");
  const inner = digest("md5", key, seed, key);
  const parts: Buffer[] = [key, Buffer.from("$1$"), seed, repeated(inner, key.length)];
  for (let i = key.length; i > 0; i >>= 1) {
    parts.push(i & 1 ? Buffer.alloc(1) : key.subarray(0, 1));
  }
  let result = digest("md5", ...parts);
  for (let i = 0; i < 1000; i++) {
    result = digest(
      "md5",
      i & 1 ? key : result,
      i % 3 ? seed : Buffer.alloc(0),
      i % 7 ? key : Buffer.alloc(0),
      i & 1 ? result : key,
    );
  }
  const byte = (index: number) => result[index] ?? 0;
  let text = "";
  for (const [a, b, c] of [
    [0, 6, 12],
    [1, 7, 13],
    [2, 8, 14],
    [3, 9, 15],
    [4, 10, 5],
  ] as const) {
    text += encode((byte(a) << 16) | (byte(b) << 8) | byte(c), 4);
  }
  return `$1$${salt}$${text}${encode(byte(11), 2)}`;
}

const SHA2 = {
  sha256: { prefix: "$5$", size: 32 },
  sha512: { prefix: "$6$", size: 64 },
} as const;

/** The order in which the bytes of the digest are written, three at a time. */
function byteOrder(algorithm: "sha256" | "sha512"): number[][] {
  const groups: number[][] = [];
  const [a, b, c] = algorithm === "sha256" ? [0, 10, 20] : [0, 21, 42];
  const rounds = algorithm === "sha256" ? 10 : 21;
  for (let i = 0; i < rounds; i++) {
    const [x, y, z] = [a + i, b + i, c + i];
    // The three columns rotate with every group; SHA-256 the other way round than SHA-512.
    const turn =
      algorithm === "sha256"
        ? [
            [x, y, z],
            [z, x, y],
            [y, z, x],
          ]
        : [
            [x, y, z],
            [y, z, x],
            [z, x, y],
          ];
    groups.push(turn[i % 3] ?? []);
  }
  return groups;
}

/**
 * "$5$" or "$6$". The round count is written unless it is the implicit 5000.
 * @param rounds 1000 to 999999999
 */
export function sha2Crypt(
  algorithm: "sha256" | "sha512",
  password: string,
  salt: string,
  rounds: number,
): string {
  const { prefix, size } = SHA2[algorithm];
  const key = Buffer.from(password, "utf8");
  const seed = Buffer.from(salt, "latin1");
  const b = digest(algorithm, key, seed, key);
  const parts: Buffer[] = [key, seed, repeated(b, key.length)];
  for (let i = key.length; i > 0; i >>= 1) parts.push(i & 1 ? b : key);
  const a = digest(algorithm, ...parts);
  const p = repeated(digest(algorithm, ...Array<Buffer>(key.length).fill(key)), key.length);
  const s = repeated(digest(algorithm, ...Array<Buffer>(16 + (a[0] ?? 0)).fill(seed)), seed.length);
  let c = a;
  const work = Buffer.alloc(2 * p.length + s.length + size);
  for (let i = 0; i < rounds; i++) {
    let length = 0;
    const add = (bytes: Buffer) => {
      work.set(bytes, length);
      length += bytes.length;
    };
    add(i & 1 ? p : c);
    if (i % 3) add(s);
    if (i % 7) add(p);
    add(i & 1 ? c : p);
    c = hash(algorithm, work.subarray(0, length), "buffer");
  }
  const byte = (index: number) => c[index] ?? 0;
  let text = "";
  for (const [x = 0, y = 0, z = 0] of byteOrder(algorithm)) {
    text += encode((byte(x) << 16) | (byte(y) << 8) | byte(z), 4);
  }
  text += algorithm === "sha256" ? encode((byte(31) << 8) | byte(30), 3) : encode(byte(63), 2);
  const count = rounds === 5000 ? "" : `rounds=${rounds}$`;
  return `${prefix}${count}${salt}$${text}`;
}
