/**
 * What the sandbox does with trees of files on the controller. Two implementations: `NativeFiles`
 * (root: system calls of this process) and `ShellFiles` (a user namespace: tools run in the helper,
 * since only there the owners can be seen and set). Both give the same trees.
 */
import type { Entry } from "../workspace/manifest.ts";
import type { Stat } from "../workspace/tree.ts";

/** How the files of a layer come into its directory. */
export type Placing =
  /** A copy: the source lives on. */
  | "copy"
  /** The source is given up afterwards. */
  | "move"
  /** A hard link: neither side is ever written to again. */
  | "link";

/** One path of a tree to be made, and the tree it comes from. */
export interface Placed {
  readonly from: string;
  readonly entry: Entry;
}

export type KnownNames = (path: string, stat: Stat) => readonly string[] | undefined;

export interface Files {
  /**
   * Stat of everything below `directory`, by path; the directory itself is "".
   * @param knownNames the names in a directory, where its stat shows that they are still the same: it
   *   need not be read again
   */
  scan(directory: string, knownNames?: KnownNames): Promise<Map<string, Stat>>;
  /** Stat of some paths below `directory`; absent where there is no such path. */
  stats(directory: string, paths: readonly string[]): Promise<Map<string, Stat>>;
  /** Every path below each of these directories of `directory`, with its stat. */
  below(directory: string, paths: readonly string[]): Promise<Map<string, Stat>>;
  /** Targets of symbolic links. */
  targets(directory: string, paths: readonly string[]): Promise<Map<string, string>>;
  /** sha256, hexadecimal, of regular files. */
  hashes(
    directory: string,
    files: readonly { path: string; size: number }[],
  ): Promise<Map<string, string>>;
  /**
   * Makes `to`, an empty directory, into the tree of the entries, which are in byte order.
   * Directories get their times last.
   */
  place(to: string, entries: readonly Placed[], how: Placing): Promise<void>;
  /** Contents of regular files, one behind the other. */
  contents(files: readonly { tree: string; path: string; size: number }[]): AsyncIterable<Buffer>;
  /** Removes a tree of the store, whatever is in it. */
  remove(directory: string): Promise<void>;
}

/** Do the regular files below `tree` hold what the entries of its layer say? */
export async function isWhole(
  files: Files,
  tree: string,
  entries: readonly Entry[],
): Promise<boolean> {
  const regular = entries.filter((e) => e.type === "file" && e.hardlink === undefined);
  const stats = await files.stats(
    tree,
    regular.map((e) => e.path),
  );
  if (regular.some((e) => stats.get(e.path)?.size !== e.size)) return false;
  const hashes = await files.hashes(tree, regular);
  return regular.every((e) => hashes.get(e.path) === e.hash);
}
