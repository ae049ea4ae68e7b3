/** Bringing one file to its place in the target: the common part of copy, template and assemble. */
import type { Data, ModuleContext, ModuleResult } from "../module.ts";
import { applyAttributes, type WantedAttributes } from "./attributes.ts";
import { pathWord, word } from "./bytes.ts";
import { contentDiff, pathDiff } from "./differences.ts";
import { makeDirectories } from "./directories.ts";
import { fail, ModuleFailure } from "./failure.ts";
import { splitLines } from "./output.ts";
import { directoryOf } from "./paths.ts";
import type { Source } from "./source.ts";
import { Fields, pathInfo, type Status } from "./status.ts";
import { replaceFile } from "./write.ts";

export interface Placement {
  readonly dest: string;
  readonly source: Source;
  /** Name that the file gets in `dest` when that is a directory; without one a directory is refused. */
  readonly name: string | undefined;
  /** `src` of the result. */
  readonly src: string | undefined;
  readonly wanted: WantedAttributes;
  /** `mode` of directories made for a `dest` that ends in a slash. */
  readonly directoryMode?: Data | undefined;
  readonly follow: boolean;
  readonly force: boolean;
  readonly backup: boolean;
  readonly validate: string | undefined;
  readonly unsafeWrites: boolean;
  /** Whether `diff` may show the content. */
  readonly showContent: boolean;
  /** In check mode: a missing directory is one that the run itself would make first. */
  readonly parentWillBeMade?: boolean;
}

/** What stands where a file shall go. */
interface Found {
  readonly path: string;
  readonly status: Status | undefined;
  readonly sha1: string;
  readonly hasParent: boolean;
}

/** @throws ModuleFailure */
export async function placeFile(
  context: ModuleContext,
  placement: Placement,
): Promise<ModuleResult> {
  const { source, wanted } = placement;
  const found = await lookAtDestination(context, placement);
  const { path: dest, status } = found;
  const src = placement.src === undefined ? {} : { src: placement.src };
  if (status?.kind === "directory") return fail("can not use content with a dir as dest");
  if (status && !placement.force) return { dest, ...src, changed: false };
  const same = status?.kind === "file" && found.sha1 === source.sha1;
  if (same) {
    const change = await withChecksum(source, () => applyAttributes(context, dest, status, wanted));
    return {
      diff: pathDiff(dest, change.before, change.after),
      path: dest,
      changed: change.changed,
      ...pathInfo(change.status),
      checksum: source.sha1,
      dest,
    };
  }
  const makesParent = !found.hasParent && placement.dest.endsWith("/");
  if (!found.hasParent && !makesParent && !placement.parentWillBeMade) {
    return fail(`Destination directory ${directoryOf(dest)} does not exist`, {
      checksum: source.sha1,
    });
  }
  const diff =
    context.diffMode && placement.showContent
      ? [await difference(context, placement, dest, status)]
      : [];
  if (context.checkMode) return { diff, changed: true };
  if (makesParent) await makeParent(context, dest, placement);
  const replaced = await withChecksum(source, () =>
    replaceFile(context, {
      path: dest,
      content: source.input,
      // A link gives way to a file that owes it nothing.
      existing: status?.kind === "link" ? undefined : status,
      wanted,
      validate: placement.validate,
      backup: placement.backup,
      unsafeWrites: placement.unsafeWrites,
      invalid: (rc, stdout, stderr) =>
        fail("failed to validate", {
          exit_status: rc,
          stdout,
          stderr,
          stdout_lines: splitLines(stdout),
          stderr_lines: splitLines(stderr),
        }),
    }),
  );
  return {
    diff,
    dest,
    ...src,
    md5sum: source.md5,
    checksum: source.sha1,
    changed: true,
    ...(replaced.backup === undefined ? {} : { backup_file: replaced.backup }),
    ...pathInfo(replaced.status),
  };
}

/** Failures tell the checksum too. */
async function withChecksum<T>(source: Source, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ModuleFailure)) throw error;
    throw new ModuleFailure({ ...error.result, checksum: source.sha1 });
  }
}

async function lookAtDestination(
  context: ModuleContext,
  { dest, name, source, follow }: Placement,
): Promise<Found> {
  const into = name === undefined ? undefined : word(name);
  const script = [`p=${pathWord(dest)}`];
  if (into !== undefined) {
    script.push(dest.endsWith("/") ? `p="$p"${into}` : `if [ -d "$p" ]; then p="$p"/${into}; fi`);
  }
  if (follow) script.push('if [ -h "$p" ] && [ -e "$p" ]; then p=$(readlink -f "$p"); fi');
  script.push(
    `printf '%s\\0' "$p"; lb_st "$p"; lb_sum "$p" ${source.size}`,
    'if [ "$lb_s" = - ]; then case $p in */*) d=${p%/*}/ ;; *) d=. ;; esac; [ -d "$d" ] || printf n; fi',
  );
  const result = await context.sh(script.join("\n"));
  const fields = new Fields(result.stdout);
  const path = fields.text();
  const status = fields.status();
  const sha1 = fields.text().slice(0, 40);
  const hasParent = fields.rest().length === 0;
  return { path: plain(path, dest), status, sha1, hasParent };
}

/** The path as it was given, without the `./` that shields a leading dash. */
function plain(path: string, dest: string): string {
  return dest.startsWith("-") && path.startsWith("./") ? path.slice(2) : path;
}

async function difference(
  context: ModuleContext,
  { source, src }: Placement,
  dest: string,
  status: Status | undefined,
): Promise<Data> {
  const before =
    status?.kind === "file" || status?.kind === "link"
      ? (await context.sh(`cat ${pathWord(dest)} 2>/dev/null`)).stdout
      : Buffer.alloc(0);
  const after = source.bytes ?? Buffer.alloc(0);
  return contentDiff(before, after, { before: status ? dest : "", after: src ?? dest });
}

async function makeParent(
  context: ModuleContext,
  dest: string,
  { directoryMode }: Placement,
): Promise<void> {
  await makeDirectories(context, directoryOf(dest), { mode: directoryMode });
}
