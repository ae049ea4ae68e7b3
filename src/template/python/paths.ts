/** Python's `os.path` for POSIX and the parts of `ntpath` that filters use. */
import { realpathSync } from "node:fs";
import { userInfo } from "node:os";

export type Environment = Readonly<Record<string, string | undefined>>;

export function basename(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function dirname(path: string): string {
  const head = path.slice(0, path.lastIndexOf("/") + 1);
  return /^\/*$/.test(head) ? head : head.replace(/\/+$/, "");
}

export function join(first: string, ...rest: readonly string[]): string {
  let path = first;
  for (const part of rest) {
    if (part.startsWith("/")) path = part;
    else path += path === "" || path.endsWith("/") ? part : `/${part}`;
  }
  return path;
}

export function normpath(path: string): string {
  if (path === "") return ".";
  const initial =
    path.startsWith("//") && !path.startsWith("///") ? "//" : path.startsWith("/") ? "/" : "";
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== ".." || (initial === "" && parts.length === 0) || parts.at(-1) === "..")
      parts.push(part);
    else parts.pop();
  }
  return initial + parts.join("/") || ".";
}

export function abspath(path: string): string {
  return normpath(join(process.cwd(), path));
}

/** Resolves the links of the part of the path that exists. */
export function realpath(path: string): string {
  const absolute = abspath(path);
  const missing: string[] = [];
  for (let existing = absolute; ; existing = dirname(existing)) {
    try {
      return join(realpathSync(existing), ...missing);
    } catch {
      if (existing === "/") return absolute;
      missing.unshift(basename(existing));
    }
  }
}

export function relpath(path: string, start: string): string {
  const from = abspath(start).split("/").filter(Boolean);
  const to = abspath(path).split("/").filter(Boolean);
  let common = 0;
  while (common < Math.min(from.length, to.length) && from[common] === to[common]) common++;
  return [...Array<string>(from.length - common).fill(".."), ...to.slice(common)].join("/") || ".";
}

/** The longest common directory; "" when there is none. */
export function commonpath(paths: readonly string[]): string {
  const split = paths.map((path) => path.split("/").filter((part) => part !== "" && part !== "."));
  const first = split[0] ?? [];
  let common = 0;
  while (common < first.length && split.every((parts) => parts[common] === first[common])) common++;
  return (paths[0]?.startsWith("/") ? "/" : "") + first.slice(0, common).join("/");
}

export function splitext(path: string): [string, string] {
  const name = basename(path);
  const dot = name.lastIndexOf(".");
  if (dot <= 0 || /^\.*$/.test(name.slice(0, dot))) return [path, ""];
  const cut = path.length - (name.length - dot);
  return [path.slice(0, cut), path.slice(cut)];
}

export function expandvars(path: string, environment: Environment): string {
  return path.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, plain: string, braced: string) => {
    return environment[plain ?? braced] ?? whole;
  });
}

/** `~` by HOME, `~name` only for the current user (there is no reading of the user database). */
export function expanduser(path: string, environment: Environment): string {
  const match = /^~([^/]*)/.exec(path);
  if (!match) return path;
  let home: string | undefined;
  if (match[1] === "") home = environment.HOME ?? userInfo().homedir;
  else if (match[1] === userInfo().username) home = userInfo().homedir;
  if (home === undefined) return path;
  return home.replace(/\/+$/, "") + path.slice(match[0].length) || "/";
}

/** `ntpath.splitdrive`: "C:" or a UNC share, and the rest. */
export function winSplitdrive(path: string): [string, string] {
  const normal = path.replaceAll("/", "\\");
  if (/^\\\\(?!\\)/.test(normal) || normal.startsWith("\\\\")) {
    const host = normal.indexOf("\\", 2);
    if (host === -1) return [path, ""];
    const share = normal.indexOf("\\", host + 1);
    return share === -1 ? [path, ""] : [path.slice(0, share), path.slice(share)];
  }
  return path[1] === ":" ? [path.slice(0, 2), path.slice(2)] : ["", path];
}

function winSplit(path: string): [string, string] {
  const [drive, rest] = winSplitdrive(path);
  const cut = Math.max(rest.lastIndexOf("\\"), rest.lastIndexOf("/")) + 1;
  const head = rest.slice(0, cut);
  return [drive + (head.replace(/[\\/]+$/, "") || head), rest.slice(cut)];
}

export function winBasename(path: string): string {
  return winSplit(path)[1];
}

export function winDirname(path: string): string {
  return winSplit(path)[0];
}
