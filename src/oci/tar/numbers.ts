/** Numbers of tar headers: octal text, GNU's base-256, and the decimal times of PAX records. */
import { TarError, type TarTime } from "./entry.ts";

/**
 * A numeric field: octal digits with blanks or NULs around them, or, when the first bit is set, a
 * two's complement number in the rest (GNU tar's base-256). An empty field is 0.
 */
export function parseNumber(field: Buffer, what: string): number {
  const first = field[0] ?? 0;
  if (first & 0x80) return parseBase256(field, what);
  let value = 0;
  let digits = 0;
  let ended = false;
  for (const byte of field) {
    if (byte === 0x20 || byte === 0) {
      if (digits > 0) ended = true;
      continue;
    }
    if (ended || byte < 0x30 || byte > 0x37) {
      throw new TarError("malformed", `the ${what} of a tar header is no octal number`);
    }
    value = value * 8 + (byte - 0x30);
    digits++;
  }
  return value;
}

function parseBase256(field: Buffer, what: string): number {
  const negative = ((field[0] ?? 0) & 0x40) !== 0;
  let value = 0n;
  for (const [index, byte] of field.entries()) {
    value = (value << 8n) | BigInt(index === 0 ? byte & 0x7f : byte);
  }
  if (negative) value -= 1n << BigInt(field.length * 8 - 1);
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw new TarError("too-large", `the ${what} of a tar header is beyond 2^53`);
  }
  return Number(value);
}

/** Octal digits and a final NUL, or `undefined` if the number does not fit in `length` bytes. */
export function formatOctal(value: number, length: number): string | undefined {
  if (value < 0 || !Number.isSafeInteger(value)) return undefined;
  const text = value.toString(8);
  return text.length < length ? `${text.padStart(length - 1, "0")}\0` : undefined;
}

/** A whole number of a PAX record. */
export function parseDecimal(value: Buffer, what: string): number {
  const text = value.toString("latin1");
  if (!/^-?\d+$/.test(text)) {
    throw new TarError("malformed", `the PAX record ${what} is no whole number`);
  }
  const number = Number(text);
  if (!Number.isSafeInteger(number)) {
    throw new TarError("too-large", `the PAX record ${what} is beyond 2^53`);
  }
  return number;
}

/** `[-]seconds[.fraction]`; digits beyond nanoseconds are dropped. */
export function parsePaxTime(value: Buffer, what: string): TarTime {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(value.toString("latin1"));
  if (!match) throw new TarError("malformed", `the PAX record ${what} is no time`);
  const whole = Number(match[2]);
  if (!Number.isSafeInteger(whole)) {
    throw new TarError("too-large", `the PAX record ${what} is beyond 2^53 seconds`);
  }
  const fraction = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] === "") return { seconds: whole, nanoseconds: fraction };
  return fraction === 0
    ? { seconds: 0 - whole, nanoseconds: 0 }
    : { seconds: -whole - 1, nanoseconds: 1e9 - fraction };
}

/** The shortest text for a time; what {@link parsePaxTime} reads back. */
export function formatPaxTime(time: TarTime): string {
  if (time.nanoseconds === 0) return String(time.seconds);
  const negative = time.seconds < 0;
  const whole = negative ? -time.seconds - 1 : time.seconds;
  const fraction = negative ? 1e9 - time.nanoseconds : time.nanoseconds;
  const digits = String(fraction).padStart(9, "0").replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}.${digits}`;
}
