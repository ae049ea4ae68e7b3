/**
 * {@link Files} by tools in the helper (find, tar, cp, sha256sum): for user namespaces, where only the
 * helper may read and own everything. Paths go through standard input, so that any byte may be in them.
 */
import { closeSync, constants, openSync } from "node:fs";
import { quote } from "../connection/connection.ts";
import type { Entry } from "../workspace/manifest.ts";
import { type FileType, fullPath, type Stat } from "../workspace/tree.ts";
import type { Files, Placed, Placing } from "./files.ts";
import { finishTree } from "./finish-tree.ts";
import type { Helper } from "./helper.ts";
import { readAll } from "./read-files.ts";

/** find's format of one file: its path and what stat says. */
const FORMAT = "%p\\0%y %i %m %U %G %s %T@ %C@ %n %b\\0";

const ARCHIVE =
  "tar -c --no-recursion --null -T - -H posix --xattrs --xattrs-include='*' " +
  "--xattrs-exclude='trusted.overlay.*' --xattrs-exclude='user.overlay.*' -f - 2>/dev/null";
const UNPACK =
  "tar -x -p --same-owner --numeric-owner --delay-directory-restore --xattrs --xattrs-include='*' -f -";

export class ShellFiles implements Files {
  readonly #helper: Helper;

  constructor(helper: Helper) {
    this.#helper = helper;
  }

  scan(directory: string): Promise<Map<string, Stat>> {
    return this.#find(directory, `find . -printf ${quote(FORMAT)}`, undefined);
  }

  stats(directory: string, paths: readonly string[]): Promise<Map<string, Stat>> {
    return this.#findAt(directory, paths, "-maxdepth 0");
  }

  below(directory: string, paths: readonly string[]): Promise<Map<string, Stat>> {
    return this.#findAt(directory, paths, "-mindepth 1");
  }

  async targets(directory: string, paths: readonly string[]): Promise<Map<string, string>> {
    if (paths.length === 0) return new Map();
    const output = await this.#at(directory, "xargs -0 readlink -nz --", paths);
    const targets = output.split("\0");
    return new Map(paths.map((path, index) => [path, targets[index] ?? ""]));
  }

  async hashes(
    directory: string,
    files: readonly { path: string; size: number }[],
  ): Promise<Map<string, string>> {
    if (files.length === 0) return new Map();
    const paths = files.map((file) => file.path);
    const output = await this.#at(directory, "xargs -0 sha256sum -z --", paths);
    const found = new Map<string, string>();
    for (const record of output.split("\0")) {
      if (record !== "") found.set(record.slice(66).replace(/^\.\//, ""), record.slice(0, 64));
    }
    return found;
  }

  async place(to: string, entries: readonly Placed[], how: Placing): Promise<void> {
    const sources = new Map<string, Entry[]>();
    const whiteouts: string[] = [];
    for (const { from, entry } of entries) {
      if (entry.type === "whiteout") whiteouts.push(entry.path);
      else if (sources.has(from)) sources.get(from)?.push(entry);
      else sources.set(from, [entry]);
    }
    const own = [...sources].map(([from, list]) => ({
      from,
      directories: list.filter((e) => e.type === "directory").map((e) => e.path),
      others: list.filter((e) => e.type !== "directory").map((e) => e.path),
    }));
    const made = entries.map((placed) => placed.entry);
    const opaque = made.some((entry) => entry.opaque);
    if (how === "copy") {
      for (const { from, directories, others } of own) {
        await this.#archive(from, to, [...directories, ...others]);
      }
    } else {
      // All directories first: one source's files may lie in another's directory.
      for (const { from, directories } of own) await this.#archive(from, to, directories);
      for (const { from, others } of own) await this.#link(from, to, others);
    }
    if (whiteouts.length > 0) {
      const make = `xargs -0 -n 1 sh -c 'mknod -m 0 "$1" c 0 0 || exit 255' mknod`;
      await this.#at(to, make, whiteouts);
    }
    // tar has set all other attributes.
    if (opaque) await finishTree(this.#helper, to, made, "move");
    if (how === "copy" && whiteouts.length === 0 && !opaque) return;
    // Filling a directory has changed its times.
    for (const { from, directories } of own) await this.#archive(from, to, directories);
  }

  contents(files: readonly { tree: string; path: string; size: number }[]): AsyncIterable<Buffer> {
    return this.#read(files);
  }

  async remove(directory: string): Promise<void> {
    await this.#helper.must(`rm -rf -- ${quote(directory)}`, `cannot remove ${directory}`);
  }

  /** Files that everyone may read are read here; the others by the helper, each a process. */
  async *#read(
    files: readonly { tree: string; path: string; size: number }[],
  ): AsyncGenerator<Buffer> {
    for (const file of files) {
      if (isReadable(fullPath(file.tree, file.path))) {
        yield* readAll([file]);
        continue;
      }
      const child = this.#helper.spawn(`cd ${quote(file.tree)} && xargs -0 cat --`);
      child.stdin.end(Buffer.from(`./${file.path}\0`, "latin1"));
      child.stderr.resume();
      let size = 0;
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        size += chunk.length;
        yield chunk;
      }
      if (size !== file.size) throw new Error(`'${file.path}' of a layer is not what it was`);
    }
  }

  async #archive(from: string, to: string, paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    // Devices that a user namespace could not make are not there; tar passes over them.
    const script = `{ ${ARCHIVE} || [ $? -eq 2 ]; } | ${UNPACK} -C ${quote(to)}`;
    await this.#at(from, script, paths);
  }

  async #link(from: string, to: string, paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const rows = await this.stats(from, paths);
    await this.#at(from, `xargs -0 cp -al --parents -t ${quote(to)} --`, [...rows.keys()]);
  }

  async #findAt(
    directory: string,
    paths: readonly string[],
    depth: string,
  ): Promise<Map<string, Stat>> {
    if (paths.length === 0) return new Map();
    const script = `find "$@" ${depth} -printf ${quote(FORMAT)} 2>/dev/null; :`;
    return this.#find(directory, `xargs -0 sh -c ${quote(script)} find`, paths);
  }

  async #find(
    directory: string,
    script: string,
    paths: readonly string[] | undefined,
  ): Promise<Map<string, Stat>> {
    const output = await this.#at(directory, script, paths);
    const found = new Map<string, Stat>();
    const devices: string[] = [];
    const fields = output.split("\0");
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const path = plain(fields[i] ?? "");
      const stat = parseStat(fields[i + 1] ?? "");
      if (stat.type === "chardev" || stat.type === "blockdev") devices.push(path);
      found.set(path, stat);
    }
    if (devices.length === 0) return found;
    const numbers = (await this.#at(directory, "xargs -0 stat -c '%t %T' --", devices)).split("\n");
    for (const [index, path] of devices.entries()) {
      const [major = 0, minor = 0] = (numbers[index] ?? "").split(" ").map((n) => Number(`0x${n}`));
      const stat = found.get(path);
      if (!stat) continue;
      const isWhiteout = stat.type === "chardev" && major === 0 && minor === 0;
      found.set(path, { ...stat, major, minor, type: isWhiteout ? "whiteout" : stat.type });
    }
    return found;
  }

  /** Runs a script in `directory`, with the paths on its standard input. */
  async #at(
    directory: string,
    script: string,
    paths: readonly string[] | undefined,
  ): Promise<string> {
    const list = paths?.map((path) => (path === "" ? ".\0" : `./${path}\0`)).join("");
    const output = await this.#helper.must(
      `cd ${quote(directory)} && ${script}`,
      "cannot work on the files of a layer",
      list === undefined ? {} : { stdin: Buffer.from(list, "latin1") },
    );
    return output.toString("latin1");
  }
}

function isReadable(path: string | Buffer): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW));
    return true;
  } catch {
    return false;
  }
}

function plain(path: string): string {
  return path === "." ? "" : path.startsWith("./") ? path.slice(2) : path;
}

const TYPES: Readonly<Record<string, FileType>> = {
  f: "file",
  d: "directory",
  l: "symlink",
  c: "chardev",
  b: "blockdev",
  p: "fifo",
};

function parseStat(text: string): Stat {
  const [type = "", inode = "0", mode = "0", uid, gid, size, mtime, ctime, links, blocks] =
    text.split(" ");
  const isFile = type === "f";
  return {
    type: TYPES[type] ?? "socket",
    inode: BigInt(inode),
    mode: Number.parseInt(mode, 8),
    uid: Number(uid),
    gid: Number(gid),
    size: isFile ? Number(size) : 0,
    mtime: parseTime(mtime ?? "0"),
    ctime: parseTime(ctime ?? "0"),
    links: Number(links),
    major: 0,
    minor: 0,
    sparse: isFile && Number(blocks) * 512 < Number(size),
  };
}

/** `SECONDS.FRACTION`, which find gives to more digits than there are; before 1970 with a minus. */
function parseTime(text: string): bigint {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const nanos = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0").slice(0, 9));
  return text.startsWith("-") ? -nanos : nanos;
}
