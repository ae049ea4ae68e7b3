/** Points in time as arguments name them: `+3650d`, `-1w2d3h`, `20351231235959Z`. */
import { fail } from "../../lib/failure.ts";

const UNITS: Readonly<Record<string, number>> = { w: 604800, d: 86400, h: 3600, m: 60, s: 1 };

/** @param option the argument's name, for messages */
export function timeOption(text: string, option: string, now = new Date()): Date {
  const bad = (): never => fail(`The time spec "${text}" for ${option} is invalid`);
  const whole = new Date(Math.floor(now.getTime() / 1000) * 1000);
  const relative = /^([+-])((?:\d+[wdhms])+)$/i.exec(text.trim());
  if (relative) {
    let seconds = 0;
    for (const [, count, unit] of (relative[2] ?? "").matchAll(/(\d+)([wdhms])/gi))
      seconds += Number(count) * (UNITS[(unit ?? "").toLowerCase()] ?? 0);
    return new Date(whole.getTime() + (relative[1] === "-" ? -1000 : 1000) * seconds);
  }
  const [, year, month, day, hour, minute, second, zone, sign, hours, minutes] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|([+-])(\d\d)(\d\d))$/.exec(text.trim()) ?? bad();
  const shift =
    zone === "Z" ? 0 : (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const date = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second ?? 0),
  );
  return new Date(date - shift);
}
