/** Many paths of the target at once: their status, checksums, owner and mode, in few round trips. */
import type { ModuleContext } from "../module.ts";
import { accountId, type WantedAttributes } from "./attributes.ts";
import { encodeText, pathWord } from "./bytes.ts";
import { fail } from "./failure.ts";
import { resolveMode } from "./mode.ts";
import { joinPath } from "./paths.ts";
import { readStatus } from "./status.ts";

/** What stands in the target under a name. */
export interface Remote {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

/** Names below a directory, each ended by NUL: the input of `xargs -0`. */
export function nameList(names: readonly string[]): Buffer {
  return Buffer.concat(names.map((name) => encodeText(`./${name}\0`)));
}

/**
 * What is there of the names. The directory itself is under "", if it is there.
 * @throws ModuleFailure if `base` is something else than a directory
 */
export async function statusOfMany(
  context: ModuleContext,
  base: string,
  names: readonly string[],
): Promise<Map<string, Remote>> {
  const found = new Map<string, Remote>();
  const plain = names.filter((name) => !name.includes("\n"));
  const script = `p=${pathWord(base)}
if [ ! -e "$p" ] && [ ! -h "$p" ]; then exit 3; fi
cd "$p" || exit 4
xargs -0 stat -c '%f|%u|%g|%s|%n' -- 2>/dev/null
exit 0`;
  const result = await context.sh(script, { stdin: nameList(plain) });
  if (result.rc === 3) return found;
  if (result.rc === 4) {
    fail(`Failed to get information on remote file (${base}): ${result.stderr.toString().trim()}`);
  }
  found.set("", { kind: "directory", mode: 0, uid: 0, gid: 0, size: 0 });
  // The names are valid UTF-8 here or come back as the same bytes that went out.
  for (const line of result.stdout.toString().split("\n")) {
    const fields = line.split("|");
    if (fields.length < 5) continue;
    const raw = Number.parseInt(fields[0] ?? "0", 16);
    found.set(fields.slice(4).join("|").slice(2), {
      kind: KINDS[raw >> 12] ?? "other",
      mode: raw & 0o7777,
      uid: Number(fields[1]),
      gid: Number(fields[2]),
      size: Number(fields[3]),
    });
  }
  for (const name of names) {
    if (!name.includes("\n")) continue;
    const status = await readStatus(context, joinPath(base, name));
    if (!status) continue;
    const { mode, uid, gid, size, kind } = status;
    const known = kind === "file" || kind === "directory" || kind === "link" ? kind : "other";
    found.set(name, { kind: known, mode, uid, gid, size });
  }
  return found;
}

const KINDS: Readonly<Record<number, Remote["kind"]>> = { 4: "directory", 8: "file", 10: "link" };

/** SHA-1 of files below a directory, in the order of the names. */
export async function checksumsOfMany(
  context: ModuleContext,
  base: string,
  names: readonly string[],
): Promise<string[]> {
  if (names.length === 0) return [];
  const result = await context.sh(`cd ${pathWord(base)} && xargs -0 sha1sum --`, {
    stdin: nameList(names),
  });
  if (result.rc !== 0) fail(`could not read: ${result.stderr.toString().trim()}`);
  // A name with a newline or backslash is escaped and announced by a leading backslash.
  return result.stdout
    .toString()
    .split("\n")
    .map((line) => line.replace(/^\\/, "").slice(0, 40));
}

/** The numbers behind `owner` and `group`. */
export interface Accounts {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** @throws ModuleFailure for names that nobody has */
export async function accountsOf(
  context: ModuleContext,
  wanted: WantedAttributes,
): Promise<Accounts> {
  const uid =
    wanted.owner === undefined ? undefined : await accountId(context, "passwd", wanted.owner);
  if (wanted.owner !== undefined && uid === undefined) {
    fail(`chown failed: failed to look up user ${wanted.owner}`);
  }
  const gid =
    wanted.group === undefined ? undefined : await accountId(context, "group", wanted.group);
  if (wanted.group !== undefined && gid === undefined) {
    fail(`chgrp failed: failed to look up group ${wanted.group}`);
  }
  return { uid, gid };
}

/**
 * Owner and mode of paths that are there.
 * @param modeOf the mode that one of them shall have
 * @returns whether anything changed, or would in check mode
 */
export async function settleMany(
  context: ModuleContext,
  base: string,
  names: Iterable<string>,
  remote: ReadonlyMap<string, Remote>,
  accounts: Accounts,
  modeOf: (name: string, now: Remote) => number,
): Promise<boolean> {
  const byCommand = new Map<string, string[]>();
  const note = (command: string, name: string) => {
    const list = byCommand.get(command);
    if (list) list.push(name);
    else byCommand.set(command, [name]);
  };
  for (const name of names) {
    const now = remote.get(name);
    if (!now) continue;
    const uid = accounts.uid ?? now.uid;
    const gid = accounts.gid ?? now.gid;
    if (uid !== now.uid || gid !== now.gid) note(`chown -h ${uid}:${gid}`, name);
    const mode = now.kind === "link" ? now.mode : modeOf(name, now);
    if (mode !== now.mode) note(`chmod ${mode.toString(8)}`, name);
  }
  if (byCommand.size === 0) return false;
  if (context.checkMode) return true;
  // Changing the owner clears set-user-ID, so modes come last.
  for (const command of [...byCommand.keys()].sort().reverse()) {
    const result = await context.sh(`cd ${pathWord(base)} && xargs -0 ${command} --`, {
      stdin: nameList(byCommand.get(command) ?? []),
    });
    if (result.rc !== 0) fail(`${command} failed: ${result.stderr.toString().trim()}`);
  }
  return true;
}

/** The mode of an argument, or what is there. */
export function wantedMode(wanted: WantedAttributes, now: Remote): number {
  return wanted.mode === undefined
    ? now.mode
    : resolveMode(wanted.mode, now.mode, now.kind === "directory");
}
