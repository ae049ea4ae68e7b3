/**
 * `ansible.builtin.git`, by the target's git.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/git_module.html
 */
import { fail, failing } from "../lib/failure.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import { expandPaths, joinPath } from "../lib/paths.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { Git } from "./git-repository.ts";

export const spec = {
  name: "ansible.builtin.git",
  summary: "Checks out a git repository",
  options: {
    repo: {
      type: "str",
      required: true,
      aliases: ["name"],
      description: "Address of the repository.",
    },
    dest: { type: "path", description: "Directory of the checkout." },
    version: {
      type: "str",
      default: "HEAD",
      description: "Branch, tag or commit. `HEAD` is the remote's own branch.",
    },
    remote: { type: "str", default: "origin", description: "Name of the remote." },
    refspec: { type: "str", description: "A further refspec to fetch." },
    reference: { type: "path", description: "Repository to borrow objects from." },
    force: { type: "bool", default: false, description: "Throw local changes away." },
    depth: { type: "int", description: "History to get, in commits." },
    clone: { type: "bool", default: true, description: "Make the checkout if it is not there." },
    update: { type: "bool", default: true, description: "Bring an existing checkout up to date." },
    executable: { type: "path", description: "The git program." },
    bare: { type: "bool", default: false, description: "Make a bare repository." },
    umask: { type: "raw", description: "Umask for what is made." },
    recursive: { type: "bool", default: true, description: "Check out submodules too." },
    single_branch: {
      type: "bool",
      default: false,
      description: "Get only the branch of `version`.",
    },
    track_submodules: {
      type: "bool",
      default: false,
      description: "Bring submodules to their branches' latest commits.",
    },
    verify_commit: { type: "bool", default: false, description: "Check the commit's signature." },
    gpg_allowlist: {
      type: "list",
      elements: "str",
      default: [],
      aliases: ["gpg_whitelist"],
      description: "Fingerprints of keys that may have signed it.",
    },
    accept_hostkey: {
      type: "bool",
      default: false,
      description: "Trust any host key of the server.",
    },
    accept_newhostkey: {
      type: "bool",
      default: false,
      description: "Trust the host keys of new servers.",
    },
    ssh_opts: { type: "str", description: "Further options of ssh." },
    key_file: { type: "path", description: "Private key for ssh, a file of the target." },
    separate_git_dir: { type: "path", description: "Where the repository itself goes." },
    archive: { type: "path", description: "File for an archive of the checkout." },
    archive_prefix: { type: "str", description: "Directory in that archive." },
  },
  mutuallyExclusive: [
    ["separate_git_dir", "bare"],
    ["accept_hostkey", "accept_newhostkey"],
  ],
  requiredBy: { archive_prefix: ["archive"] },
  checkMode: "full",
  diff: true,
  effect: "target",
  volatile: true,
  returns: {
    before: "The commit that was checked out; null if there was none.",
    after: "The commit that is checked out.",
    remote_url_changed: "Whether the remote's address was another one.",
    msg: "Told when local changes were thrown away.",
    git_dir_before: "Where the repository was.",
    git_dir_now: "Where the repository is.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const dest = textOption(args, "dest");
    const clones = flagOption(args, "clone") ?? true;
    if (dest === undefined && clones)
      return fail("the destination directory must be specified unless clone=no");
    const given_ = textOption(args, "repo") ?? "";
    const repo = given_.startsWith("/") ? `file://${given_}` : given_;
    const git = new Git(context, args, dest, repo);
    await git.check();
    const version = textOption(args, "version") ?? "HEAD";
    const exists = dest !== undefined && (await git.exists());
    if (!exists) {
      if (context.checkMode || !clones || dest === undefined) {
        return { changed: true, before: null, after: await git.remoteHead(version) };
      }
      await git.clone(version);
      await git.checkout(version);
      await git.submodules();
      const after = await git.head();
      await verify(git, args, version);
      await archive(context, args, git, version);
      return { changed: true, before: null, after };
    }
    const before = await git.head();
    if (!(flagOption(args, "update") ?? true)) {
      await archive(context, args, git, version);
      return { changed: false, before, after: before };
    }
    const told: Record<string, Data> = { before };
    const modified = !flagOption(args, "bare") && (await git.isModified());
    if (modified) {
      if (!flagOption(args, "force")) {
        return fail(`Local modifications exist in the destination: ${dest} (force=no).`, {
          before,
        });
      }
      told.msg = `Local modifications exist in the destination: ${dest}`;
      if (!context.checkMode) await git.reset();
    }
    const hasNewUrl = await git.setUrl();
    told.remote_url_changed = hasNewUrl;
    if (context.checkMode) {
      const after = await git.remoteHead(version);
      return { changed: before !== after || modified || hasNewUrl, ...told, after };
    }
    await git.fetch(version);
    await git.checkout(version);
    const hasNewSubmodules = await git.submodules();
    await verify(git, args, version);
    await archive(context, args, git, version);
    const after = await git.head();
    return {
      changed: before !== after || modified || hasNewUrl || hasNewSubmodules,
      ...told,
      after,
    };
  },
);

async function verify(git: Git, args: Arguments, version: string): Promise<void> {
  if (!flagOption(args, "verify_commit")) return;
  const result = await git.tryRun(["verify-commit", "--raw", "HEAD"]);
  const allowed = listOption(args, "gpg_allowlist") ?? [];
  const key = /VALIDSIG (\S+)/.exec(result.stderr)?.[1] ?? "";
  const isAllowed =
    allowed.length === 0 || allowed.some((entry) => key.endsWith(entry.toUpperCase()));
  if (result.rc !== 0 || !isAllowed) {
    fail(`Failed to verify GPG signature of commit/tag "${version}"`, {
      stdout: result.stdout,
      stderr: result.stderr,
      rc: result.rc,
    });
  }
}

/** `archive`: the commit's files as one file. */
async function archive(
  context: ModuleContext,
  args: Arguments,
  git: Git,
  version: string,
): Promise<void> {
  const path = textOption(args, "archive");
  if (path === undefined || context.checkMode) return;
  const format = /\.(zip|tar\.gz|tgz|tar)$/.exec(path)?.[1];
  if (!format) fail(`Unable to get file extension from archive file name : ${path}`);
  const prefix = textOption(args, "archive_prefix");
  await git.run(
    [
      "archive",
      `--format=${format}`,
      `--output=${path}`,
      ...(prefix === undefined ? [] : [`--prefix=${joinPath(prefix, "")}`]),
      version,
    ],
    "Failed to perform archive operation",
  );
}
