/**
 * `community.general.archive`, by the target's tar and compressors.
 * @see https://docs.ansible.com/ansible/latest/collections/community/general/archive_module.html
 */
import { fnmatch } from "../../template/python/fnmatch.ts";
import { ATTRIBUTE_OPTIONS, applyAttributes, wantedAttributes } from "../lib/attributes.ts";
import { decodeBytes, encodeText, pathWord } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import { baseOf, directoryOf, expandPaths, globWord } from "../lib/paths.ts";
import { pathInfo, readStatus } from "../lib/status.ts";
import { replaceFile, temporaryBeside } from "../lib/write.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "community.general.archive",
  summary: "Packs files of the target in an archive",
  options: {
    path: {
      type: "list",
      elements: "path",
      required: true,
      description: "Files, directories and patterns.",
    },
    format: {
      type: "str",
      choices: ["bz2", "gz", "tar", "xz", "zip"],
      default: "gz",
      description: "Kind of archive.",
    },
    dest: { type: "path", description: "The archive. Needed for more than one file." },
    exclude_path: {
      type: "list",
      elements: "path",
      default: [],
      description: "Files and patterns of `path` that are left out.",
    },
    exclusion_patterns: {
      type: "list",
      elements: "path",
      description: "Patterns of what is left out below directories.",
    },
    force_archive: {
      type: "bool",
      default: false,
      description: "An archive even of a single file.",
    },
    remove: { type: "bool", default: false, description: "Remove what was packed." },
    ...ATTRIBUTE_OPTIONS,
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    state: "What stands at `dest`.",
    dest: "The archive.",
    dest_state: "State of the archive.",
    archived: "What is in it.",
    missing: "What was not there.",
    expanded_paths: "What the patterns stand for.",
    expanded_exclude_paths: "What the excluded patterns stand for.",
    arcroot: "Directory that names in the archive are relative to.",
  },
} as const satisfies ModuleSpec;

const FILTERS: Readonly<Record<string, { readonly flag: string; readonly program: string }>> = {
  gz: { flag: "-z", program: "gzip" },
  bz2: { flag: "-j", program: "bzip2" },
  xz: { flag: "-J", program: "xz" },
  tar: { flag: "", program: "" },
};

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const format = textOption(args, "format") ?? "gz";
    const filter = FILTERS[format];
    const patterns = listOption(args, "path") ?? [];
    const paths = await expand(context, patterns);
    const excluded = await expand(context, listOption(args, "exclude_path") ?? []);
    const chosen = paths.filter((path) => !excluded.includes(path));
    const missing = patterns.filter(
      (path) => !/[*?[]/.test(path) && !chosen.includes(path) && !excluded.includes(path),
    );
    const root = rootOf(chosen.length > 0 ? chosen : missing);
    const known = { expanded_paths: paths, expanded_exclude_paths: excluded, arcroot: root };
    if (chosen.length === 0 && missing.length === 0) {
      return fail("Error, no source paths were found", { ...known, missing });
    }
    if (chosen.length === 0) {
      const dest = textOption(args, "dest") ?? "";
      const there = await readStatus(context, dest, true);
      const told = { archived: [], missing, dest, dest_state: there ? "incomplete" : "absent" };
      return { ...known, expanded_paths: missing, ...told, changed: false, ...pathInfo(there) };
    }
    const [first = ""] = chosen;
    const isSingle =
      chosen.length === 1 && patterns.length === 1 && !/[*?[]/.test(patterns[0] ?? "");
    const isDirectory = isSingle && (await readStatus(context, first, true))?.kind === "directory";
    const compresses = isSingle && !isDirectory && !(flagOption(args, "force_archive") ?? false);
    const given_ = textOption(args, "dest");
    if (!isSingle && given_ === undefined) {
      return fail('Error, must specify "dest" when archiving multiple files or trees', {
        dest: "None",
        path: patterns.join(", "),
      });
    }
    if (!filter) {
      return fail("format zip is not supported here: use gz, bz2, xz or tar", known);
    }
    const suffix = format === "tar" ? "tar" : compresses ? format : `tar.${format}`;
    const dest =
      given_ ??
      `${first.replace(/\/+$/, "")}.${compresses ? suffix : format === "tar" ? "tar" : format}`;
    const names = await list(context, args, root, chosen, excluded);
    const before = await contents(context, dest, filter.flag, compresses);
    const state = compresses ? "compress" : "archive";
    const isSame =
      before !== undefined &&
      (compresses ? before === (await sum(context, first)) : sameNames(before, names));
    const told = {
      ...known,
      archived: chosen,
      missing,
      dest,
      dest_state: missing.length > 0 ? "incomplete" : state,
    };
    const existing = await readStatus(context, dest, true);
    const wanted = wantedAttributes(args);
    let changed = !isSame;
    let status = existing;
    if (!isSame && !context.checkMode) {
      const temporary = temporaryBeside(dest);
      await pack(context, { temporary, root, names, first, filter, compresses });
      const replaced = await replaceFile(context, {
        path: dest,
        content: { movedFrom: temporary },
        existing,
        wanted,
      });
      status = replaced.status;
    } else if (existing && isSame) {
      const change = await applyAttributes(context, dest, existing, wanted);
      changed = change.changed;
      status = change.status;
    }
    if (flagOption(args, "remove")) {
      changed = true;
      if (!context.checkMode) {
        const result = await context.sh(`rm -rf ${chosen.map(pathWord).join(" ")}`);
        if (result.rc !== 0)
          fail(`Error deleting some source files: ${result.stderr.toString().trim()}`);
      }
    }
    return { ...told, changed, ...pathInfo(status) };
  },
);

async function expand(context: ModuleContext, patterns: readonly string[]): Promise<string[]> {
  if (patterns.length === 0) return [];
  const script = patterns
    .map(
      (p) =>
        `for g in ${globWord(p)}; do if [ -e "$g" ] || [ -h "$g" ]; then printf '%s\\0' "$g"; fi; done`,
    )
    .join("\n");
  return decodeBytes((await context.sh(script)).stdout)
    .split("\0")
    .filter((path) => path !== "");
}

/** The deepest directory that all paths are in, with a final slash. */
function rootOf(paths: readonly string[]): string {
  const [first = "/", ...rest] = paths.map((path) =>
    `${directoryOf(path.replace(/(?<=.)\/+$/, ""))}/`.replace("//", "/"),
  );
  let root = first;
  while (!rest.every((path) => path.startsWith(root))) {
    root = root.slice(0, root.lastIndexOf("/", root.length - 2) + 1);
  }
  return root;
}

/** Everything that goes in, relative to the root. */
async function list(
  context: ModuleContext,
  args: Arguments,
  root: string,
  paths: readonly string[],
  excluded: readonly string[],
): Promise<string[]> {
  const result = await context.sh(`find ${paths.map(pathWord).join(" ")} -print0`);
  const patterns = listOption(args, "exclusion_patterns") ?? [];
  return decodeBytes(result.stdout)
    .split("\0")
    .filter((path) => path !== "")
    .filter((path) => !excluded.some((out) => path === out || path.startsWith(`${out}/`)))
    .filter(
      (path) =>
        !patterns.some((pattern) => fnmatch(path, pattern) || fnmatch(baseOf(path), pattern)),
    )
    .map((path) => path.slice(root.length))
    .filter((name) => name !== "");
}

/** Names in an archive, or the sum of a compressed file's content; `undefined` if there is none. */
async function contents(
  context: ModuleContext,
  dest: string,
  flag: string,
  compresses: boolean,
): Promise<string | undefined> {
  const p = pathWord(dest);
  const unpack: Record<string, string> = {
    "-z": "gzip -dc",
    "-j": "bzip2 -dc",
    "-J": "xz -dc",
    "": "cat",
  };
  const script = compresses ? `${unpack[flag]} <${p} | sha1sum` : `tar -t ${flag} -f ${p}`;
  const result = await context.sh(`[ -f ${p} ] || exit 1; ${script}`);
  if (result.rc !== 0) return undefined;
  return compresses ? result.stdout.toString().slice(0, 40) : decodeBytes(result.stdout);
}

function sameNames(listing: string, names: readonly string[]): boolean {
  const there = listing
    .split("\n")
    .filter(Boolean)
    .map((name) => name.replace(/\/$/, ""));
  return there.sort().join("\n") === [...names].sort().join("\n");
}

async function sum(context: ModuleContext, path: string): Promise<string> {
  return (await context.sh(`sha1sum <${pathWord(path)}`)).stdout.toString().slice(0, 40);
}

interface Packing {
  readonly temporary: string;
  readonly root: string;
  readonly names: readonly string[];
  readonly first: string;
  readonly filter: { readonly flag: string; readonly program: string };
  readonly compresses: boolean;
}

async function pack(context: ModuleContext, packing: Packing): Promise<void> {
  const { temporary, root, names, first, filter, compresses } = packing;
  const t = pathWord(temporary);
  const missing = filter.program === "" ? "" : `lb_have ${filter.program} || exit 81; `;
  const result = compresses
    ? await context.sh(
        `${missing}${filter.program === "" ? "cat" : `${filter.program} -c`} <${pathWord(first)} >${t}`,
      )
    : await context.sh(
        `${missing}cd ${pathWord(root)} && tar -c ${filter.flag} --no-recursion -f ${t} -T -`,
        {
          stdin: encodeText(`${names.join("\n")}\n`),
        },
      );
  if (result.rc === 0) return;
  await context.sh(`rm -f ${t}`);
  if (result.rc === 81) fail(`The target has no ${filter.program}`);
  fail(`Error when writing archive: ${result.stderr.toString().trim()}`);
}
