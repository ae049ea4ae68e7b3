/** State `directory` of the file module. */

import { applyAttributes, attributeFailure, type WantedAttributes } from "../lib/attributes.ts";
import { decodeBytes, pathWord, word } from "../lib/bytes.ts";
import { makeDirectories } from "../lib/directories.ts";
import { fail } from "../lib/failure.ts";
import { resolveMode } from "../lib/mode.ts";
import { joinPath } from "../lib/paths.ts";
import { Fields, pathInfo, stateOf } from "../lib/status.ts";
import type { ModuleContext, ModuleResult } from "../module.ts";
import { Differences, type FileTask, outcome, settle } from "./file-task.ts";

export async function ensureDirectory(task: FileTask): Promise<ModuleResult> {
  const { context, place, follow, wanted } = task;
  const behindLink = follow && place.status?.kind === "link" && place.behind !== undefined;
  const path = behindLink ? place.real : place.path;
  const before = behindLink ? place.behind : place.status;
  const previous = stateOf(before);
  const differences = new Differences();
  differences.state(previous, "directory");
  if (before && previous !== "directory") {
    return fail(`${path} already exists as a ${previous}`, { path, ...pathInfo(before) });
  }
  let status = before;
  let changed = false;
  if (!status) {
    if (context.checkMode) return { path, changed: true, diff: differences.of(path) };
    const made = await makeDirectories(context, path, wanted);
    differences.merge(made);
    status = made.status;
    changed = true;
  }
  const settled = await settle(task, path, status, differences);
  changed = settled.changed || changed;
  if (task.recurse && (await applyBelow(context, path, wanted, follow))) changed = true;
  return outcome({ path, changed, diff: differences.of(path) }, settled.status);
}

/**
 * Owner and mode of everything below a directory, in one walk that decides and one that acts.
 * Links themselves get the owner; with `follow` what they lead to is treated too.
 * @returns whether anything changed (or would, in check mode)
 */
async function applyBelow(
  context: ModuleContext,
  root: string,
  wanted: WantedAttributes,
  follow: boolean,
  seen = new Set<string>(),
): Promise<boolean> {
  seen.add(root);
  const p = pathWord(root);
  const links = follow
    ? `find "$p" -type l -exec sh -c 'for l; do [ -e "$l" ] && { readlink -f "$l"; printf "\\0"; }; done' - {} +`
    : ":";
  const listing = await context.sh(
    `p=${p}; find "$p" -exec stat -c '%f|%u|%g|%U|%G' -- {} +\nprintf '\\0'\n${links}`,
  );
  const fields = new Fields(listing.stdout);
  const rows = new Set(
    fields
      .text()
      .split("\n")
      .filter((row) => row !== ""),
  );
  const targets = decodeBytes(fields.rest())
    .split("\n\0")
    .filter((target) => target !== "");
  const acts: string[] = [];
  let anyOwner = false;
  for (const row of [...rows].sort()) {
    const [hex = "0", uid, gid, ownerName, groupName] = row.split("|");
    const raw = Number.parseInt(hex, 16);
    const mode = raw & 0o7777;
    const type = raw >> 12;
    const differs = (account: string | undefined, id: string | undefined, name?: string) =>
      account !== undefined && account !== id && account !== name;
    if (differs(wanted.owner, uid, ownerName) || differs(wanted.group, gid, groupName)) {
      anyOwner = true;
    }
    if (wanted.mode === undefined || type === 10) continue;
    const next = resolveMode(wanted.mode, mode, type === 4);
    if (next === mode) continue;
    const kind = type === 4 ? "-type d" : "! -type d ! -type l";
    acts.push(`${kind} -perm ${mode.toString(8)} -exec chmod ${next.toString(8)} {} +`);
  }
  let changed = acts.length > 0 || anyOwner;
  if (changed && !context.checkMode) {
    const script = [`p=${p}`];
    if (anyOwner) {
      const account = `${wanted.owner ?? ""}${wanted.group === undefined ? "" : `:${wanted.group}`}`;
      script.push(`chown -hR ${word(account)} "$p" || exit 22`);
    }
    // One walk with alternatives: a file whose mode was just changed is not looked at again. No
    // parentheses: in them busybox forgets what `-exec ... +` has gathered.
    const walk = [...new Set(acts)].join(" -o ");
    if (walk) script.push(`find "$p" -depth ${walk} || exit 23`);
    const result = await context.sh(script.join("\n"));
    if (result.rc !== 0) {
      attributeFailure(root, undefined, result.rc, result.stderr, wanted.owner, wanted.group);
    }
  }
  for (const target of targets) {
    if (seen.has(target) || target.startsWith(`${root.replace(/\/$/, "")}/`)) continue;
    seen.add(target);
    if (await applyToTarget(context, target, wanted, seen)) changed = true;
  }
  return changed;
}

async function applyToTarget(
  context: ModuleContext,
  target: string,
  wanted: WantedAttributes,
  seen: Set<string>,
): Promise<boolean> {
  const fields = new Fields((await context.sh(`lb_st ${pathWord(target)}`)).stdout);
  const status = fields.status();
  if (!status) return false;
  if (status.kind === "directory") {
    return applyBelow(context, joinPath(target, ""), wanted, true, seen);
  }
  return (await applyAttributes(context, target, status, wanted)).changed;
}
