/** {@link Files} by system calls of this process: for root. */
import { createHash } from "node:crypto";
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import type { Entry } from "../workspace/manifest.ts";
import { type FileType, fullPath, joinPath, type Stat } from "../workspace/tree.ts";
import type { Files, KnownNames, Placed, Placing } from "./files.ts";
import { finishTree } from "./finish-tree.ts";
import type { Helper } from "./helper.ts";
import { readAll } from "./read-files.ts";

const CHUNK = 1 << 18;
const PAGE = 4096;
const YIELD_EVERY_MS = 20;

export class NativeFiles implements Files {
  readonly #helper: Helper;
  readonly #newTemplate: () => Promise<string>;
  #template: string | undefined;

  readonly #prefix: string;

  /**
   * @param newTemplate makes a character device 0/0 on the disk of the store
   * @param prefix stands before every directory that is read: where the helper's mounts are seen
   */
  constructor(helper: Helper, newTemplate: () => Promise<string>, prefix = "") {
    this.#helper = helper;
    this.#newTemplate = newTemplate;
    this.#prefix = prefix;
  }

  async scan(directory: string, knownNames?: KnownNames): Promise<Map<string, Stat>> {
    const root = lstat(this.#prefix + directory, "");
    const found = new Map<string, Stat>();
    if (!root) return found;
    found.set("", root);
    this.#collect(directory, [["", knownNames?.("", root)]], found, knownNames);
    return found;
  }

  async stats(directory: string, paths: readonly string[]): Promise<Map<string, Stat>> {
    const found = new Map<string, Stat>();
    for (const path of paths) {
      const stat = lstat(this.#prefix + directory, path);
      if (stat) found.set(path, stat);
    }
    return found;
  }

  async below(directory: string, paths: readonly string[]): Promise<Map<string, Stat>> {
    const found = new Map<string, Stat>();
    this.#collect(
      directory,
      paths.map((path) => [path, undefined]),
      found,
    );
    return found;
  }

  #collect(
    directory: string,
    open: [path: string, names: readonly string[] | undefined][],
    found: Map<string, Stat>,
    knownNames?: KnownNames,
  ): void {
    const tree = this.#prefix + directory;
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [path, known] = next;
      for (const name of known ?? readdirSync(fullPath(tree, path), { encoding: "latin1" })) {
        const child = joinPath(path, name);
        const stat = lstat(tree, child);
        if (!stat) continue;
        found.set(child, stat);
        if (stat.type === "directory") open.push([child, knownNames?.(child, stat)]);
      }
    }
  }

  async targets(directory: string, paths: readonly string[]): Promise<Map<string, string>> {
    return new Map(
      paths.map((path) => [
        path,
        readlinkSync(fullPath(this.#prefix + directory, path), { encoding: "latin1" }),
      ]),
    );
  }

  async hashes(
    directory: string,
    files: readonly { path: string; size: number }[],
  ): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const pause = breather();
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (const { path } of files) {
      const hash = createHash("sha256");
      const fd = openSync(
        fullPath(this.#prefix + directory, path),
        constants.O_RDONLY | constants.O_NOFOLLOW,
      );
      try {
        for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) {
          hash.update(buffer.subarray(0, n));
          await pause();
        }
      } finally {
        closeSync(fd);
      }
      found.set(path, hash.digest("hex"));
    }
    return found;
  }

  async place(to: string, entries: readonly Placed[], how: Placing): Promise<void> {
    const pause = breather();
    const directories: Entry[] = [];
    for (const { from, entry } of entries) {
      if (entry.type === "directory") directories.push(entry);
      if (entry.type === "whiteout") await this.#whiteout(fullPath(to, entry.path));
      else placeOne(from, to, entry, how);
      await pause();
    }
    await finishTree(
      this.#helper,
      to,
      entries.map((placed) => placed.entry),
      how,
    );
    for (const entry of directories) {
      const path = fullPath(to, entry.path);
      lchownSync(path, entry.uid, entry.gid);
      chmodSync(path, entry.mode);
    }
    for (const entry of directories.reverse()) setTime(fullPath(to, entry.path), entry);
  }

  /** All whiteouts are names of one inode, as overlayfs itself does it; a file system has its limit. */
  async #whiteout(target: string | Buffer): Promise<void> {
    try {
      if (this.#template !== undefined) return linkSync(this.#template, target);
    } catch (error) {
      if (!isCode(error, "EMLINK", "ENOENT", "EXDEV")) throw error;
    }
    this.#template = await this.#newTemplate();
    linkSync(this.#template, target);
  }

  contents(files: readonly { tree: string; path: string; size: number }[]): AsyncIterable<Buffer> {
    return readAll(files);
  }

  async remove(directory: string): Promise<void> {
    await rm(directory, { recursive: true, force: true, maxRetries: 2 });
  }
}

/** Lets other work of this process go on now and then. */
function breather(): () => Promise<void> | void {
  let since = performance.now();
  return () => {
    if (performance.now() - since < YIELD_EVERY_MS) return;
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      since = performance.now();
    });
  };
}

function placeOne(from: string, to: string, entry: Entry, how: Placing): void {
  const target = fullPath(to, entry.path);
  if (entry.type === "directory") {
    // Closed until it is complete.
    if (entry.path !== "") mkdirSync(target, 0o700);
    return;
  }
  if (entry.hardlink !== undefined && how === "copy") {
    linkSync(fullPath(to, entry.hardlink), target);
    return;
  }
  const source = fullPath(from, entry.path);
  if (how === "move") renameSync(source, target);
  else if (how === "link") linkSync(source, target);
  else if (entry.type === "symlink") {
    symlinkSync(Buffer.from(entry.target ?? "", "latin1"), target);
    lchownSync(target, entry.uid, entry.gid);
    setTime(target, entry);
  } else if (entry.type === "file") {
    copyFile(source, target, entry);
    lchownSync(target, entry.uid, entry.gid);
    // After the owner: changing that takes set-uid bits away.
    chmodSync(target, entry.mode);
    setTime(target, entry);
  }
}

/** Keeps holes: what is all zeros is not written. */
function copyFile(source: string | Buffer, target: string | Buffer, entry: Entry): void {
  const stat = lstatSync(source);
  if (stat.blocks * 512 >= stat.size) {
    copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return;
  }
  const input = openSync(source, constants.O_RDONLY | constants.O_NOFOLLOW);
  const output = openSync(target, "wx", 0o600);
  try {
    const buffer = Buffer.allocUnsafe(PAGE);
    const zeros = Buffer.alloc(PAGE);
    let at = 0;
    for (let n = readSync(input, buffer); n > 0; n = readSync(input, buffer)) {
      const page = buffer.subarray(0, n);
      if (!page.equals(zeros.subarray(0, n))) writeSync(output, page, 0, n, at);
      at += n;
    }
    ftruncateSync(output, entry.size);
  } finally {
    closeSync(input);
    closeSync(output);
  }
}

/**
 * Sets the modification time, rounded down to the microsecond: Node offers seconds as a double, which
 * libuv cuts off there (half a microsecond more makes up for the double's own rounding). The order of
 * times stays; the manifest has the nanoseconds.
 */
function setTime(path: string | Buffer, entry: Entry): void {
  const micros = entry.mtime >= 0n ? entry.mtime / 1000n : (entry.mtime - 999n) / 1000n;
  const seconds = (Number(micros) + 0.5) / 1e6;
  lutimesSync(path, seconds, seconds);
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

function lstat(directory: string, path: string): Stat | undefined {
  try {
    const stat = lstatSync(fullPath(directory, path), { bigint: true, throwIfNoEntry: false });
    return stat && fromStats(stat);
  } catch (error) {
    if (isCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

const TYPES: Readonly<Record<number, FileType>> = {
  [constants.S_IFREG]: "file",
  [constants.S_IFDIR]: "directory",
  [constants.S_IFLNK]: "symlink",
  [constants.S_IFCHR]: "chardev",
  [constants.S_IFBLK]: "blockdev",
  [constants.S_IFIFO]: "fifo",
  [constants.S_IFSOCK]: "socket",
};

function fromStats(stat: BigIntStats): Stat {
  const type = TYPES[Number(stat.mode) & constants.S_IFMT] ?? "socket";
  const isDevice = type === "chardev" || type === "blockdev";
  const dev = stat.rdev;
  return {
    type: type === "chardev" && dev === 0n ? "whiteout" : type,
    inode: stat.ino,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: type === "file" ? Number(stat.size) : 0,
    mtime: stat.mtimeNs,
    ctime: stat.ctimeNs,
    links: Number(stat.nlink),
    // Linux' encoding of device numbers (makedev(3)).
    major: isDevice ? Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)) : 0,
    minor: isDevice ? Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)) : 0,
    sparse: type === "file" && stat.blocks * 512n < stat.size,
  };
}
