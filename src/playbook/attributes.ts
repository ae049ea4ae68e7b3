/** The keywords of an entry, checked as far as they can be before templating. */
import { ParseError } from "../errors/index.ts";
import { Dict, isText, PyFloat, textOf, type Value } from "../values/model.ts";
import { positionOf } from "../values/positions.ts";
import { str } from "../values/python.ts";
import { hasTemplate, unknownKeyword, wrongShape } from "./errors.ts";
import { KEYWORDS, type KeywordType, keywordAt, type Place } from "./keywords.ts";
import type { Attributes } from "./node.ts";

const BOOLEAN_WORDS = /^(y|yes|on|1|true|t|1\.0|n|no|off|0|false|f|0\.0)$/i;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Words that Python's grammar reserves and that thus cannot name variables. */
const RESERVED = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except " +
    "finally for from global if import in is lambda nonlocal not or pass raise return try while " +
    "with yield"
  ).split(" "),
);

export function isVariableName(name: string): boolean {
  return VARIABLE_NAME.test(name) && !RESERVED.has(name);
}

/**
 * @param ignore keys that are no keywords and are read elsewhere (the module, `with_*`, parameters)
 * @throws ParseError for an unknown keyword or a value of the wrong shape
 */
export function readAttributes(
  entry: Dict,
  place: Place,
  ignore: (key: string) => boolean,
): Map<string, Value> {
  const attributes = new Map<string, Value>();
  for (const [rawKey, value] of entry) {
    const key = str(rawKey);
    if (ignore(key)) continue;
    const keyword = keywordAt(place, key);
    if (keyword === undefined) throw unknownKeyword(place, key, entry);
    if (keyword === "vars") attributes.set("vars", readVars(entry, value));
    else if (value !== null) {
      checkType(entry, key, KEYWORDS[keyword]?.type ?? "any", value);
      attributes.set(keyword, value);
    }
  }
  return attributes;
}

export function withAttributes(
  base: Attributes,
  more: Iterable<readonly [string, Value]>,
): Attributes {
  return new Map([...base, ...more]);
}

function readVars(entry: Dict, value: Value): Dict {
  if (value === null) return new Dict();
  const parts = Array.isArray(value) ? value : [value];
  const merged = new Dict();
  for (const part of parts) {
    if (!(part instanceof Dict)) {
      throw wrongShape("'vars'", "a dictionary of variables", entry, "vars");
    }
    checkVariableNames(part);
    for (const [key, item] of part) merged.set(key, item);
  }
  return merged;
}

/** @throws ParseError for a key that is no valid variable name */
export function checkVariableNames(vars: Dict): void {
  for (const key of vars.keys()) {
    if (isText(key) && isVariableName(str(key))) continue;
    throw new ParseError(
      `Invalid variable name in vars specified: '${str(key)}' is not a valid variable name`,
      {
        position: positionOf(vars, str(key)),
        hint: "A name begins with a letter or underscore; letters, digits and underscores follow.",
      },
    );
  }
}

function checkType(entry: Dict, key: string, type: KeywordType, value: Value): void {
  if (hasTemplate(value)) return;
  const fail = (expected: string) =>
    new ParseError(
      `the field '${key}' has an invalid value (${str(value)}), and could not be converted to ${expected}.`,
      { position: positionOf(entry, key) },
    );
  const text = textOf(value);
  switch (type) {
    case "bool":
      if (typeof value === "boolean" || typeof value === "number") return;
      if (text === undefined || !BOOLEAN_WORDS.test(text.trim())) throw fail("bool");
      return;
    case "int":
      if (typeof value === "number" || typeof value === "boolean") return;
      if (text === undefined || !/^\s*[+-]?\d+\s*$/.test(text)) throw fail("int");
      return;
    case "float":
      if (typeof value === "number" || value instanceof PyFloat) return;
      if (text === undefined || Number.isNaN(Number.parseFloat(text))) throw fail("float");
      return;
    case "string":
      if (value instanceof Dict || Array.isArray(value)) {
        throw wrongShape(`'${key}'`, "a string", entry, key);
      }
      return;
    case "dict":
      if (!(value instanceof Dict)) throw wrongShape(`'${key}'`, "a dictionary", entry, key);
      return;
    case "tasks":
      if (!Array.isArray(value)) throw wrongShape(`'${key}'`, "a list of tasks", entry, key);
      return;
    case "list":
      if (value instanceof Dict) throw wrongShape(`'${key}'`, "a list", entry, key);
      return;
    default:
      return;
  }
}
