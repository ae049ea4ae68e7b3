/** User namespaces with subordinate ids (subuid(5), newuidmap(1)): what a user needs to be root. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { promisify } from "node:util";

// Made when it is called: a cached build starts no process, and need not load what would.
const run = (program: string, args: readonly string[]) => promisify(execFile)(program, args);

/** Rows of /proc/PID/uid_map: first id inside, first id outside, how many. */
export type IdMap = readonly (readonly [inside: number, outside: number, count: number])[];

export interface IdRanges {
  readonly uids: IdMap;
  readonly gids: IdMap;
}

/** Images use ids up to 65535 (`nobody` and `nogroup` are 65534). */
const WANTED = 65_536;

/**
 * The ids that this user may use in a namespace: themselves as root, the subordinate ones above.
 * @returns a reason, in words, when there are none or too few
 */
export async function ownIds(): Promise<IdRanges | { readonly missing: string }> {
  const { username, uid, gid } = userInfo();
  const uids = await ranges("/etc/subuid", username, uid);
  const gids = await ranges("/etc/subgid", username, uid);
  if (!uids) return { missing: `no ${WANTED - 1} subordinate ids for ${username} in /etc/subuid` };
  if (!gids) return { missing: `no ${WANTED - 1} subordinate ids for ${username} in /etc/subgid` };
  return { uids: [[0, uid, 1], ...uids], gids: [[0, gid, 1], ...gids] };
}

async function ranges(file: string, name: string, uid: number): Promise<IdMap | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  const rows: [number, number, number][] = [];
  let inside = 1;
  for (const line of text.split("\n")) {
    const [owner, first, count] = line.trim().split(":");
    if (owner !== name && owner !== String(uid)) continue;
    const size = Math.min(Number(count), WANTED - inside);
    if (!(size > 0)) continue;
    rows.push([inside, Number(first), size]);
    inside += size;
  }
  return inside < WANTED ? undefined : rows;
}

/** Gives a process that has just made its user namespace its ids. */
export async function assignIds(pid: number, ids: IdRanges): Promise<void> {
  await run("newuidmap", [String(pid), ...ids.uids.flat().map(String)]);
  await run("newgidmap", [String(pid), ...ids.gids.flat().map(String)]);
}
