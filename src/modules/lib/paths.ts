/** Paths of the target. */
import { quote } from "../../connection/connection.ts";
import type { Arguments, Data, ModuleContext, ModuleSpec } from "../module.ts";
import { decodeBytes } from "./bytes.ts";

/**
 * Options of type `path` with `~`, `~user`, `$NAME` and `${NAME}` replaced as the target's user has
 * them; a variable that is not set stays as it is. Costs a round trip only where there are any.
 */
export async function expandPaths(
  context: ModuleContext,
  spec: ModuleSpec,
  args: Arguments,
): Promise<Arguments> {
  const names = Object.entries(spec.options)
    .filter(([, o]) => o.type === "path" || o.elements === "path")
    .map(([name]) => name);
  const wanted = names.flatMap((name) => texts(args[name]).filter(isDynamic));
  if (wanted.length === 0) return args;
  const script = wanted.map((path) => `printf '%s\\0' ${expandedWord(path)}`).join("\n");
  const fields = decodeBytes((await context.sh(script)).stdout).split("\0");
  const expanded = new Map(wanted.map((path, index) => [path, fields[index] ?? path]));
  const replace = (value: Data | undefined): Data | undefined =>
    typeof value === "string"
      ? (expanded.get(value) ?? value)
      : Array.isArray(value)
        ? value.map((item: Data) => replace(item) ?? item)
        : value;
  return { ...args, ...Object.fromEntries(names.map((name) => [name, replace(args[name])])) };
}

function texts(value: Data | undefined): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === "string")
    : [];
}

function isDynamic(path: string): boolean {
  return path.startsWith("~") || path.includes("$");
}

/** A shell word that expands to what the path means; everything else in it is quoted. */
export function expandedWord(path: string): string {
  const home = /^~([A-Za-z0-9._-]*)(?=\/|$)/.exec(path);
  const rest = home ? path.slice(home[0].length) : path;
  const start = home ? (home[1] ? `~${home[1]}` : '"${HOME-~}"') : "";
  let result = start;
  let from = 0;
  for (const match of rest.matchAll(/\$(?:(\w+)|\{([^}]*)\})/g)) {
    const name = match[1] ?? match[2] ?? "";
    result += quotePart(rest.slice(from, match.index));
    result += /^[A-Za-z_]\w*$/.test(name)
      ? `"\${${name}-\\$${match[1] ? name : `{${name}\\}`}}"`
      : quotePart(match[0]);
    from = match.index + match[0].length;
  }
  return result + quotePart(rest.slice(from)) || "''";
}

function quotePart(text: string): string {
  return text === "" ? "" : quote(text);
}

/** Does {@link expandedWord} make a difference? */
export function isExpandable(text: string): boolean {
  return isDynamic(text);
}

/** A shell word with the text as a pattern: `*`, `?` and `[...]` match, all else is quoted. */
export function globWord(pattern: string): string {
  return (
    pattern
      .split(/(\*|\?|\[[^\]/]+\])/)
      .map((part, index) => (index % 2 === 1 ? part : quotePart(part)))
      .join("") || "''"
  );
}

/** The directory part, as `dirname` gives it for a path without a trailing slash. */
export function directoryOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 ? "." : at === 0 ? "/" : path.slice(0, at);
}

/** The last part. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Python's `os.path.join`. */
export function joinPath(left: string, right: string): string {
  if (right.startsWith("/") || left === "") return right;
  return left.endsWith("/") ? left + right : `${left}/${right}`;
}
