import { PyDateTime } from "../../values/datetime.ts";
import { raise } from "./raise.ts";

/** Python's `datetime.strptime` in the C locale. */

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = [
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
      if (letter === undefined) raise("ValueError", `stray % in format '${format}'`);
      if (parser === undefined) {
        raise("ValueError", `'${letter}' is a bad directive in format '${format}'`);
      }
      source += parser;
    } else if (/\s/.test(character)) {
      while (/\s/.test(format[i + 1] ?? "")) i++;
      source += "\\s+";
    } else source += character.replace(/[\\.^$*+?(){}[\]|/]/g, "\\$&");
  }
  return source;
}

/** Minutes east of UTC. */
function parseOffset(text: string): number {
  if (text === "Z" || text === "z") return 0;
  const digits = text.replace(/\D/g, "");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4));
  return text.startsWith("-") ? -minutes : minutes;
}

/** Raises ValueError in Python's words. */
export function parseTime(text: string, format: string): PyDateTime {
  const match = new RegExp(`^${parserSource(format)}`, "i").exec(text);
  if (!match) raise("ValueError", `time data '${text}' does not match format '${format}'`);
  if (match[0].length < text.length) {
    raise("ValueError", `unconverted data remains: ${text.slice(match[0].length)}`);
  }
  const groups = match.groups ?? {};
  const number = (name: string, absent: number) => Number(groups[name] ?? absent);
  const short =
    groups.y === undefined ? 1900 : Number(groups.y) + (Number(groups.y) < 69 ? 2000 : 1900);
  const year = number("Y", short);
  const monthName = (groups.B ?? groups.b)?.toLowerCase();
  const named = MONTHS.findIndex((name) => monthName && name.toLowerCase().startsWith(monthName));
  let month = named === -1 ? number("m", 1) : named + 1;
  let day = number("d", 1);
  if (groups.j !== undefined && groups.d === undefined) {
    const date = new Date(Date.UTC(year, 0, Number(groups.j)));
    month = date.getUTCMonth() + 1;
    day = date.getUTCDate();
  }
  let hour = number("H", 0);
  if (groups.I !== undefined) {
    hour = (Number(groups.I) % 12) + (groups.p?.toLowerCase() === "pm" ? 12 : 0);
  }
  return new PyDateTime(
    [year, month, day],
    [hour, number("M", 0), number("S", 0), Number((groups.f ?? "0").padEnd(6, "0"))],
    groups.z === undefined ? undefined : parseOffset(groups.z),
    groups.Z?.toUpperCase(),
  );
}
