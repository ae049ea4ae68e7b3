/** States `file`, `touch` and `absent` of the file module. */

import { pathWord } from "../lib/bytes.ts";
import { osError } from "../lib/errno.ts";
import { fail } from "../lib/failure.ts";
import { Fields, pathInfo, readStatus, stateOf } from "../lib/status.ts";
import type { Data, ModuleResult } from "../module.ts";
import { Differences, type FileTask, outcome, settle } from "./file-task.ts";

/** An existing file's owner, mode and times. */
export async function ensureFile(task: FileTask): Promise<ModuleResult> {
  const { place, follow } = task;
  const behindLink = follow && place.status?.kind === "link";
  const path = behindLink ? place.real : place.path;
  const status = behindLink ? place.behind : place.status;
  const state = stateOf(status);
  if (!status || (state !== "file" && state !== "hard")) {
    return fail(`file (${path}) is ${state}, cannot continue`, {
      path,
      state,
      ...pathInfo(status),
    });
  }
  const differences = new Differences();
  differences.state(state === "hard" ? "file" : state, "file");
  const settled = await settle(task, path, status, differences);
  return outcome({ path, changed: settled.changed, diff: differences.of(path) }, settled.status);
}

/** A file that is there, made empty if need be. */
export async function touch(task: FileTask): Promise<ModuleResult> {
  const { context, place } = task;
  const dest = place.path;
  if (!place.status) {
    if (context.checkMode) return { dest, changed: true };
    const result = await context.sh(`p=${pathWord(dest)}\n: >"$p" || exit 1\nlb_st "$p"`);
    const status = result.rc === 0 ? new Fields(result.stdout).status() : undefined;
    if (!status) {
      return fail(`Error, could not touch target: ${osError(result.stderr, dest)}`, { path: dest });
    }
    const differences = new Differences();
    differences.state("absent", "touch");
    const settled = await settle(task, dest, status, differences, true);
    return outcome({ dest, changed: true, diff: differences.of(dest) }, settled.status);
  }
  const behindLink = task.follow && place.status.kind === "link";
  if (behindLink && !place.behind) {
    if (!context.checkMode) await context.sh(`: >${pathWord(dest)}`);
    return { dest, changed: true };
  }
  const path = behindLink ? place.real : dest;
  const differences = new Differences();
  differences.state(task.previous, "touch");
  const settled = await settle(
    task,
    path,
    behindLink && place.behind ? place.behind : place.status,
    differences,
  );
  const shown = behindLink ? place.status : settled.status;
  return outcome({ dest, changed: settled.changed, diff: differences.of(dest) }, shown);
}

/** Nothing at the path, whatever stood there. */
export async function ensureAbsent(task: FileTask): Promise<ModuleResult> {
  const { context, place, previous } = task;
  const path = place.path;
  if (!place.status) return { path, changed: false, state: "absent" };
  const isDirectory = previous === "directory";
  const differences = new Differences();
  differences.state(previous, "absent");
  if (isDirectory && context.diffMode) differences.before.path_content = await contentOf(task);
  const diff = differences.of(path);
  if (context.checkMode) {
    return outcome({ path, changed: true, diff, state: "absent" }, place.behind && place.status);
  }
  const result = await context.sh(`rm ${isDirectory ? "-rf" : "-f"} ${pathWord(path)}`);
  if (result.rc !== 0) {
    const what = isDirectory ? "rmtree" : "unlinking";
    fail(`${what} failed: ${result.stderr.toString().trim()}`, { path, ...pathInfo(place.status) });
  }
  // `rm -f` is silent about what it may not see.
  if (result.stderr.length > 0 && (await readStatus(context, path))) {
    fail(`unlinking failed: ${result.stderr.toString().trim()}`, { path });
  }
  return { path, changed: true, diff, state: "absent" };
}

/** What a diff shows of a directory that goes. */
async function contentOf({ context, place }: FileTask): Promise<Data> {
  const p = pathWord(place.path);
  const result = await context.sh(
    `find ${p} -type d -print0; printf '\\0'; find ${p} ! -type d -print0`,
  );
  const text = result.stdout.toString();
  const [directories = "", files = ""] = text.split("\0\0");
  const names = (list: string) => list.split("\0").filter((name) => name !== "");
  return { directories: names(directories).slice(1).sort(), files: names(files).sort() };
}
