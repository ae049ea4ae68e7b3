import { randomInt } from "node:crypto";
import { PyDateTime } from "../../values/datetime.ts";
import { toList } from "../../values/iterate.ts";
import { PyFloat, textOf, type Value } from "../../values/model.ts";
import { asInt, asNumber, int, toFloat } from "../../values/number.ts";
import { strftime as formatTime } from "../../values/strftime.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import { FilterError } from "../errors.ts";
import type { Filter } from "../plugin.ts";
import { raise } from "../python/raise.ts";
import { Random } from "../python/random.ts";
import { quoteShell } from "../python/shlex.ts";
import { parseTime } from "../python/strptime.ts";
import { Undefined } from "../undefined.ts";
import { isSequence } from "./collections.ts";
import { define, plain, textFrom } from "./shared.ts";

/** The remaining filters of `ansible.builtin`: comment, random, shuffle, dates, quoting, types. */

type CommentStyle = {
  readonly decoration: string;
  readonly beginning?: string;
  readonly end?: string;
};

const COMMENT_STYLES: Readonly<Record<string, CommentStyle>> = {
  plain: { decoration: "# " },
  erlang: { decoration: "% " },
  c: { decoration: "// " },
  cblock: { beginning: "/*", decoration: " * ", end: " */" },
  xml: { beginning: "<!--", decoration: " - ", end: "-->" },
};

const comment = define(
  "comment",
  [
    "style?",
    "*",
    "newline?",
    "decoration?",
    "beginning?",
    "prefix?",
    "prefix_count?",
    "postfix?",
    "postfix_count?",
    "end?",
  ],
  (value, parameters) => {
    const text = textOf(value) ?? (value instanceof Undefined ? value.fail() : str(value));
    const name = textFrom(parameters.get("style", "plain"));
    const style = Object.hasOwn(COMMENT_STYLES, name) ? COMMENT_STYLES[name] : undefined;
    if (!style) return raise("KeyError", `'${name}'`);
    const option = (key: string, absent: string) => textFrom(parameters.get(key, absent));
    const newline = option("newline", "\n");
    const decoration = option("decoration", style.decoration);
    const beginning = option("beginning", style.beginning ?? "");
    const end = option("end", style.end ?? "");
    const bare = decoration.replace(/[\s\uFEFF]+$/, "");
    // Lines of the frame carry the decoration without its trailing space unless told otherwise.
    const line = (key: string) => option(key, bare);
    const prefix = line("prefix");
    const postfix = line("postfix");
    const frame = (part: string, times: number) =>
      times === 0 ? "" : Array<string>(Math.max(times, 0)).fill(part).join(newline);
    const head = frame(prefix, parameters.int("prefix_count", 1));
    const tail = frame(postfix, parameters.int("postfix_count", 1));
    const body = decoration + text.split(newline).join(`${newline}${decoration}`);
    const trimmed = body.replaceAll(`${decoration}${newline}`, `${bare}${newline}`);
    return [
      beginning === "" ? "" : beginning + newline,
      head === "" ? "" : head + newline,
      trimmed,
      parameters.int("postfix_count", 1) === 0 ? "" : newline + tail,
      end === "" ? "" : newline + end,
    ].join("");
  },
);

/** A seed as Python's `random.Random(seed)` takes it. */
export function seeded(seed: Value): Random {
  if (seed === null) return new Random();
  const text = textOf(seed);
  if (text !== undefined) return new Random(text);
  const whole = asInt(seed);
  if (whole !== undefined) return new Random(BigInt(whole));
  return raise(
    "FilterArgumentError",
    `a seed must be a string or an integer, not ${typeName(seed)}`,
  );
}

const random = define("rand", ["start?", "step?", "seed?"], (value, parameters) => {
  if (value instanceof Undefined) value.fail();
  const seed = parameters.get("seed", null);
  const generator = seed === null ? undefined : seeded(seed);
  const below = (limit: number): number => {
    if (limit <= 0) return raise("ValueError", "empty range for randrange()");
    return generator ? Number(generator.below(limit)) : randomInt(limit);
  };
  const end = asInt(value);
  const start = parameters.get("start", null);
  const step = parameters.get("step", null);
  if (end !== undefined) {
    const first = start === null || start === 0 ? 0 : parameters.int("start", 0);
    const stride = step === null || step === 0 ? 1 : parameters.int("step", 1);
    const size = Math.ceil((Number(end) - first) / stride);
    if (size <= 0) {
      return raise(
        "ValueError",
        `empty range for randrange() (${first}, ${str(value)}, ${Number(end) - first})`,
      );
    }
    return int(BigInt(first + below(size) * stride));
  }
  const items =
    textOf(value) === undefined ? (isSequence(value) ? toList(value) : undefined) : toList(value);
  if (!items) throw new FilterError("random can only be used on sequences and integers");
  if ((start !== null && start !== 0) || (step !== null && step !== 0)) {
    throw new FilterError("start and step can only be used with integer values");
  }
  if (items.length === 0) return raise("IndexError", "Cannot choose from an empty sequence");
  return items[below(items.length)] ?? null;
});

const shuffle = define("randomize_list", ["seed?"], (value, parameters) => {
  if (value instanceof Undefined) value.fail();
  let items: Value[];
  try {
    items = toList(value);
  } catch {
    // Ansible gives back what cannot be made a list.
    return value;
  }
  const seed = parameters.get("seed", null);
  const empty = seed === null || seed === "" || seed === 0;
  (empty ? new Random() : seeded(seed)).shuffle(items);
  return items;
});

const strftime = define("strftime", ["second?", "utc?"], (value, parameters) => {
  const given = parameters.get("second", null);
  if (given instanceof Undefined) given.fail();
  let seconds = Date.now() / 1000;
  if (given !== null) {
    const number =
      asNumber(given) ?? (textOf(given) === undefined ? undefined : Number(textOf(given)));
    if (number === undefined || Number.isNaN(number)) {
      throw new FilterError(`Invalid value for epoch value (${str(given)})`);
    }
    seconds = toFloat(new PyFloat(number));
  }
  const utc = parameters.truth("utc", false);
  const moment = PyDateTime.at(Math.floor(seconds) * 1000, utc);
  const date = new Date(Math.floor(seconds) * 1000);
  const { year, month, day, hour, minute, second } = moment;
  return formatTime(textFrom(value), {
    year,
    month,
    day,
    hour,
    minute,
    second,
    microsecond: 0,
    offset: utc ? 0 : -date.getTimezoneOffset(),
    zone: utc ? "UTC" : zoneName(date),
  });
});

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "UTC";
}

const toDatetime = define("to_datetime", ["format?"], (value, parameters) => {
  if (value instanceof Undefined) value.fail();
  const text = textOf(value);
  if (text === undefined) {
    return raise("TypeError", `strptime() argument 1 must be str, not ${typeName(value)}`);
  }
  return parseTime(text, textFrom(parameters.get("format", "%Y-%m-%d %H:%M:%S")));
});

export const filters: Readonly<Record<string, Filter>> = {
  comment,
  quote: plain("quote", (value) => {
    if (value instanceof Undefined) value.fail();
    return quoteShell(value === null ? "" : str(value));
  }),
  random,
  shuffle,
  strftime,
  to_datetime: toDatetime,
  type_debug: plain("type_debug", (value) => typeName(value)),
};
