/**
 * Apache's variant of the MD5 password hash ("$apr1$").
 * @see https://httpd.apache.org/docs/2.4/misc/password_encryptions.html
 */
import { createHash } from "node:crypto";

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MAGIC = "$apr1$";

function md5(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** @param salt up to eight characters */
export function apr1Crypt(password: string, salt: string): string {
  const key = Buffer.from(password);
  const seed = salt.slice(0, 8);
  const inner = md5(key, seed, key);
  const mixed: Buffer[] = [];
  for (let left = key.length; left > 0; left -= 16)
    mixed.push(inner.subarray(0, Math.min(16, left)));
  for (let bits = key.length; bits > 0; bits >>= 1) {
    mixed.push((bits & 1) === 1 ? Buffer.alloc(1) : key.subarray(0, 1));
  }
  let sum = md5(key, MAGIC, seed, Buffer.concat(mixed));
  for (let round = 0; round < 1000; round++) {
    const isOdd = (round & 1) === 1;
    sum = md5(
      isOdd ? key : sum,
      round % 3 === 0 ? "" : seed,
      round % 7 === 0 ? "" : key,
      isOdd ? sum : key,
    );
  }
  const byte = (index: number) => sum[index] ?? 0;
  const groups = [0, 1, 2, 3, 4].map(
    (i) => (byte(i) << 16) | (byte(i + 6) << 8) | byte(i === 4 ? 5 : i + 12),
  );
  const text = (value: number, length: number) =>
    Array.from({ length }, (_, i) => ALPHABET[(value >> (6 * i)) & 63]).join("");
  return `${MAGIC}${seed}$${groups.map((group) => text(group, 4)).join("")}${text(byte(11), 2)}`;
}
