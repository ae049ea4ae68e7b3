/** Tar archives, in any compression that the target's tar knows. */
import { fnmatch } from "../../template/python/fnmatch.ts";
import { wantedAttributes } from "../lib/attributes.ts";
import { decodeBytes, pathWord, word } from "../lib/bytes.ts";
import { fail } from "../lib/failure.ts";
import { accountsOf, settleMany, statusOfMany, wantedMode } from "../lib/many.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import { pathInfo, readStatus } from "../lib/status.ts";
import type { Arguments, Data, ModuleContext, ModuleResult } from "../module.ts";
import type { ArchiveKind } from "./unarchive.ts";

export interface UnpackTask {
  readonly context: ModuleContext;
  readonly args: Arguments;
  /** For the result. */
  readonly src: string;
  /** The archive in the target. */
  readonly archive: string;
  readonly dest: string;
}

const FLAGS: Readonly<Record<ArchiveKind, string | undefined>> = {
  zip: undefined,
  tar: undefined,
  gzip: "-z",
  bzip2: "-j",
  xz: "-J",
  zstd: "--zstd",
};

export async function unpackTar(task: UnpackTask, kind: ArchiveKind): Promise<ModuleResult> {
  const { context, args, src, dest } = task;
  if (context.checkMode) {
    const msg =
      "remote module (ansible.builtin.unarchive) does not support check mode when using gtar";
    return { skipped: true, changed: false, msg };
  }
  const isGnu = await gnuTar(context, src);
  const known = { handler: kind === "gzip" ? "TgzArchive" : "TarArchive", dest, src };
  const options = tarOptions(args, kind, isGnu);
  const names = await listNames(task, options, isGnu);
  const members = membersOf(args, names, isGnu);
  const isThere = isGnu
    ? await differsNot(task, options)
    : await comparesEqual(task, options, members);
  let changed = !isThere;
  let extracted: Record<string, Data> = {};
  if (changed) {
    const extract = isGnu ? "--extract" : "-x";
    const short = ["tar", extract, "-C", dest, ...options, "-f", task.archive, ...members];
    const result = await context.sh(short.map(word).join(" "));
    const err = result.stderr.toString();
    extracted = {
      extract_results: { cmd: short, rc: result.rc, out: result.stdout.toString(), err },
    };
    if (result.rc !== 0) {
      fail(`failed to unpack ${src} to ${dest}`, { ...known, ...extracted });
    }
  }
  if (await settleUnpacked(task, names)) changed = true;
  return {
    ...known,
    ...extracted,
    changed,
    ...(flagOption(args, "list_files") ? { files: names } : {}),
    ...pathInfo(await readStatus(context, dest)),
  };
}

/** Owner and mode of everything that came out of an archive. */
export async function settleUnpacked(
  { context, args, dest }: UnpackTask,
  names: readonly string[],
): Promise<boolean> {
  const wanted = wantedAttributes(args);
  if (wanted.mode === undefined && wanted.owner === undefined && wanted.group === undefined) {
    return false;
  }
  const bare = names.map((name) => name.replace(/\/+$/, "").replace(/^(?:\.\/)+/, ""));
  const paths = [...new Set(bare.map((name) => (name === "" ? "." : name)))];
  const remote = await statusOfMany(context, dest, paths);
  const accounts = await accountsOf(context, wanted);
  return settleMany(context, dest, paths, remote, accounts, (_, now) => wantedMode(wanted, now));
}

async function gnuTar(context: ModuleContext, src: string): Promise<boolean> {
  const result = await context.sh("lb_have tar || exit 81; tar --version 2>/dev/null");
  if (result.rc === 81) {
    fail(
      `Failed to find handler for "${src}". Make sure the required command to extract the file is installed.\nUnable to find required 'tar' binary in the path.`,
    );
  }
  return result.stdout.includes("GNU tar");
}

function included(args: Arguments): string[] {
  return listOption(args, "include") ?? [];
}

/** Names to unpack: those asked for, and without what is excluded where tar has no such option. */
function membersOf(args: Arguments, names: readonly string[], isGnu: boolean): string[] {
  const exclude = listOption(args, "exclude") ?? [];
  if (isGnu || exclude.length === 0) return included(args);
  return names.filter(
    (name) => !name.endsWith("/") && !exclude.some((pattern) => fnmatch(name, pattern)),
  );
}

function tarOptions(args: Arguments, kind: ArchiveKind, isGnu: boolean): string[] {
  const owner = textOption(args, "owner");
  const group = textOption(args, "group");
  const extra = listOption(args, "extra_opts") ?? [];
  const flag = FLAGS[kind];
  return [
    ...(flag ? [flag] : []),
    ...(isGnu && extra.length > 0 ? ["--show-transformed-names"] : []),
    ...extra,
    ...(flagOption(args, "keep_newer") && isGnu ? ["--keep-newer-files"] : []),
    ...(owner !== undefined && isGnu ? [`--owner=${owner}`] : []),
    ...(group !== undefined && isGnu ? [`--group=${group}`] : []),
    ...(isGnu ? (listOption(args, "exclude") ?? []).map((name) => `--exclude=${name}`) : []),
  ];
}

/** Names in the archive as they will be in the target. */
async function listNames(
  { context, args, archive, src }: UnpackTask,
  options: readonly string[],
  isGnu: boolean,
): Promise<string[]> {
  const listing = options.filter((option) => !/^--(?:owner|group|keep-newer-files)/.test(option));
  const command = ["tar", "-t", ...listing, "-f", archive, ...included(args)];
  const result = await context.sh(`LC_ALL=C ${command.map(word).join(" ")}`);
  if (result.rc !== 0) {
    fail(
      `Failed to find handler for "${src}". Make sure the required command to extract the file is installed.\nCommand "tar" could not handle archive: ${result.stderr.toString().trim()}`,
    );
  }
  const strip = isGnu ? 0 : strippedParts(options);
  const exclude = isGnu ? [] : (listOption(args, "exclude") ?? []);
  return (
    decodeBytes(result.stdout)
      .split("\n")
      .slice(0, -1)
      .filter((line) => !exclude.some((pattern) => fnmatch(line, pattern)))
      .map((line) => line.split("/").slice(strip).join("/"))
      .map((line) => (isGnu ? unescapeName(line) : line))
      // With its first parts stripped, the name of the top directory is empty.
      .map((line) => (line === "/" ? "" : line))
      .filter((line) => !line.startsWith("/"))
  );
}

/** busybox lists names as they are in the archive, whatever it strips when it unpacks. */
function strippedParts(options: readonly string[]): number {
  for (const [index, option] of options.entries()) {
    const match = /^--strip-components(?:=(\d+))?$/.exec(option);
    if (match) return Number(match[1] ?? options[index + 1] ?? 0);
  }
  return 0;
}

/** GNU tar writes unusual bytes as `\nnn` and the like. */
function unescapeName(line: string): string {
  if (!line.includes("\\")) return line;
  const named: Record<string, number> = { n: 10, t: 9, r: 13, b: 8, f: 12, v: 11, a: 7, "\\": 92 };
  const bytes: number[] = [];
  const raw = Buffer.from(line).toString("latin1");
  for (let at = 0; at < raw.length; at++) {
    const octal = /^\\([0-7]{3})/.exec(raw.slice(at, at + 4));
    const letter = raw[at] === "\\" ? named[raw[at + 1] ?? ""] : undefined;
    if (octal) {
      bytes.push(Number.parseInt(octal[1] ?? "0", 8));
      at += 3;
    } else if (letter !== undefined) {
      bytes.push(letter);
      at++;
    } else bytes.push(raw.charCodeAt(at));
  }
  return decodeBytes(Buffer.from(bytes));
}

/** GNU tar compares for itself. What the task sets anyway is no difference. */
async function differsNot(
  { context, args, archive, dest }: UnpackTask,
  options: readonly string[],
): Promise<boolean> {
  const command = ["tar", "--diff", "-C", dest, ...options, "-f", archive, ...included(args)];
  const result = await context.sh(`id -u; LC_ALL=C ${command.map(word).join(" ")} 2>&1`);
  if (result.rc === 0) return true;
  const [uid, ...lines] = result.stdout.toString().split("\n");
  const isRoot = uid === "0";
  const isWanted = (name: string) => textOption(args, name) !== undefined;
  return !lines.some((line) => {
    if (line === "" || /Exiting with failure status|: : Warning: Cannot stat/.test(line))
      return false;
    if (/: Uid differs$/.test(line)) return isRoot && !isWanted("owner");
    if (/: Gid differs$/.test(line)) return isRoot && !isWanted("group");
    if (/: Mode differs$/.test(line)) return args.mode === undefined || args.mode === null;
    return /(?:differs?|No such file or directory|Not a directory|Not linked to .*)$/.test(line);
  });
}

/** A tar without `--diff`: unpack beside and compare. */
async function comparesEqual(
  { context, archive, dest }: UnpackTask,
  options: readonly string[],
  members: readonly string[],
): Promise<boolean> {
  const command = ["tar", "-x", ...options, "-f", archive, ...members];
  const script = `D=${pathWord(dest)}; export D; t=$(mktemp -d) || exit 9; cd "$t" || exit 9
${command.map(word).join(" ")} -C "$t" || { cd /; rm -rf "$t"; exit 9; }
find . -exec sh -c 'for f; do g=$D/$f
if [ -h "$f" ]; then [ -h "$g" ] && [ "$(readlink "$f")" = "$(readlink "$g")" ] || exit 1
elif [ -d "$f" ]; then [ -d "$g" ] || exit 1
else cmp -s "$f" "$g" || exit 1; fi; done' - {} + || r=1
cd /; rm -rf "$t"; exit \${r-0}`;
  return (await context.sh(script)).rc === 0;
}
