/**
 * The manifest of a layer: every path it holds, with all that the file system says of it and the
 * digest of its content. What a layer is, is read from here; `fs/` only holds the bytes.
 */
import { createHash } from "node:crypto";
import type { Digest } from "../oci/image.ts";
import { byBytes, type FileType, NO_XATTRS, type Xattrs } from "./tree.ts";

/** One path of a layer. */
export interface Entry {
  readonly path: string;
  readonly type: Exclude<FileType, "socket">;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  readonly major: number;
  readonly minor: number;
  readonly xattrs: Xattrs;
  /** Of a regular file: sha256 of the content, hexadecimal. */
  readonly hash?: string;
  /** Of a symbolic link: where it points, as bytes. */
  readonly target?: string;
  /** A further name of the file at this path of the same layer, which stands before it. */
  readonly hardlink?: string;
  /** Of a directory: nothing of the layers below shows in it. */
  readonly opaque?: true;
  /**
   * `parent`: a directory that has not changed and is only there to hold what has. `touched`: a
   * file of which nothing but the time has changed. Neither is content.
   */
  readonly aside?: Aside;
}

export type Aside = "parent" | "touched";

/** One line of JSON an entry; the first six values stand for what nearly every entry has. */
export function encodeManifest(entries: readonly Entry[]): string {
  return entries
    .map((e) => {
      const more: Record<string, unknown> = {};
      if (e.major !== 0 || e.minor !== 0) more.device = [e.major, e.minor];
      if (e.xattrs.length > 0) more.xattrs = e.xattrs;
      for (const key of ["hash", "target", "hardlink", "opaque", "aside"] as const) {
        if (e[key] !== undefined) more[key] = e[key];
      }
      const row = [e.path, e.type, e.mode, e.uid, e.gid, e.size, String(e.mtime), more];
      return `${JSON.stringify(row)}\n`;
    })
    .join("");
}

type Row = [string, Entry["type"], number, number, number, number, string, RowDetails];

interface RowDetails {
  device?: [number, number];
  xattrs?: Xattrs;
  hash?: string;
  target?: string;
  hardlink?: string;
  opaque?: true;
  aside?: Aside;
}

/** Reads what {@link encodeManifest} wrote. */
export function decodeManifest(text: string): Entry[] {
  const entries: Entry[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [path, type, mode, uid, gid, size, mtime, more] = JSON.parse(line) as Row;
    const { device = [0, 0], xattrs = NO_XATTRS, ...rest } = more;
    const [major, minor] = device;
    const base = { path, type, mode, uid, gid, size, mtime: BigInt(mtime), major, minor, xattrs };
    entries.push({ ...base, ...rest });
  }
  return entries;
}

/** Digest of what a layer changes, whatever the clock said. The order of `entries` does not matter. */
export function contentDigest(entries: readonly Entry[]): Digest {
  const hash = createHash("sha256");
  const counted = entries.filter((e) => e.aside === undefined);
  for (const e of counted.toSorted((a, b) => byBytes(a.path, b.path))) {
    const row =
      e.type === "whiteout"
        ? [e.path, e.type]
        : [
            ...[e.path, e.type, e.type === "symlink" ? 0 : e.mode, e.uid, e.gid, e.size],
            ...[e.major, e.minor, e.xattrs, e.hash ?? "", e.target ?? "", e.hardlink ?? ""],
            e.opaque === true,
          ];
    hash.update(`${JSON.stringify(row)}\n`);
  }
  return `sha256:${hash.digest("hex")}`;
}

/** Bytes of the regular files, and how many paths were written and removed. */
export function measure(entries: readonly Entry[]): {
  size: number;
  files: { written: number; removed: number };
} {
  let size = 0;
  let written = 0;
  let removed = 0;
  for (const e of entries) {
    if (e.type === "whiteout") removed++;
    else if (e.aside !== "parent") written++;
    if (e.type === "file" && e.hardlink === undefined) size += e.size;
  }
  return { size, files: { written, removed } };
}
