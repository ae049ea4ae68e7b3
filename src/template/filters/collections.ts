import { equals, truth } from "../../values/compare.ts";
import { isIterable, iterate, toList } from "../../values/iterate.ts";
import { Dict, isText, PySet, Tuple, textOf, type Value } from "../../values/model.ts";
import { asInt } from "../../values/number.ts";
import { repr, str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import { FilterError } from "../errors.ts";
import type { Filter } from "../plugin.ts";
import { dumpJson } from "../python/json-dump.ts";
import { raise } from "../python/raise.ts";
import { Undefined } from "../undefined.ts";
import { attributeGetter, ignoreCase } from "./attributes.ts";
import { define, textFrom } from "./shared.ts";

/** Ansible's filters on lists, sets and dicts. */

/** A set that also takes lists and dicts: those are compared one by one. */
class Collector {
  readonly #hashed = new PySet();
  readonly #others: Value[] = [];
  has(item: Value): boolean {
    if (isHashable(item)) return this.#hashed.has(item);
    return this.#others.some((other) => equals(other, item));
  }
  add(item: Value): void {
    if (isHashable(item)) this.#hashed.add(item);
    else this.#others.push(item);
  }
}

export function isHashable(value: Value): boolean {
  if (value instanceof Tuple) return value.items.every(isHashable);
  return !Array.isArray(value) && !(value instanceof Dict) && !(value instanceof PySet);
}

export function uniqueItems(items: Iterable<Value>): Value[] {
  const seen = new Collector();
  const result: Value[] = [];
  for (const item of items) {
    if (seen.has(item)) continue;
    seen.add(item);
    result.push(item);
  }
  return result;
}

function collect(items: Iterable<Value>): Collector {
  const collector = new Collector();
  for (const item of items) collector.add(item);
  return collector;
}

const unique: Filter = define(
  "unique",
  ["case_sensitive?", "attribute?"],
  (value, parameters, context) => {
    const attribute = parameters.get("attribute", null);
    const caseSensitive = parameters.get("case_sensitive", null);
    const read = attributeGetter(attribute, context);
    const fold = truth(caseSensitive) ? (item: Value) => item : ignoreCase;
    const items = [...iterate(value)];
    const seen = new PySet();
    const result: Value[] = [];
    for (const item of items) {
      const key = fold(read(item));
      if (key instanceof Undefined) key.fail();
      if (!isHashable(key)) {
        if (caseSensitive === null && attribute === null) return uniqueItems(items);
        // Equality alone, the other way to tell items apart, knows neither of the two.
        throw new FilterError(
          `Jinja2's unique filter failed and we cannot fall back to Ansible's version as it does not support the parameters supplied. unhashable type: '${typeName(key)}'`,
        );
      }
      if (seen.has(key)) continue;
      seen.add(key);
      result.push(item);
    }
    return result;
  },
);

const union = define("union", ["b"], (value, parameters) =>
  uniqueItems([...iterate(value), ...iterate(parameters.get("b", null))]),
);
const intersect = define("intersect", ["b"], (value, parameters) => {
  const other = collect(iterate(parameters.get("b", null)));
  return uniqueItems([...iterate(value)].filter((item) => other.has(item)));
});
const difference = define("difference", ["b"], (value, parameters) => {
  const other = collect(iterate(parameters.get("b", null)));
  return uniqueItems([...iterate(value)].filter((item) => !other.has(item)));
});
const symmetricDifference = define("symmetric_difference", ["b"], (value, parameters) => {
  const left = toList(value);
  const right = toList(parameters.get("b", null));
  const inLeft = collect(left);
  const inRight = collect(right);
  return uniqueItems(
    [...left, ...right].filter((item) => !(inLeft.has(item) && inRight.has(item))),
  );
});

/** Sizes beyond this are a runaway template, not a configuration. */
const MAX_RESULTS = 10_000_000;

export function cartesianProduct(lists: readonly (readonly Value[])[]): Tuple[] {
  const size = lists.reduce((total, list) => total * list.length, 1);
  if (size > MAX_RESULTS) raise("MemoryError", `the product has ${size} elements`);
  let rows: Value[][] = [[]];
  for (const list of lists) rows = rows.flatMap((row) => list.map((item) => [...row, item]));
  return rows.map((row) => new Tuple(row));
}

const product: Filter = (value, args) => {
  const lists = [value, ...args.positional].map(toList);
  const repeat = Number(asInt(args.named.get("repeat") ?? 1) ?? 1);
  return cartesianProduct(Array.from({ length: repeat }, () => lists).flat());
};

/** Chooses `size` of the items: in every order, or (combinations) in theirs. */
function* choose(items: readonly Value[], size: number, ordered: boolean): Generator<Value[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (const [index, item] of items.entries()) {
    const rest = ordered
      ? [...items.slice(0, index), ...items.slice(index + 1)]
      : items.slice(index + 1);
    for (const tail of choose(rest, size - 1, ordered)) yield [item, ...tail];
  }
}

function chosen(items: readonly Value[], size: number, ordered: boolean): Value[] {
  const results: Value[] = [];
  if (size < 0) return raise("ValueError", "r must be non-negative");
  if (size > items.length) return results;
  for (const choice of choose(items, size, ordered)) {
    if (results.push(new Tuple(choice)) > MAX_RESULTS) {
      raise("MemoryError", `more than ${MAX_RESULTS} elements`);
    }
  }
  return results;
}

const permutations = define("permutations", ["r?"], (value, parameters) => {
  const items = toList(value);
  return chosen(
    items,
    parameters.get("r", null) === null ? items.length : parameters.int("r", 0),
    true,
  );
});
const combinations = define("combinations", ["r"], (value, parameters) =>
  chosen(toList(value), parameters.int("r", 0), false),
);

const zip: Filter = (value, args) => {
  const lists = [value, ...args.positional].map(toList);
  const size = Math.min(...lists.map((list) => list.length));
  return Array.from({ length: size }, (_, i) => new Tuple(lists.map((list) => list[i] ?? null)));
};
const zipLongest: Filter = (value, args) => {
  const lists = [value, ...args.positional].map(toList);
  const fill = args.named.get("fillvalue") ?? null;
  const size = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: size }, (_, i) => new Tuple(lists.map((list) => list[i] ?? fill)));
};

const flatten = define("flatten", ["levels?", "skip_nulls?"], (value, parameters) => {
  const skipNulls = parameters.truth("skip_nulls", true);
  const levels = parameters.get("levels", null);
  const depth = levels === null ? Number.POSITIVE_INFINITY : parameters.int("levels", 0);
  const walk = (items: Iterable<Value>, left: number): Value[] => {
    const result: Value[] = [];
    for (const item of items) {
      const isNull = item === null || textOf(item) === "None" || textOf(item) === "null";
      if (skipNulls && isNull) continue;
      const nested = isSequence(item);
      if (nested && left >= 1) result.push(...walk(iterate(item), left - 1));
      else result.push(item);
    }
    return result;
  };
  return walk(iterate(value), depth);
});

export function isSequence(value: Value): boolean {
  return Array.isArray(value) || value instanceof Tuple;
}

function showMerged(value: Value): string {
  try {
    return dumpJson(value, { sortKeys: false });
  } catch {
    return repr(value);
  }
}

type ListMerge = "replace" | "keep" | "append" | "prepend" | "append_rp" | "prepend_rp";
const LIST_MERGES: readonly string[] = [
  "replace",
  "keep",
  "append",
  "prepend",
  "append_rp",
  "prepend_rp",
];

/** Merges `over` into a copy of `base`. https://docs.ansible.com/ansible/latest/collections/ansible/builtin/combine_filter.html */
export function mergeDicts(base: Value, over: Value, recursive: boolean, lists: string): Dict {
  if (!LIST_MERGES.includes(lists)) {
    raise(
      "AnsibleError",
      "merge_hash: 'list_merge' argument can only be equal to 'replace', 'keep', 'append', 'prepend', 'append_rp' or 'prepend_rp'",
    );
  }
  for (const value of [base, over]) if (value instanceof Undefined) value.fail();
  if (!(base instanceof Dict) || !(over instanceof Dict)) {
    return raise(
      "AnsibleError",
      `failed to combine variables, expected dicts but got a '${typeName(base)}' and a '${typeName(over)}': \n${showMerged(base)}\n${showMerged(over)}`,
    );
  }
  if (base.size === 0 || base === over) return new Dict(over);
  const result = new Dict(base);
  for (const [key, value] of over) {
    const current = result.get(key);
    if (current === undefined) result.set(key, value);
    else if (recursive && current instanceof Dict && value instanceof Dict) {
      result.set(key, mergeDicts(current, value, recursive, lists));
    } else if (Array.isArray(current) && Array.isArray(value)) {
      result.set(key, mergeLists(current, value, lists as ListMerge));
    } else result.set(key, value);
  }
  return result;
}

function mergeLists(base: Value[], over: Value[], how: ListMerge): Value[] {
  const without = (items: Value[], others: Value[]) => {
    const known = collect(others);
    return items.filter((item) => !known.has(item));
  };
  switch (how) {
    case "replace":
      return over;
    case "keep":
      return base;
    case "append":
      return [...base, ...over];
    case "prepend":
      return [...over, ...base];
    case "append_rp":
      return [...without(base, over), ...over];
    case "prepend_rp":
      return [...over, ...without(base, over)];
  }
}

const combine: Filter = (value, args) => {
  for (const name of args.named.keys()) {
    if (name !== "recursive" && name !== "list_merge") {
      throw new FilterError("'recursive' and 'list_merge' are the only valid keyword arguments");
    }
  }
  const recursive = truth(args.named.get("recursive") ?? false);
  const lists = textFrom(args.named.get("list_merge") ?? "replace");
  // As with `flatten`, one level of lists is taken apart and nulls are left out.
  const dicts = [value, ...args.positional]
    .flatMap((item) => (isSequence(item) ? [...iterate(item)] : [item]))
    .filter((item) => item !== null && textOf(item) !== "None" && textOf(item) !== "null");
  if (dicts.length === 0) return new Dict();
  if (dicts.length === 1) return dicts[0] ?? null;
  // From the last to the first, so that the later one's elements win while merging lists.
  const reversed = dicts.slice().reverse();
  let result = reversed[0] ?? null;
  for (const lower of reversed.slice(1)) result = mergeDicts(lower, result, recursive, lists);
  return result;
};

const extract: Filter = define(
  "extract",
  ["container", "morekeys?"],
  (value, parameters, context) => {
    const more = parameters.get("morekeys", null);
    const keys = more === null ? [value] : [value, ...(Array.isArray(more) ? more : [more])];
    let current = parameters.get("container", null);
    for (const key of keys) {
      current = context.getAttribute(current, key);
    }
    return current;
  },
);

const dict2items = define(
  "dict_to_list_of_dict_key_value_elements",
  ["key_name?", "value_name?"],
  (value, parameters) => {
    if (value instanceof Undefined) value.fail();
    if (!(value instanceof Dict)) {
      raise("TypeError", `dict2items requires a dictionary, got ${pythonType(value)} instead.`);
    }
    const keyName = parameters.get("key_name", "key");
    const valueName = parameters.get("value_name", "value");
    return Array.from(
      value,
      ([key, item]) =>
        new Dict([
          [keyName, key],
          [valueName, item],
        ]),
    );
  },
);

/** How Python shows a type inside a message: <class 'list'>. */
export function pythonType(value: Value): string {
  const name = typeName(value);
  return `<class '${name}'>`;
}

const items2dict = define(
  "list_of_dict_key_value_elements_to_dict",
  ["key_name?", "value_name?"],
  (value, parameters) => {
    if (value instanceof Undefined) value.fail();
    if (!isSequence(value)) {
      raise("TypeError", `items2dict requires a list, got ${pythonType(value)} instead.`);
    }
    const keyName = parameters.get("key_name", "key");
    const valueName = parameters.get("value_name", "value");
    const result = new Dict();
    for (const item of iterate(value)) {
      if (!(item instanceof Dict)) {
        if (item instanceof Undefined) item.fail();
        raise(
          "TypeError",
          `items2dict requires a list of dictionaries, got ${repr(value)} instead.`,
        );
      }
      const key = item.get(keyName);
      const content = item.get(valueName);
      if (key === undefined || content === undefined) {
        raise(
          "TypeError",
          `items2dict requires each dictionary in the list to contain the keys '${str(keyName)}' and '${str(valueName)}', got ${repr(value)} instead.`,
        );
      }
      result.set(key, content);
    }
    return result;
  },
);

/** `subelements`: pairs of every element and every one of its children under a dotted key. */
export function subelementPairs(value: Value, keys: Value, skipMissing: boolean): Value[] {
  if (value instanceof Undefined) value.fail();
  let elements: Value[];
  if (value instanceof Dict) elements = [...value.values()];
  else if (isSequence(value)) elements = toList(value);
  else throw new FilterError("obj must be a list of dicts or a nested dict");
  let path: Value[];
  if (Array.isArray(keys)) path = keys;
  else if (isText(keys)) path = (textOf(keys) ?? "").split(".");
  else throw new FilterError("subelements must be a list or a string");
  const pairs: Value[] = [];
  for (const element of elements) {
    let values: Value = element;
    for (const key of path) {
      if (!(values instanceof Dict)) {
        throw new FilterError(
          `the key '${str(key)}' should point to a dictionary, got '${str(values)}'`,
        );
      }
      const next = values.get(key);
      if (next === undefined) {
        if (!skipMissing)
          throw new FilterError(`could not find ${repr(key)} key in iterated item ${repr(values)}`);
        values = [];
        break;
      }
      values = next;
    }
    if (!Array.isArray(values)) {
      raise(
        "TypeError",
        `the key ${repr(path.at(-1) ?? null)} should point to a list, got ${repr(values)}`,
      );
    }
    for (const child of values) pairs.push(new Tuple([element, child]));
  }
  return pairs;
}

const subelements = define("subelements", ["subelements", "skip_missing?"], (value, parameters) =>
  subelementPairs(
    value,
    parameters.get("subelements", null),
    parameters.truth("skip_missing", false),
  ),
);

const rekeyOnMember = define("rekey_on_member", ["key", "duplicates?"], (value, parameters) => {
  const duplicates = textFrom(parameters.get("duplicates", "error"));
  if (duplicates !== "error" && duplicates !== "overwrite") {
    throw new FilterError(
      `duplicates parameter to rekey_on_member has unknown value: ${duplicates}`,
    );
  }
  if (value instanceof Undefined) value.fail();
  let items: Iterable<Value>;
  if (value instanceof Dict) items = value.values();
  else if (isIterable(value) && !isText(value)) items = iterate(value);
  else return raise("TypeError", "Type is not a valid list, set, or dict");
  const key = parameters.get("key", null);
  const result = new Dict();
  for (const item of items) {
    if (!(item instanceof Dict)) throw new FilterError("List item is not a valid dict");
    const member = item.get(key);
    if (member === undefined) throw new FilterError(`Key ${str(key)} was not found`);
    const known = result.get(member);
    if (known !== undefined && truth(known) && duplicates === "error") {
      throw new FilterError(`Key ${str(member)} is not unique, cannot correctly turn into dict`);
    }
    result.set(member, item);
  }
  return result;
});

const ternary = define("ternary", ["true_val", "false_val", "none_val?"], (value, parameters) => {
  const none = parameters.get("none_val", null);
  if (value === null && none !== null) return none;
  return truth(value) ? parameters.get("true_val", null) : parameters.get("false_val", null);
});

const mandatory = define("mandatory", ["msg?"], (value, parameters) => {
  if (!(value instanceof Undefined)) return value;
  const message = parameters.text("msg");
  if (message !== undefined && message !== "") throw new FilterError(message);
  const name = value.name === undefined ? "" : `'${value.name}' `;
  throw new FilterError(`Mandatory variable ${name} not defined.`);
});

export const filters: Readonly<Record<string, Filter>> = {
  combinations,
  combine,
  dict2items,
  difference,
  extract,
  flatten,
  intersect,
  items2dict,
  mandatory,
  permutations,
  product,
  rekey_on_member: rekeyOnMember,
  subelements,
  symmetric_difference: symmetricDifference,
  ternary,
  union,
  unique,
  zip,
  zip_longest: zipLongest,
};
