import { createHash, randomBytes } from "node:crypto";

/**
 * Python's `random.Random`: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998) with
 * Python's seeding, `_randbelow` and `random()`, so that a seed gives the numbers it gives there.
 */
export class Random {
  readonly #state = new Uint32Array(624);
  #index = 624;

  /**
   * @param seed a text (hashed as Python's version 2 seeding does), an integer (its absolute value),
   *   or undefined for an unpredictable one.
   */
  constructor(seed?: string | bigint) {
    if (seed === undefined) this.#seedBytes(randomBytes(32));
    else if (typeof seed === "string") {
      const bytes = Buffer.from(seed, "utf8");
      const digest = createHash("sha512").update(bytes).digest();
      this.#seedBytes(Buffer.concat([bytes, digest]));
    } else this.#seedInteger(seed < 0n ? -seed : seed);
  }

  #seedBytes(bigEndian: Buffer): void {
    this.#seedInteger(bigEndian.length === 0 ? 0n : BigInt(`0x${bigEndian.toString("hex")}`));
  }

  #seedInteger(value: bigint): void {
    const key: number[] = [];
    for (let rest = value; rest > 0n; rest >>= 32n) key.push(Number(rest & 0xffffffffn));
    if (key.length === 0) key.push(0);
    const state = this.#state;
    state[0] = 19650218;
    for (let i = 1; i < 624; i++) {
      const before = state[i - 1] ?? 0;
      state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
    let i = 1;
    let j = 0;
    for (let k = Math.max(624, key.length); k > 0; k--) {
      const before = state[i - 1] ?? 0;
      state[i] =
        ((state[i] ?? 0) ^ Math.imul(before ^ (before >>> 30), 1664525)) + (key[j] ?? 0) + j;
      i++;
      j = (j + 1) % key.length;
      if (i >= 624) {
        state[0] = state[623] ?? 0;
        i = 1;
      }
    }
    for (let k = 623; k > 0; k--) {
      const before = state[i - 1] ?? 0;
      state[i] = ((state[i] ?? 0) ^ Math.imul(before ^ (before >>> 30), 1566083941)) - i;
      i++;
      if (i >= 624) {
        state[0] = state[623] ?? 0;
        i = 1;
      }
    }
    state[0] = 0x80000000;
    this.#index = 624;
  }

  #next32(): number {
    const state = this.#state;
    if (this.#index >= 624) {
      for (let k = 0; k < 624; k++) {
        const y = ((state[k] ?? 0) & 0x80000000) | ((state[(k + 1) % 624] ?? 0) & 0x7fffffff);
        state[k] = (state[(k + 397) % 624] ?? 0) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.#index = 0;
    }
    let y = state[this.#index++] ?? 0;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  /** A float in [0, 1) with 53 bits. */
  random(): number {
    const a = this.#next32() >>> 5;
    const b = this.#next32() >>> 6;
    return (a * 67108864 + b) / 9007199254740992;
  }

  /** An integer of `bits` random bits. */
  bits(bits: number): bigint {
    let result = 0n;
    let shift = 0n;
    for (let rest = bits; rest > 0; rest -= 32) {
      const word = this.#next32();
      result |= BigInt(rest < 32 ? word >>> (32 - rest) : word) << shift;
      shift += 32n;
    }
    return result;
  }

  /** An integer in [0, limit), limit > 0. */
  below(limit: number | bigint): bigint {
    const end = BigInt(limit);
    const size = end.toString(2).length;
    let result = this.bits(size);
    while (result >= end) result = this.bits(size);
    return result;
  }

  /** Shuffles in place. */
  shuffle<T>(items: T[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = Number(this.below(i + 1));
      const kept = items[i] as T;
      items[i] = items[j] as T;
      items[j] = kept;
    }
  }

  choice<T>(items: readonly T[]): T {
    return items[Number(this.below(items.length))] as T;
  }
}
