/**
 * bcrypt (Provos and Mazieres, 1999; versions 2a, 2b, 2y agree for texts up to 72 bytes).
 * Blowfish's tables are the first 33,344 binary digits of pi's fraction, so they are computed.
 */

const ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const WORDS = 18 + 4 * 256;

let digitsOfPi: Int32Array | undefined;

/** Words of 32 bits of pi - 3, by Machin's formula in fixed point. */
function piWords(): Int32Array {
  if (digitsOfPi) return digitsOfPi;
  const guard = 64n;
  const bits = BigInt(WORDS * 32) + guard;
  const arctangentOfInverse = (x: bigint): bigint => {
    let power = (1n << bits) / x;
    let sum = power;
    const square = x * x;
    for (let n = 3n, sign = -1n; power > 0n; n += 2n, sign = -sign) {
      power /= square;
      sum += (sign * power) / n;
    }
    return sum;
  };
  const pi = 16n * arctangentOfInverse(5n) - 4n * arctangentOfInverse(239n);
  const hex = ((pi - (3n << bits)) >> guard).toString(16).padStart(WORDS * 8, "0");
  digitsOfPi = Int32Array.from({ length: WORDS }, (_, i) =>
    Number.parseInt(hex.slice(i * 8, i * 8 + 8), 16),
  );
  return digitsOfPi;
}

class Blowfish {
  readonly #p: Int32Array;
  readonly #s: Int32Array;
  #left = 0;
  #right = 0;

  constructor() {
    const words = piWords();
    this.#p = words.slice(0, 18);
    this.#s = words.slice(18);
  }

  #encipher(left: number, right: number): void {
    const p = this.#p;
    const s = this.#s;
    let l = left ^ (p[0] as number);
    let r = right;
    for (let i = 1; i <= 16; i++) {
      const f =
        ((((s[l >>> 24] as number) + (s[256 + ((l >>> 16) & 255)] as number)) ^
          (s[512 + ((l >>> 8) & 255)] as number)) +
          (s[768 + (l & 255)] as number)) |
        0;
      r ^= f ^ (p[i] as number);
      const kept = l;
      l = r;
      r = kept;
    }
    this.#left = r ^ (p[17] as number);
    this.#right = l;
  }

  /** Mixes a key in; with a salt, the salt is mixed into what is enciphered. */
  expandKey(key: Int32Array, salt?: Int32Array): void {
    const p = this.#p;
    const s = this.#s;
    for (let i = 0; i < 18; i++) p[i] = (p[i] as number) ^ (key[i] as number);
    let l = 0;
    let r = 0;
    let at = 0;
    const fill = (table: Int32Array) => {
      for (let i = 0; i < table.length; i += 2) {
        if (salt) {
          l ^= salt[at & 3] as number;
          r ^= salt[(at + 1) & 3] as number;
          at += 2;
        }
        this.#encipher(l, r);
        l = this.#left;
        r = this.#right;
        table[i] = l;
        table[i + 1] = r;
      }
    };
    fill(p);
    fill(s);
  }

  encrypt(block: Int32Array): void {
    for (let i = 0; i < block.length; i += 2) {
      for (let round = 0; round < 64; round++) {
        this.#encipher(block[i] as number, block[i + 1] as number);
        block[i] = this.#left;
        block[i + 1] = this.#right;
      }
    }
  }
}

/** `count` big-endian words of `bytes`, repeated from the start as often as needed. */
function cyclicWords(bytes: Uint8Array, count: number): Int32Array {
  let at = 0;
  return Int32Array.from({ length: count }, () => {
    let word = 0;
    for (let i = 0; i < 4; i++) {
      word = (word << 8) | (bytes[at] ?? 0);
      at = (at + 1) % bytes.length;
    }
    return word;
  });
}

function encode(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += ALPHABET[(value >> bits) & 63];
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(value << (6 - bits)) & 63] : text;
}

function decode(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const character of text) {
    value = (value << 6) | ALPHABET.indexOf(character);
    bits += 6;
    if (bits >= 8 && at < length) {
      bits -= 8;
      bytes[at++] = (value >> bits) & 255;
      value &= (1 << bits) - 1;
    }
  }
  return bytes;
}

/**
 * "$2b$12$" and 53 characters. Bits of the salt's last character that do not count become zero.
 * @param salt 22 characters of bcrypt's alphabet
 * @param cost binary logarithm of the rounds, 4 to 31
 * @param ident "2a", "2b" or "2y"
 */
export function bcrypt(password: string, salt: string, cost: number, ident: string): string {
  const saltBytes = decode(salt, 16);
  const secret = Buffer.concat([Buffer.from(password, "utf8"), Buffer.alloc(1)]).subarray(0, 72);
  const key = cyclicWords(secret, 18);
  const saltWords = cyclicWords(saltBytes, 4);
  const saltKey = cyclicWords(saltBytes, 18);
  const cipher = new Blowfish();
  cipher.expandKey(key, saltWords);
  for (let i = 2 ** cost; i > 0; i--) {
    cipher.expandKey(key);
    cipher.expandKey(saltKey);
  }
  const block = cyclicWords(Buffer.from("OrpheanBeholderScryDoubt", "latin1"), 6);
  cipher.encrypt(block);
  const result = Buffer.alloc(24);
  block.forEach((word, i) => {
    result.writeInt32BE(word, i * 4);
  });
  const shownCost = String(cost).padStart(2, "0");
  return `$${ident}$${shownCost}$${encode(saltBytes)}${encode(result.subarray(0, 23))}`;
}
