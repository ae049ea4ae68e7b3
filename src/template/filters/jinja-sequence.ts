import { getAttribute } from "../../values/attribute.ts";
import { compare, equals, sortValues, truth } from "../../values/compare.ts";
import { isIterable, iterate, length, toList } from "../../values/iterate.ts";
import { Dict, Tuple, textOf, type Value } from "../../values/model.ts";
import { add } from "../../values/operators.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import type { Arguments, EvaluationContext, Filter } from "../plugin.ts";
import { raise } from "../python/raise.ts";
import { Undefined } from "../undefined.ts";
import { attributeGetter, ignoreCase, itemTest } from "./attributes.ts";
import { argument, define, plain, textFrom } from "./shared.ts";

/**
 * Jinja2's filters on sequences and mappings. Where Jinja2 gives a generator Ansible makes a list
 * of it at once, so lists are given here.
 */

const defaultFilter: Filter = (value, args) => {
  if (value instanceof Undefined) return argument(args, 0, "default_value") ?? "";
  const boolean = argument(args, 1, "boolean");
  if (boolean !== undefined && truth(boolean) && !truth(value)) {
    return argument(args, 0, "default_value") ?? "";
  }
  return value;
};

const join: Filter = define("do_join", ["d?", "attribute?"], (value, parameters, context) => {
  const read = attributeGetter(parameters.get("attribute", null), context);
  let result = "";
  let first = true;
  const separator = textFrom(parameters.get("d", ""));
  for (const item of iterate(value)) {
    if (!first) result += separator;
    first = false;
    result += str(read(item));
  }
  return result;
});

function reverse(value: Value): Value {
  const text = textOf(value);
  if (text !== undefined) return Array.from(text).reverse().join("");
  if (value instanceof Undefined) return value.fail();
  if (!isIterable(value)) return raise("FilterArgumentError", "argument must be iterable");
  return toList(value).reverse();
}

const batch: Filter = define("do_batch", ["linecount", "fill_with?"], (value, parameters) => {
  const size = parameters.int("linecount", 1);
  const fill = parameters.get("fill_with", null);
  const rows: Value[][] = [];
  let row: Value[] = [];
  for (const item of iterate(value)) {
    if (row.length === size) {
      rows.push(row);
      row = [];
    }
    row.push(item);
  }
  if (row.length > 0) {
    if (fill !== null) while (row.length < size) row.push(fill);
    rows.push(row);
  }
  return rows;
});

const slice: Filter = define("do_slice", ["slices", "fill_with?"], (value, parameters) => {
  const items = toList(value);
  const slices = parameters.int("slices", 1);
  if (slices === 0) raise("ZeroDivisionError", "integer division or modulo by zero");
  const fill = parameters.get("fill_with", null);
  const size = Math.floor(items.length / slices);
  const longer = items.length % slices;
  const rows: Value[][] = [];
  let offset = 0;
  for (let number = 0; number < slices; number++) {
    const start = offset + number * size;
    if (number < longer) offset++;
    const row = items.slice(start, offset + (number + 1) * size);
    if (fill !== null && number >= longer) row.push(fill);
    rows.push(row);
  }
  return rows;
});

const sort: Filter = define(
  "do_sort",
  ["reverse?", "case_sensitive?", "attribute?"],
  (value, parameters, context) => {
    const items = toList(value);
    const fold = parameters.truth("case_sensitive", false) ? (item: Value) => item : ignoreCase;
    const attribute = parameters.get("attribute", null);
    const names = textOf(attribute)?.split(",") ?? [attribute];
    const getters = names.map((name) => attributeGetter(name, context));
    const key = (item: Value): Value =>
      getters.length === 1 && getters[0]
        ? fold(getters[0](item))
        : new Tuple(getters.map((getter) => fold(getter(item))));
    return sortValues(items, key, parameters.truth("reverse", false));
  },
);

const dictsort: Filter = define(
  "do_dictsort",
  ["case_sensitive?", "by?", "reverse?"],
  (value, parameters) => {
    const by = textOf(parameters.get("by", "key"));
    if (by !== "key" && by !== "value") {
      return raise("FilterArgumentError", 'You can only sort by either "key" or "value"');
    }
    if (!(value instanceof Dict)) {
      if (value instanceof Undefined) value.fail();
      return raise("AttributeError", `'${typeName(value)}' object has no attribute 'items'`);
    }
    const fold = parameters.truth("case_sensitive", false) ? (item: Value) => item : ignoreCase;
    const pairs: Value[] = Array.from(value, ([key, item]) => new Tuple([key, item]));
    const position = by === "key" ? 0 : 1;
    const key = (pair: Value): Value => fold((pair as Tuple).items[position] ?? null);
    return sortValues(pairs, key, parameters.truth("reverse", false));
  },
);

const groupby: Filter = define(
  "do_groupby",
  ["attribute", "default?", "case_sensitive?"],
  (value, parameters, context) => {
    const absent = parameters.given("default") ? parameters.get("default", null) : undefined;
    const read = attributeGetter(parameters.get("attribute", null), context, absent);
    const sensitive = parameters.truth("case_sensitive", false);
    const fold = sensitive ? (item: Value) => item : ignoreCase;
    const keyed = toList(value).map((item) => {
      const shown = read(item);
      return { item, shown, key: fold(shown) };
    });
    keyed.sort((a, b) => -compare(b.key, a.key));
    const groups: { key: Value; shown: Value; items: Value[] }[] = [];
    for (const { item, key, shown } of keyed) {
      const last = groups.at(-1);
      if (last && equals(last.key, key)) last.items.push(item);
      else groups.push({ key, shown, items: [item] });
    }
    return groups.map((group) => new Tuple([group.shown, group.items]));
  },
);

/** `min` and `max`. Ansible's fall back on nothing: an empty sequence is undefined. */
function extreme(name: "min" | "max"): Filter {
  return define(name, ["case_sensitive?", "attribute?"], (value, parameters, context) => {
    const read = attributeGetter(parameters.get("attribute", null), context);
    const fold = parameters.truth("case_sensitive", false) ? (item: Value) => item : ignoreCase;
    let best: Value | undefined;
    let bestKey: Value = null;
    for (const item of iterate(value)) {
      const key = fold(read(item));
      const better =
        best === undefined ||
        (name === "min" ? compare(key, bestKey, "<") < 0 : compare(key, bestKey, ">") > 0);
      if (!better) continue;
      best = item;
      bestKey = key;
    }
    return best ?? context.undefined("No aggregated item, sequence was empty.");
  });
}

const sum: Filter = define("do_sum", ["attribute?", "start?"], (value, parameters, context) => {
  const read = attributeGetter(parameters.get("attribute", null), context);
  let total = parameters.get("start", 0);
  if (textOf(total) !== undefined) {
    raise("TypeError", "sum() can't sum strings [use ''.join(seq) instead]");
  }
  for (const item of iterate(value)) total = add(total, read(item));
  return total;
});

const map: Filter = (value, args, context) => {
  const apply = mapFunction(args, context);
  return Array.from(truth(value) ? iterate(value) : [], apply);
};

function mapFunction(args: Arguments, context: EvaluationContext): (item: Value) => Value {
  if (args.positional.length === 0 && args.named.has("attribute")) {
    for (const name of args.named.keys()) {
      if (name !== "attribute" && name !== "default") {
        raise("FilterArgumentError", `Unexpected keyword argument '${name}'`);
      }
    }
    return attributeGetter(args.named.get("attribute") ?? null, context, args.named.get("default"));
  }
  const [name, ...rest] = args.positional;
  const filterName = textOf(name);
  if (filterName === undefined)
    return raise("FilterArgumentError", "map requires a filter argument");
  return (item) => context.filter(filterName, item, rest, args.named);
}

function selection(keep: boolean, attribute: boolean): Filter {
  return (value, args, context) => {
    if (!truth(value)) return [];
    const test = itemTest(args, context, attribute);
    return Array.from(iterate(value)).filter((item) => test(item) === keep);
  };
}

const first = plain("do_first", (value, context) => {
  for (const item of iterate(value)) return item;
  return context.undefined("No first item, sequence was empty.");
});

const last = plain("do_last", (value, context) => {
  const text = textOf(value);
  if (
    text === undefined &&
    !Array.isArray(value) &&
    !(value instanceof Tuple) &&
    !(value instanceof Dict)
  ) {
    // reversed() takes sequences only, so a set or a generator is refused as in Python.
    if (value instanceof Undefined) value.fail();
    if (typeName(value) === "set" || !isIterable(value)) {
      raise("TypeError", `'${typeName(value)}' object is not reversible`);
    }
  }
  return toList(value).at(-1) ?? context.undefined("No last item, sequence was empty.");
});

const items = plain("do_items", (value) => {
  if (value instanceof Undefined) return [];
  if (!(value instanceof Dict)) {
    return raise("TypeError", "Can only get item pairs from a mapping.");
  }
  return Array.from(value, ([key, item]) => new Tuple([key, item]));
});

const attr: Filter = define("do_attr", ["name"], (value, parameters, context) => {
  const name = textFrom(parameters.get("name", ""));
  if (value instanceof Undefined) return value.fail();
  return (
    getAttribute(value, name) ??
    context.undefined(`'${typeName(value)} object' has no attribute '${name}'`, name)
  );
});

const size = plain("length", (value) => length(value));

export const filters: Readonly<Record<string, Filter>> = {
  attr,
  batch,
  count: size,
  d: defaultFilter,
  default: defaultFilter,
  dictsort,
  first,
  groupby,
  items,
  join,
  last,
  length: size,
  list: plain("do_list", (value) => toList(value)),
  map,
  max: extreme("max"),
  min: extreme("min"),
  reject: selection(false, false),
  rejectattr: selection(false, true),
  reverse: plain("do_reverse", reverse),
  select: selection(true, false),
  selectattr: selection(true, true),
  slice,
  sort,
  sum,
};
