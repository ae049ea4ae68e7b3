/** strftime in the C locale, with the directives of Python and of glibc. */

/** The parts of a moment; `offset` in minutes from UTC. */
export interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly offset: number | undefined;
  readonly zone: string | undefined;
}

const dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const monthNames = [
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

function utcDay(year: number, month: number, day: number): Date {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date;
}

/** ISO 8601 week and its year. */
function isoWeek(moment: Moment): { year: number; week: number } {
  const date = utcDay(moment.year, moment.month, moment.day);
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7) + 3);
  const year = date.getUTCFullYear();
  const week = 1 + Math.floor((date.getTime() - utcDay(year, 1, 1).getTime()) / 604_800_000);
  return { year, week };
}

/** Formats a moment. Unknown directives stay as they are. */
export function strftime(format: string, moment: Moment): string {
  return format.replace(/%([-_0^#]?)([a-zA-Z%+])/g, (whole, flag: string, code: string) => {
    const text = directive(code, moment, flag);
    if (text === undefined) return whole;
    return flag === "^" ? text.toUpperCase() : text;
  });
}

function directive(code: string, moment: Moment, flag: string): string | undefined {
  const { year, month, day, hour, minute, second } = moment;
  const number = (value: number, width: number, fill = "0"): string => {
    const text = String(Math.abs(value));
    const pad = flag === "_" ? " " : flag === "0" ? "0" : fill;
    return (value < 0 ? "-" : "") + (flag === "-" ? text : text.padStart(width, pad));
  };
  const date = utcDay(year, month, day);
  const weekday = date.getUTCDay();
  const yearDay = Math.round((date.getTime() - utcDay(year, 1, 1).getTime()) / 86_400_000);
  const twelve = hour % 12 === 0 ? 12 : hour % 12;
  const again = (pattern: string): string => strftime(pattern, moment);
  switch (code) {
    case "%":
      return "%";
    case "a":
      return dayNames[weekday]?.slice(0, 3);
    case "A":
      return dayNames[weekday];
    case "b":
    case "h":
      return monthNames[month - 1]?.slice(0, 3);
    case "B":
      return monthNames[month - 1];
    case "c":
      return again("%a %b %e %H:%M:%S %Y");
    case "C":
      return number(Math.floor(year / 100), 2);
    case "d":
      return number(day, 2);
    case "D":
    case "x":
      return again("%m/%d/%y");
    case "e":
      return number(day, 2, " ");
    case "f":
      return String(moment.microsecond).padStart(6, "0");
    case "F":
      return again("%Y-%m-%d");
    case "g":
      return number(isoWeek(moment).year % 100, 2);
    case "G":
      return number(isoWeek(moment).year, 4);
    case "H":
      return number(hour, 2);
    case "I":
      return number(twelve, 2);
    case "j":
      return number(yearDay + 1, 3);
    case "k":
      return number(hour, 2, " ");
    case "l":
      return number(twelve, 2, " ");
    case "m":
      return number(month, 2);
    case "M":
      return number(minute, 2);
    case "n":
      return "\n";
    case "p":
      return hour < 12 ? "AM" : "PM";
    case "P":
      return hour < 12 ? "am" : "pm";
    case "r":
      return again("%I:%M:%S %p");
    case "R":
      return again("%H:%M");
    case "s":
      return String(epochSeconds(moment));
    case "S":
      return number(second, 2);
    case "t":
      return "\t";
    case "T":
    case "X":
      return again("%H:%M:%S");
    case "u":
      return String(weekday === 0 ? 7 : weekday);
    case "U":
      return number(Math.floor((yearDay + 7 - weekday) / 7), 2);
    case "V":
      return number(isoWeek(moment).week, 2);
    case "w":
      return String(weekday);
    case "W":
      return number(Math.floor((yearDay + 7 - ((weekday + 6) % 7)) / 7), 2);
    case "y":
      return number(year % 100, 2);
    case "Y":
      return String(year);
    case "z": {
      if (moment.offset === undefined) return "";
      const size = Math.abs(moment.offset);
      const text = `${String(Math.floor(size / 60)).padStart(2, "0")}${String(size % 60).padStart(2, "0")}`;
      return (moment.offset < 0 ? "-" : "+") + text;
    }
    case "Z":
      return moment.zone ?? (moment.offset === 0 ? "UTC" : "");
    default:
      return undefined;
  }
}

function epochSeconds(moment: Moment): number {
  const { year, month, day, hour, minute, second } = moment;
  const date = new Date(0);
  if (moment.offset === undefined) {
    date.setFullYear(year, month - 1, day);
    date.setHours(hour, minute, second);
    return Math.floor(date.getTime() / 1000);
  }
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute - moment.offset, second);
  return Math.floor(date.getTime() / 1000);
}
