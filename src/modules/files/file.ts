/**
 * `ansible.builtin.file`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/file_module.html
 */

import { ATTRIBUTE_OPTIONS, wantedAttributes } from "../lib/attributes.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { baseOf, expandPaths, joinPath } from "../lib/paths.ts";
import { pathInfo, stateOf } from "../lib/status.ts";
import { touchedPaths } from "../lib/touches.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { ensureDirectory } from "./file-directory.ts";
import { ensureHardLink, ensureLink } from "./file-link.ts";
import { ensureAbsent, ensureFile, touch } from "./file-plain.ts";
import { type FileTask, lookAt } from "./file-task.ts";
import { wantedTimes } from "./file-times.ts";

const TIME =
  "`preserve`, `now`, or a time in the format that the option beside it names. Default: `now` for touch, else `preserve`.";

export const spec = {
  name: "ansible.builtin.file",
  summary: "Makes and removes files, directories and links, and sets their owner and mode",
  options: {
    path: {
      type: "path",
      required: true,
      aliases: ["dest", "name"],
      description: "The file, directory or link.",
    },
    state: {
      type: "str",
      choices: ["absent", "directory", "file", "hard", "link", "touch"],
      description: "What shall stand there. Default: what stands there, else `file`.",
    },
    src: { type: "path", description: "What a link points to." },
    recurse: { type: "bool", default: false, description: "Owner and mode for all that is below." },
    force: {
      type: "bool",
      default: false,
      description: "Make links to what does not exist, and in the place of files.",
    },
    follow: { type: "bool", default: true, description: "Change what a link points to." },
    modification_time: { type: "str", description: TIME },
    modification_time_format: {
      type: "str",
      default: "%Y%m%d%H%M.%S",
      description: "Format of `modification_time`, as strptime has it.",
    },
    access_time: { type: "str", description: TIME },
    access_time_format: {
      type: "str",
      default: "%Y%m%d%H%M.%S",
      description: "Format of `access_time`, as strptime has it.",
    },
    _original_basename: { type: "str", description: "The name that `src` had; set by copy." },
    _diff_peek: { type: "str", description: "Only looks whether the path can be compared." },
    ...ATTRIBUTE_OPTIONS,
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    path: "The path, for states absent, directory and file.",
    dest: "The path, for states touch, hard and link.",
    src: "What the link points to.",
    uid: "Number of the owner.",
    gid: "Number of the group.",
    owner: "Name of the owner.",
    group: "Name of the group.",
    mode: "Permissions in octal.",
    state: "What stands there.",
    size: "Size in bytes.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const src = textOption(args, "src");
    const state = textOption(args, "state");
    const recurse = flagOption(args, "recurse") ?? false;
    let place = await lookAt(context, path);
    if (state !== "link" && state !== "absent" && place.behind?.kind === "directory") {
      const name = textOption(args, "_original_basename") ?? (src && baseOf(src));
      if (name) place = await lookAt(context, joinPath(path, name));
    }
    const info = { path, ...pathInfo(place.behind && place.status) };
    const previous = stateOf(place.status);
    const wanted = state ?? (place.status ? previous : recurse ? "directory" : "file");
    if (recurse && wanted !== "directory") {
      fail("recurse option requires state to be 'directory'", info);
    }
    if (src !== undefined && wanted !== "link" && wanted !== "hard") {
      fail("src option requires state to be 'link' or 'hard'", info);
    }
    const task: FileTask = {
      context,
      place,
      previous,
      src,
      recurse,
      force: flagOption(args, "force") ?? false,
      follow: flagOption(args, "follow") ?? true,
      wanted: wantedAttributes(args),
      times: wantedTimes(args, wanted === "touch"),
    };
    switch (wanted) {
      case "directory":
        return ensureDirectory(task);
      case "link":
        return ensureLink(task);
      case "hard":
        return ensureHardLink(task);
      case "touch":
        return touch(task);
      case "absent":
        return ensureAbsent(task);
      default:
        return ensureFile(task);
    }
  },
);

/** What stands at `path`, and what a link leads to. */
export function touches(args: Arguments): readonly string[] | undefined {
  const times = ["modification_time", "access_time"];
  const state = textOption(args, "state");
  if (state === "touch" || times.some((name) => textOption(args, name) !== undefined)) {
    return undefined;
  }
  const src = textOption(args, "src");
  if (src === undefined) return touchedPaths(args, "path");
  return src.startsWith("/") ? touchedPaths(args, "path", "src") : undefined;
}
