/** Sizes as Docker's options have them. */
import { fail } from "../../lib/failure.ts";

/** `512M`, `1.5G`, `1024`: bytes, in steps of 1024. */
export function bytesOf(option: string, text: string): number {
  const [, number, unit = "B"] = /^\s*(\d+(?:\.\d+)?)\s*([BKMGTP])?I?B?\s*$/i.exec(text) ?? [];
  if (number === undefined)
    return fail(`Failed to convert ${option} to bytes: '${text}' is no size`);
  return Math.round(Number(number) * 1024 ** "BKMGTP".indexOf(unit.toUpperCase()));
}
