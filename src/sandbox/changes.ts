/**
 * What a session has changed since its last snapshot.
 *
 * The upper directory of an overlay mount holds everything since the mount was made, in overlayfs'
 * terms: copied-up directories that nobody changed, opaque directories, whiteouts. Here it becomes the
 * difference between two trees: what stood there at the last snapshot ("before") and what stands there
 * now. The same two trees give the same difference, by whatever steps one became the other.
 *
 * "Before" is what the last scan knew of the upper directory, over a view of the layers that were
 * mounted below it.
 */
import { statfsSync } from "node:fs";
import { release } from "node:os";
import type { Entry } from "../workspace/manifest.ts";
import { ancestorsOf, byBytes, parentOf, type Stat, type Xattrs } from "../workspace/tree.ts";
import type { Files, KnownNames } from "./files.ts";
import type { Helper } from "./helper.ts";
import { type Attributes, NO_ATTRIBUTES, readAttributes } from "./xattrs.ts";

/** What the last scan knew of a path in the upper directory. */
export interface Known {
  readonly stat: Stat;
  readonly xattrs: Xattrs;
  readonly opaque: boolean;
  readonly hash?: string;
  readonly target?: string;
  /** All names of a file that has several. */
  readonly group?: string;
  /** Made by the runtime as a place to mount something: no part of the tree. */
  readonly stub: boolean;
  /** Changed so shortly before the scan that a further change may carry the same time. */
  readonly racy: boolean;
}

export type Upper = Map<string, Known>;

/** The clock of files ticks as slowly as every 10 ms; this is twice as much. */
const RACY_NS = 20_000_000n;
/** ext, xfs, btrfs, tmpfs (statfs(2)). */
const FINE_FILE_SYSTEMS = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994]);

/**
 * May a file change again without its time changing? Not since Linux 6.13 on these file systems: once
 * a file's time was looked at, the next change gets another ("multigrain timestamps").
 */
function isRacy(stat: Stat, upper: string, scanned: bigint): boolean {
  return stat.ctime > scanned - RACY_NS && !hasFineTimes(upper);
}

function hasFineTimes(directory: string): boolean {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  const fine = major > 6 || (major === 6 && minor >= 13);
  return fine && FINE_FILE_SYSTEMS.has(statfsSync(directory).type);
}

export interface Trees {
  readonly helper: Helper;
  /** The upper directory. */
  readonly upper: string;
  readonly files: Files;
  /** The layers below the mount, merged; a mount of the helper. */
  readonly view: string;
  /** Reads `view`. */
  readonly viewFiles: Files;
}

export interface Changes {
  /** In byte order; parents of what changed are among them. Empty when nothing counts. */
  readonly entries: readonly Entry[];
  /** The upper directory as it is now. */
  readonly known: Upper;
  readonly sparse: boolean;
}

/** The upper directory right after the runtime has started: what is in it was put there by it. */
export async function knownAtStart(trees: Trees): Promise<Upper> {
  const known: Upper = new Map();
  const scan = await trees.files.scan(trees.upper);
  const fine = hasFineTimes(trees.upper);
  const paths = [...scan.keys()];
  const [attributes = NONE] = await readAttributes(trees.helper, [trees.upper, paths]);
  for (const [path, stat] of scan) {
    const { xattrs, opaque } = attributes.get(path) ?? NO_ATTRIBUTES;
    known.set(path, { stat, xattrs, opaque, stub: path !== "", racy: !fine });
  }
  return known;
}

/** What a path is, now or before, as far as it counts. */
interface State {
  readonly stat: Stat;
  readonly xattrs: Xattrs;
  readonly hash?: string | undefined;
  readonly target?: string | undefined;
  readonly group?: string | undefined;
}

export async function findChanges(trees: Trees, before: Upper): Promise<Changes> {
  const { files, helper, upper, view, viewFiles } = trees;
  const begun = BigInt(Date.now()) * 1_000_000n;
  const scan = await files.scan(upper, namesWhereUnchanged(before));
  const candidates: string[] = [];
  const vanished: string[] = [];
  for (const [path, stat] of scan) {
    const old = before.get(path);
    if (!old || old.racy || !sameStat(old.stat, stat)) {
      candidates.push(path);
    }
  }
  for (const [path, old] of before) {
    if (!scan.has(path) && exists(old)) vanished.push(path);
  }
  const known: Upper = new Map(before);
  for (const path of before.keys()) if (!scan.has(path)) known.delete(path);
  if (candidates.length === 0 && vanished.length === 0) {
    return { entries: [], known, sparse: false };
  }

  const groups = hardlinkGroups(scan);
  const fresh = candidates.filter((path) => !before.has(path) && !isHidden(before, path));
  const below = await viewFiles.stats(view, fresh);
  const [attributes = NONE, belowAttributes = NONE] = await readAttributes(
    helper,
    [upper, candidates],
    [view, [...below.keys()]],
  );
  const links = await files.targets(upper, ofType(scan, candidates, "symlink"));
  const hashes = await files.hashes(upper, sized(scan, ofType(scan, candidates, "file")));
  const belowLinks = await viewFiles.targets(view, ofType(below, fresh, "symlink"));
  // The content below matters only where nothing else tells the two apart.
  const alike = ofType(below, fresh, "file").filter((path) => {
    const now = scan.get(path);
    return now?.type === "file" && now.size === below.get(path)?.size;
  });
  const belowHashes = await viewFiles.hashes(view, sized(below, alike));

  const stateBefore = (path: string): State | undefined => {
    const old = before.get(path);
    if (old) return exists(old) ? old : undefined;
    const stat = isHidden(before, path) ? undefined : below.get(path);
    if (!stat) return undefined;
    const { xattrs } = belowAttributes.get(path) ?? NO_ATTRIBUTES;
    const hash = belowHashes.get(path);
    return { stat, xattrs, hash, target: belowLinks.get(path) };
  };

  const entries = new Map<string, Entry>();
  const remove = (path: string) => entries.set(path, whiteoutAt(path));
  const replaced: string[] = [];
  for (const path of candidates) {
    const stat = scan.get(path);
    if (!stat) continue;
    const { xattrs, opaque } = attributes.get(path) ?? NO_ATTRIBUTES;
    const hash = hashes.get(path);
    const target = links.get(path);
    const group = groups.get(path);
    const old = before.get(path);
    const now: State = { stat, xattrs, hash, target, group };
    // A place to mount on stays one until somebody makes it something else.
    const stub = old?.stub === true && path !== "" && difference(old, now) === "none";
    known.set(path, {
      ...{ stat, xattrs, opaque, stub, racy: isRacy(stat, upper, begun) },
      ...(hash !== undefined && { hash }),
      ...(target !== undefined && { target }),
      ...(group !== undefined && { group }),
    });
    if (stub) continue;
    const then = stateBefore(path);
    if (stat.type === "whiteout" || stat.type === "socket") {
      if (then) remove(path);
      continue;
    }
    if (opaque && !old?.opaque && then?.stat.type === "directory") replaced.push(path);
    const differs = then ? difference(then, now) : "content";
    if (differs !== "none") {
      entries.set(path, entryOf(path, now, groups, differs === "touched" ? "touched" : undefined));
    }
  }
  for (const path of vanished) {
    if (scan.get(parentOf(path) ?? "")?.type === "directory") remove(path);
  }
  for (const path of await lostBelow(trees, scan, before, replaced)) remove(path);
  completeGroups(entries, known, groups);
  const sparse = [...entries.keys()].some((path) => scan.get(path)?.sparse);
  addParents(entries, known, stateBefore);
  const sorted = [...entries.values()].sort((a, b) => byBytes(a.path, b.path));
  return { entries: sorted, known, sparse };
}

/** Did the path exist as far as a tree is concerned? */
function exists(known: Known): boolean {
  return !known.stub && known.stat.type !== "whiteout" && known.stat.type !== "socket";
}

/** Does something in the upper directory keep the layers below from showing at this path? */
function isHidden(before: Upper, path: string): boolean {
  for (const above of ancestorsOf(path)) {
    const known = before.get(above);
    if (known && (known.opaque || known.stat.type !== "directory")) return true;
  }
  return false;
}

/** A directory whose change time is what it was has the names that it had. */
function namesWhereUnchanged(before: Upper): KnownNames {
  const names = new Map<string, string[]>();
  for (const path of before.keys()) {
    if (path === "") continue;
    const slash = path.lastIndexOf("/");
    const parent = path.slice(0, Math.max(slash, 0));
    const own = path.slice(slash + 1);
    const siblings = names.get(parent);
    if (siblings) siblings.push(own);
    else names.set(parent, [own]);
  }
  return (path, stat) => {
    const old = before.get(path);
    if (!old || old.racy || !sameStat(old.stat, stat)) return undefined;
    return names.get(path) ?? [];
  };
}

function sameStat(a: Stat, b: Stat): boolean {
  return (
    a.ctime === b.ctime &&
    a.inode === b.inode &&
    a.mtime === b.mtime &&
    a.size === b.size &&
    a.type === b.type &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.links === b.links
  );
}

/** `touched`: a regular file of which only the time of modification differs. */
function difference(then: State, now: State): "none" | "touched" | "content" {
  const { stat: a } = then;
  const { stat: b } = now;
  const same =
    a.type === b.type &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    (a.type === "symlink" || a.mode === b.mode) &&
    a.size === b.size &&
    a.major === b.major &&
    a.minor === b.minor &&
    then.hash === now.hash &&
    then.target === now.target &&
    then.group === now.group &&
    sameXattrs(then.xattrs, now.xattrs);
  if (!same) return "content";
  return a.type === "file" && a.mtime !== b.mtime ? "touched" : "none";
}

function sameXattrs(a: Xattrs, b: Xattrs): boolean {
  return (
    a.length === b.length &&
    a.every(([name, value], i) => b[i]?.[0] === name && b[i]?.[1] === value)
  );
}

/** For each name of a file with several names in the tree: all its names. */
function hardlinkGroups(scan: ReadonlyMap<string, Stat>): Map<string, string> {
  const byInode = new Map<bigint, string[]>();
  for (const [path, stat] of scan) {
    if (stat.links < 2 || stat.type === "directory" || stat.type === "whiteout") continue;
    const names = byInode.get(stat.inode);
    if (names) names.push(path);
    else byInode.set(stat.inode, [path]);
  }
  const groups = new Map<string, string>();
  for (const names of byInode.values()) {
    if (names.length < 2) continue;
    const group = names.sort(byBytes).join("\0");
    for (const name of names) groups.set(name, group);
  }
  return groups;
}

/** One name of a hard link in the layer brings the others, or they would be files of their own. */
function completeGroups(
  entries: Map<string, Entry>,
  known: Upper,
  groups: ReadonlyMap<string, string>,
): void {
  for (const path of [...entries.keys()]) {
    for (const name of groups.get(path)?.split("\0") ?? []) {
      const file = known.get(name);
      if (file && !entries.has(name)) entries.set(name, entryOf(name, file, groups, undefined));
    }
  }
}

/** Directories that hold what changed, so that the layer says what they are. */
function addParents(
  entries: Map<string, Entry>,
  known: Upper,
  before: (path: string) => State | undefined,
): void {
  if (entries.size === 0) return;
  for (const path of [...entries.keys()]) {
    for (const above of ancestorsOf(path)) {
      if (entries.has(above)) break;
      const directory = known.get(above);
      if (!directory) continue;
      const aside = above === "" || before(above) ? "parent" : undefined;
      entries.set(above, entryOf(above, directory, NO_GROUPS, aside));
    }
  }
}

const NONE: ReadonlyMap<string, Attributes> = new Map();
const NO_GROUPS: ReadonlyMap<string, string> = new Map();

/**
 * What was below directories that were removed and made anew: overlayfs marks them opaque and says
 * nothing of what was lost. Only the layers below the mount are asked; what the upper directory
 * itself has lost, a comparison of scans has found.
 */
async function lostBelow(
  { viewFiles, view }: Trees,
  scan: ReadonlyMap<string, Stat>,
  before: Upper,
  directories: readonly string[],
): Promise<string[]> {
  const lost: string[] = [];
  const merged = directories.filter((path) => !isHidden(before, path) && !before.get(path)?.opaque);
  const stats = await viewFiles.stats(view, merged);
  const were = merged.filter((path) => stats.get(path)?.type === "directory");
  if (were.length === 0) return lost;
  for (const [path, stat] of await viewFiles.below(view, were)) {
    if (before.has(path) || isHidden(before, path) || scan.has(path)) continue;
    if (stat.type === "whiteout" || stat.type === "socket") continue;
    if (scan.get(parentOf(path) ?? "")?.type === "directory") lost.push(path);
  }
  return lost;
}

function entryOf(
  path: string,
  state: State,
  groups: ReadonlyMap<string, string>,
  aside: Entry["aside"],
): Entry {
  const { stat, xattrs, hash, target } = state;
  const first = groups.get(path)?.split("\0")[0];
  return {
    path,
    type: stat.type as Entry["type"],
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    size: stat.size,
    mtime: stat.mtime,
    major: stat.major,
    minor: stat.minor,
    xattrs,
    ...(hash !== undefined && { hash }),
    ...(target !== undefined && { target }),
    ...(first !== undefined && first !== path && { hardlink: first }),
    ...(aside !== undefined && { aside }),
  };
}

function whiteoutAt(path: string): Entry {
  const nothing = { mode: 0, uid: 0, gid: 0, size: 0, mtime: 0n, major: 0, minor: 0, xattrs: [] };
  return { path, type: "whiteout", ...nothing };
}

function ofType(
  stats: ReadonlyMap<string, Stat>,
  paths: readonly string[],
  type: Stat["type"],
): string[] {
  return paths.filter((path) => stats.get(path)?.type === type);
}

function sized(
  stats: ReadonlyMap<string, Stat>,
  paths: readonly string[],
): { path: string; size: number }[] {
  return paths.map((path) => ({ path, size: stats.get(path)?.size ?? 0 }));
}
