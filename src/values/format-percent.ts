/** printf-style formatting: `"%s-%05d" % (name, count)`. */
import { typeError, valueError } from "./failure.ts";
import { floatBody } from "./format-spec.ts";
import { Instance } from "./instance.ts";
import { Dict, PyFloat, Tuple, textOf, type Value } from "./model.ts";
import { asInt, asNumber, intText, toInt } from "./number.ts";
import { repr, str, widePoints } from "./text.ts";
import { typeName } from "./type-name.ts";

const conversion = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?([\s\S])?/g;

/** format % argument. `text` turns an argument of `%s` into text. */
export function formatPercent(
  format: string,
  argument: Value,
  text: (value: Value) => string = str,
): string {
  const items = argument instanceof Tuple ? argument.items : undefined;
  let next = 0;
  let usedMapping = false;
  const take = (): Value => {
    const value = items ? items[next] : next === 0 ? argument : undefined;
    next++;
    if (value === undefined) throw typeError("not enough arguments for format string");
    return value;
  };
  const result = format.replace(
    conversion,
    (whole, key: string | undefined, flags: string, width, precision, type, offset: number) => {
      if (type === "%" && key === undefined) return "%";
      if (type === undefined) throw valueError("incomplete format");
      if (key !== undefined) usedMapping = true;
      const minimum = width === "*" ? Number(toInt(take())) : Number(width ?? 0);
      const hasPrecision = whole.includes(".", key === undefined ? 0 : key.length + 2);
      const places =
        precision === "*"
          ? Number(toInt(take()))
          : precision === undefined
            ? hasPrecision
              ? 0
              : undefined
            : Number(precision);
      if (Math.abs(minimum) > 10_000_000) throw valueError("width too big");
      if (type === "%") return "%";
      const value = key === undefined ? take() : mapped(argument, key);
      return one(value, flags, minimum, places, type, offset + whole.length - 1, text);
    },
  );
  const surplus = items
    ? next < items.length
    : next === 0 && !usedMapping && !acceptsNone(argument);
  if (surplus && !usedMapping) {
    throw typeError("not all arguments converted during string formatting");
  }
  return result;
}

/** Mappings, lists and the like may be left unused. */
function acceptsNone(argument: Value): boolean {
  return argument instanceof Dict || Array.isArray(argument);
}

function mapped(argument: Value, key: string): Value {
  if (!(argument instanceof Dict)) {
    if (argument instanceof Instance) argument.pyUse();
    throw typeError("format requires a mapping");
  }
  const value = argument.get(key);
  if (value === undefined) throw typeError(`KeyError: '${key}'`);
  return value;
}

function one(
  value: Value,
  flags: string,
  width: number,
  precision: number | undefined,
  type: string,
  index: number,
  text: (value: Value) => string,
): string {
  const left = flags.includes("-") || width < 0;
  const size = Math.abs(width);
  const zero = flags.includes("0") && !left;
  const plus = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const alternate = flags.includes("#");
  const finish = (sign: string, body: string, mayZero: boolean): string => {
    const missing = size - sign.length - (widePoints(body)?.length ?? body.length);
    if (missing <= 0) return sign + body;
    if (left) return sign + body + " ".repeat(missing);
    return zero && mayZero ? sign + "0".repeat(missing) + body : " ".repeat(missing) + sign + body;
  };
  switch (type) {
    case "s":
    case "r":
    case "a": {
      const whole = type === "s" ? text(value) : repr(value);
      const body =
        type === "a"
          ? whole.replace(
              /[^\x00-\x7f]/g,
              (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
            )
          : whole;
      return finish("", precision === undefined ? body : body.slice(0, precision), false);
    }
    case "c": {
      const character = textOf(value);
      if (character !== undefined) {
        if ((widePoints(character) ?? character).length !== 1)
          throw typeError("%c requires int or char");
        return finish("", character, false);
      }
      const code = asInt(value);
      if (code === undefined) throw typeError("%c requires int or char");
      return finish("", String.fromCodePoint(Number(code)), false);
    }
    case "d":
    case "i":
    case "u":
    case "x":
    case "X":
    case "o": {
      const decimal = "diu".includes(type);
      const number = asNumber(value);
      if (number === undefined || (!decimal && value instanceof PyFloat)) {
        if (value instanceof Instance) value.pyUse();
        throw typeError(
          decimal
            ? `%${type} format: a real number is required, not ${typeName(value)}`
            : `%${type} format: an integer is required, not ${typeName(value)}`,
        );
      }
      const whole = toInt(value);
      const magnitude = whole < 0 ? -whole : whole;
      let body = decimal ? intText(magnitude) : magnitude.toString(type === "o" ? 8 : 16);
      if (precision !== undefined) body = body.padStart(precision, "0");
      let sign = whole < 0 ? "-" : plus;
      if (type === "X") body = body.toUpperCase();
      if (alternate && !decimal) sign += `0${type}`;
      return finish(sign, body, true);
    }
    case "e":
    case "E":
    case "f":
    case "F":
    case "g":
    case "G": {
      const number = asNumber(value);
      if (number === undefined) {
        if (value instanceof Instance) value.pyUse();
        throw typeError(`must be real number, not ${typeName(value)}`);
      }
      const negative = number < 0 || Object.is(number, -0);
      const body = floatBody(number, type, precision ?? 6, alternate);
      return finish(negative ? "-" : plus, body, Number.isFinite(number));
    }
    default:
      throw valueError(
        `unsupported format character '${type}' (0x${type.charCodeAt(0).toString(16)}) at index ${index}`,
      );
  }
}
