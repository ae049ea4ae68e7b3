/** Python's `strftime` and `strptime` in the C locale. */
import { PythonError } from "./failure.ts";

/** Broken-down time. Months count from 1; `offset` is seconds east of UTC, if it is known. */
export interface TimeFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly offset?: number | undefined;
  readonly zone?: string | undefined;
}

export const WEEKDAYS = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
];
export const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const DAY = 86_400_000;

/** Milliseconds since 1970 of the fields taken as UTC; years below 100 are meant as they are. */
export function utcMilliseconds(fields: TimeFields): number {
  const date = new Date(0);
  date.setUTCFullYear(fields.year, fields.month - 1, fields.day);
  date.setUTCHours(
    fields.hour,
    fields.minute,
    fields.second,
    Math.floor(fields.microsecond / 1000),
  );
  return date.getTime();
}

/** Days since 1970-01-01. */
export function dayNumber(year: number, month: number, day: number): number {
  const midnight = { year, month, day, hour: 0, minute: 0, second: 0, microsecond: 0 };
  return Math.round(utcMilliseconds(midnight) / DAY);
}

/** 0 is Monday. */
export function weekday(fields: TimeFields): number {
  return (((dayNumber(fields.year, fields.month, fields.day) + 3) % 7) + 7) % 7;
}

/** 1 is the first of January. */
export function yearDay(fields: TimeFields): number {
  return dayNumber(fields.year, fields.month, fields.day) - dayNumber(fields.year, 1, 1) + 1;
}

/** The ISO 8601 year and week. */
export function isoWeek(fields: TimeFields): { readonly year: number; readonly week: number } {
  const thursday = dayNumber(fields.year, fields.month, fields.day) - weekday(fields) + 3;
  const year = new Date(thursday * DAY).getUTCFullYear();
  return { year, week: Math.floor((thursday - dayNumber(year, 1, 1)) / 7) + 1 };
}

/** Seconds since 1970 as the clock on the wall shows them. */
export function fieldsOfTime(seconds: number, utc: boolean): TimeFields {
  const date = new Date(Math.floor(seconds) * 1000);
  const microsecond = Math.floor((seconds - Math.floor(seconds)) * 1e6);
  if (utc) {
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      microsecond,
      offset: 0,
      zone: "UTC",
    };
  }
  return {
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
    microsecond,
    offset: -date.getTimezoneOffset() * 60,
    zone: zoneName(date),
  };
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "UTC";
}

/** Seconds since 1970 of fields without an offset, taken in the local time zone. */
export function localSeconds(fields: TimeFields): number {
  const date = new Date(2000, 0, 1, fields.hour, fields.minute, fields.second);
  date.setFullYear(fields.year, fields.month - 1, fields.day);
  date.setHours(fields.hour, fields.minute, fields.second, 0);
  return Math.floor(date.getTime() / 1000);
}

function offsetText(offset: number): string {
  const total = Math.abs(offset);
  const hours = String(Math.floor(total / 3600)).padStart(2, "0");
  const minutes = String(Math.floor((total % 3600) / 60)).padStart(2, "0");
  const seconds = total % 60 === 0 ? "" : String(total % 60).padStart(2, "0");
  return `${offset < 0 ? "-" : "+"}${hours}${minutes}${seconds}`;
}

interface Directive {
  readonly text: string;
  /** The width and filler of a number; texts have none. */
  readonly width?: number;
  readonly fill?: string;
}

function directive(
  letter: string,
  fields: TimeFields,
  withFraction: boolean,
): Directive | undefined {
  const number = (value: number, width: number, fill = "0"): Directive => {
    return { text: String(value), width, fill };
  };
  const format = (pattern: string): Directive => ({
    text: formatTime(pattern, fields, withFraction),
  });
  const hour12 = fields.hour % 12 === 0 ? 12 : fields.hour % 12;
  const day = weekday(fields);
  switch (letter) {
    case "a":
      return { text: (WEEKDAYS[day] ?? "").slice(0, 3) };
    case "A":
      return { text: WEEKDAYS[day] ?? "" };
    case "b":
    case "h":
      return { text: (MONTHS[fields.month - 1] ?? "").slice(0, 3) };
    case "B":
      return { text: MONTHS[fields.month - 1] ?? "" };
    case "c":
      return format("%a %b %e %H:%M:%S %Y");
    case "C":
      return number(Math.floor(fields.year / 100), 2);
    case "d":
      return number(fields.day, 2);
    case "D":
    case "x":
      return format("%m/%d/%y");
    case "e":
      return number(fields.day, 2, " ");
    case "f":
      return withFraction ? number(fields.microsecond, 6) : undefined;
    case "F":
      return format("%Y-%m-%d");
    case "g":
      return number(isoWeek(fields).year % 100, 2);
    case "G":
      return number(isoWeek(fields).year, 1);
    case "H":
      return number(fields.hour, 2);
    case "I":
      return number(hour12, 2);
    case "j":
      return number(yearDay(fields), 3);
    case "k":
      return number(fields.hour, 2, " ");
    case "l":
      return number(hour12, 2, " ");
    case "m":
      return number(fields.month, 2);
    case "M":
      return number(fields.minute, 2);
    case "n":
      return { text: "\n" };
    case "p":
      return { text: fields.hour < 12 ? "AM" : "PM" };
    case "P":
      return { text: fields.hour < 12 ? "am" : "pm" };
    case "r":
      return format("%I:%M:%S %p");
    case "R":
      return format("%H:%M");
    case "s":
      return number(
        fields.offset === undefined || fields.zone === undefined
          ? localSeconds(fields)
          : Math.floor(utcMilliseconds(fields) / 1000) - fields.offset,
        1,
      );
    case "S":
      return number(fields.second, 2);
    case "t":
      return { text: "\t" };
    case "T":
    case "X":
      return format("%H:%M:%S");
    case "u":
      return number(day + 1, 1);
    case "U":
      return number(Math.floor((yearDay(fields) + 6 - ((day + 1) % 7)) / 7), 2);
    case "V":
      return number(isoWeek(fields).week, 2);
    case "w":
      return number((day + 1) % 7, 1);
    case "W":
      return number(Math.floor((yearDay(fields) + 6 - day) / 7), 2);
    case "y":
      return number(((fields.year % 100) + 100) % 100, 2);
    case "Y":
      return number(fields.year, 1);
    case "z":
      return { text: fields.offset === undefined ? "" : offsetText(fields.offset) };
    case "Z":
      return { text: fields.zone ?? "" };
    case "%":
      return { text: "%" };
    default:
      return undefined;
  }
}

/**
 * `strftime` with glibc's flags (`-`, `_`, `0`, `^`, `#`). Unknown directives stay as they are.
 * @param withFraction whether `%f` is known (datetime knows it, `time` does not)
 */
export function formatTime(format: string, fields: TimeFields, withFraction = false): string {
  return format.replace(
    /%([-_0^#]*)(\d*)[EO]?([a-zA-Z%+])/g,
    (whole, flags: string, width: string, letter: string) => {
      const made = directive(letter, fields, withFraction);
      if (!made) return whole;
      let { text } = made;
      if (flags.includes("^")) text = text.toUpperCase();
      if (flags.includes("#")) text = letter === "p" ? text.toLowerCase() : text.toUpperCase();
      if (made.width !== undefined && !flags.includes("-")) {
        const fill = flags.includes("_") ? " " : flags.includes("0") ? "0" : (made.fill ?? "0");
        return text.padStart(width === "" ? made.width : Number(width), fill);
      }
      return width === "" ? text : text.padStart(Number(width), " ");
    },
  );
}

const PARSERS: Readonly<Record<string, string>> = {
  d: "(?<d>3[01]|[12]\\d|0[1-9]|[1-9]| [1-9])",
  f: "(?<f>\\d{1,6})",
  H: "(?<H>2[0-3]|[01]\\d|\\d)",
  I: "(?<I>1[0-2]|0[1-9]|[1-9])",
  j: "(?<j>36[0-6]|3[0-5]\\d|[12]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9])",
  m: "(?<m>1[0-2]|0[1-9]|[1-9])",
  M: "(?<M>[0-5]\\d|\\d)",
  S: "(?<S>6[01]|[0-5]\\d|\\d)",
  w: "(?<w>[0-6])",
  u: "(?<u>[1-7])",
  y: "(?<y>\\d\\d)",
  Y: "(?<Y>\\d{4})",
  z: "(?<z>[+-]\\d\\d:?[0-5]\\d(?::?[0-5]\\d(?:\\.\\d{1,6})?)?|Z)",
  a: `(?<a>${WEEKDAYS.map((name) => name.slice(0, 3)).join("|")})`,
  A: `(?<A>${WEEKDAYS.join("|")})`,
  b: `(?<b>${MONTHS.map((name) => name.slice(0, 3)).join("|")})`,
  B: `(?<B>${MONTHS.join("|")})`,
  p: "(?<p>am|pm)",
  Z: "(?<Z>utc|gmt)",
  "%": "%",
};
const COMPOUND: Readonly<Record<string, string>> = {
  c: "%a %b %d %H:%M:%S %Y",
  x: "%m/%d/%y",
  X: "%H:%M:%S",
};

function parserSource(format: string): string {
  let source = "";
  for (let i = 0; i < format.length; i++) {
    const character = format[i] ?? "";
    if (character === "%") {
      const letter = format[++i];
      const compound = COMPOUND[letter ?? ""];
      const parser = compound === undefined ? PARSERS[letter ?? ""] : parserSource(compound);
      if (letter === undefined)
        throw new PythonError("ValueError", `stray % in format '${format}'`);
      if (parser === undefined) {
        throw new PythonError("ValueError", `'${letter}' is a bad directive in format '${format}'`);
      }
      source += parser;
    } else if (/\s/.test(character)) {
      while (/\s/.test(format[i + 1] ?? "")) i++;
      source += "\\s+";
    } else source += character.replace(/[\\.^$*+?(){}[\]|/]/g, "\\$&");
  }
  return source;
}

function parseOffset(text: string): number {
  if (text === "Z" || text === "z") return 0;
  const digits = text.replace(/\D/g, "");
  const seconds =
    Number(digits.slice(0, 2)) * 3600 +
    Number(digits.slice(2, 4)) * 60 +
    Number(digits.slice(4, 6) || 0);
  return text.startsWith("-") ? -seconds : seconds;
}

/** `datetime.strptime`. Raises ValueError in Python's words. */
export function parseTime(text: string, format: string): TimeFields {
  const match = new RegExp(`^${parserSource(format)}`, "i").exec(text);
  const shown = `time data '${text}' does not match format '${format}'`;
  if (!match) throw new PythonError("ValueError", shown);
  if (match[0].length < text.length) {
    throw new PythonError("ValueError", `unconverted data remains: ${text.slice(match[0].length)}`);
  }
  const groups = match.groups ?? {};
  const number = (name: string, absent: number) => Number(groups[name] ?? absent);
  const short =
    groups.y === undefined ? 1900 : Number(groups.y) + (Number(groups.y) < 69 ? 2000 : 1900);
  const year = number("Y", short);
  const indexOf = (names: readonly string[], name: string | undefined) =>
    name === undefined
      ? -1
      : names.findIndex((n) => n.toLowerCase().startsWith(name.toLowerCase()));
  const named = indexOf(MONTHS, groups.B ?? groups.b) + 1;
  let month = named || number("m", 1);
  let day = number("d", 1);
  if (groups.j !== undefined && groups.d === undefined) {
    const date = new Date(dayNumber(year, 1, 1) * DAY + (Number(groups.j) - 1) * DAY);
    month = date.getUTCMonth() + 1;
    day = date.getUTCDate();
  }
  let hour = number("H", 0);
  if (groups.I !== undefined) {
    hour = (Number(groups.I) % 12) + (groups.p?.toLowerCase() === "pm" ? 12 : 0);
  }
  const fields = {
    year,
    month,
    day,
    hour,
    minute: number("M", 0),
    second: number("S", 0),
    microsecond: Number((groups.f ?? "0").padEnd(6, "0")),
    offset: groups.z === undefined ? undefined : parseOffset(groups.z),
    zone: groups.Z?.toUpperCase(),
  };
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) {
    throw new PythonError("ValueError", "day is out of range for month");
  }
  return fields;
}
