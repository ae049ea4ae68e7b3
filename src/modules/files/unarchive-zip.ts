/** Zip archives, read on the controller and sent as a tar stream of what differs. */
import { createHash } from "node:crypto";
import { fnmatch } from "../../template/python/fnmatch.ts";
import { pathWord } from "../lib/bytes.ts";
import { fail } from "../lib/failure.ts";
import { checksumsOfMany, statusOfMany } from "../lib/many.ts";
import { flagOption, listOption } from "../lib/option-values.ts";
import { pathInfo, readStatus } from "../lib/status.ts";
import { tarEnd, tarHeader, tarPadding } from "../lib/tar.ts";
import { readZip, type ZipEntry } from "../lib/zip.ts";
import type { ModuleResult } from "../module.ts";
import { settleUnpacked, type UnpackTask } from "./unarchive-tar.ts";

export async function unpackZip(task: UnpackTask): Promise<ModuleResult> {
  const { context, args, src, dest } = task;
  const fetched = await context.sh(`exec cat ${pathWord(task.archive)}`);
  if (fetched.rc !== 0) fail(`Source '${src}' not readable`);
  const entries = chosen(task, open(src, fetched.stdout));
  const names = entries.map(({ name }) => name);
  const known = { handler: "ZipArchive", dest, src };
  const wanted = await differing(task, entries);
  let changed = wanted.length > 0;
  if (changed && !context.checkMode) {
    const stream = pack(wanted, task);
    const result = await context.sh(`lb_have tar || exit 81; cd ${pathWord(dest)} && tar -xpf -`, {
      stdin: stream,
    });
    if (result.rc === 81) {
      fail(
        `Failed to find handler for "${src}". Make sure the required command to extract the file is installed.`,
      );
    }
    const err = result.stderr.toString();
    if (result.rc !== 0) fail(`failed to unpack ${src} to ${dest}`, { ...known, err });
  }
  if (!(context.checkMode && changed) && (await settleUnpacked(task, names))) changed = true;
  return {
    ...known,
    ...(wanted.length > 0
      ? { extract_results: { cmd: ["unzip", "-o", src, "-d", dest], rc: 0, out: "", err: "" } }
      : {}),
    changed,
    ...(flagOption(args, "list_files") ? { files: names } : {}),
    ...pathInfo(await readStatus(context, dest)),
  };
}

function open(src: string, archive: Buffer): ZipEntry[] {
  try {
    return readZip(archive);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(
      `Failed to find handler for "${src}". Make sure the required command to extract the file is installed.\n${reason}`,
    );
  }
}

/** Without what is excluded, and without names that would leave the directory. */
function chosen({ args, src }: UnpackTask, entries: readonly ZipEntry[]): ZipEntry[] {
  const extra = listOption(args, "extra_opts") ?? [];
  if (extra.some((option) => option !== "-o" && option !== "-q")) {
    fail(
      `extra_opts ${extra.join(" ")}: zip archives are read without unzip, which has no options here`,
    );
  }
  const exclude = listOption(args, "exclude") ?? [];
  const include = listOption(args, "include") ?? [];
  const bad = entries.find(({ name }) => name.startsWith("/") || name.split("/").includes(".."));
  if (bad) fail(`${src} has a name that leads out of the directory: ${bad.name}`);
  return entries.filter(
    ({ name }) =>
      !exclude.some((pattern) => fnmatch(name, pattern)) &&
      (include.length === 0 || include.some((pattern) => fnmatch(name, pattern))),
  );
}

function bare(entry: ZipEntry): string {
  return entry.name.replace(/\/+$/, "");
}

/** Entries that are not in the target, or not as they are in the archive. */
async function differing(task: UnpackTask, entries: readonly ZipEntry[]): Promise<ZipEntry[]> {
  const { context, args, dest } = task;
  const remote = await statusOfMany(context, dest, entries.map(bare));
  const hasMode = args.mode !== undefined && args.mode !== null;
  const candidates: ZipEntry[] = [];
  const different = new Set<ZipEntry>();
  for (const entry of entries) {
    const now = remote.get(bare(entry));
    const isKind = now?.kind === entry.type;
    const isMode =
      hasMode || entry.mode === undefined || entry.type === "link" || now?.mode === entry.mode;
    const isSize = entry.type !== "file" || now?.size === entry.size;
    if (!now || !isKind || !isSize || (!isMode && entry.type === "file")) different.add(entry);
    else if (entry.type === "file") candidates.push(entry);
  }
  const sums = await checksumsOfMany(context, dest, candidates.map(bare));
  for (const [index, entry] of candidates.entries()) {
    const sha1 = createHash("sha1").update(content(task, entry)).digest("hex");
    if (sums[index] !== sha1) different.add(entry);
  }
  return entries.filter((entry) => different.has(entry));
}

function content({ src }: UnpackTask, entry: ZipEntry): Buffer {
  try {
    return entry.read();
  } catch (error) {
    return fail(`${src}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function pack(entries: readonly ZipEntry[], task: UnpackTask): Buffer {
  const blocks: Buffer[] = [];
  for (const entry of entries) {
    const bytes = entry.type === "directory" ? Buffer.alloc(0) : content(task, entry);
    const isLink = entry.type === "link";
    const size = isLink ? 0 : bytes.length;
    blocks.push(
      tarHeader({
        name: bare(entry),
        type: entry.type,
        mode: entry.mode ?? (entry.type === "directory" ? 0o755 : 0o644),
        uid: 0,
        gid: 0,
        modified: entry.modified,
        size,
        ...(isLink ? { target: bytes.toString() } : {}),
      }),
    );
    if (!isLink) blocks.push(bytes, tarPadding(size));
  }
  return Buffer.concat([...blocks, tarEnd()]);
}
