import { readdirSync, statSync } from "node:fs";
import { join } from "./paths.ts";

/** Python's `fnmatch` and `glob`. */

/** The expression of a shell pattern: `*`, `?`, `[seq]`, `[!seq]`; no special place for "/" or ".". */
export function fnmatchRegex(pattern: string): RegExp {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] ?? "";
    if (character === "*") source += "[\\s\\S]*";
    else if (character === "?") source += "[\\s\\S]";
    else if (character === "[") {
      const end = pattern.indexOf("]", pattern[i + 1] === "!" ? i + 3 : i + 2);
      if (end === -1) source += "\\[";
      else {
        const body = pattern.slice(i + 1, end).replace(/[\\\]^]/g, "\\$&");
        source += body.startsWith("!") ? `[^${body.slice(1)}]` : `[${body}]`;
        i = end;
      }
    } else source += character.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  }
  return new RegExp(`^(?:${source})$`);
}

export function fnmatch(name: string, pattern: string): boolean {
  return fnmatchRegex(pattern).test(name);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** `glob.glob` without `**`: the existing paths of a pattern, in the directories' own order. */
export function glob(pattern: string): string[] {
  const parts = pattern.split("/");
  let found: string[] = [parts[0] === "" ? "/" : ""];
  for (const part of parts[0] === "" ? parts.slice(1) : parts) {
    if (part === "") continue;
    const next: string[] = [];
    for (const base of found) {
      if (!/[*?[]/.test(part)) {
        const path = join(base, part);
        if (exists(path)) next.push(path);
        continue;
      }
      if (base !== "" && !isDirectory(base)) continue;
      const matcher = fnmatchRegex(part);
      for (const name of listDirectory(base || ".")) {
        if ((!name.startsWith(".") || part.startsWith(".")) && matcher.test(name)) {
          next.push(join(base, name));
        }
      }
    }
    found = next;
  }
  return found;
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
