/** What a tar archive says about one member. Names are bytes: a file name need not be UTF-8. */
import { LayerbookError } from "../../errors/index.ts";

export type EntryType =
  | "file"
  | "hardlink"
  | "symlink"
  | "chardev"
  | "blockdev"
  | "directory"
  | "fifo";

/** A moment: whole seconds since 1970 rounded down (negative before), and 0 to 999,999,999 on top. */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** A run of bytes of a sparse file that is stored; everything between is zeros. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** One member, without its content. */
export interface TarHeader {
  readonly type: EntryType;
  readonly path: Buffer;
  /** Target of a link: for `hardlink` a path in the archive, for `symlink` any bytes. */
  readonly linkPath?: Buffer | undefined;
  /** Permission bits with set-uid, set-gid and sticky: at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname?: Buffer | undefined;
  readonly gname?: Buffer | undefined;
  /** Bytes of the content, holes included; 0 for everything that is no regular file. */
  readonly size: number;
  readonly mtime: TarTime;
  readonly atime?: TarTime | undefined;
  readonly ctime?: TarTime | undefined;
  /** Of `chardev` and `blockdev`. */
  readonly devMajor?: number | undefined;
  readonly devMinor?: number | undefined;
  /** Extended attributes; names as latin1 text, values as the bytes they are. */
  readonly xattrs?: ReadonlyMap<string, Buffer> | undefined;
}

export type TarErrorCode =
  /** Not a tar archive, or damaged: a checksum, a number or a record is wrong. */
  | "malformed"
  /** Ends in the middle of a member. */
  | "truncated"
  /** A name that leads out of the directory it would be unpacked to. */
  | "unsafe-path"
  /** A header that claims more than any real one has. */
  | "too-large"
  /** A kind of member that is not supported (multi-volume and the like). */
  | "unsupported";

/** An archive that cannot be read, or an entry that cannot be written. */
export class TarError extends LayerbookError {
  readonly code: TarErrorCode;

  constructor(code: TarErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const DOT = 0x2e;
const SLASH = 0x2f;

/**
 * The path below the root that a member's name means: no `.` parts, no doubled or final slash; empty
 * for the root itself. Bytes stay as they are.
 *
 * @param absolute what a leading slash is: an error, or the root of the archive (as Docker takes it)
 * @throws TarError `unsafe-path` for `..` parts, NUL bytes, and leading slashes that are refused
 */
export function memberPath(name: Buffer, absolute: "refuse" | "relative" = "refuse"): Buffer {
  if (isPlain(name)) return name;
  if (name[0] === SLASH && absolute === "refuse") {
    throw new TarError("unsafe-path", `absolute path '${shownPath(name)}' in the archive`);
  }
  if (name.includes(0)) {
    throw new TarError("unsafe-path", `NUL byte in the path '${shownPath(name)}' of the archive`);
  }
  const parts = name
    .toString("latin1")
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new TarError("unsafe-path", `path '${shownPath(name)}' in the archive leads out of it`);
  }
  return Buffer.from(parts.join("/"), "latin1");
}

/** Nothing to take out and nothing to refuse: the usual case, found without making a string. */
function isPlain(name: Buffer): boolean {
  if (name.length === 0 || name[name.length - 1] === SLASH) return false;
  let partStart = 0;
  for (let i = 0; i <= name.length; i++) {
    const byte = i === name.length ? SLASH : name[i];
    if (byte === 0) return false;
    if (byte !== SLASH) continue;
    const length = i - partStart;
    if (length === 0) return false;
    if (name[partStart] === DOT && (length === 1 || (length === 2 && name[i - 1] === DOT))) {
      return false;
    }
    partStart = i + 1;
  }
  return true;
}

/** A path for a message: printable, and not endless. */
export function shownPath(path: Buffer): string {
  const text = path.toString("utf8").replace(/[\x00-\x1f\x7f]/g, "?");
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
