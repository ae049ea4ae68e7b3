import { crc32 } from "node:zlib";
import { equals, sortValues } from "../../values/compare.ts";
import { isIterable, iterate, toList } from "../../values/iterate.ts";
import { Dict, PyFloat, textOf, type Value } from "../../values/model.ts";
import { roundFloat } from "../../values/number.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import { FilterError, TemplateRuntimeError } from "../errors.ts";
import type { Filter } from "../plugin.ts";
import { iniSection, parseIni } from "../python/configparser.ts";
import { parseCsv } from "../python/csv.ts";
import { searchJmespath } from "../python/jmespath/index.ts";
import { raise } from "../python/raise.ts";
import { compareLoose } from "../python/versions.ts";
import { Undefined } from "../undefined.ts";
import { isHashable, isSequence, mergeDicts, pythonType } from "./collections.ts";
import { define, textFrom } from "./shared.ts";

/** Filters of community.general that roles use. */

const jsonQuery = define("json_query", ["expr"], (value, parameters) => {
  if (value instanceof Undefined) value.fail();
  const query = textFrom(parameters.get("expr", ""));
  try {
    return searchJmespath(query, value);
  } catch (error) {
    if (!(error instanceof TemplateRuntimeError)) throw error;
    throw new FilterError(`JMESPathError in json_query filter plugin:\n${error.message}`, {
      hint: `The query is: ${query}`,
      cause: error,
    });
  }
});

const counter = define("counter", [], (value) => {
  if (value instanceof Undefined) value.fail();
  if (textOf(value) === undefined && !isSequence(value)) {
    throw new FilterError(
      `Argument for community.general.counter must be a sequence (string or list). ${str(value)} is ${pythonType(value)}`,
    );
  }
  const counts = new Dict();
  for (const item of iterate(value)) {
    if (!isHashable(item)) {
      throw new FilterError(
        `community.general.counter needs a sequence with hashable elements (int, float or str) - unhashable type: '${typeName(item)}'`,
      );
    }
    const known = counts.get(item);
    counts.set(item, typeof known === "number" ? known + 1 : 1);
  }
  return counts;
});

const groupbyAsDict = define("groupby_as_dict", ["attribute"], (value, parameters) => {
  if (value instanceof Undefined) value.fail();
  if (!isSequence(value)) throw new FilterError("Input is not a sequence");
  const attribute = parameters.get("attribute", null);
  const result = new Dict();
  Array.from(iterate(value)).forEach((item, index) => {
    if (!(item instanceof Dict)) {
      throw new FilterError(`Sequence element #${index} is not a mapping`);
    }
    const key = item.get(attribute);
    if (key === undefined) {
      throw new FilterError(`Attribute not contained in element #${index} of sequence`);
    }
    if (result.has(key)) {
      throw new FilterError(`Multiple sequence entries have attribute value '${str(key)}'`);
    }
    result.set(key, item);
  });
  return result;
});

const listsMergeby: Filter = (value, args) => {
  const named = args.named;
  const recursive = named.get("recursive") === true;
  const lists = textFrom(named.get("list_merge") ?? "replace");
  const terms = [value, ...args.positional];
  const index = terms.pop();
  if (terms.length === 0 || textOf(index) === undefined) {
    throw new FilterError(
      "_mergeby_ argument 'index' must be a string: the last positional argument",
    );
  }
  const all: Value[] = [];
  for (const term of terms) {
    if (term instanceof Undefined) term.fail();
    if (!isSequence(term)) {
      throw new FilterError(
        `All arguments before the argument index for lists_mergeby must be lists. ${str(term)} is ${pythonType(term)}`,
      );
    }
    // A list of lists counts as its lists.
    for (const item of iterate(term)) {
      if (isSequence(item)) all.push(...iterate(item));
      else all.push(item);
    }
  }
  const merged = new Dict();
  for (const item of all) {
    if (!(item instanceof Dict)) {
      throw new FilterError(
        `Elements of list arguments for lists_mergeby must be dictionaries. ${str(item)} is ${pythonType(item)}`,
      );
    }
    const key = item.get(index ?? null);
    // Elements without the key are left out, as in the original.
    if (key === undefined) continue;
    merged.set(key, mergeDicts(merged.get(key) ?? new Dict(), item, recursive, lists));
  }
  return sortValues([...merged.values()], (item) => (item as Dict).get(index ?? null) ?? null);
};

const dictFilter = define("dict", [], (value) => {
  if (value instanceof Undefined) value.fail();
  return new Dict(
    Array.from(iterate(value), (pair) => {
      const [key, item, ...rest] = toList(pair);
      if (key === undefined || item === undefined || rest.length > 0) {
        return raise("ValueError", "dictionary update sequence elements must have length 2");
      }
      return [key, item] as const;
    }),
  );
});

const versionSort = define("version_sort", ["reverse?"], (value, parameters) => {
  const sorted = toList(value).sort((a, b) => compareLoose(textFrom(a), textFrom(b)));
  return parameters.truth("reverse", false) ? sorted.reverse() : sorted;
});

const unicodeNormalize = define("unicode_normalize", ["form?"], (value, parameters) => {
  const text = textOf(value);
  if (text === undefined) {
    if (value instanceof Undefined) value.fail();
    throw new FilterError(`Argument data must be a string. Got ${pythonType(value)} instead.`);
  }
  const form = textFrom(parameters.get("form", "NFC"));
  if (form !== "NFC" && form !== "NFD" && form !== "NFKC" && form !== "NFKD") {
    throw new FilterError(`Argument form is not valid: ${form}`);
  }
  return text.normalize(form);
});

/** Milliseconds of one unit; a year and a month have a length of their own in each call. */
function timeFactors(year: number, month: number): Readonly<Record<string, number>> {
  const day = 86_400_000;
  return {
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
    d: day,
    w: 7 * day,
    mo: month * day,
    y: year * day,
  };
}
const UNIT_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^(?:ms|msecs?|milliseconds?)$/, "ms"],
  [/^(?:s|secs?|seconds?)$/, "s"],
  [/^(?:m|mins?|minutes?)$/, "m"],
  [/^(?:h|hours?)$/, "h"],
  [/^(?:d|days?)$/, "d"],
  [/^(?:w|weeks?)$/, "w"],
  [/^(?:mo|months?)$/, "mo"],
  [/^(?:y|years?)$/, "y"],
];

function timeUnit(name: string): string | undefined {
  return UNIT_NAMES.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1];
}

function timeFilter(name: string, fixed: string | undefined): Filter {
  const signature = fixed === undefined ? ["unit?", "year?", "month?"] : ["year?", "month?"];
  return define(name, signature, (value, parameters) => {
    const unitName = fixed ?? textFrom(parameters.get("unit", "ms"));
    const unit = timeUnit(unitName);
    const refuse = (message: string): never => {
      throw new FilterError(`to_time_unit() ${message}`);
    };
    if (unit === undefined)
      return refuse(
        `can not convert to the following unit: ${unitName}. Available units (singular or plural): ms, s, m, h, d, w, mo, y`,
      );
    const factors = timeFactors(parameters.int("year", 365), parameters.int("month", 30));
    const text = str(value).trim();
    const words = text.split(/\s+/);
    let total = 0;
    for (const word of words) {
      const match = /^(-?\d+)([a-zA-Z]+)$/.exec(word);
      const part = match && timeUnit(match[2] ?? "");
      if (!match || !part) return refuse(`can not interpret following string: ${text}`);
      total += Number(match[1]) * (factors[part] ?? 0);
    }
    return new PyFloat(roundFloat(total / (factors[unit] ?? 1), 12));
  });
}

const DIALECTS: readonly string[] = ["excel", "excel-tab", "unix"];

const fromCsv = define(
  "from_csv",
  ["dialect?", "fieldnames?", "delimiter?", "skipinitialspace?", "strict?"],
  (value, parameters) => {
    const dialect = textFrom(parameters.get("dialect", "excel"));
    if (!DIALECTS.includes(dialect)) {
      throw new FilterError(`Dialect '${dialect}' is not supported by your version of python.`);
    }
    const delimiter = parameters.text("delimiter") ?? (dialect === "excel-tab" ? "\t" : ",");
    const skip = parameters.truth("skipinitialspace", false);
    const rows = parseCsv(textFrom(value), delimiter).filter((row) => row.length > 0);
    const names = parameters.get("fieldnames", null);
    const header = names === null ? (rows.shift() ?? []) : toList(names).map(textFrom);
    return rows.map((row) => {
      const fields = header.map((name, i): [Value, Value] => {
        const field = row[i];
        return [name, field === undefined ? null : skip ? field.trimStart() : field];
      });
      const surplus = row.slice(header.length);
      return new Dict(surplus.length > 0 ? [...fields, [null, surplus]] : fields);
    });
  },
);

const fromIni = define("from_ini", [], (value) => {
  const text = textOf(value);
  if (text === undefined) {
    if (value instanceof Undefined) value.fail();
    throw new FilterError(`from_ini requires a str, got ${pythonType(value)}`);
  }
  const ini = parseIni(text, { caseSensitive: true });
  const result = new Dict();
  for (const name of ini.sections.keys()) {
    result.set(name, new Dict(iniSection(ini, name) ?? []));
  }
  return result;
});

const toIni = define("to_ini", [], (value) => {
  if (value instanceof Undefined) value.fail();
  if (!(value instanceof Dict)) {
    throw new FilterError(`to_ini requires a dict, got ${pythonType(value)}`);
  }
  if (value.size === 0)
    throw new FilterError("to_ini received an empty dict. An empty dict cannot be converted.");
  let text = "";
  for (const [section, options] of value) {
    if (!(options instanceof Dict)) {
      throw new FilterError(
        `to_ini failed to parse given dict: section '${str(section)}' is no dict`,
      );
    }
    text += `[${str(section)}]\n`;
    for (const [key, item] of options) {
      text += `${str(key)} = ${str(item).replaceAll("\n", "\n\t")}\n`;
    }
    text += "\n";
  }
  return text;
});

/** Removes from, or limits to, the keys that match, at every depth. */
function filterKeys(keep: boolean): Filter {
  return define(
    keep ? "keep_keys" : "remove_keys",
    ["target", "matching_parameter?"],
    (value, parameters) => {
      const targets = toList(parameters.get("target", null)).map(textFrom);
      const how = textFrom(parameters.get("matching_parameter", "equality"));
      const matches = (key: string) =>
        targets.some((target) => {
          if (how === "equality") return key === target;
          if (how === "starts_with") return key.startsWith(target);
          if (how === "ends_with") return key.endsWith(target);
          if (how === "regex") return new RegExp(target).test(key);
          throw new FilterError(`unknown matching_parameter: ${how}`);
        });
      const walk = (item: Value): Value => {
        if (isSequence(item)) return Array.from(iterate(item), walk);
        if (!(item instanceof Dict)) return item;
        const result = new Dict();
        for (const [key, content] of item) {
          const hit = matches(str(key));
          if (hit && keep) result.set(key, content);
          else if (!hit) {
            const inner = walk(content);
            const nested = content instanceof Dict || isSequence(content);
            const empty =
              nested && (inner instanceof Dict ? inner.size : toList(inner).length) === 0;
            if (!keep || (nested && !empty)) result.set(key, inner);
          }
        }
        return result;
      };
      if (value instanceof Undefined) value.fail();
      return walk(value);
    },
  );
}

const replaceKeys = define(
  "replace_keys",
  ["target", "matching_parameter?"],
  (value, parameters) => {
    const targets = toList(parameters.get("target", null)).map((target) => {
      if (!(target instanceof Dict))
        throw new FilterError("replace_keys: every target has 'before' and 'after'");
      return { before: textFrom(target.get("before") ?? ""), after: target.get("after") ?? null };
    });
    const how = textFrom(parameters.get("matching_parameter", "equality"));
    const replacement = (key: string) =>
      targets.find(({ before }) =>
        how === "starts_with"
          ? key.startsWith(before)
          : how === "ends_with"
            ? key.endsWith(before)
            : how === "regex"
              ? new RegExp(before).test(key)
              : key === before,
      );
    const walk = (item: Value): Value => {
      if (isSequence(item)) return Array.from(iterate(item), walk);
      if (!(item instanceof Dict)) return item;
      const kept = new Dict();
      const renamed: [Value, Value][] = [];
      for (const [key, content] of item) {
        const found = replacement(str(key));
        if (found) renamed.push([found.after, walk(content)]);
        else kept.set(key, walk(content));
      }
      for (const [key, content] of renamed) kept.set(key, content);
      return kept;
    };
    if (value instanceof Undefined) value.fail();
    return walk(value);
  },
);

/** Paths to all leaves, as "a.b[0]"; keys that are no names are quoted in brackets. */
const toPaths = define("to_paths", ["prepend?", "wantlist?"], (value, parameters) => {
  const result = new Dict();
  const prefix = parameters.text("prepend") ?? "";
  const walk = (item: Value, path: string) => {
    if (item instanceof Dict && item.size > 0) {
      for (const [key, content] of item) {
        const name = str(key);
        const plainName = /^[A-Za-z_]\w*$/.test(name);
        const step = plainName
          ? path === ""
            ? name
            : `.${name}`
          : `[${textOf(key) === undefined ? name : `'${name}'`}]`;
        walk(content, path + step);
      }
    } else if (isSequence(item) && toList(item).length > 0) {
      toList(item).forEach((content, index) => {
        walk(content, `${path}[${index}]`);
      });
    } else result.set(path, item);
  };
  if (value instanceof Undefined) value.fail();
  walk(value, prefix);
  return result;
});

const getPath = define("get_path", ["path", "wantlist?"], (value, parameters, context) => {
  const path = textFrom(parameters.get("path", ""));
  let current: Value = value;
  for (const match of path.matchAll(
    /\.?([^.[\]]+)|\[(?:'([^']*)'|"([^"]*)"|(-?\d+)|([^\]]*))\]/g,
  )) {
    const [, name, single, double, number, bare] = match;
    const key: Value =
      number !== undefined ? Number(number) : (name ?? single ?? double ?? bare ?? "");
    current = context.getAttribute(current, key);
    if (current instanceof Undefined) current.fail();
  }
  return parameters.truth("wantlist", false) && !Array.isArray(current) ? [current] : current;
});

const indexOf = define(
  "index_of",
  ["test", "value?", "key?", "fail_on_missing?", "wantlist?"],
  (value, parameters, context) => {
    if (!isIterable(value) || value instanceof Dict) {
      throw new FilterError(`index_of: the data must be a list, not ${pythonType(value)}`);
    }
    const test = textFrom(parameters.get("test", ""));
    const key = parameters.get("key", null);
    const wanted = parameters.given("value") ? [parameters.get("value", null)] : [];
    const found: Value[] = [];
    toList(value).forEach((item, index) => {
      const subject = key === null ? item : item instanceof Dict ? (item.get(key) ?? null) : null;
      const negative = /^(?:!|not )\s*(.*)$/.exec(test);
      const hit =
        test === "==" || test === "eq"
          ? equals(subject, wanted[0] ?? null)
          : context.test(negative?.[1] ?? test, subject, wanted) !== (negative !== null);
      if (hit) found.push(index);
    });
    if (parameters.truth("wantlist", false) || found.length !== 1) return found;
    return found[0] ?? null;
  },
);

function refused(name: string, why: string): Filter {
  return () => {
    throw new FilterError(`The filter '${name}' is not supported by Layerbook: ${why}`);
  };
}

export const filters: Readonly<Record<string, Filter>> = {
  counter,
  crc32: define("crc32", [], (value) => crc32(textFrom(value)).toString(16)),
  dict: dictFilter,
  dict_kv: define("dict_kv", ["key"], (value, parameters) => {
    if (value instanceof Undefined) value.fail();
    return new Dict([[parameters.get("key", null), value]]);
  }),
  from_csv: fromCsv,
  from_ini: fromIni,
  get_path: getPath,
  groupby_as_dict: groupbyAsDict,
  hashids_decode: refused("hashids_decode", "it needs the Python library hashids"),
  hashids_encode: refused("hashids_encode", "it needs the Python library hashids"),
  index_of: indexOf,
  jc: refused("jc", "it needs the Python library jc; run `jc` in a task and use from_json"),
  json_query: jsonQuery,
  keep_keys: filterKeys(true),
  lists_mergeby: listsMergeby,
  remove_keys: filterKeys(false),
  replace_keys: replaceKeys,
  to_days: timeFilter("to_days", "d"),
  to_hours: timeFilter("to_hours", "h"),
  to_ini: toIni,
  to_milliseconds: timeFilter("to_milliseconds", "ms"),
  to_minutes: timeFilter("to_minutes", "m"),
  to_months: timeFilter("to_months", "mo"),
  to_paths: toPaths,
  to_seconds: timeFilter("to_seconds", "s"),
  to_time_unit: timeFilter("to_time_unit", undefined),
  to_weeks: timeFilter("to_weeks", "w"),
  to_years: timeFilter("to_years", "y"),
  unicode_normalize: unicodeNormalize,
  version_sort: versionSort,
};

const UTILS: readonly string[] = [
  "get_path",
  "index_of",
  "keep_keys",
  "remove_keys",
  "replace_keys",
  "to_paths",
];

export const collections: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(filters).map((name) => [
    name,
    UTILS.includes(name) ? "ansible.utils" : "community.general",
  ]),
);
