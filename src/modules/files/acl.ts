/**
 * `ansible.posix.acl`, by the target's getfacl and setfacl.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/posix/acl_module.html
 */
import { quoteShell } from "../../template/python/shlex.ts";
import { pathWord, word } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.posix.acl",
  summary: "Sets, removes or tells entries of access control lists",
  options: {
    path: { type: "path", required: true, aliases: ["name"], description: "File or directory." },
    entry: { type: "str", description: "An entry in one: `user:joe:rw`." },
    entity: { type: "str", default: "", description: "The user or group." },
    etype: {
      type: "str",
      choices: ["group", "mask", "other", "user"],
      description: "What the entity is.",
    },
    permissions: { type: "str", description: "Any of `r`, `w`, `x` and `X`." },
    state: {
      type: "str",
      default: "query",
      choices: ["absent", "present", "query"],
      description: "Whether the entry shall be there; `query` only tells.",
    },
    follow: { type: "bool", default: true, description: "Whether links are followed." },
    default: { type: "bool", default: false, description: "The directory's default list." },
    recursive: {
      type: "bool",
      default: false,
      aliases: ["recurse"],
      description: "Everything below the directory too.",
    },
    recalculate_mask: {
      type: "str",
      default: "default",
      choices: ["default", "mask", "no_mask"],
      description: "Whether the mask is made anew.",
    },
    use_nfsv4_acls: {
      type: "bool",
      default: false,
      description: "Lists of NFSv4; they are not supported.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { acl: "The list as it is afterwards.", msg: "What was done." },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const path = textOption(args, "path") ?? "";
    const state = textOption(args, "state") ?? "query";
    const p = pathWord(path);
    const there = await context.sh(`[ -e ${p} ] || exit 81; lb_have setfacl || exit 82`);
    if (there.rc === 81) fail("Path not found or not accessible.");
    if (there.rc === 82) fail('Failed to find required executable "setfacl" in paths');
    const entry = checkedEntry(args, state);
    if (flagOption(args, "use_nfsv4_acls"))
      fail("use_nfsv4_acls is not supported: only POSIX lists are");
    const flags = [
      ...(flagOption(args, "follow") ? [] : ["-h"]),
      ...(flagOption(args, "default") ? ["-d"] : []),
      ...(flagOption(args, "recursive") ? ["-R"] : []),
    ];
    let [changed, msg] = [false, "current acl"];
    if (state !== "query") {
      const mask = textOption(args, "recalculate_mask");
      const words = [
        ...(mask === "mask" ? ["--mask"] : mask === "no_mask" ? ["--no-mask"] : []),
        ...flags,
        state === "present" ? "-m" : "-x",
        entry,
      ];
      changed = !(await isUnchanged(context, words, path));
      if (changed && !context.checkMode) await setfacl(context, words, path);
      msg = `${entry} is ${state}`;
    }
    const listing = flags.filter((flag) => flag !== "-h").map((flag) => ` ${flag}`);
    const dereference = flagOption(args, "follow") ? "" : " -h";
    const got = await context.sh(
      `getfacl --omit-header --absolute-names${dereference}${listing.join("")} ${p}`,
    );
    if (got.rc !== 0) failed("getfacl", [path], got.rc, got.stdout, got.stderr);
    const acl = got.stdout
      .toString()
      .trim()
      .split("\n")
      // Rights that the mask takes away are told in a comment.
      .map((line) => line.split("#")[0]?.trim() ?? "");
    return { changed, msg, acl };
  },
);

/** The entry that the arguments name, for -m or -x. */
function checkedEntry(args: Arguments, state: string): string {
  const [entry, etype] = [textOption(args, "entry"), textOption(args, "etype")];
  const [entity, permissions] = [textOption(args, "entity") ?? "", textOption(args, "permissions")];
  if (state === "query" && flagOption(args, "recursive"))
    fail("'recursive' MUST NOT be set when 'state=query'.");
  if (entry === undefined) {
    if (state !== "query" && etype === undefined)
      fail(`'etype' MUST be set when 'state=${state}'.`);
    return entryText(state, etype ?? "", entity, permissions);
  }
  if (etype !== undefined || entity !== "" || permissions !== undefined)
    fail("'entry' MUST NOT be set when 'entity', 'etype' or 'permissions' are set.");
  const sections = entry.split(":");
  const counts = state === "present" ? [3, 4] : [2, 3];
  if (state !== "query" && !counts.includes(sections.length)) {
    fail(`'entry' MUST have ${counts.join(" or ")} sections divided by ':' when 'state=${state}'.`);
  }
  if (sections[0] === "default" || sections[0] === "d") {
    fail("'entry' begins with default: set 'default: true' and give the rest");
  }
  const [type = "", name = "", rights] = sections;
  const kinds: Readonly<Record<string, string>> = { u: "user", g: "group", m: "mask", o: "other" };
  const kind = Object.entries(kinds).find(([short, long]) => short === type || long === type)?.[1];
  if (kind === undefined) return fail(`'entry' names no user, group, mask or other: ${entry}`);
  return entryText(state, kind, name, rights);
}

function entryText(
  state: string,
  type: string,
  name: string,
  permissions: string | undefined,
): string {
  const rights = state === "present" && permissions !== undefined ? `:${permissions}` : "";
  return `${type}:${name}${rights}`;
}

/** setfacl's --test shows every list with `*` for what would stay as it is. */
async function isUnchanged(
  context: ModuleContext,
  words: readonly string[],
  path: string,
): Promise<boolean> {
  const result = await setfacl(context, ["--test", ...words], path);
  const lines = result
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  return lines.every((line) => line.endsWith("*,*"));
}

async function setfacl(
  context: ModuleContext,
  words: readonly string[],
  path: string,
): Promise<string> {
  const result = await context.sh(
    `LC_ALL=C setfacl ${words.map(word).join(" ")} ${pathWord(path)}`,
  );
  if (result.rc !== 0) failed("setfacl", [...words, path], result.rc, result.stdout, result.stderr);
  return result.stdout.toString();
}

function failed(
  program: string,
  words: readonly string[],
  rc: number,
  stdout: Buffer,
  stderr: Buffer,
): never {
  const said = stderr.toString();
  return fail(said.trimEnd(), {
    cmd: `${program} ${words.map(quoteShell).join(" ")}`,
    rc,
    stdout: stdout.toString(),
    stderr: said,
  });
}
