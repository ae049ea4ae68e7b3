/**
 * Digests of files and directories of the controller, by content and mode, never by time.
 *
 * Like git's index: what a file hashed to is remembered with its inode, size and times, and a file
 * whose numbers are the same is not read again. A file that changed in the same moment in which it
 * was hashed could hide a second change ("racily clean"), so such an entry is not remembered.
 */
import { createHash } from "node:crypto";
import {
  createReadStream,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  type Stats,
  statSync,
} from "node:fs";
import { join } from "node:path";
import type { Digest } from "../oci/image.ts";
import { writeAtomically } from "./atomic.ts";
import { digestOf } from "./digest.ts";

/** `inode:size:mtime:ctime` and the hash of the content. */
type Remembered = readonly [signature: string, hash: string];

/** How close to now a file's change time may be for its hash to be remembered. Milliseconds. */
const RACY_MS = 50;

export class ContentDigests {
  readonly #directory: string;

  /** @param directory where the memory is kept, one file a root that was asked for */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Digest of a file, or of everything below a directory: names, types, permission bits, contents,
   * link targets.
   * @throws the file system's error when the path does not exist or cannot be read
   */
  async of(path: string): Promise<Digest> {
    return digestOf(await this.#describe(path));
  }

  /**
   * What makes up the digest, path by path, to say what has changed.
   * @throws the file system's error when the path does not exist or cannot be read
   */
  async listing(path: string): Promise<readonly (readonly [path: string, signature: string])[]> {
    return flatten(await this.#describe(path), "");
  }

  async #describe(path: string): Promise<Description> {
    const memoryFile = join(this.#directory, `${digestOf(path).slice(7, 39)}.json`);
    const before = readMemory(memoryFile);
    const now: Record<string, Remembered> = {};
    let fresh = 0;
    const hashFile = async (file: string, stat: Stats): Promise<string> => {
      const signature = `${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
      const known = before[file];
      if (known?.[0] === signature) {
        now[file] = known;
        return known[1];
      }
      const startedMs = Date.now();
      const hash = await hashContent(file, stat.size);
      fresh++;
      if (startedMs - stat.ctimeMs > RACY_MS) now[file] = [signature, hash];
      return hash;
    };
    const description = await describe(path, hashFile);
    if (fresh > 0) writeAtomically(memoryFile, JSON.stringify(now));
    return description;
  }
}

/** Every path below (and the root as ""), with what stands for its type, mode and content. */
function flatten(description: Description, path: string): [string, string][] {
  const [type, mode, entries] = description;
  if (type !== "dir" || !Array.isArray(entries)) return [[path, JSON.stringify(description)]];
  const below = (entries as readonly (readonly [string, Description])[]).flatMap(([name, inner]) =>
    flatten(inner, path === "" ? name : `${path}/${name}`),
  );
  return [[path, `dir ${String(mode)}`], ...below];
}

type Hasher = (file: string, stat: Stats) => Promise<string>;
type Description = readonly (string | Description)[];

async function describe(path: string, hashFile: Hasher, follow = true): Promise<Description> {
  const stat = lstatSync(path);
  const mode = (stat.mode & 0o7777).toString(8);
  if (stat.isSymbolicLink()) {
    const link = ["link", readlinkSync(path)];
    // What a module is told to read may be a link; inside a directory a link is copied as a link or
    // followed, so both what it says and what it leads to count.
    const target = targetOf(path);
    if (!target?.isFile())
      return follow && target ? [...link, await describe(`${path}/.`, hashFile)] : link;
    return [...link, (target.mode & 0o7777).toString(8), await hashFile(path, target)];
  }
  if (stat.isDirectory()) {
    const entries: Description[] = [];
    for (const name of readdirSync(path).sort()) {
      entries.push([name, await describe(`${path}/${name}`, hashFile, false)]);
    }
    return ["dir", mode, entries];
  }
  if (stat.isFile()) return ["file", mode, await hashFile(path, stat)];
  return ["special", mode];
}

/** The target of a link; `undefined` for one that leads nowhere. */
function targetOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** Small files are read at once, large ones streamed. */
async function hashContent(file: string, size: number): Promise<string> {
  const hash = createHash("sha256");
  if (size < 4_000_000) return hash.update(readFileSync(file)).digest("hex");
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest("hex");
}

function readMemory(file: string): Readonly<Record<string, Remembered>> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, Remembered>;
  } catch {
    // No memory yet, or a damaged one: everything is read again.
    return {};
  }
}
