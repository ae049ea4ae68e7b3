/**
 * The `mode` argument: octal text, a number, or symbolic as chmod(1) has it.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/file_module.html
 */
import type { Data } from "../module.ts";
import { fail } from "./failure.ts";

/** Permissions that new files and directories do not get. */
const UMASK = 0o022;
const MASKS: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007 };
const SHIFTS: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

/** `0644`, with at least four digits. */
export function octal(mode: number): string {
  return `0${mode.toString(8).padStart(3, "0")}`;
}

/** At least four digits, and no more zeros before them: how stat and find show a mode. */
export function fourDigits(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/**
 * @param mode the argument as it was given
 * @param current permission bits of what the mode is for
 * @returns permission bits
 * @throws ModuleFailure for a text that is neither octal nor symbolic
 */
export function resolveMode(mode: Data, current: number, isDirectory: boolean): number {
  if (typeof mode === "number") return mode;
  const text = typeof mode === "string" ? mode : String(mode);
  const digits = /^\s*(?:0o)?([0-7]+)\s*$/.exec(text)?.[1];
  if (digits !== undefined) return Number.parseInt(digits, 8);
  let result = current;
  for (const part of text.split(",")) {
    const match = /^([^-+=]*)((?:[-+=][^-+=]*)+)$/.exec(part);
    if (!match) return badMode(`bad symbolic permission for mode: ${text}`);
    const who = match[1] ?? "";
    const users = who === "" || who === "a" ? "ugo" : who;
    if (!/^[ugo]+$/.test(users)) return badMode(`bad symbolic permission for mode: ${text}`);
    for (const [, operator, letters = ""] of (match[2] ?? "").matchAll(/([-+=])([^-+=]*)/g)) {
      const unknown = /[^rwxXstugo]/.exec(letters);
      if (unknown) return badMode(`'${unknown[0]}'`);
      for (const user of new Set(users)) {
        const bits = permissionBits(user, letters, result, isDirectory, who === "");
        if (operator === "+") result |= bits;
        else if (operator === "-") result &= ~bits;
        else result = (result & ~(MASKS[user] ?? 0)) | bits;
      }
    }
  }
  return result;
}

function permissionBits(
  user: string,
  letters: string,
  current: number,
  isDirectory: boolean,
  useUmask: boolean,
): number {
  const shift = SHIFTS[user] ?? 0;
  const allowed = useUmask ? ~UMASK : -1;
  let bits = 0;
  for (const letter of letters) {
    if (letter === "r") bits |= (4 << shift) & allowed;
    else if (letter === "w") bits |= (2 << shift) & allowed;
    else if (letter === "x") bits |= (1 << shift) & allowed;
    else if (letter === "X") {
      if (isDirectory || (current & 0o111) !== 0) bits |= (1 << shift) & allowed;
    } else if (letter === "s") bits |= user === "u" ? 0o4000 : user === "g" ? 0o2000 : 0;
    else if (letter === "t") bits |= user === "o" ? 0o1000 : 0;
    else bits |= ((current >> (SHIFTS[letter] ?? 0)) & 7) << shift;
  }
  return bits;
}

function badMode(details: string): never {
  return fail("mode must be in octal or symbolic form", { details });
}
