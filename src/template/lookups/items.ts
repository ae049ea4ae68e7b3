import { randomInt } from "node:crypto";
import { truth } from "../../values/compare.ts";
import { formatPercent } from "../../values/format-percent.ts";
import { isIterable, iterate } from "../../values/iterate.ts";
import { Dict, isText, Tuple, textOf, type Value } from "../../values/model.ts";
import { int } from "../../values/number.ts";
import { repr, str } from "../../values/text.ts";
import { TemplateRuntimeError } from "../errors.ts";
import { cartesianProduct } from "../filters/collections.ts";
import type { Lookup } from "../plugin.ts";
import { Undefined } from "../undefined.ts";
import { flattenDeep, flattenOnce, isList, parseTerm } from "./shared.ts";

/** Lookups on data: what `with_items`, `with_nested`, `with_sequence` and their like loop over. */

function fail(message: string): never {
  throw new TemplateRuntimeError("AnsibleError", message);
}

const dict: Lookup = (terms) =>
  flattenOnce(terms).flatMap((term) => {
    if (term instanceof Undefined) return term.fail();
    if (!(term instanceof Dict)) return fail("with_dict expects a dict");
    return Array.from(
      term,
      ([key, value]) =>
        new Dict([
          ["key", key],
          ["value", value],
        ]),
    );
  });

/** Each term as a list; what is none, and text, stands for a list of itself. */
function asLists(terms: readonly Value[]): Value[][] {
  return terms.map((term) => {
    if (term instanceof Undefined) return term.fail();
    return isText(term) || !isIterable(term) ? [term] : Array.from(iterate(term));
  });
}

const nested: Lookup = (terms) => {
  if (terms.length === 0)
    return fail("with_nested requires at least one element in the nested list");
  const [only] = terms;
  if (terms.length === 1 && only !== undefined) {
    return asLists([only]).flatMap((items) => items.map((item) => flattenOnce([...iterate(item)])));
  }
  return cartesianProduct(asLists(terms)).map((row) => flattenOnce(flattenOnce(row.items)));
};

const together: Lookup = (terms) => {
  const lists = asLists(terms);
  if (lists.length === 0) return fail("with_together requires at least one element in each list");
  const size = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: size }, (_, i) => flattenOnce(lists.map((list) => list[i] ?? null)));
};

const indexedItems: Lookup = (terms) =>
  flattenOnce(terms).map((item, index) => new Tuple([index, item]));

/** Leaves out None, "None" and "null", as community.general's does. */
const flattened: Lookup = (terms) =>
  flattenDeep(terms, (item) => item !== null && textOf(item) !== "None" && textOf(item) !== "null");

const cartesian: Lookup = (terms) => {
  if (terms.length === 0) return fail("with_cartesian requires at least one element in each list");
  return cartesianProduct(asLists(terms)).map((row) => flattenOnce(row.items));
};

const randomChoice: Lookup = (terms) =>
  terms.length === 0 ? [] : [terms[randomInt(terms.length)] ?? null];

const SUBELEMENTS = "subelements lookup expects a list of two or three items, ";
const SUBKEY = `${SUBELEMENTS}first a dict or a list, second a string pointing to the subkey`;
const FLAGS = `${SUBELEMENTS}the optional third item must be a dict with flags skip_missing`;

const subelements: Lookup = (terms) => {
  const [first, path, flags] = terms;
  if (first === undefined || path === undefined || terms.length > 3) return fail(SUBELEMENTS);
  if (first instanceof Undefined) return first.fail();
  // One value stands for a list of one.
  const rawList = isList(first) || first instanceof Dict ? first : [first];
  const keys = textOf(path)?.split(".");
  if (keys === undefined) return fail(SUBKEY);
  let skipMissing = false;
  if (flags !== undefined) {
    if (!(flags instanceof Dict)) return fail(FLAGS);
    for (const key of flags.keys()) if (textOf(key) !== "skip_missing") return fail(FLAGS);
    const flag = flags.get("skip_missing") ?? false;
    skipMissing = isText(flag) ? /^(?:yes|on|1|true|y|t)$/i.test(str(flag)) : truth(flag);
  }
  // A dict stands for its values, save those whose item is marked as skipped.
  let elements: Value[];
  if (rawList instanceof Dict) {
    if (truth(rawList.get("skipped") ?? false)) return [];
    elements = [...rawList.values()];
  } else elements = Array.from(iterate(rawList));
  return elements.flatMap((element) => pairsOf(element, keys, skipMissing));
};

/** The element without the list, and each item of the list. */
function pairsOf(element: Value, keys: readonly string[], skipMissing: boolean): Value[] {
  if (element instanceof Undefined) return element.fail();
  if (!(element instanceof Dict)) {
    return fail(`subelements lookup expects a dictionary, got '${str(element)}'`);
  }
  if (truth(element.get("skipped") ?? false)) return [];
  let current: Value = element;
  for (const [index, key] of keys.entries()) {
    const next: Value | undefined = current instanceof Dict ? current.get(key) : undefined;
    if (next === undefined) {
      if (skipMissing) return [];
      return fail(`could not find '${key}' key in iterated item '${repr(current)}'`);
    }
    const isLast = index === keys.length - 1;
    if (!isLast && !(next instanceof Dict)) {
      return skipMissing
        ? []
        : fail(`the key ${key} should point to a dictionary, got '${str(next)}'`);
    }
    if (isLast && !Array.isArray(next))
      return fail(`the key ${key} should point to a list, got '${str(next)}'`);
    current = next;
  }
  const bare = withoutPath(element, keys);
  return Array.from(iterate(current), (item) => new Tuple([bare, item]));
}

function withoutPath(dict: Dict, keys: readonly string[]): Dict {
  const [key = "", ...rest] = keys;
  const copy = new Dict(dict);
  const inner = copy.get(key);
  if (rest.length === 0) copy.delete(key);
  else if (inner instanceof Dict) copy.set(key, withoutPath(inner, rest));
  return copy;
}

interface Sequence {
  start: number;
  end: number | undefined;
  count: number | undefined;
  stride: number;
  format: string;
}

function sequenceInt(name: string, text: string): number {
  const match = /^([+-]?)(0x[0-9a-f]+|0o[0-7]+|0b[01]+|\d+)$/i.exec(text.trim());
  const digits = match?.[2] ?? "";
  const number = Number(digits);
  if (!match || Number.isNaN(number) || /^0\d+$/.test(digits)) {
    return fail(`can't parse ${name}=${text} as integer`);
  }
  return match[1] === "-" ? -number : number;
}

const SHORTCUT =
  /^((0(?:x[0-9a-f]+|o?[0-7]*)|[1-9]\d*)-)?(0(?:x[0-9a-f]+|o?[0-7]*)|[1-9]\d*)(\/(-?(?:0x?[0-9a-f]+|\d+)))?(:(.+))?$/i;

function parseSequence(term: string): Sequence {
  const sequence: Sequence = {
    start: 1,
    end: undefined,
    count: undefined,
    stride: 1,
    format: "%d",
  };
  const shortcut = SHORTCUT.exec(term);
  if (shortcut) {
    const number = (text: string) => sequenceInt("end", text);
    if (shortcut[2] !== undefined) sequence.start = number(shortcut[2]);
    sequence.end = number(shortcut[3] ?? "0");
    if (shortcut[5] !== undefined) sequence.stride = number(shortcut[5]);
    if (shortcut[7] !== undefined) sequence.format = shortcut[7];
    return sequence;
  }
  const { words, options } = parseTerm(term);
  for (const name of ["start", "end", "count", "stride"] as const) {
    const text = options.get(name);
    if (text !== undefined) sequence[name] = sequenceInt(name, text);
    options.delete(name);
  }
  sequence.format = options.get("format") ?? sequence.format;
  options.delete("format");
  if (options.size > 0 || words.length > 0) {
    const unknown = [...options.keys(), ...(words.length > 0 ? ["_raw_params"] : [])];
    return fail(`unrecognized arguments to with_sequence: ${repr(unknown)}`);
  }
  return sequence;
}

/** More items than this are a mistake, not a loop. */
const MAX_SEQUENCE = 10_000_000;

const sequence: Lookup = (terms) =>
  terms.flatMap((term) => {
    const { start, end, count, stride, format } = parseSequence(str(term));
    let last = end;
    if (count === undefined && end === undefined)
      return fail("must specify count or end in with_sequence");
    if (count !== undefined && end !== undefined)
      return fail("can't specify both count and end in with_sequence");
    if (count !== undefined) {
      if (count === 0) return [];
      last = start + count * stride - (stride > 0 ? 1 : -1);
    }
    const limit = last ?? start;
    if (stride > 0 && limit < start) return fail("to count backwards make stride negative");
    if (stride < 0 && limit > start) return fail("to count forward don't make stride negative");
    if (stride === 0) return [];
    if (!format.replaceAll("%%", "").includes("%")) return fail(`bad formatting string: ${format}`);
    const size = Math.floor((limit - start) / stride) + 1;
    if (size > MAX_SEQUENCE) return fail(`with_sequence of ${size} items is too long`);
    return Array.from({ length: size }, (_, i) => {
      return formatPercent(format, new Tuple([int(BigInt(start + i * stride))]));
    });
  });

const list: Lookup = (terms) => [...terms];

export const lookups: Readonly<Record<string, Lookup>> = {
  cartesian,
  dict,
  flattened,
  indexed_items: indexedItems,
  items: (terms) => flattenOnce(terms),
  list,
  nested,
  random_choice: randomChoice,
  sequence,
  subelements,
  together,
};

export const collections: Readonly<Record<string, string>> = {
  cartesian: "community.general",
  flattened: "community.general",
};
