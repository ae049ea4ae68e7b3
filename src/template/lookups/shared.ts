import { truth } from "../../values/compare.ts";
import { iterate } from "../../values/iterate.ts";
import { Tuple, textOf, type Value } from "../../values/model.ts";
import { asInt } from "../../values/number.ts";
import { str } from "../../values/text.ts";
import { LookupError } from "../errors.ts";
import { Undefined } from "../undefined.ts";

/** What the lookups share: reading of options and of terms such as "key option=value". */

export type Options = ReadonlyMap<string, Value>;

export function textOption(options: Options, name: string, absent: string): string {
  const value = options.get(name);
  return value === undefined || value === null ? absent : str(value);
}

export function flagOption(options: Options, name: string, absent: boolean): boolean {
  const value = options.get(name);
  if (value === undefined || value === null) return absent;
  const text = textOf(value)?.toLowerCase();
  if (text === undefined) return truth(value);
  if (["yes", "on", "1", "true", "y", "t"].includes(text)) return true;
  if (["no", "off", "0", "false", "n", "f", ""].includes(text)) return false;
  throw new LookupError(`The value '${text}' of the option ${name} is not a valid boolean`);
}

export function intOption(options: Options, name: string, absent: number): number {
  const value = options.get(name);
  if (value === undefined || value === null) return absent;
  const number = Number(asInt(value) ?? str(value));
  if (!Number.isInteger(number)) {
    throw new LookupError(`The value '${str(value)}' of the option ${name} is not an integer`);
  }
  return number;
}

/** A term as text; using an undefined one raises. */
export function termText(term: Value): string {
  return term instanceof Undefined ? term.fail() : str(term);
}

export function isList(value: Value): boolean {
  return Array.isArray(value) || value instanceof Tuple;
}

/** One level of lists taken apart. */
export function flattenOnce(terms: readonly Value[]): Value[] {
  return terms.flatMap((term) => (isList(term) ? Array.from(iterate(term)) : [term]));
}

/** All levels of lists taken apart; nulls are left out where asked. */
export function flattenDeep(terms: Iterable<Value>, keep: (item: Value) => boolean): Value[] {
  const result: Value[] = [];
  for (const term of terms) {
    if (isList(term)) result.push(...flattenDeep(iterate(term), keep));
    else if (keep(term)) result.push(term);
  }
  return result;
}

/**
 * Splits "key option=value other='x y'" into the words without "=" and the options. Quotes group
 * words and are taken off the values.
 */
export function parseTerm(term: string): {
  readonly words: string[];
  readonly options: Map<string, string>;
} {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (const [word] of term.matchAll(/(?:[^\s"']|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|["'])+/g)) {
    const equals = /^(\w+)=([\s\S]*)$/.exec(word);
    if (equals?.[1] !== undefined) options.set(equals[1], unquote(equals[2] ?? ""));
    else words.push(word);
  }
  return { words, options };
}

function unquote(text: string): string {
  const match = /^(["'])([\s\S]*)\1$/.exec(text);
  return match?.[2] ?? text;
}
