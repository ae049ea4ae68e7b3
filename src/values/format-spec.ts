/** Python's format specification mini-language: `format(value, spec)`. */
import { typeError, valueError } from "./failure.ts";
import { Instance } from "./instance.ts";
import { PyFloat, textOf, type Value } from "./model.ts";
import { asInt, asNumber, fixedDigits, floatRepr, intText, significantDigits } from "./number.ts";
import { str, textLength, widePoints } from "./text.ts";
import { typeName } from "./type-name.ts";

interface Spec {
  readonly fill: string;
  readonly align: string;
  readonly sign: string;
  readonly alternate: boolean;
  readonly zero: boolean;
  readonly width: number;
  readonly grouping: string;
  readonly precision: number | undefined;
  readonly type: string;
}

const pattern =
  /^(?:([\s\S])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([_,])?(?:\.(\d+))?([a-zA-Z%])?$/u;

function parseSpec(text: string, value: Value): Spec {
  const match = pattern.exec(text);
  if (!match) throw valueError("Invalid format specifier");
  const [, fill, align, sign, , alternate, zero, width, grouping, precision, type] = match;
  if (Number(width ?? 0) > 1_000_000 || Number(precision ?? 0) > 100_000) {
    throw valueError("Too many decimal digits in format string");
  }
  const numeric = textOf(value) === undefined;
  return {
    fill: fill ?? (zero ? "0" : " "),
    align: align ?? (zero && numeric ? "=" : numeric ? ">" : "<"),
    sign: sign ?? "-",
    alternate: alternate !== undefined,
    zero: zero !== undefined,
    width: Number(width ?? 0),
    grouping: grouping ?? "",
    precision: precision === undefined ? undefined : Number(precision),
    type: type ?? "",
  };
}

/** format(value, spec). */
export function formatValue(value: Value, spec: string): string {
  if (spec === "") return str(value);
  const text = textOf(value);
  if (text !== undefined) {
    const parsed = parseSpec(spec, value);
    if (parsed.type !== "" && parsed.type !== "s") {
      throw valueError(`Unknown format code '${parsed.type}' for object of type 'str'`);
    }
    if (parsed.align === "=")
      throw valueError("'=' alignment not allowed in string format specifier");
    const points = parsed.precision === undefined ? undefined : widePoints(text);
    const cut =
      parsed.precision === undefined
        ? text
        : (points?.slice(0, parsed.precision).join("") ?? text.slice(0, parsed.precision));
    return pad("", cut, parsed);
  }
  if (asNumber(value) === undefined) {
    if (value instanceof Instance) {
      const own = value.pyFormat(spec);
      if (own !== undefined) return own;
    }
    throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  }
  return formatNumber(value, parseSpec(spec, value));
}

function formatNumber(value: Value, spec: Spec): string {
  const whole = asInt(value);
  const type = spec.type;
  if (whole !== undefined && (type === "" || "bcdoxXn".includes(type))) {
    if (spec.precision !== undefined)
      throw valueError("Precision not allowed in integer format specifier");
    if (type === "c") return pad("", String.fromCodePoint(Number(whole)), spec);
    const negative = whole < 0;
    const magnitude = negative ? -whole : whole;
    const radix = { b: 2, o: 8, x: 16, X: 16 }[type] ?? 10;
    let digits = radix === 10 ? intText(magnitude) : magnitude.toString(radix);
    if (type === "X") digits = digits.toUpperCase();
    const prefix = spec.alternate && radix !== 10 ? `0${type}` : "";
    return padNumber(signText(negative, spec) + prefix, digits, "", spec, radix === 10 ? 3 : 4);
  }
  const number = asNumber(value) as number;
  if (!(type === "" || "eEfFgGn%".includes(type))) {
    throw valueError(
      `Unknown format code '${type}' for object of type '${value instanceof PyFloat ? "float" : typeName(value)}'`,
    );
  }
  const negative = number < 0 || Object.is(number, -0);
  const body = floatBody(number, type, spec.precision, spec.alternate);
  const point = /[.eE%]/.exec(body)?.index ?? body.length;
  return padNumber(signText(negative, spec), body.slice(0, point), body.slice(point), spec, 3);
}

/** |number| in one of the float presentations, without sign and padding. */
export function floatBody(
  number: number,
  type: string,
  precision: number | undefined,
  alternate: boolean,
): string {
  const upper = type !== "" && type === type.toUpperCase() && type !== "%";
  if (!Number.isFinite(number)) {
    const text = Number.isNaN(number) ? "nan" : "inf";
    return (upper ? text.toUpperCase() : text) + (type === "%" ? "%" : "");
  }
  const magnitude = Math.abs(number);
  if (type === "" && precision === undefined) return floatRepr(magnitude);
  const places = precision ?? 6;
  let body: string;
  switch (type.toLowerCase()) {
    case "f":
      body = fixedDigits(magnitude, places);
      break;
    case "%":
      return `${fixedDigits(magnitude * 100, places)}%`;
    case "e": {
      const { digits, exponent } = significantDigits(magnitude, places + 1);
      body = scientific(digits, exponent);
      break;
    }
    default: {
      const count = Math.max(1, places);
      const { digits, exponent } = significantDigits(magnitude, count);
      // Without a type the switch to exponents comes one digit earlier and ".0" is kept.
      const limit = type === "" ? count - 1 : count;
      const shorten = (text: string): string =>
        alternate || !text.includes(".") ? text : text.replace(/\.?0+$/, "");
      if (exponent < -4 || exponent >= limit) {
        const kept = alternate ? digits : digits.replace(/(?!^)0+$/, "");
        body = scientific(kept, exponent);
      } else if (exponent < 0) {
        body = shorten(`0.${"0".repeat(-exponent - 1)}${digits}`);
      } else {
        const rest = digits.slice(exponent + 1);
        body = shorten(rest === "" ? digits : `${digits.slice(0, exponent + 1)}.${rest}`);
        if (type === "" && !body.includes(".")) body += ".0";
      }
    }
  }
  return upper ? body.toUpperCase() : body;
}

function scientific(digits: string, exponent: number): string {
  const rest = digits.slice(1);
  const power = Math.abs(exponent).toString().padStart(2, "0");
  return `${digits[0]}${rest === "" ? "" : `.${rest}`}e${exponent < 0 ? "-" : "+"}${power}`;
}

function signText(negative: boolean, spec: Spec): string {
  if (negative) return "-";
  return spec.sign === "-" ? "" : spec.sign;
}

function padNumber(lead: string, digits: string, tail: string, spec: Spec, group: number): string {
  if (spec.grouping === "") return pad(lead, digits + tail, spec);
  let body = grouped(digits, spec.grouping, group);
  if (spec.align === "=" && spec.fill === "0") {
    let padded = digits;
    while (lead.length + body.length + tail.length < spec.width) {
      padded = `0${padded}`;
      body = grouped(padded, spec.grouping, group);
    }
  }
  return pad(lead, body + tail, spec);
}

function grouped(digits: string, separator: string, size: number): string {
  const parts: string[] = [];
  for (let end = digits.length; end > 0; end -= size) {
    parts.unshift(digits.slice(Math.max(0, end - size), end));
  }
  return parts.join(separator);
}

function pad(lead: string, body: string, spec: Spec): string {
  const missing = spec.width - textLength(lead) - textLength(body);
  if (missing <= 0) return lead + body;
  switch (spec.align) {
    case "<":
      return lead + body + spec.fill.repeat(missing);
    case "^": {
      const left = Math.floor(missing / 2);
      return spec.fill.repeat(left) + lead + body + spec.fill.repeat(missing - left);
    }
    case "=":
      return lead + spec.fill.repeat(missing) + body;
    default:
      return spec.fill.repeat(missing) + lead + body;
  }
}
