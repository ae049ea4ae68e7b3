import { formatPercent } from "../../values/format-percent.ts";
import { isIterable, iterate, toList } from "../../values/iterate.ts";
import { escapeHtml, Markup } from "../../values/markup.ts";
import { capitalize as capitalizeText, splitLines, strip } from "../../values/methods/text.ts";
import { Dict, PyBytes, TaggedString, Tuple, textOf, type Value } from "../../values/model.ts";
import { str, textLength } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import type { Filter } from "../plugin.ts";
import { ansibleJsonFallback, dumpJson } from "../python/json-dump.ts";
import { formatPretty } from "../python/pprint.ts";
import { raise } from "../python/raise.ts";
import { wrapText } from "../python/textwrap.ts";
import { quoteUrl } from "../python/urls.ts";
import { Undefined } from "../undefined.ts";
import { urlize } from "./jinja-urlize.ts";
import { argument, define, plain, textFrom } from "./shared.ts";

/** Jinja2's filters on text. https://jinja.palletsprojects.com/en/3.1.x/templates/#builtin-filters */

/** A str stays itself (with its tags), everything else becomes text. */
function softText(value: Value): string | TaggedString {
  return typeof value === "string" || value instanceof TaggedString ? value : str(value);
}

function characters(text: string): string[] {
  return Array.from(text);
}

/** The two items of a pair, as unpacking in Python takes them. */
export function unpackPair(value: Value): [Value, Value] {
  const items = toList(value);
  if (items.length > 2) return raise("ValueError", "too many values to unpack (expected 2)");
  if (items.length < 2) {
    return raise("ValueError", `not enough values to unpack (expected 2, got ${items.length})`);
  }
  return [items[0] ?? null, items[1] ?? null];
}

const trim: Filter = define("do_trim", ["chars?"], (value, parameters) => {
  return strip(textFrom(value), parameters.text("chars"), "both");
});

const center: Filter = define("do_center", ["width?"], (value, parameters) => {
  const text = textFrom(value);
  const room = parameters.int("width", 80) - textLength(text);
  if (room <= 0) return text;
  // Python puts the odd space left when the width is odd.
  const left = Math.floor(room / 2) + (room & parameters.int("width", 80) & 1);
  return " ".repeat(left) + text + " ".repeat(room - left);
});

const replace: Filter = define("do_replace", ["old", "new", "count?"], (value, parameters) => {
  const text = textFrom(value);
  const old = textFrom(parameters.get("old", ""));
  const fresh = textFrom(parameters.get("new", ""));
  const limit = parameters.get("count", null) === null ? -1 : parameters.int("count", -1);
  if (limit < 0) return old === "" ? spread(text, fresh, -1) : text.replaceAll(old, () => fresh);
  if (old === "") return spread(text, fresh, limit);
  const parts = text.split(old);
  if (parts.length - 1 <= limit) return parts.join(fresh);
  return [...parts.slice(0, limit), parts.slice(limit).join(old)].join(fresh);
});

/** Replacing the empty text puts the new one before every character and at the end. */
function spread(text: string, fresh: string, limit: number): string {
  let left = limit < 0 ? Number.POSITIVE_INFINITY : limit;
  let result = "";
  for (const character of text) result += (left-- > 0 ? fresh : "") + character;
  return left > 0 ? result + fresh : result;
}

const truncate: Filter = define(
  "do_truncate",
  ["length?", "killwords?", "end?", "leeway?"],
  (value, parameters) => {
    const points = characters(textFrom(value));
    const length = parameters.int("length", 255);
    const end = textFrom(parameters.get("end", "..."));
    const leeway = parameters.get("leeway", null) === null ? 5 : parameters.int("leeway", 5);
    const room = length - textLength(end);
    if (room < 0) raise("AssertionError", `expected length >= ${textLength(end)}, got ${length}`);
    if (leeway < 0) raise("AssertionError", `expected leeway >= 0, got ${leeway}`);
    if (points.length <= length + leeway) return points.join("");
    const kept = points.slice(0, room).join("");
    if (parameters.truth("killwords", false)) return kept + end;
    const space = kept.lastIndexOf(" ");
    return (space === -1 ? kept : kept.slice(0, space)) + end;
  },
);

const wordwrap: Filter = define(
  "do_wordwrap",
  ["width?", "break_long_words?", "wrapstring?", "break_on_hyphens?"],
  (value, parameters) => {
    const width = parameters.int("width", 79);
    if (width <= 0) raise("ValueError", `invalid width ${width} (must be > 0)`);
    const separator = parameters.text("wrapstring") || "\n";
    const options = {
      width,
      breakLongWords: parameters.truth("break_long_words", true),
      breakOnHyphens: parameters.truth("break_on_hyphens", true),
    };
    return splitLines(textFrom(value))
      .map((line) => wrapText(line, options).join(separator))
      .join(separator);
  },
);

const indent: Filter = define("do_indent", ["width?", "first?", "blank?"], (value, parameters) => {
  const width = parameters.get("width", 4);
  const margin = textOf(width) ?? " ".repeat(Math.max(parameters.int("width", 4), 0));
  const text = textOf(value);
  if (text === undefined) {
    if (value instanceof Undefined) value.fail();
    return raise("TypeError", `unsupported operand type(s) for +=: '${typeName(value)}' and 'str'`);
  }
  const lines = splitLines(`${text}\n`);
  let result: string;
  if (parameters.truth("blank", false)) result = lines.join(`\n${margin}`);
  else result = lines.map((line, i) => (i > 0 && line !== "" ? margin + line : line)).join("\n");
  return parameters.truth("first", false) ? margin + result : result;
});

const format: Filter = (value, args) => {
  if (args.positional.length > 0 && args.named.size > 0) {
    return raise(
      "FilterArgumentError",
      "can't handle positional and keyword arguments at the same time",
    );
  }
  const operand = args.named.size > 0 ? new Dict(args.named) : new Tuple([...args.positional]);
  return formatPercent(textFrom(value), operand);
};

const escapeFilter = plain("escape", (value) =>
  value instanceof Markup ? value : new Markup(escapeHtml(textFrom(value))),
);

const xmlattr: Filter = define("do_xmlattr", ["autospace?"], (value, parameters) => {
  if (!(value instanceof Dict)) {
    if (value instanceof Undefined) value.fail();
    return raise("AttributeError", `'${typeName(value)}' object has no attribute 'items'`);
  }
  const attributes: string[] = [];
  for (const [key, item] of value) {
    if (item === null || item instanceof Undefined) continue;
    const name = textFrom(key);
    if (/[\s/>=]/.test(name)) {
      raise("ValueError", `Invalid character in attribute name: '${name}'`);
    }
    attributes.push(
      `${escapeHtml(name)}="${item instanceof Markup ? item.text : escapeHtml(str(item))}"`,
    );
  }
  const text = attributes.join(" ");
  return text !== "" && parameters.truth("autospace", true) ? ` ${text}` : text;
});

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  copy: "\u00a9",
  reg: "\u00ae",
  hellip: "\u2026",
  mdash: "\u2014",
  ndash: "\u2013",
  euro: "\u20ac",
};

function unescapeHtml(text: string): string {
  return text.replace(/&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? whole) : whole;
  });
}

const striptags = plain("do_striptags", (value) => {
  const bare = textFrom(value)
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<[^>]*>/g, "");
  return unescapeHtml(
    bare
      .split(/\s+/)
      .filter((word) => word !== "")
      .join(" "),
  );
});

const urlencode = plain("do_urlencode", (value) => {
  const quote = (part: Value, query: boolean) => {
    const text =
      part instanceof PyBytes ? Buffer.from(part.bytes).toString("utf8") : textFrom(part);
    const quoted = quoteUrl(text, query ? "" : "/");
    return query ? quoted.replaceAll("%20", "+") : quoted;
  };
  if (textOf(value) !== undefined || value instanceof PyBytes || !isIterable(value)) {
    return quote(value, false);
  }
  const pairs = value instanceof Dict ? [...value] : Array.from(iterate(value), unpackPair);
  return pairs.map(([key, item]) => `${quote(key, true)}=${quote(item, true)}`).join("&");
});

const tojson: Filter = define("do_tojson", ["indent?"], (value, parameters) => {
  const text = dumpJson(value, {
    sortKeys: true,
    indent: parameters.get("indent", null) === null ? undefined : parameters.int("indent", 0),
    fallback: ansibleJsonFallback,
  });
  const safe = text.replace(
    /[<>&']/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return new Markup(safe);
});

/** Words as Python's `title` filter of Jinja2 sees them: after white space, "-" and brackets. */
function title(text: string): string {
  return text
    .split(/([-\s({[<]+)/)
    .filter((part) => part !== "")
    .map((part) => {
      const [first = "", ...rest] = part;
      return first.toUpperCase() + rest.join("").toLowerCase();
    })
    .join("");
}

export const filters: Readonly<Record<string, Filter>> = {
  capitalize: plain("do_capitalize", (value) => capitalizeText(textFrom(value))),
  center,
  e: escapeFilter,
  escape: escapeFilter,
  forceescape: plain("do_forceescape", (value) => new Markup(escapeHtml(textFrom(value)))),
  format,
  indent,
  lower: plain("do_lower", (value) => textFrom(value).toLowerCase()),
  pprint: plain("do_pprint", (value) => formatPretty(value)),
  replace,
  safe: plain("do_mark_safe", (value) =>
    value instanceof Markup ? value : new Markup(textFrom(value)),
  ),
  string: plain("soft_str", softText),
  striptags,
  title: plain("do_title", (value) => title(textFrom(value))),
  tojson,
  trim,
  truncate,
  upper: plain("do_upper", (value) => textFrom(value).toUpperCase()),
  urlencode,
  urlize: (value, args) => urlize(textFrom(value), (index, name) => argument(args, index, name)),
  wordcount: plain("do_wordcount", (value) => {
    return textFrom(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0;
  }),
  wordwrap,
  xmlattr,
};
