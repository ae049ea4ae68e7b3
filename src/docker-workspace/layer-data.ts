/** The bytes of a layer on the controller: what its regular files hold, in the order of the manifest. */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import type { TarEntry } from "../oci/tar/index.ts";
import { LayerError } from "../workspace/errors.ts";
import type { Folded } from "../workspace/fold.ts";
import type { LayerStore } from "../workspace/layer-store.ts";
import type { Entry } from "../workspace/manifest.ts";
import { byBytes, NO_XATTRS, shown, type Xattrs } from "../workspace/tree.ts";
import type { LayerId } from "../workspace/workspace.ts";

const CHUNK = 1 << 18;

/** Labels of the machine's security modules; they are no part of an image. */
const MACHINE_XATTRS: ReadonlySet<string> = new Set([
  "security.selinux",
  "security.ima",
  "security.evm",
]);

interface Piece {
  readonly offset: number;
  readonly size: number;
}

/** Collects the members of a layer, their contents in a file. */
export class LayerData {
  readonly entries: Entry[] = [];
  readonly #fd: number;
  readonly #pieces = new Map<string, Piece>();
  readonly #read = new Map<string, Entry>();
  #end = 0;

  /** @param path of a file that is made */
  constructor(path: string) {
    this.#fd = openSync(path, "wx+", 0o600);
  }

  /** Reads a member with its content. It is no part of the layer before {@link add}. */
  async read(member: TarEntry): Promise<Entry> {
    const entry = entryOf(member);
    if (entry.hardlink !== undefined) return this.#further(entry, entry.hardlink);
    if (entry.type !== "file") return entry;
    const hash = createHash("sha256");
    const offset = this.#end;
    for await (const chunk of member.content()) {
      hash.update(chunk);
      writeSync(this.#fd, chunk, 0, chunk.length, this.#end);
      this.#end += chunk.length;
    }
    this.#pieces.set(entry.path, { offset, size: this.#end - offset });
    const whole = { ...entry, hash: hash.digest("hex") };
    this.#read.set(entry.path, whole);
    return whole;
  }

  /** A further name says of the file what the first says. */
  #further(entry: Entry, hardlink: string): Entry {
    const first = this.#read.get(hardlink);
    if (!first) throw new LayerError(`the hard link ${shown(entry.path)} stands before its file`);
    return { ...first, path: entry.path, hardlink };
  }

  add(entry: Entry): void {
    this.entries.push(entry);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /**
   * Puts the entries into byte order, and their contents with them, into another file if those stand
   * otherwise in the first.
   * @param path of the file that is made then
   * @returns whether it was
   */
  arrange(path: string): boolean {
    this.entries.sort((a, b) => byBytes(a.path, b.path));
    const pieces = this.entries
      .filter((e) => e.type === "file" && e.hardlink === undefined)
      .map((e) => this.#pieces.get(e.path) ?? { offset: 0, size: 0 });
    let expected = 0;
    let straight = true;
    for (const { offset, size } of pieces) {
      if (size > 0 && offset !== expected) straight = false;
      expected += size;
    }
    if (straight && expected === this.#end) return false;
    const to = openSync(path, "wx", 0o600);
    try {
      for (const piece of pieces) copy(this.#fd, piece, to);
    } finally {
      closeSync(to);
    }
    return true;
  }
}

function copy(from: number, { offset, size }: Piece, to: number): void {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size));
  for (let at = 0; at < size; ) {
    const count = readSync(from, buffer, 0, Math.min(buffer.length, size - at), offset + at);
    if (count === 0) throw new Error("a file was cut short while it was read");
    writeSync(to, buffer, 0, count);
    at += count;
  }
}

function entryOf(member: TarEntry): Entry {
  const hardlink = member.type === "hardlink" ? member.linkPath?.toString("latin1") : undefined;
  const target = member.type === "symlink" ? member.linkPath?.toString("latin1") : undefined;
  return {
    path: member.path.toString("latin1"),
    type: member.type === "hardlink" ? "file" : member.type,
    mode: member.mode & 0o7777,
    uid: member.uid,
    gid: member.gid,
    size: member.type === "file" ? member.size : 0,
    mtime: BigInt(member.mtime.seconds) * 1_000_000_000n + BigInt(member.mtime.nanoseconds),
    major: member.devMajor ?? 0,
    minor: member.devMinor ?? 0,
    xattrs: xattrsOf(member),
    ...(target !== undefined && { target }),
    ...(hardlink !== undefined && { hardlink }),
  };
}

function xattrsOf(member: TarEntry): Xattrs {
  if (!member.xattrs || member.xattrs.size === 0) return NO_XATTRS;
  return [...member.xattrs]
    .filter(([name]) => !MACHINE_XATTRS.has(name))
    .map(([name, value]) => [name, value.toString("hex")] as const)
    .sort((a, b) => byBytes(a[0], b[0]));
}

/** Where in the layer's data each file begins. */
function offsetsOf(entries: readonly Entry[]): Map<string, number> {
  const offsets = new Map<string, number>();
  let at = 0;
  for (const entry of entries) {
    if (entry.type !== "file") continue;
    if (entry.hardlink !== undefined) {
      offsets.set(entry.path, offsets.get(entry.hardlink) ?? 0);
      continue;
    }
    offsets.set(entry.path, at);
    at += entry.size;
  }
  return offsets;
}

/** Contents of files of some layers, one behind the other. */
export async function* contentsOf(
  store: LayerStore,
  ids: readonly LayerId[],
  files: readonly Folded[],
): AsyncGenerator<Buffer> {
  const offsets = new Map<LayerId, Map<string, number>>();
  for (const { entry, layer } of files) {
    const id = ids[layer] ?? "";
    let own = offsets.get(id);
    if (!own) {
      own = offsetsOf(store.manifest(id));
      offsets.set(id, own);
    }
    const start = own.get(entry.path) ?? 0;
    const end = start + entry.size - 1;
    yield* createReadStream(store.contents(id), { start, end, highWaterMark: CHUNK });
  }
}

/** Does the data hold what the entries say? */
export async function isWholeData(path: string, entries: readonly Entry[]): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (!file) return false;
  try {
    const regular = entries.filter((e) => e.type === "file" && e.hardlink === undefined);
    const { size } = await file.stat();
    if (size !== regular.reduce((sum, e) => sum + e.size, 0)) return false;
    let at = 0;
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (const entry of regular) {
      const hash = createHash("sha256");
      for (let left = entry.size; left > 0; ) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK, left), at);
        if (bytesRead === 0) return false;
        hash.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
        left -= bytesRead;
      }
      if (hash.digest("hex") !== entry.hash) return false;
    }
    return true;
  } finally {
    await file.close();
  }
}
