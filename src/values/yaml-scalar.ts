/** Plain scalars of YAML 1.1, as PyYAML resolves them. */
import { PyDate, PyDateTime } from "./datetime.ts";
import { PyFloat, type Value } from "./model.ts";
import { int, parseInteger } from "./number.ts";

const booleans: ReadonlyMap<string, boolean> = new Map(
  ["yes", "true", "on"]
    .flatMap((word) => spellings(word).map((text) => [text, true] as const))
    .concat(
      ["no", "false", "off"].flatMap((word) =>
        spellings(word).map((text) => [text, false] as never),
      ),
    ),
);

function spellings(word: string): string[] {
  return [word, (word[0] ?? "").toUpperCase() + word.slice(1), word.toUpperCase()];
}

const integer =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const float =
  /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const timestamp =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::(\d\d))?))?)?$/;

/** The value of a plain scalar: null, bool, int, float, date or text. */
export function resolvePlain(text: string): Value {
  const first = text.charCodeAt(0);
  // Only these can begin anything but text: digits, + - . ~ and the letters of words.
  if (text.length > 40) return text;
  if ((first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46) {
    return resolveNumber(text) ?? resolveTimestamp(text) ?? text;
  }
  if (text === "" || text === "~" || text === "null" || text === "Null" || text === "NULL") {
    return null;
  }
  return booleans.get(text) ?? text;
}

/** The int or float that the text spells, or `undefined`. */
export function resolveNumber(text: string): Value | undefined {
  if (integer.test(text)) {
    const value = yamlInteger(text);
    if (value !== undefined) return value;
  }
  return float.test(text) ? yamlFloat(text) : undefined;
}

/** The bool that the text spells, or `undefined`. */
export function resolveBoolean(text: string): boolean | undefined {
  return booleans.get(text);
}

function yamlInteger(text: string): Value | undefined {
  const digits = text.replaceAll("_", "");
  const negative = digits.startsWith("-");
  const body = digits.replace(/^[-+]/, "");
  if (body === "") return undefined;
  let value: bigint;
  if (body.startsWith("0b") || body.startsWith("0x")) value = BigInt(body);
  else if (body.includes(":")) {
    value = 0n;
    for (const part of body.split(":")) value = value * 60n + BigInt(part);
  } else if (body !== "0" && body.startsWith("0")) value = BigInt(parseInteger(body, 8));
  else value = BigInt(body);
  return int(negative ? -value : value);
}

function yamlFloat(text: string): PyFloat {
  const digits = text.replaceAll("_", "").toLowerCase();
  const sign = digits.startsWith("-") ? -1 : 1;
  const body = digits.replace(/^[-+]/, "");
  if (body === ".inf") return new PyFloat(sign * Infinity);
  if (body === ".nan") return new PyFloat(Number.NaN);
  if (!body.includes(":")) return new PyFloat(sign * Number(body));
  let value = 0;
  for (const part of body.split(":")) value = value * 60 + Number(part);
  return new PyFloat(sign * value);
}

/** The date or datetime that the text spells, or `undefined`. */
export function resolveTimestamp(text: string): Value | undefined {
  const match = timestamp.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone, sign, zoneHour, zoneMinute] =
    match;
  const date: [number, number, number] = [Number(year), Number(month), Number(day)];
  if (hour === undefined) {
    return month?.length === 2 && day?.length === 2 ? new PyDate(...date) : undefined;
  }
  const micro = Number((fraction ?? "").slice(0, 6).padEnd(6, "0"));
  let offset: number | undefined;
  if (zone === "Z") offset = 0;
  else if (zone !== undefined) {
    offset = (Number(zoneHour) * 60 + Number(zoneMinute ?? 0)) * (sign === "-" ? -1 : 1);
  }
  return new PyDateTime(date, [Number(hour), Number(minute), Number(second), micro], offset);
}
