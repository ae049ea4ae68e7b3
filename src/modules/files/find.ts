/**
 * `ansible.builtin.find`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/find_module.html
 */

import { fnmatch } from "../../template/python/fnmatch.ts";
import { compileRegex } from "../../template/python/regex.ts";
import { PyFloat } from "../../values/model.ts";
import { decodeBytes, encodeText, latin, pathWord } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { fourDigits, resolveMode } from "../lib/mode.ts";
import { flagOption, listOption, numberOption, textOption } from "../lib/option-values.ts";
import { baseOf, expandPaths } from "../lib/paths.ts";
import { type FileKind, parseStatus, type Status } from "../lib/status.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.find",
  summary: "Lists files that meet conditions",
  options: {
    paths: {
      type: "list",
      elements: "path",
      required: true,
      aliases: ["name", "path"],
      description: "Directories to look in.",
    },
    patterns: {
      type: "list",
      elements: "str",
      default: [],
      aliases: ["pattern"],
      description: "Shell patterns (or expressions) of which the name must match one.",
    },
    excludes: {
      type: "list",
      elements: "str",
      aliases: ["exclude"],
      description: "Shell patterns (or expressions) of which the name must match none.",
    },
    contains: { type: "str", description: "Expression that a line of the file must match." },
    encoding: {
      type: "str",
      description: "Encoding of the files that `contains` is looked for in.",
    },
    read_whole_file: {
      type: "bool",
      default: false,
      description: "`contains` is looked for in the whole file, not line by line.",
    },
    age: { type: "str", description: "Least age, such as `2d`; at most that, if negative." },
    age_stamp: {
      type: "str",
      choices: ["atime", "ctime", "mtime"],
      default: "mtime",
      description: "The time that `age` is about.",
    },
    file_type: {
      type: "str",
      choices: ["any", "directory", "file", "link"],
      default: "file",
      description: "What to list.",
    },
    recurse: { type: "bool", default: false, description: "Look in directories below too." },
    depth: { type: "int", description: "How deep to look." },
    size: { type: "str", description: "Least size, such as `1m`; at most that, if negative." },
    hidden: { type: "bool", default: false, description: "List names that begin with a dot." },
    mode: { type: "raw", description: "Permissions that the file must have." },
    exact_mode: { type: "bool", default: true, description: "No further permissions may be set." },
    follow: { type: "bool", default: false, description: "Follow links to directories." },
    get_checksum: { type: "bool", default: false, description: "Return a checksum of each file." },
    checksum_algorithm: {
      type: "str",
      choices: ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"],
      default: "sha1",
      aliases: ["checksum", "checksum_algo"],
      description: "Algorithm of the checksums.",
    },
    use_regex: { type: "bool", default: false, description: "Patterns are regular expressions." },
    limit: { type: "int", description: "Stop after this many." },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    files: "What was found.",
    matched: "How many.",
    examined: "How many were looked at.",
    skipped_paths: "Paths that could not be looked at, and why.",
  },
} as const satisfies ModuleSpec;

interface Found {
  readonly path: string;
  readonly status: Status;
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const least = amount(args, "age", { s: 1, m: 60, h: 3600, d: 86400, w: 604800 });
    const size = amount(args, "size", { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 });
    const skipped: Record<string, Data> = {};
    const contains = textOption(args, "contains");
    const files: Found[] = [];
    let examined = 0;
    const now = Date.now() / 1000;
    const depth = flagOption(args, "recurse") ? (numberOption(args, "depth") ?? 0) : 0;
    for (const path of listOption(args, "paths") ?? []) {
      const walked = await list(context, args, path);
      const skip = (where: string, why: string) => {
        skipped[where] = why;
        context.warn(`Skipped '${where}' path due to this access issue: ${why}\n`);
      };
      if (typeof walked === "string") {
        skip(path, walked);
        continue;
      }
      for (const where of walked.denied) skip(where, `[Errno 13] Permission denied: '${where}'`);
      const listed = walked.found;
      examined += listed.length;
      const wanted = listed.filter((found) => {
        const tooDeep = depth > 0 && levelOf(found.path, path) > depth;
        return !tooDeep && isWanted(args, found, least, size, now);
      });
      try {
        const matching =
          contains === undefined ? wanted : await withContent(context, args, wanted, contains);
        for (const found of matching) files.push(found);
      } catch (error) {
        if (!(error instanceof EncodingError)) throw error;
        skip(path, error.message);
      }
    }
    const limit = numberOption(args, "limit");
    const shown = limit === undefined ? files : files.slice(0, limit);
    const sums = flagOption(args, "get_checksum") ? await checksums(context, args, shown) : [];
    return {
      files: shown.map((found, index) => describe(found, sums[index])),
      changed: false,
      msg:
        Object.keys(skipped).length === 0
          ? "All paths examined"
          : "Not all paths examined, check warnings for details",
      matched: shown.length,
      examined,
      skipped_paths: skipped,
    };
  },
);

/** 1 for what is directly in the directory. */
function levelOf(path: string, root: string): number {
  return path.slice(root.replace(/\/+$/, "").length + 1).split("/").length;
}

/** A number with a unit; seconds or bytes. */
function amount(
  args: Arguments,
  name: "age" | "size",
  units: Readonly<Record<string, number>>,
): number | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  const match = /^(-?\d+)([a-z])?$/.exec(text.toLowerCase());
  const unit = match?.[2] === undefined ? 1 : units[match[2]];
  if (!match || unit === undefined) return fail(`failed to process ${name}`, { [name]: text });
  return Number(match[1]) * unit;
}

/**
 * Everything below a path with its status, or why it cannot be looked at. The directory's levels
 * come one after the other, as a walk from the top gives them.
 */
async function list(
  context: ModuleContext,
  args: Arguments,
  path: string,
): Promise<{ readonly found: Found[]; readonly denied: readonly string[] } | string> {
  // The level below the last one is read too: it counts as examined.
  const depth = numberOption(args, "depth") ?? 0;
  const levels = flagOption(args, "recurse") ? (depth > 0 ? depth + 1 : 0) : 1;
  const limit = levels > 0 ? ` -maxdepth ${levels}` : "";
  const follow = flagOption(args, "follow") ? " -L" : "";
  // Names go through NUL-ended lists, so that no name can be taken for a record.
  const result = await context.sh(
    `p=${pathWord(path)}; [ -d "$p" ] || exit 81
LC_ALL=C find${follow} "$p" -mindepth 1${limit} -print0
printf '\\0'
find${follow} "$p" -mindepth 1${limit} -exec stat -c "$lb_F" -- {} + 2>/dev/null
exit 0`,
  );
  if (result.rc === 81) return `'${path}' is not a directory`;
  const end = result.stdout.indexOf("\0\0");
  const names =
    result.stdout[0] === 0
      ? []
      : decodeBytes(result.stdout.subarray(0, end < 0 ? undefined : end)).split("\0");
  const rows = result.stdout
    .subarray(end < 0 ? result.stdout.length : end + 2)
    .toString()
    .split("\n");
  const found = names.flatMap((name, index) => {
    const status = rows[index] ? parseStatus(rows[index] ?? "", "") : undefined;
    return status ? [{ path: name, status }] : [];
  });
  const denied = [
    ...decodeBytes(result.stderr).matchAll(/^find: (['"]?)(.+)\1: Permission denied$/gm),
  ].map((match) => match[2] ?? "");
  return { found: byLevels(found), denied };
}

/** Directory by directory: first what is in it, then the directories in it, then what is in those. */
function byLevels(found: readonly Found[]): Found[] {
  const groups = new Map<string, Found[]>();
  for (const entry of found) {
    const parent = entry.path.slice(0, entry.path.lastIndexOf("/"));
    const group = groups.get(parent);
    if (group) group.push(entry);
    else groups.set(parent, [entry]);
  }
  const isBelow = ({ status }: Found) => status.kind === "directory";
  return [...groups.values()].flatMap((group) => [
    ...group.filter((entry) => !isBelow(entry)),
    ...group.filter(isBelow),
  ]);
}

const TYPES: Readonly<Record<string, readonly FileKind[]>> = {
  file: ["file"],
  directory: ["directory"],
  link: ["link"],
};

function isWanted(
  args: Arguments,
  { path, status }: Found,
  age: number | undefined,
  size: number | undefined,
  now: number,
): boolean {
  const name = baseOf(path);
  if (!flagOption(args, "hidden") && name.startsWith(".")) return false;
  const types = TYPES[textOption(args, "file_type") ?? "file"];
  if (types && !types.includes(status.kind)) return false;
  const regex = flagOption(args, "use_regex") ?? false;
  const patterns = listOption(args, "patterns") ?? [];
  if (patterns.length > 0 && !patterns.some((p) => matches(name, p, regex))) return false;
  if (listOption(args, "excludes")?.some((p) => matches(name, p, regex))) return false;
  if (age !== undefined) {
    const stamp = textOption(args, "age_stamp");
    const time =
      stamp === "atime" ? status.accessed : stamp === "ctime" ? status.changed : status.modified;
    if (age >= 0 ? now - time < age : now - time > -age) return false;
  }
  if (size !== undefined && status.kind !== "directory") {
    if (size >= 0 ? status.size < size : status.size > -size) return false;
  }
  return hasMode(args, status);
}

function matches(name: string, pattern: string, regex: boolean): boolean {
  return regex ? compileRegex(pattern).match(name) !== undefined : fnmatch(name, pattern);
}

function hasMode(args: Arguments, status: Status): boolean {
  const mode = args.mode ?? undefined;
  if (mode === undefined) return true;
  const wanted = resolveMode(mode, 0, false);
  const exact = flagOption(args, "exact_mode") ?? true;
  return exact ? status.mode === wanted : (status.mode & wanted) !== 0;
}

/** @throws EncodingError when the file is not in that encoding, or nobody knows it */
function decoded(bytes: Buffer, encoding: string, path: string): string {
  const decoder = decoderOf(encoding);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new EncodingError(
      `Failed to read the file ${path} due to an encoding error. current encoding: ${encoding}`,
    );
  }
}

function decoderOf(encoding: string) {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new EncodingError(`unknown encoding: ${encoding}`);
  }
}

/** Why a place could not be searched for content. */
class EncodingError extends Error {}

/** Files with a line (or a content) that the expression matches. */
async function withContent(
  context: ModuleContext,
  args: Arguments,
  files: readonly Found[],
  contains: string,
): Promise<Found[]> {
  const encoding = textOption(args, "encoding");
  const regex =
    encoding === undefined
      ? compileRegex(latin(contains), { ascii: true })
      : compileRegex(contains, {});
  const whole = flagOption(args, "read_whole_file") ?? false;
  const matching: Found[] = [];
  for (const found of files) {
    if (found.status.kind !== "file") continue;
    const content = await context.sh(`cat ${pathWord(found.path)}`);
    if (content.rc !== 0) continue;
    const text =
      encoding === undefined
        ? content.stdout.toString("latin1")
        : decoded(content.stdout, encoding, found.path);
    const isMatch = whole
      ? regex.search(text) !== undefined
      : text.split(/(?<=\n)/).some((line) => regex.match(line) !== undefined);
    if (isMatch) matching.push(found);
  }
  return matching;
}

async function checksums(
  context: ModuleContext,
  args: Arguments,
  files: readonly Found[],
): Promise<(string | undefined)[]> {
  const regular = files.filter(({ status }) => status.kind === "file");
  if (regular.length === 0) return [];
  const algorithm = textOption(args, "checksum_algorithm") ?? "sha1";
  const stdin = Buffer.concat(regular.map(({ path }) => encodeText(`${path}\0`)));
  const result = await context.sh(`xargs -0 ${algorithm}sum --`, { stdin });
  const sums = result.stdout.toString().split("\n").values();
  return files.map(({ status }) =>
    status.kind === "file" ? sums.next().value?.replace(/^\\/, "").split(" ")[0] : undefined,
  );
}

function describe({ path, status: s }: Found, checksum: string | undefined): Data {
  const has = (bit: number) => (s.mode & bit) !== 0;
  return {
    path,
    mode: fourDigits(s.mode),
    isdir: s.kind === "directory",
    ischr: s.kind === "char",
    isblk: s.kind === "block",
    isreg: s.kind === "file",
    isfifo: s.kind === "fifo",
    islnk: s.kind === "link",
    issock: s.kind === "socket",
    uid: s.uid,
    gid: s.gid,
    size: s.size,
    inode: s.inode,
    dev: s.device,
    nlink: s.links,
    atime: new PyFloat(s.accessed),
    mtime: new PyFloat(s.modified),
    ctime: new PyFloat(s.changed),
    gr_name: s.group === String(s.gid) ? "" : s.group,
    pw_name: s.owner === String(s.uid) ? "" : s.owner,
    wusr: has(0o200),
    rusr: has(0o400),
    xusr: has(0o100),
    wgrp: has(0o020),
    rgrp: has(0o040),
    xgrp: has(0o010),
    woth: has(0o002),
    roth: has(0o004),
    xoth: has(0o001),
    isuid: has(0o4000),
    isgid: has(0o2000),
    ...(checksum === undefined ? {} : { checksum }),
  };
}
