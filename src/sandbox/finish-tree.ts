/** The parts of a tree that only tools can make: special files, extended attributes. */
import { quote } from "../connection/connection.ts";
import type { Entry } from "../workspace/manifest.ts";
import type { Xattrs } from "../workspace/tree.ts";
import type { Placing } from "./files.ts";
import type { Helper } from "./helper.ts";
import { formatDump } from "./xattrs.ts";

const KIND = { fifo: "p", chardev: "c", blockdev: "b" } as const;

/**
 * Makes special files and sets extended attributes in the tree `to`.
 * @param how files that were moved or linked have theirs already; directories are always new
 */
export async function finishTree(
  helper: Helper,
  to: string,
  entries: readonly Entry[],
  how: Placing,
): Promise<void> {
  const nodes: Entry[] = [];
  const attributes = new Map<string, Xattrs>();
  for (const entry of entries) {
    const { type } = entry;
    if (type === "whiteout" || entry.hardlink !== undefined) continue;
    if (how !== "copy" && type !== "directory") continue;
    if (type === "fifo" || type === "chardev" || type === "blockdev") nodes.push(entry);
    const list: [string, string][] = entry.xattrs.map(([name, value]) => [name, value]);
    if (entry.opaque) list.push([helper.opaqueAttribute, "79"]);
    if (list.length > 0) attributes.set(entry.path, list);
  }
  if (nodes.length > 0) {
    const rows = nodes.map((e) => {
      const kind = KIND[e.type as keyof typeof KIND];
      const device = e.type === "fifo" ? "" : ` ${e.major} ${e.minor}`;
      const seconds = `${e.mtime / 1_000_000_000n}.${String(e.mtime % 1_000_000_000n).padStart(9, "0")}`;
      return `${kind} ${e.mode.toString(8)} ${e.uid}:${e.gid} @${seconds}${device}\0./${e.path}\0`;
    });
    // Names reach mknod as arguments of xargs, so that any byte may be in them.
    await helper.must(
      `cd ${quote(to)} && xargs -0 -n 2 sh -c ${quote(MAKE_NODE)} node`,
      "cannot make special files",
      { stdin: Buffer.from(rows.join(""), "latin1") },
    );
  }
  if (attributes.size > 0) {
    await helper.must(
      `cd ${quote(to)} && setfattr -h --restore=-`,
      "cannot set extended attributes",
      { stdin: formatDump(attributes) },
    );
  }
}

/** $1: kind, mode, owner, time and the device numbers; $2: the path. */
const MAKE_NODE = `
path=$2
set -- $1
if [ "$1" = p ]; then mknod "$path" p; else mknod "$path" "$1" "$5" "$6"; fi || exit 255
chown -h "$3" "$path" && chmod "$2" "$path" && touch -h -d "$4" "$path" || exit 255
`;
