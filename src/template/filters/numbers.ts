import { equals } from "../../values/compare.ts";
import { PythonError } from "../../values/failure.ts";
import { PyFloat, textOf, type Value } from "../../values/model.ts";
import {
  asInt,
  asNumber,
  fixedDigits,
  int,
  parseInteger,
  roundFloat,
  roundInt,
  toFloat,
  toInt,
} from "../../values/number.ts";
import { absolute } from "../../values/operators.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import { FilterError } from "../errors.ts";
import type { Filter } from "../plugin.ts";
import { raise } from "../python/raise.ts";
import { Undefined } from "../undefined.ts";
import { define, plain } from "./shared.ts";

/** Filters on numbers: Jinja2's and those of Ansible's `mathstuff`. */

const BAD_NUMBER: ReadonlySet<string> = new Set(["TypeError", "ValueError", "OverflowError"]);

/** The result, or the fallback where Python's conversion would raise. */
function convertOr(convert: () => Value, fallback: () => Value): Value {
  try {
    return convert();
  } catch (error) {
    if (error instanceof PythonError && BAD_NUMBER.has(error.kind)) return fallback();
    throw error;
  }
}

const toInteger: Filter = define("do_int", ["default?", "base?"], (value, parameters) => {
  if (value instanceof Undefined) value.fail();
  if (typeof value === "number" && !parameters.given("base")) return value;
  const text = textOf(value);
  return convertOr(
    () => (text === undefined ? toInt(value) : parseInteger(text, parameters.int("base", 10))),
    () =>
      convertOr(
        () => toInt(new PyFloat(toFloat(value))),
        () => parameters.get("default", 0),
      ),
  );
});

const toFloating: Filter = define("do_float", ["default?"], (value, parameters) => {
  if (value instanceof Undefined) value.fail();
  return convertOr(
    () => new PyFloat(toFloat(value)),
    () => parameters.get("default", new PyFloat(0)),
  );
});

const round: Filter = define("do_round", ["precision?", "method?"], (value, parameters) => {
  const method = textOf(parameters.get("method", "common")) ?? "";
  const precision = parameters.int("precision", 0);
  if (method !== "common" && method !== "ceil" && method !== "floor") {
    return raise("FilterArgumentError", "method must be common, ceil or floor");
  }
  if (value instanceof Undefined) value.fail();
  const number = asNumber(value);
  if (number === undefined) {
    const type = typeName(value);
    return method === "common"
      ? raise("TypeError", `type ${type} doesn't define __round__ method`)
      : raise("TypeError", `can't multiply sequence by non-int of type 'float'`);
  }
  if (method === "common") {
    const whole = asInt(value);
    if (whole !== undefined) return roundInt(whole, precision);
    return new PyFloat(roundFloat(number, precision));
  }
  const scale = 10 ** precision;
  const scaled = number * scale;
  return new PyFloat((method === "ceil" ? Math.ceil(scaled) : Math.floor(scaled)) / scale);
});

const filesizeformat: Filter = define("do_filesizeformat", ["binary?"], (value, parameters) => {
  const bytes = toFloat(value);
  const binary = parameters.truth("binary", false);
  const base = binary ? 1024 : 1000;
  const prefixes = binary
    ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
    : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  let text = "";
  for (const [index, prefix] of prefixes.entries()) {
    const unit = base ** (index + 2);
    text = `${fixedDigits((base * bytes) / unit, 1)} ${prefix}`;
    if (bytes < unit) break;
  }
  return text;
});

/** The number of a `math` function's argument, or TypeError with the filter's own lead. */
function real(value: Value, filter: string): number {
  if (value instanceof Undefined) value.fail();
  const number = asNumber(value);
  if (number !== undefined) return number;
  return raise(
    "TypeError",
    `${filter}() can only be used on numbers: must be real number, not ${typeName(value)}`,
  );
}

function domainError(filter: string): never {
  return raise("TypeError", `${filter}() can only be used on numbers: math domain error`);
}

const log: Filter = define("logarithm", ["base?"], (value, parameters) => {
  const number = real(value, "log");
  const given = parameters.given("base");
  const base = given ? real(parameters.get("base", null), "log") : Math.E;
  if (number <= 0 || base <= 0) return domainError("log");
  if (!given) return new PyFloat(Math.log(number));
  if (base === 10) return new PyFloat(Math.log10(number));
  if (base === 1) return raise("ZeroDivisionError", "float division by zero");
  return new PyFloat(Math.log(number) / Math.log(base));
});

const power: Filter = define("power", ["y"], (value, parameters) => {
  const base = real(value, "pow");
  const exponent = real(parameters.get("y", null), "pow");
  const result = base ** exponent;
  if (Number.isNaN(result) || (base === 0 && exponent < 0)) return domainError("pow");
  if (!Number.isFinite(result) && Number.isFinite(base) && Number.isFinite(exponent)) {
    return raise("OverflowError", "math range error");
  }
  return new PyFloat(result);
});

const root: Filter = define("inversepower", ["base?"], (value, parameters) => {
  const number = real(value, "root");
  const base = parameters.get("base", 2);
  const degree = real(base, "root");
  if (equals(base, 2)) {
    if (number < 0) return domainError("root");
    return new PyFloat(Math.sqrt(number));
  }
  if (degree === 0) return raise("ZeroDivisionError", "float division by zero");
  const result = number ** (1 / degree);
  return Number.isNaN(result) ? domainError("root") : new PyFloat(result);
});

const UNITS = ["Y", "Z", "E", "P", "T", "G", "M", "K", "B"] as const;
const unitSize = (unit: string): number =>
  2 ** (10 * (UNITS.length - 1 - UNITS.indexOf(unit as "B")));

const humanReadable: Filter = define(
  "human_readable",
  ["isbits?", "unit?"],
  (value, parameters) => {
    const number = asNumber(value);
    if (value instanceof Undefined) value.fail();
    if (number === undefined) {
      raise("TypeError", `human_readable() failed on bad input: ${notNumber(value)}`);
    }
    const bits = parameters.truth("isbits", false);
    const asked = parameters.text("unit")?.toUpperCase();
    let suffix = "";
    let size = 1;
    for (const unit of UNITS) {
      suffix = unit;
      size = unitSize(unit);
      if (asked === undefined ? number >= size : asked[0] === unit) break;
    }
    const base = bits ? "bits" : "Bytes";
    const shown = suffix === "B" ? base : suffix + (bits ? "b" : "B");
    return `${fixedDigits(number / size, 2)} ${shown}`;
  },
);

function notNumber(value: Value): string {
  return `'>=' not supported between instances of '${typeName(value)}' and 'int'`;
}

const WORDS: Readonly<Record<string, string>> = Object.fromEntries(
  ["yotta", "zetta", "exa", "peta", "tera", "giga", "mega", "kilo"].map((word) => {
    const letter = (word[0] ?? "").toUpperCase();
    return [letter, `^(?:${word}|${letter})(?:bit|byte)s?$`];
  }),
);

function wordKind(unit: string, bits: boolean): boolean {
  return /b(?:it|yte)/i.test(unit) && /bit/i.test(unit) === bits;
}

const humanToBytes: Filter = define(
  "human_to_bytes",
  ["default_unit?", "isbits?"],
  (value, parameters) => {
    if (value instanceof Undefined) value.fail();
    const shown = str(value);
    const bits = parameters.truth("isbits", false);
    const refuse = (): never => {
      throw new FilterError(`human_to_bytes() can't interpret following string: ${shown}`);
    };
    const match = /^\s*([0-9]*\.?[0-9]*)\s*([A-Za-z]+)?/.exec(shown);
    if (!match || match[1] === "" || Number.isNaN(Number(match[1]))) return refuse();
    const number = Number(match[1]);
    const unit = match[2] ?? parameters.text("default_unit") ?? "";
    if (unit === "") return int(BigInt(roundFloat(number)));
    const letter = (unit[0] ?? "").toUpperCase();
    if (!(UNITS as readonly string[]).includes(letter)) return refuse();
    const names = new RegExp(
      letter === "B" ? "^b(?:(?:it|yte)s?)?$" : (WORDS[letter] ?? "$^"),
      "i",
    );
    // "KB" are bytes and "Kb" bits; words and single letters may have any case.
    const short = unit.length === 2 && unit[1] === (bits ? "b" : "B");
    if (unit.length > 1 && !short && !(names.test(unit) && wordKind(unit, bits))) return refuse();
    return int(BigInt(roundFloat(number * unitSize(letter))));
  },
);

/** `bool` of Ansible: yes, on, 1, true in any case, and 1; None stays None. */
export function ansibleBool(value: Value): Value {
  if (value instanceof Undefined) return value.fail();
  if (value === null || typeof value === "boolean") return value;
  const text = textOf(value)?.toLowerCase();
  if (text !== undefined) return ["yes", "on", "1", "true"].includes(text);
  return equals(value, 1);
}

export const filters: Readonly<Record<string, Filter>> = {
  abs: plain("abs", (value) => absolute(value)),
  bool: plain("to_bool", ansibleBool),
  filesizeformat,
  float: toFloating,
  human_readable: humanReadable,
  human_to_bytes: humanToBytes,
  int: toInteger,
  log,
  pow: power,
  root,
  round,
};
