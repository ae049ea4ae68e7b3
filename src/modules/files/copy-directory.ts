/**
 * Copying a directory of the controller. What is there is asked for in two round trips, and what is
 * new goes over as one tar stream, however many files there are. Files that change are replaced one
 * by one, so that no reader sees a part.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { unsafeWrites, type WantedAttributes, wantedAttributes } from "../lib/attributes.ts";
import { pathWord } from "../lib/bytes.ts";
import { contentDiff } from "../lib/differences.ts";
import { makeDirectories } from "../lib/directories.ts";
import { fail } from "../lib/failure.ts";
import {
  accountsOf,
  checksumsOfMany,
  nameList,
  type Remote,
  settleMany,
  statusOfMany,
} from "../lib/many.ts";
import { octal, resolveMode } from "../lib/mode.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { baseOf, directoryOf, joinPath } from "../lib/paths.ts";
import { placeFile } from "../lib/place-file.ts";
import { sourceOfFile } from "../lib/source.ts";
import { tarEnd, tarHeader, tarPadding } from "../lib/tar.ts";
import { replaceFile } from "../lib/write.ts";
import type { Arguments, Data, Input, ModuleContext, ModuleResult } from "../module.ts";
import { type LocalEntry, walkLocal } from "./local-tree.ts";

/** Below this many bytes an archive is held in memory; above it is a temporary file. */
const HELD = 16 << 20;

interface Copy {
  readonly context: ModuleContext;
  readonly args: Arguments;
  /** Directory of the target that gets what is in the local one. */
  readonly base: string;
  readonly wanted: WantedAttributes;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly diffs: Data[];
}

/**
 * @param root the local directory
 * @param src as it was given: a final slash means what is in it, not the directory itself
 */
export async function copyDirectory(
  context: ModuleContext,
  args: Arguments,
  root: string,
  src: string,
  dest: string,
): Promise<ModuleResult> {
  const entries = await walkLocal(root, flagOption(args, "local_follow") ?? true);
  const into = joinPath(dest, "");
  const base = src.endsWith("/") ? dest.replace(/(?<=.)\/+$/, "") : joinPath(into, baseOf(root));
  const files = entries.filter((entry) => entry.type === "file");
  const [only] = files;
  const wanted = wantedAttributes({ ...args, mode: args.mode === "preserve" ? null : args.mode });
  const copy: Copy = {
    context,
    args,
    base,
    wanted,
    ...(await accountsOf(context, wanted)),
    diffs: [],
  };
  const remote = await statusOfMany(
    context,
    base,
    entries.map(({ name }) => name),
  );
  let changed = await makeMissing(copy, entries, remote);
  if (only && files.length === 1) {
    const result = await replaceOne(copy, only, undefined);
    return { ...result, changed: result.changed === true || changed };
  }
  changed = (await copyFiles(copy, files, remote)) || changed;
  changed = (await copyLinks(copy, entries, remote)) || changed;
  return {
    ...(copy.diffs.length > 0 ? { diff: copy.diffs } : {}),
    dest: src.endsWith("/") && !dest.endsWith("/") ? joinPath(dest, "") : into,
    src: root,
    changed,
  };
}

/** Directories that are not there. */
async function makeMissing(
  copy: Copy,
  entries: readonly LocalEntry[],
  remote: ReadonlyMap<string, Remote>,
): Promise<boolean> {
  const { context, base, args } = copy;
  const directories = entries.filter(({ type, name }) => type === "directory" && name !== "");
  const missing = directories.filter(({ name }) => !remote.has(name)).map(({ name }) => name);
  const needsBase = !remote.has("");
  if (missing.length === 0 && !needsBase) return false;
  if (context.checkMode) return true;
  const mode = args.directory_mode ?? undefined;
  const wanted = { ...copy.wanted, mode };
  if (needsBase) await makeDirectories(context, base, wanted);
  if (missing.length === 0) return true;
  const bits = mode === undefined ? 0o755 : resolveMode(mode, 0o755, true);
  const owner = `${copy.uid ?? ""}${copy.gid === undefined ? "" : `:${copy.gid}`}`;
  const script = `cd ${pathWord(base)} || exit 1
xargs -0 sh -c 'mkdir -p -m ${bits.toString(8)} -- "$@"${owner ? ` && chown ${owner} -- "$@"` : ""}' -`;
  const result = await context.sh(script, { stdin: nameList(missing) });
  if (result.rc !== 0) fail(`could not make directories: ${result.stderr.toString().trim()}`);
  return true;
}

/** New files in one stream, changed ones one by one, the others' owner and mode. */
async function copyFiles(
  copy: Copy,
  files: readonly LocalEntry[],
  remote: ReadonlyMap<string, Remote>,
): Promise<boolean> {
  const { context, args } = copy;
  const force = flagOption(args, "force") ?? true;
  const there = force ? files.filter(({ name }) => remote.has(name)) : [];
  const fresh = files.filter(({ name }) => !remote.has(name));
  const decrypt = flagOption(args, "decrypt") ?? true;
  const candidates: LocalEntry[] = [];
  const different: LocalEntry[] = [];
  for (const file of there) {
    const isCandidate =
      remote.get(file.name)?.kind === "file" &&
      (remote.get(file.name)?.size === file.size ||
        (decrypt && (await context.controller.isVault(file.path))));
    (isCandidate ? candidates : different).push(file);
  }
  const sums = await checksumsOfMany(
    context,
    copy.base,
    candidates.map(({ name }) => name),
  );
  const same: LocalEntry[] = [];
  for (const [index, file] of candidates.entries()) {
    const { sha1 } = await sourceOfFile(context, file.path, decrypt);
    (sums[index] === sha1 ? same : different).push(file);
  }
  let changed = different.length > 0 || fresh.length > 0;
  for (const file of different) await replaceOne(copy, file, remote.get(file.name));
  if (context.diffMode) await showNew(copy, fresh);
  if (fresh.length > 0 && !context.checkMode) await sendNew(copy, fresh);
  if (await settleSame(copy, same, remote)) changed = true;
  return changed;
}

function modeOf(copy: Copy, file: LocalEntry, current: number): number {
  if (copy.args.mode === "preserve") return file.mode;
  const { mode } = copy.wanted;
  return mode === undefined ? current : resolveMode(mode, current, false);
}

/** One file, as copying a single file does it. */
async function replaceOne(
  copy: Copy,
  file: LocalEntry,
  _remote: Remote | undefined,
): Promise<ModuleResult> {
  const { context, args } = copy;
  const dest = joinPath(copy.base, file.name);
  if (context.checkMode && !context.diffMode && _remote) return { changed: true };
  const source = await sourceOfFile(context, file.path, flagOption(args, "decrypt") ?? true);
  const mode = args.mode === "preserve" ? octal(file.mode) : copy.wanted.mode;
  const result = await placeFile(context, {
    dest,
    source,
    name: undefined,
    src: file.path,
    wanted: { ...copy.wanted, mode },
    follow: flagOption(args, "follow") ?? false,
    force: flagOption(args, "force") ?? true,
    backup: flagOption(args, "backup") ?? false,
    validate: textOption(args, "validate"),
    unsafeWrites: unsafeWrites(args),
    showContent: true,
    parentWillBeMade: context.checkMode,
  });
  if (Array.isArray(result.diff)) copy.diffs.push(...(result.diff as Data[]));
  return result;
}

async function showNew(copy: Copy, files: readonly LocalEntry[]): Promise<void> {
  for (const file of files) {
    const after = await readFile(file.path);
    copy.diffs.push(contentDiff(Buffer.alloc(0), after, { before: "", after: file.path }));
  }
}

/** New files: one stream to the target's tar, or one by one where there is none. */
async function sendNew(copy: Copy, files: readonly LocalEntry[]): Promise<void> {
  const { context, args, base } = copy;
  const validate = textOption(args, "validate");
  const plain = (await context.sh("lb_have tar")).rc === 0 && validate === undefined;
  if (!plain) {
    for (const file of files) {
      const source = await sourceOfFile(context, file.path, flagOption(args, "decrypt") ?? true);
      await replaceFile(context, {
        path: joinPath(base, file.name),
        content: source.input,
        existing: undefined,
        wanted: { ...copy.wanted, mode: modeOf(copy, file, 0o644) },
        validate,
      });
    }
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), "layerbook-copy-"));
  try {
    const archive = await pack(copy, files, join(directory, "new.tar"));
    const result = await context.sh(`cd ${pathWord(base)} && tar -xpf -`, { stdin: archive });
    if (result.rc !== 0) fail(`could not unpack in ${base}: ${result.stderr.toString().trim()}`);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function pack(copy: Copy, files: readonly LocalEntry[], path: string): Promise<Input> {
  const total = files.reduce((sum, file) => sum + file.size + 1024, 0);
  async function* blocks(): AsyncGenerator<Buffer> {
    const modified = Date.now() / 1000;
    for (const file of files) {
      const { input, size } = await contentOf(copy, file);
      yield tarHeader({
        name: file.name,
        type: "file",
        mode: modeOf(copy, file, 0o644),
        uid: copy.uid ?? 0,
        gid: copy.gid ?? 0,
        modified,
        size,
      });
      if (input instanceof Uint8Array) yield Buffer.from(input);
      else {
        for await (const chunk of createReadStream(input.path, { end: size - 1 })) {
          yield chunk as Buffer;
        }
      }
      yield tarPadding(size);
    }
    yield tarEnd();
  }
  if (total > HELD) {
    await pipeline(blocks, createWriteStream(path));
    return { path };
  }
  const held: Buffer[] = [];
  for await (const block of blocks()) held.push(block);
  return Buffer.concat(held);
}

async function contentOf(
  { context, args }: Copy,
  file: LocalEntry,
): Promise<{ readonly input: Input; readonly size: number }> {
  if (file.size > HELD && !(await context.controller.isVault(file.path))) {
    return { input: { path: file.path }, size: file.size };
  }
  const decrypt = flagOption(args, "decrypt") ?? true;
  const bytes = decrypt ? await context.controller.read(file.path) : await readFile(file.path);
  return { input: bytes, size: bytes.length };
}

/** Owner and mode of files whose content is right. */
function settleSame(
  copy: Copy,
  files: readonly LocalEntry[],
  remote: ReadonlyMap<string, Remote>,
): Promise<boolean> {
  const byName = new Map(files.map((file) => [file.name, file]));
  return settleMany(copy.context, copy.base, byName.keys(), remote, copy, (name, now) => {
    const file = byName.get(name);
    return file ? modeOf(copy, file, now.mode) : now.mode;
  });
}

/** Links, with `local_follow: false`. */
async function copyLinks(
  copy: Copy,
  entries: readonly LocalEntry[],
  remote: ReadonlyMap<string, Remote>,
): Promise<boolean> {
  let changed = false;
  for (const { type, name, target = "" } of entries) {
    if (type !== "link") continue;
    const p = joinPath(copy.base, name);
    const there = remote.get(name);
    if (there?.kind === "directory") fail(`refusing to convert from directory to symlink for ${p}`);
    const check = `p=${pathWord(p)}; s=${pathWord(target)}; [ -h "$p" ] && [ "$(readlink "$p")" = "$s" ]`;
    if (there && (await copy.context.sh(check)).rc === 0) continue;
    changed = true;
    if (copy.context.checkMode) continue;
    const made = await copy.context.sh(`ln -sf ${pathWord(target)} ${pathWord(p)}`);
    if (made.rc !== 0) {
      fail(`Error while linking in ${directoryOf(p)}: ${made.stderr.toString().trim()}`);
    }
  }
  return changed;
}
