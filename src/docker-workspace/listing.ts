/**
 * What stands in a container's filesystem: a line of metadata for every path, read in the container.
 * Two listings tell what changed between them. The whole is read each time, since a clock that is set
 * back would hide changes from anything that looks for new times.
 */
import type { Connection } from "../connection/connection.ts";
import { WorkspaceError } from "../workspace/errors.ts";
import { byBytes } from "../workspace/tree.ts";

/** The tools of the container that the workspace can use. */
export interface Tools {
  readonly find: "gnu" | "stat" | "none";
  /** GNU tar tells extended attributes; others do not, and are not used. */
  readonly tar: boolean;
  /** Names in /dev when the container started. */
  readonly devices: ReadonlySet<string>;
}

/** Metadata by path: relative to the root, each character a byte (latin1). The root itself is "". */
export interface Listing {
  readonly records: ReadonlyMap<string, string>;
  /** Unix time at which it was begun, by the container's clock, in seconds. */
  readonly begun: number;
}

const PROBE = `
case "$(find --version 2>/dev/null)" in
  *GNU*) echo gnu ;;
  *) if find / -maxdepth 0 -exec stat -c '%f %Z' {} + >/dev/null 2>&1; then echo stat; else echo none; fi ;;
esac
case "$(tar --version 2>/dev/null)" in *GNU*) echo tar ;; *) echo none ;; esac
for lb_f in /dev/*; do printf '%s\\n' "\${lb_f#/dev/}"; done
`;

/** A container as scripts see it. */
export interface Place {
  readonly connection: Connection;
  readonly tools: Tools;
}

export async function probeTools(connection: Connection): Promise<Tools> {
  const { stdout } = await connection.run(PROBE);
  const [find = "none", tar, ...devices] = stdout.toString("latin1").trimEnd().split("\n");
  return {
    find: find === "gnu" || find === "stat" ? find : "none",
    tar: tar === "tar",
    devices: new Set(devices),
  };
}

/** Everything else than the paths stands before a tab; a record ends with NUL or a line that begins anew. */
const LIST = {
  gnu: `find / -xdev -printf '%y %m %U %G %s %n %i %T@ %C@\\t%P\\0'`,
  stat: `find / -xdev -exec stat -c "$(printf '\\001%%f %%u %%g %%s %%h %%i %%Y %%Z\\t%%n')" {} +`,
};

/** Mount points first, for what is below them is not the image's. */
const BEFORE = `
{ date +%s.%N 2>/dev/null || echo 0; }
while IFS= read -r lb_l; do printf '%s\\n' "$lb_l"; done </proc/self/mountinfo
echo
`;

/**
 * @returns `undefined` where the container has no tools for it
 * @throws WorkspaceError when the container's own tools fail
 */
export async function list(connection: Connection, tools: Tools): Promise<Listing | undefined> {
  if (tools.find === "none") return undefined;
  const result = await connection.run(`${BEFORE}${LIST[tools.find]}`);
  const text = result.stdout.toString("latin1");
  const end = text.indexOf("\n\n");
  if (end < 0) throw new WorkspaceError("the container does not tell what is in it");
  const [clock = "0", ...mounts] = text.slice(0, end).split("\n");
  const outside = mounts.map(mountPoint).filter((path) => path !== "");
  const body = text.slice(end + 2);
  const records = tools.find === "gnu" ? parseGnu(body) : parseStat(body);
  for (const path of outside) {
    records.delete(path);
    for (const known of records.keys()) if (known.startsWith(`${path}/`)) records.delete(known);
  }
  for (const path of ENGINE_FILES) records.delete(path);
  // A `date` without nanoseconds prints the letters.
  const begun = /^\d+\.\d+$/.test(clock) ? Number(clock) : Number.parseInt(clock, 10) || 0;
  return { records, begun };
}

/** What the Engine itself puts into every container. */
export const ENGINE_FILES = [
  ...[".dockerenv", "run/.containerenv", "etc/hostname", "etc/hosts", "etc/resolv.conf"],
  ...["dev/console", "dev/pts", "dev/shm"],
];

/** Field 5 of a line of mountinfo; spaces and the like are octal there (proc(5)). */
function mountPoint(line: string): string {
  const field = line.split(" ")[4] ?? "";
  return field
    .replace(/^\//, "")
    .replace(/\\([0-7]{3})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    );
}

function parseGnu(body: string): Map<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < body.length) {
    const tab = body.indexOf("\t", at);
    const end = body.indexOf("\0", tab);
    if (tab < 0 || end < 0) break;
    records.set(body.slice(tab + 1, end), body.slice(at, tab));
    at = end + 1;
  }
  return records;
}

function parseStat(body: string): Map<string, string> {
  const records = new Map<string, string>();
  for (const part of body.split("\x01")) {
    const tab = part.indexOf("\t");
    if (tab < 0) continue;
    const path = part.slice(tab + 1).replace(/\n$/, "");
    records.set(path.replace(/^\//, ""), part.slice(0, tab));
  }
  return records;
}

/** What one listing has and another has not, or not so. */
export interface Difference {
  /** Paths whose metadata differs or that are new, in byte order. */
  readonly changed: readonly string[];
  /** Topmost paths that are gone. */
  readonly removed: readonly string[];
}

/**
 * @param racy paths to take for changed in any case
 */
export function compare(before: Listing, after: Listing, racy: ReadonlySet<string>): Difference {
  const changed: string[] = [];
  for (const [path, record] of after.records) {
    if (before.records.get(path) !== record || racy.has(path)) changed.push(path);
  }
  const removed: string[] = [];
  if (after.records.size - changed.length < before.records.size) {
    for (const path of before.records.keys()) {
      if (after.records.has(path)) continue;
      const slash = path.lastIndexOf("/");
      const parent = slash < 0 ? "" : path.slice(0, slash);
      // What was below a directory that is gone, or is one no more, went with it.
      if (isDirectory(after.records.get(parent))) removed.push(path);
    }
  }
  return { changed: changed.sort(byBytes), removed: removed.sort(byBytes) };
}

/** Kernels note times in steps of some milliseconds; `stat` without nanoseconds of a second. */
const NANOSECOND_STEP = 0.05;
const SECOND_STEP = 2;

/**
 * Paths that changed so shortly before the listing that a later change could show the same times: as
 * git does with its index, they are read again next time.
 */
export function racyPaths(listing: Listing): Set<string> {
  const racy = new Set<string>();
  for (const [path, record] of listing.records) {
    const text = record.slice(record.lastIndexOf(" ") + 1);
    const fine = text.includes(".");
    const changed = Number(text);
    const step = fine ? NANOSECOND_STEP : SECOND_STEP;
    if (changed > listing.begun - step && !isDirectory(record)) racy.add(path);
  }
  return racy;
}

/** `find` says `d`, `stat` the file type in the mode. */
export function isDirectory(record: string | undefined): boolean {
  if (record === undefined) return false;
  return record.startsWith("d ") || /^4[0-9a-f]{3} /.test(record);
}

/** A file that is no directory and has hard links. */
export function hasSeveralNames(record: string | undefined): boolean {
  if (record === undefined || isDirectory(record)) return false;
  const fields = record.split(" ");
  return Number(fields[isRaw(record) ? 4 : 5]) > 1;
}

/** Did `stat` write it, with the file type and mode in hexadecimal, or `find`? */
function isRaw(record: string): boolean {
  return /^[0-9a-f]{4} /.test(record);
}

/** Permission bits, owner and group of a record. */
export function ownership(record: string): { mode: number; uid: number; gid: number } {
  const fields = record.split(" ");
  if (isRaw(record)) {
    const mode = Number.parseInt(fields[0] ?? "", 16) & 0o7777;
    return { mode, uid: Number(fields[1]), gid: Number(fields[2]) };
  }
  return {
    mode: Number.parseInt(fields[1] ?? "", 8),
    uid: Number(fields[2]),
    gid: Number(fields[3]),
  };
}
