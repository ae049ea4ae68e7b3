/** Between the manifest's terms and those of the tar codec. */
import type { TarHeader, TarTime } from "../oci/tar/index.ts";
import type { Entry } from "./manifest.ts";
import type { Xattrs } from "./tree.ts";

const SECOND = 1_000_000_000n;

/** @param nanoseconds since 1970, negative before */
export function timeOf(nanoseconds: bigint): TarTime {
  const rest = ((nanoseconds % SECOND) + SECOND) % SECOND;
  return { seconds: Number((nanoseconds - rest) / SECOND), nanoseconds: Number(rest) };
}

export function fromHex(xattrs: Xattrs): ReadonlyMap<string, Buffer> | undefined {
  if (xattrs.length === 0) return undefined;
  return new Map(xattrs.map(([name, value]) => [name, Buffer.from(value, "hex")]));
}

/** The member of an image's layer for an entry that is no whiteout. Times after `epoch` become it. */
export function headerOf(entry: Entry, epoch: number): TarHeader {
  const time = timeOf(entry.mtime);
  const mtime = time.seconds >= epoch ? { seconds: epoch, nanoseconds: 0 } : time;
  const path = Buffer.from(entry.path, "latin1");
  const common = { path, mode: entry.mode, uid: entry.uid, gid: entry.gid, size: 0, mtime };
  if (entry.hardlink !== undefined) {
    return { ...common, type: "hardlink", linkPath: Buffer.from(entry.hardlink, "latin1") };
  }
  const xattrs = fromHex(entry.xattrs);
  const own = { ...common, ...(xattrs && { xattrs }) };
  switch (entry.type) {
    case "file":
      return { ...own, type: "file", size: entry.size };
    case "symlink":
      return { ...own, type: "symlink", linkPath: Buffer.from(entry.target ?? "", "latin1") };
    case "chardev":
    case "blockdev":
      return { ...own, type: entry.type, devMajor: entry.major, devMinor: entry.minor };
    case "directory":
    case "fifo":
      return { ...own, type: entry.type };
    case "whiteout":
      throw new Error("a whiteout is no file");
  }
}
