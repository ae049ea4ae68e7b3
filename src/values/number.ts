/** Python's int and float: conversion, arithmetic without loss, rounding, exact decimal text. */
import { PythonError, typeError, valueError } from "./failure.ts";
import { Instance } from "./instance.ts";
import { PyFloat, textOf, type Value } from "./model.ts";
import { typeName } from "./type-name.ts";

/** An int of the model: a safe integer as number, anything larger as bigint. */
export type Int = number | bigint;

/** More bits than this in one integer is a runaway template, not a configuration. */
const maxBits = 1_000_000;

/** The model's form of an integer of any size. */
export function int(value: bigint): Int {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/** The value as an int when it is one (bool included), else `undefined`. */
export function asInt(value: Value): Int | undefined {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return undefined;
}

/** The value as a JavaScript number when it is a Python number, else `undefined`. */
export function asNumber(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (value instanceof PyFloat) return value.value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint") return Number(value);
  return undefined;
}

function isNumeric(value: Value): boolean {
  return asNumber(value) !== undefined;
}

function floatOfInt(value: Int): number {
  const number = Number(value);
  if (!Number.isFinite(number)) {
    throw new PythonError("OverflowError", "int too large to convert to float");
  }
  return number;
}

function operandFloat(value: Value): number {
  const whole = asInt(value);
  return whole === undefined ? (value as PyFloat).value : floatOfInt(whole);
}

export type Operator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

function intArithmetic(operator: Operator, a: Int, b: Int): Value {
  if (typeof a === "number" && typeof b === "number") {
    let result: number | undefined;
    switch (operator) {
      case "+":
        result = a + b;
        break;
      case "-":
        result = a - b;
        break;
      case "*":
        result = a * b;
        break;
      case "/":
        if (b === 0) throw new PythonError("ZeroDivisionError", "division by zero");
        return new PyFloat(a / b);
      case "//":
        if (b === 0) {
          throw new PythonError("ZeroDivisionError", "integer division or modulo by zero");
        }
        if (Math.abs(a) < 2 ** 50) result = Math.floor(a / b);
        break;
      case "%":
        if (b === 0) {
          throw new PythonError("ZeroDivisionError", "integer modulo by zero");
        }
        result = a % b;
        if (result !== 0 && result < 0 !== b < 0) result += b;
        break;
      case "**":
        if (b < 0) return floatPower(a, b);
        result = a ** b;
        break;
    }
    // `+ 0` turns a negative zero, which ints do not have, into zero.
    if (result !== undefined && Number.isSafeInteger(result)) return result + 0;
  }
  const x = BigInt(a);
  const y = BigInt(b);
  switch (operator) {
    case "+":
      return int(x + y);
    case "-":
      return int(x - y);
    case "*":
      guardBits(bitLength(x) + bitLength(y));
      return int(x * y);
    case "/": {
      if (y === 0n) throw new PythonError("ZeroDivisionError", "division by zero");
      return new PyFloat(divideExactly(x, y));
    }
    case "//":
    case "%": {
      if (y === 0n) {
        throw new PythonError("ZeroDivisionError", "integer division or modulo by zero");
      }
      let quotient = x / y;
      let rest = x % y;
      if (rest !== 0n && rest < 0n !== y < 0n) {
        quotient -= 1n;
        rest += y;
      }
      return int(operator === "%" ? rest : quotient);
    }
    case "**":
      if (y < 0n) return floatPower(floatOfInt(a), floatOfInt(b));
      if (x === 0n || x === 1n || x === -1n) return int(x ** (y % 2n === 0n && y > 0n ? 2n : y));
      guardBits(bitLength(x) * Number(y));
      return int(x ** y);
  }
}

/** x / y of integers of any size, correctly rounded to a float where doubles allow. */
function divideExactly(x: bigint, y: bigint): number {
  const shift = BigInt(Math.max(0, bitLength(y) - bitLength(x) + 66));
  const scaled = (x << shift) / y;
  const result = Number(scaled) / 2 ** Number(shift);
  if (!Number.isFinite(result)) {
    throw new PythonError("OverflowError", "integer division result too large for a float");
  }
  return result;
}

function bitLength(value: bigint): number {
  return (value < 0n ? -value : value).toString(16).length * 4;
}

function guardBits(bits: number): void {
  if (bits > maxBits) throw new PythonError("MemoryError", "the integer result is too large");
}

function floatPower(a: number, b: number): PyFloat {
  if (a === 0 && b < 0) {
    throw new PythonError("ZeroDivisionError", "0.0 cannot be raised to a negative power");
  }
  if (a < 0 && !Number.isInteger(b)) {
    throw new PythonError("ValueError", "complex numbers are not supported in templates");
  }
  const result = a ** b;
  if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b)) {
    throw new PythonError("OverflowError", "(34, 'Numerical result out of range')");
  }
  // IEEE 754 pow, unlike JavaScript's, answers 1 for 1 ** anything and anything ** 0.
  return new PyFloat(a === 1 || b === 0 ? 1 : result);
}

/** Arithmetic of two Python numbers; `undefined` if one of them is no number. */
export function arithmetic(operator: Operator, a: Value, b: Value): Value | undefined {
  const left = asInt(a);
  const right = asInt(b);
  if (left !== undefined && right !== undefined) return intArithmetic(operator, left, right);
  if (!isNumeric(a) || !isNumeric(b)) return undefined;
  const x = operandFloat(a);
  const y = operandFloat(b);
  switch (operator) {
    case "+":
      return new PyFloat(x + y);
    case "-":
      return new PyFloat(x - y);
    case "*":
      return new PyFloat(x * y);
    case "/":
      if (y === 0) throw new PythonError("ZeroDivisionError", "float division by zero");
      return new PyFloat(x / y);
    case "//": {
      if (y === 0) throw new PythonError("ZeroDivisionError", "float floor division by zero");
      return new PyFloat(Math.floor((x - floatModulo(x, y)) / y + 0.5));
    }
    case "%":
      if (y === 0) throw new PythonError("ZeroDivisionError", "float modulo");
      return new PyFloat(floatModulo(x, y));
    case "**":
      return floatPower(x, y);
  }
}

function floatModulo(x: number, y: number): number {
  const rest = x % y;
  if (rest === 0) return y < 0 ? -0 : 0;
  return rest < 0 !== y < 0 ? rest + y : rest;
}

/** -x and +x of a number; `undefined` for anything else. */
export function signed(operator: "-" | "+", value: Value): Value | undefined {
  const whole = asInt(value);
  if (whole !== undefined) {
    if (operator === "+") return whole;
    return typeof whole === "bigint" ? int(-whole) : 0 - whole;
  }
  if (value instanceof PyFloat) return operator === "+" ? value : new PyFloat(-value.value);
  return undefined;
}

const digitsOfBase = /^[+-]?[0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*$/;

/** int(text, base). Fails with Python's ValueError. */
export function parseInteger(text: string, base = 10): Int {
  const refuse = (): never => {
    throw valueError(`invalid literal for int() with base ${base}: ${quoted(text)}`);
  };
  let digits = asciiDigits(text.trim());
  if (!digitsOfBase.test(digits.replace(/^([+-]?)(0[xXoObB])_/, "$1$2"))) refuse();
  let sign = 1n;
  if (digits.startsWith("-")) sign = -1n;
  digits = digits.replace(/^[+-]/, "");
  const prefix = /^0([xXoObB])/.exec(digits)?.[1]?.toLowerCase();
  const prefixBase = prefix === undefined ? 0 : { x: 16, o: 8, b: 2 }[prefix as "x" | "o" | "b"];
  let radix = base;
  if (prefixBase !== 0 && (base === 0 || base === prefixBase)) {
    digits = digits.slice(2);
    radix = prefixBase;
  } else if (base === 0) {
    radix = 10;
    if (/^0[0_]*[1-9]/.test(digits)) refuse();
  }
  digits = digits.replaceAll("_", "").toLowerCase();
  if (digits === "") refuse();
  if (radix === 10 && digits.length > 4300) {
    throw valueError(
      `Exceeds the limit (4300 digits) for integer string conversion: value has ${digits.length} digits; use sys.set_int_max_str_digits() to increase the limit`,
    );
  }
  let result = 0n;
  if (radix === 10) {
    if (!/^\d+$/.test(digits)) refuse();
    if (digits.length < 16) return Number(sign) * Number(digits) + 0;
    result = BigInt(digits);
  } else {
    const big = BigInt(radix);
    for (const character of digits) {
      const digit = Number.parseInt(character, 36);
      if (!(digit < radix)) refuse();
      result = result * big + BigInt(digit);
    }
  }
  return int(sign * result);
}

/** Decimal digits of every script as ASCII ones, as int() and float() read them. */
function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 128) return character;
    let zero = code;
    while (code - zero < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero--;
    return String((code - zero) % 10);
  });
}

function quoted(text: string): string {
  return text.includes("'") && !text.includes('"')
    ? `"${text}"`
    : `'${text.replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t")}'`;
}

/** float(text). Fails with Python's ValueError. */
export function parseFloatText(text: string): number {
  const trimmed = asciiDigits(text.trim()).toLowerCase();
  const special = /^([+-]?)(inf(?:inity)?|nan)$/.exec(trimmed);
  if (special) {
    if (special[2] === "nan") return Number.NaN;
    return special[1] === "-" ? -Infinity : Infinity;
  }
  const digits = String.raw`\d+(?:_\d+)*`;
  const pattern = new RegExp(
    `^[+-]?(?:${digits}(?:\\.(?:${digits})?)?|\\.${digits})(?:e[+-]?${digits})?$`,
  );
  if (!pattern.test(trimmed))
    throw valueError(`could not convert string to float: ${quoted(text)}`);
  return Number(trimmed.replaceAll("_", ""));
}

/** int(value) for numbers and text; `base` only for text. Fails as Python does. */
export function toInt(value: Value, base?: number): Int {
  const text = textOf(value);
  if (text !== undefined) return parseInteger(text, base ?? 10);
  if (base !== undefined) throw typeError("int() can't convert non-string with explicit base");
  const whole = asInt(value);
  if (whole !== undefined) return whole;
  if (value instanceof PyFloat) {
    if (Number.isNaN(value.value)) throw valueError("cannot convert float NaN to integer");
    if (!Number.isFinite(value.value)) {
      throw new PythonError("OverflowError", "cannot convert float infinity to integer");
    }
    return int(BigInt(Math.trunc(value.value)));
  }
  if (value instanceof Instance) value.pyUse();
  throw typeError(
    `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`,
  );
}

/** float(value) for numbers and text. Fails as Python does. */
export function toFloat(value: Value): number {
  const text = textOf(value);
  if (text !== undefined) return parseFloatText(text);
  const number = asNumber(value);
  if (number !== undefined) return operandFloat(value);
  if (value instanceof Instance) value.pyUse();
  throw typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
}

/** A finite double as an exact fraction numerator / 2 ** exponent. */
function exactFraction(value: number): { numerator: bigint; exponent: bigint } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const biased = bits >> 52n;
  const mantissa = bits & 0xfffffffffffffn;
  return biased === 0n
    ? { numerator: mantissa, exponent: 1074n }
    : { numerator: mantissa | 0x10000000000000n, exponent: 1075n - biased };
}

function roundedQuotient(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) return quotient + 1n;
  return quotient;
}

/** '%.{places}f' of |value|, exact, ties to even; no sign. */
export function fixedDigits(value: number, places: number): string {
  const { numerator, exponent } = exactFraction(value);
  let top = numerator * 10n ** BigInt(places);
  let bottom = 1n;
  if (exponent >= 0n) bottom = 1n << exponent;
  else top <<= -exponent;
  const digits = roundedQuotient(top, bottom)
    .toString()
    .padStart(places + 1, "0");
  return places === 0
    ? digits
    : `${digits.slice(0, digits.length - places)}.${digits.slice(digits.length - places)}`;
}

/** |value| to `count` significant digits, exact, ties to even: the digits and the exponent of the first. */
export function significantDigits(
  value: number,
  count: number,
): { digits: string; exponent: number } {
  if (value === 0) return { digits: "0".repeat(count), exponent: 0 };
  const { numerator, exponent } = exactFraction(value);
  let power = Number(/e([+-]\d+)$/.exec(Math.abs(value).toExponential())?.[1] ?? 0);
  for (;;) {
    const scale = count - 1 - power;
    let top = numerator;
    let bottom = 1n;
    if (exponent >= 0n) bottom <<= exponent;
    else top <<= -exponent;
    if (scale >= 0) top *= 10n ** BigInt(scale);
    else bottom *= 10n ** BigInt(-scale);
    const digits = roundedQuotient(top, bottom).toString();
    if (digits.length <= count) return { digits, exponent: power };
    power++;
  }
}

/** round(value, places) of a float, to a float: exact, ties to even. */
export function roundFloat(value: number, places = 0): number {
  if (!Number.isFinite(value)) return value;
  if (places >= 0)
    return Math.sign(value) < 0
      ? -Number(fixedDigits(value, places))
      : Number(fixedDigits(value, places));
  const scale = 10 ** -places;
  if (!Number.isFinite(scale)) return 0;
  return roundHalfEven(value / scale) * scale;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** round(value, places) of an int: only negative places change it. */
export function roundInt(value: Int, places: number): Int {
  if (places >= 0) return value;
  const scale = 10n ** BigInt(-places);
  const big = BigInt(value);
  const rounded = roundedQuotient(big < 0n ? -big : big, scale) * scale;
  return int(big < 0n ? -rounded : rounded);
}

/** repr() of a float: the shortest text that reads back as the same double. */
export function floatRepr(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-4 && magnitude < 1e16) {
    const text = String(value);
    if (!text.includes("e")) return text.includes(".") ? text : `${text}.0`;
  }
  const [mantissa = "", power = "0"] = magnitude.toExponential().split("e");
  const exponent = Number(power);
  const sign = value < 0 ? "-" : "";
  if (exponent < -4 || exponent >= 16) {
    const digits = Math.abs(exponent).toString().padStart(2, "0");
    return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${digits}`;
  }
  const digits = mantissa.replace(".", "");
  return exponent < 0
    ? `${sign}0.${"0".repeat(-exponent - 1)}${digits}`
    : `${sign}${digits.padEnd(exponent + 1, "0")}.0`;
}

/** str() of an int. Python refuses more than 4300 digits. */
export function intText(value: Int): string {
  const text = value.toString();
  if (text.length > 4300 && text.replace("-", "").length > 4300) {
    throw valueError(
      "Exceeds the limit (4300 digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit",
    );
  }
  return text;
}
