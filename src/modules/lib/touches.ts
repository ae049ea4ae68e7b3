/** What of the target decides what a file module does: for {@link Module.touches}. */
import type { Arguments } from "../module.ts";
import { flagOption, textOption } from "./option-values.ts";

/**
 * The paths that the named options hold.
 * @returns `undefined` where more than these paths may matter: names that the shell expands, copies
 *   under names that hold the time, a command that validates, flags that only chattr knows
 */
export function touchedPaths(
  args: Arguments,
  ...names: readonly string[]
): readonly string[] | undefined {
  if (flagOption(args, "backup") || flagOption(args, "remote_src")) return undefined;
  for (const name of ["validate", "attributes"]) {
    if (textOption(args, name) !== undefined) return undefined;
  }
  const paths: string[] = [];
  for (const name of names) {
    const path = textOption(args, name);
    if (path === undefined || !isPlain(path)) return undefined;
    paths.push(path);
  }
  return paths;
}

/** Absolute, and the same for every user and in every place. */
export function isPlain(path: string): boolean {
  return path.startsWith("/") && !/[$~]|(^|\/)\.{1,2}(\/|$)/.test(path);
}
