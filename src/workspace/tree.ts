/**
 * What the sandbox knows of one file. Paths are relative to the root of a tree, without a leading
 * slash, the root itself being ""; each character is one byte (latin1), since a file name need not be
 * UTF-8.
 */

export type FileType =
  | "file"
  | "directory"
  | "symlink"
  | "chardev"
  | "blockdev"
  | "fifo"
  | "socket"
  /** Overlayfs' mark of a removed path: a character device 0/0. */
  | "whiteout";

/** The stat of a file in a tree. Times are nanoseconds since 1970. */
export interface Stat {
  readonly type: FileType;
  readonly inode: bigint;
  /** Permission bits with set-uid, set-gid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a regular file, 0 for everything else. */
  readonly size: number;
  readonly mtime: bigint;
  readonly ctime: bigint;
  readonly links: number;
  readonly major: number;
  readonly minor: number;
  /** Whether less is stored than `size` says. */
  readonly sparse: boolean;
}

/** Extended attributes, sorted by name: names as latin1 text, values as hexadecimal digits. */
export type Xattrs = readonly (readonly [name: string, value: string])[];

export const NO_XATTRS: Xattrs = [];

/** Path of the directory that holds `path`; `undefined` for the root. */
export function parentOf(path: string): string | undefined {
  if (path === "") return undefined;
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** All directories above `path`, nearest first, the root last. */
export function* ancestorsOf(path: string): Generator<string> {
  for (let at = parentOf(path); at !== undefined; at = parentOf(at)) yield at;
}

export function joinPath(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

/** `path` below `tree`, a directory of the controller, for a call of Node's: text where that will do. */
export function fullPath(tree: string, path: string): string | Buffer {
  if (path === "") return tree;
  // Node turns text into UTF-8, and takes three times as long with a Buffer.
  if (!/[\x80-\xff]/.test(path)) return `${tree}/${path}`;
  return Buffer.concat([Buffer.from(`${tree}/`), Buffer.from(path, "latin1")]);
}

/** A path for a message. */
export function shown(path: string): string {
  return `/${Buffer.from(path, "latin1").toString("utf8")}`;
}

/** Order of bytes, which is the order of UTF-16 units in a latin1 text. */
export function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
