import { PyCallable } from "../../values/callable.ts";
import { equals } from "../../values/compare.ts";
import { isIterable } from "../../values/iterate.ts";
import { Markup } from "../../values/markup.ts";
import { Dict, isText, PyBytes, PyFloat, Tuple, textOf, type Value } from "../../values/model.ts";
import { asNumber } from "../../values/number.ts";
import { type Comparison, compareWith, mod } from "../../values/operators.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import type { Test } from "../plugin.ts";
import { raise } from "../python/raise.ts";
import { Undefined } from "../undefined.ts";

/** Jinja2's tests. https://jinja.palletsprojects.com/en/3.1.x/templates/#builtin-tests */

function comparison(operator: Comparison): Test {
  return (value, args) => compareWith(operator, value, operand(args.positional, operator));
}

function operand(positional: readonly Value[], name: string): Value {
  const [first] = positional;
  if (first === undefined) {
    return raise("TypeError", `the test '${name}' is missing 1 required positional argument`);
  }
  return first;
}

function remainder(value: Value, divisor: Value): Value {
  if (value instanceof Undefined) value.fail();
  return mod(value, divisor);
}

/** Letters of one case only, and at least one: str.islower() and str.isupper(). */
function hasOnlyCase(value: Value, wanted: "lower" | "upper"): boolean {
  const text = str(value);
  const folded = wanted === "lower" ? text.toLowerCase() : text.toUpperCase();
  return folded === text && text.toLowerCase() !== text.toUpperCase();
}

function isSame(value: Value, other: Value): boolean {
  if (value instanceof PyFloat && other instanceof PyFloat) return value === other;
  if (typeof value === "object" && value !== null) {
    return value === other || (isText(value) && isText(other) && textOf(value) === textOf(other));
  }
  return value === other || (isText(value) && textOf(value) === textOf(other));
}

function isSequence(value: Value): boolean {
  if (value instanceof Undefined) value.fail();
  if (isText(value) || Array.isArray(value) || value instanceof Tuple) return true;
  if (value instanceof Dict || value instanceof PyBytes) return true;
  return typeName(value) === "range";
}

const isString: Test = (value) => isText(value);
const isCallable: Test = (value) => value instanceof PyCallable || typeName(value) === "function";
const equalTo = comparison("==");
const notEqualTo = comparison("!=");
const lessThan = comparison("<");
const lessOrEqual = comparison("<=");
const greaterThan = comparison(">");
const greaterOrEqual = comparison(">=");

export const tests: Readonly<Record<string, Test>> = {
  "!=": notEqualTo,
  "<": lessThan,
  "<=": lessOrEqual,
  "==": equalTo,
  ">": greaterThan,
  ">=": greaterOrEqual,
  boolean: (value) => typeof value === "boolean",
  callable: isCallable,
  defined: (value) => !(value instanceof Undefined),
  divisibleby: (value, args) =>
    equals(remainder(value, operand(args.positional, "divisibleby")), 0),
  eq: equalTo,
  equalto: equalTo,
  escaped: (value) => value instanceof Markup,
  even: (value) => equals(remainder(value, 2), 0),
  false: (value) => value === false,
  float: (value) => value instanceof PyFloat,
  ge: greaterOrEqual,
  greaterthan: greaterThan,
  gt: greaterThan,
  in: (value, args) => compareWith("in", value, operand(args.positional, "in")),
  integer: (value) => typeof value === "number" || typeof value === "bigint",
  iterable: (value) => {
    if (value instanceof Undefined) value.fail();
    return isIterable(value);
  },
  le: lessOrEqual,
  lessthan: lessThan,
  lower: (value) => hasOnlyCase(value, "lower"),
  lt: lessThan,
  mapping: (value) => value instanceof Dict,
  ne: notEqualTo,
  none: (value) => value === null,
  number: (value) => asNumber(value) !== undefined,
  odd: (value) => equals(remainder(value, 2), 1),
  sameas: (value, args) => isSame(value, operand(args.positional, "sameas")),
  sequence: isSequence,
  string: isString,
  true: (value) => value === true,
  undefined: (value) => value instanceof Undefined,
  upper: (value) => hasOnlyCase(value, "upper"),
};
