import { truth } from "../../values/compare.ts";
import { split as splitText } from "../../values/methods/text.ts";
import { Tuple, textOf, type Value } from "../../values/model.ts";
import { asInt } from "../../values/number.ts";
import { typeName } from "../../values/type-name.ts";
import { FilterError } from "../errors.ts";
import type { Filter } from "../plugin.ts";
import { raise } from "../python/raise.ts";
import { compileRegex, escapeRegex } from "../python/regex.ts";
import { Undefined } from "../undefined.ts";
import { define, type Parameters, textFrom } from "./shared.ts";

/** Ansible's regular expression filters, with the syntax of Python's `re`. */

function flagsOf(parameters: Parameters) {
  return {
    ignoreCase: parameters.truth("ignorecase", false),
    multiline: parameters.truth("multiline", false),
  };
}

const regexReplace: Filter = define(
  "regex_replace",
  ["pattern?", "replacement?", "ignorecase?", "multiline?", "count?", "mandatory_count?"],
  (value, parameters) => {
    const text = textFrom(value);
    const pattern = compileRegex(textFrom(parameters.get("pattern", "")), flagsOf(parameters));
    const replacement = textFrom(parameters.get("replacement", ""));
    const result = pattern.sub(replacement, text, parameters.int("count", 0));
    const mandatory = parameters.int("mandatory_count", 0);
    if (mandatory > 0 && mandatory !== result.count) {
      throw new FilterError(
        `'${pattern.pattern}' should match ${mandatory} times, but matches ${result.count} times in '${text}'`,
      );
    }
    return result.text;
  },
);

const regexFindall: Filter = define(
  "regex_findall",
  ["regex", "multiline?", "ignorecase?"],
  (value, parameters) => {
    const pattern = compileRegex(textFrom(parameters.get("regex", "")), flagsOf(parameters));
    return pattern
      .findall(textFrom(value))
      .map((found) => (typeof found === "string" ? found : new Tuple(found)));
  },
);

const regexSearch: Filter = (value, args) => {
  const text = textFrom(value);
  const [regex, ...groups] = args.positional;
  if (regex === undefined) {
    return raise("TypeError", "regex_search() missing 1 required positional argument: 'regex'");
  }
  const wanted = groups.map((group): string | number => {
    const name = textOf(group) ?? "";
    const named = /^\\g<(\S+)>/.exec(name)?.[1];
    const number = /^\\(\d+)/.exec(name)?.[1];
    if (named !== undefined) return /^\d+$/.test(named) ? Number(named) : named;
    if (number !== undefined) return Number(number);
    throw new FilterError("Unknown argument");
  });
  const flag = (name: string) => truth(args.named.get(name) ?? false);
  const pattern = compileRegex(textFrom(regex), {
    ignoreCase: flag("ignorecase"),
    multiline: flag("multiline"),
  });
  const match = pattern.search(text);
  if (!match) return null;
  if (wanted.length === 0) return match.text;
  return wanted.map((group): Value => {
    const index = typeof group === "number" ? group : match.groupNames.get(group);
    if (index === undefined || index > pattern.groups) return raise("IndexError", "no such group");
    return match.groups[index] ?? null;
  });
};

const regexEscape: Filter = define("regex_escape", ["re_type?"], (value, parameters) => {
  const text = textFrom(value);
  const type = parameters.text("re_type") ?? "python";
  if (type === "python") return escapeRegex(text);
  if (type === "posix_basic") return text.replace(/[.^$*[\]\\]/g, "\\$&");
  if (type === "posix_extended") {
    throw new FilterError("Regex type (posix_extended) not yet implemented");
  }
  throw new FilterError(`Invalid regex type (${type})`);
});

const split: Filter = (value, args) => {
  const text = textOf(value);
  if (text === undefined) {
    if (value instanceof Undefined) value.fail();
    return raise(
      "TypeError",
      `descriptor 'split' for 'str' objects doesn't apply to a '${typeName(value)}' object`,
    );
  }
  const separator = args.positional[0] ?? args.named.get("sep") ?? null;
  const limit = args.positional[1] ?? args.named.get("maxsplit") ?? -1;
  if (textOf(separator) === "") raise("ValueError", "empty separator");
  if (separator !== null && textOf(separator) === undefined) {
    raise("TypeError", `must be str or None, not ${typeName(separator)}`);
  }
  return splitText(text, textOf(separator), Number(asInt(limit) ?? -1));
};

export const filters: Readonly<Record<string, Filter>> = {
  regex_escape: regexEscape,
  regex_findall: regexFindall,
  regex_replace: regexReplace,
  regex_search: regexSearch,
  split,
};
