/** States `link` and `hard` of the file module. */

import { pathWord, word } from "../lib/bytes.ts";
import { fail } from "../lib/failure.ts";
import { directoryOf, joinPath } from "../lib/paths.ts";
import { Fields, pathInfo, type Status } from "../lib/status.ts";
import { temporaryBeside } from "../lib/write.ts";
import type { Data, ModuleResult } from "../module.ts";
import { Differences, type FileTask, NO_TARGET, outcome, settle } from "./file-task.ts";

/** A symbolic link with the target `src`. */
export async function ensureLink(task: FileTask): Promise<ModuleResult> {
  const { context, place, previous, force, follow } = task;
  const dest = place.path;
  const { status } = place;
  let src = task.src;
  if (src === undefined) {
    if (status?.kind !== "link") return fail("src is required for creating new symlinks");
    if (follow && place.behind) src = status.target;
  }
  const info = { path: dest, ...pathInfo(place.behind && status) };
  if (src !== undefined) await checkSource(task, src, info);
  if (previous === "directory" || previous === "file" || previous === "hard") {
    if (!force) fail(`refusing to convert from ${previous} to symlink for ${dest}`, info);
  }
  const differences = new Differences();
  differences.state(previous, "link");
  let changed = previous !== "link";
  if (status?.kind === "link" && src !== undefined && status.target !== src) {
    differences.add("src", status.target ?? "", src);
    changed = true;
  }
  let next: Status | undefined = status;
  let behind = place.behind;
  let real = place.real;
  if (changed && !context.checkMode) {
    // A link is replaced by a rename; a directory must be empty, which rmdir knows.
    const temporary = temporaryBeside(dest.replace(/\/+$/, ""));
    const link = `ln -s -- ${word(src ?? "")}`;
    const act = !status
      ? `${link} "$p"`
      : previous === "directory"
        ? `rmdir "$p" && ${link} "$p"`
        : `t=${pathWord(temporary)}; ${link} "$t" && { mv -fT "$t" "$p" 2>/dev/null || { rm -f "$p" && mv -f "$t" "$p"; } || { rm -f "$t"; false; }; }`;
    const result = await context.sh(
      `p=${pathWord(dest.replace(/(?<=.)\/+$/, ""))}\n${act} || exit 1\nlb_st "$p"; lb_st "$p" L; readlink -f "$p"`,
    );
    if (result.rc !== 0) {
      const said = result.stderr.toString().trim();
      if (previous === "directory") {
        fail(`the directory ${dest} is not empty, refusing to convert it`, info);
      }
      fail(`Error while replacing symlink: ${said}`, { path: dest });
    }
    const fields = new Fields(result.stdout);
    next = fields.status();
    behind = fields.status();
    real = fields.text().replace(/\n$/, "");
  }
  if (context.checkMode && (!status || changed)) {
    return { dest, src: src ?? null, changed, diff: differences.of(dest) };
  }
  let warnings: string[] | undefined;
  if (!follow && next) {
    changed = (await settle(task, dest, next, differences)).changed || changed;
  } else if (behind) {
    changed = (await settle(task, real, behind, differences)).changed || changed;
  } else warnings = [NO_TARGET];
  return outcome(
    {
      dest,
      src: src ?? null,
      changed,
      diff: differences.of(dest),
      ...(warnings ? { warnings } : {}),
    },
    behind ? next : undefined,
  );
}

/** Unless forced, a link must lead to something. */
async function checkSource(
  task: FileTask,
  src: string,
  info: Readonly<Record<string, Data>>,
): Promise<void> {
  const { context, place, force } = task;
  if (force) return;
  const base = place.status?.kind === "directory" ? place.path : directoryOf(place.path);
  const absolute = src.startsWith("/") ? src : joinPath(base, src);
  if (place.status?.kind === "link" && place.status.target === src && place.behind) return;
  if ((await context.sh(`[ -e ${pathWord(absolute)} ]`)).rc !== 0) {
    fail(
      `src file does not exist, use "force=yes" if you really want to create the link: ${absolute}`,
      { ...info, src },
    );
  }
}

/** A second name for the file `src`. */
export async function ensureHardLink(task: FileTask): Promise<ModuleResult> {
  const { context, place, previous, src, force } = task;
  const dest = place.path;
  const info = { dest, src: src ?? null, ...pathInfo(place.behind && place.status) };
  if (src === undefined && !place.status) return fail("src is required for creating new hardlinks");
  const differences = new Differences();
  differences.state(previous, "hard");
  let status = place.status;
  let changed = false;
  if (src !== undefined) {
    const fields = new Fields((await context.sh(`lb_st ${pathWord(src)} L`)).stdout);
    const source = fields.status();
    if (!source) return fail("src does not exist", info);
    const same =
      status !== undefined && status.inode === source.inode && status.device === source.device;
    if (!same) {
      changed = true;
      if (status?.kind === "link") differences.add("src", status.target ?? "", src);
      else if (status && !force) {
        fail(
          previous === "hard"
            ? "Cannot link, different hard link exists at destination"
            : `Cannot link, ${previous} exists at destination`,
          info,
        );
      }
      if (!context.checkMode) status = await makeHardLink(task, src);
    }
  }
  if (!status || (context.checkMode && changed)) {
    return { dest, src: src ?? null, changed, diff: differences.of(dest) };
  }
  const settled = await settle(task, dest, status, differences);
  return outcome(
    {
      dest,
      src: src ?? null,
      changed: settled.changed || changed,
      diff: differences.of(dest),
    },
    settled.status,
  );
}

async function makeHardLink(task: FileTask, src: string): Promise<Status | undefined> {
  const { context, place, previous } = task;
  const temporary = pathWord(temporaryBeside(place.path));
  const act = !place.status
    ? 'ln "$s" "$p"'
    : `${previous === "directory" ? 'rmdir "$p" && ' : ""}ln "$s" ${temporary} && mv -f ${temporary} "$p"`;
  const result = await context.sh(
    `p=${pathWord(place.path)}; s=${pathWord(src)}\n${act} || exit 1\nlb_st "$p"`,
  );
  if (result.rc !== 0) {
    return fail(`Error while linking: ${result.stderr.toString().trim()}`, { path: place.path });
  }
  return new Fields(result.stdout).status();
}
