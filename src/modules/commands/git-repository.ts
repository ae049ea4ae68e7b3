/** Commands of git in a checkout of the target. */
import { pathWord, word } from "../lib/bytes.ts";
import { fail } from "../lib/failure.ts";
import { octal } from "../lib/mode.ts";
import { flagOption, numberOption, textOption } from "../lib/option-values.ts";
import { splitLines } from "../lib/output.ts";
import { directoryOf } from "../lib/paths.ts";
import type { Arguments, ModuleContext } from "../module.ts";

export interface GitResult {
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly cmd: string;
}

export class Git {
  readonly #context: ModuleContext;
  readonly #args: Arguments;
  readonly #dest: string | undefined;
  readonly #repo: string;
  readonly #program: string;
  readonly #remote: string;

  constructor(context: ModuleContext, args: Arguments, dest: string | undefined, repo: string) {
    this.#context = context;
    this.#args = args;
    this.#dest = dest;
    this.#repo = repo;
    this.#program = textOption(args, "executable") ?? "git";
    this.#remote = textOption(args, "remote") ?? "origin";
  }

  /** @throws ModuleFailure if there is no git */
  async check(): Promise<void> {
    const result = await this.#context.sh(`lb_have ${word(this.#program)}`);
    if (result.rc !== 0) fail(`Failed to find required executable "${this.#program}" in paths`);
  }

  /** Is there a checkout (or a bare repository)? */
  async exists(): Promise<boolean> {
    const p = pathWord(this.#dest ?? ".");
    const test = flagOption(this.#args, "bare") ? '[ -f "$p/config" ]' : '[ -e "$p/.git" ]';
    return (await this.#context.sh(`p=${p}; ${test}`)).rc === 0;
  }

  /** @param inside whether the command is about the checkout */
  async tryRun(parts: readonly string[], inside = true): Promise<GitResult> {
    const lines = ["export LC_ALL=C GIT_TERMINAL_PROMPT=0"];
    const umask = this.#args.umask ?? undefined;
    if (umask !== undefined)
      lines.push(`umask ${typeof umask === "number" ? octal(umask) : word(String(umask))}`);
    const ssh = this.#ssh();
    if (ssh) lines.push(`export GIT_SSH_COMMAND=${word(ssh)}`);
    if (inside && this.#dest !== undefined) lines.push(`cd ${pathWord(this.#dest)} || exit 128`);
    const command = [this.#program, ...parts].map(word).join(" ");
    const result = await this.#context.sh([...lines, `exec ${command}`].join("\n"));
    return {
      rc: result.rc,
      stdout: result.stdout.toString(),
      stderr: result.stderr.toString(),
      cmd: [this.#program, ...parts].join(" "),
    };
  }

  /** @param failure the message; without one it is what git says */
  async run(parts: readonly string[], failure?: string, inside = true): Promise<string> {
    const result = await this.tryRun(parts, inside);
    if (result.rc === 0) return result.stdout;
    const { cmd, rc, stdout, stderr } = result;
    return fail(failure ?? stderr.trim(), {
      cmd,
      rc,
      stdout,
      stderr,
      stdout_lines: splitLines(stdout),
      stderr_lines: splitLines(stderr),
    });
  }

  #ssh(): string | undefined {
    const key = textOption(this.#args, "key_file");
    const options = textOption(this.#args, "ssh_opts");
    const parts = [
      ...(flagOption(this.#args, "accept_hostkey") ? ["-o StrictHostKeyChecking=no"] : []),
      ...(flagOption(this.#args, "accept_newhostkey")
        ? ["-o StrictHostKeyChecking=accept-new"]
        : []),
      ...(key === undefined ? [] : [`-i ${word(key)} -o IdentitiesOnly=yes`]),
      ...(options === undefined ? [] : [options]),
    ];
    return parts.length === 0 ? undefined : ["ssh", "-o BatchMode=yes", ...parts].join(" ");
  }

  async head(): Promise<string> {
    return (await this.run(["rev-parse", "HEAD"])).trim();
  }

  async isModified(): Promise<boolean> {
    const status = await this.run(["status", "--porcelain", "--untracked-files=no"]);
    return status.trim() !== "";
  }

  async reset(): Promise<void> {
    await this.run(["reset", "--hard", "HEAD", "--"]);
  }

  /** The commit that a version is at the other end. */
  async remoteHead(version: string): Promise<string | null> {
    if (/^[0-9a-f]{40}$/.test(version)) return version;
    const listed = await this.run(["ls-remote", this.#repo], undefined, false);
    const refs = new Map(
      listed
        .split("\n")
        .filter((line) => line.includes("\t"))
        .map((line) => line.split("\t") as [string, string])
        .map(([sha, ref]) => [ref, sha] as const),
    );
    return (
      (version === "HEAD" ? refs.get("HEAD") : undefined) ??
      refs.get(`refs/heads/${version}`) ??
      refs.get(`refs/tags/${version}^{}`) ??
      refs.get(`refs/tags/${version}`) ??
      refs.get(version) ??
      null
    );
  }

  async clone(version: string): Promise<void> {
    // Asked first, so that a wrong address fails with the server's own words.
    await this.run(["ls-remote", this.#repo, "HEAD"], undefined, false);
    const dest = this.#dest ?? ".";
    const args = this.#args;
    await this.#context.sh(`mkdir -p ${pathWord(directoryOf(dest))}`);
    const depth = numberOption(args, "depth");
    const single = flagOption(args, "single_branch") ?? false;
    const isNamed = version !== "HEAD" && !/^[0-9a-f]{40}$/.test(version);
    const named = isNamed && (depth !== undefined || single) && (await this.#isRemoteName(version));
    const reference = textOption(args, "reference");
    const separate = textOption(args, "separate_git_dir");
    await this.run(
      [
        "clone",
        ...(flagOption(args, "bare") ? ["--bare"] : ["--origin", this.#remote]),
        ...(depth === undefined ? [] : [`--depth=${depth}`]),
        ...(single ? ["--single-branch"] : depth === undefined ? [] : ["--no-single-branch"]),
        ...(named ? ["--branch", version] : []),
        ...(reference === undefined ? [] : ["--reference", reference]),
        ...(separate === undefined ? [] : [`--separate-git-dir=${separate}`]),
        this.#repo,
        dest,
      ],
      undefined,
      false,
    );
    if (flagOption(args, "bare") && this.#remote !== "origin") {
      await this.run(["remote", "add", this.#remote, this.#repo]);
    }
    const refspec = textOption(args, "refspec");
    const isCommit = /^[0-9a-f]{40}$/.test(version);
    if (refspec !== undefined || (isCommit && depth !== undefined)) await this.fetch(version);
  }

  async #isRemoteName(version: string): Promise<boolean> {
    const refs = await this.tryRun(["ls-remote", "--heads", "--tags", this.#repo, version], false);
    return refs.rc === 0 && refs.stdout.trim() !== "";
  }

  /** Sets the remote's address. @returns whether it was another one */
  async setUrl(): Promise<boolean> {
    const current = await this.tryRun(["ls-remote", "--get-url", this.#remote]);
    const url = current.stdout.trim();
    if (current.rc === 0 && url === this.#repo) return false;
    if (this.#context.checkMode) return true;
    const isUnknown = url === this.#remote;
    await this.run(["remote", isUnknown ? "add" : "set-url", this.#remote, this.#repo]);
    return !isUnknown;
  }

  async fetch(version: string): Promise<void> {
    const args = this.#args;
    const depth = numberOption(args, "depth");
    const refspec = textOption(args, "refspec");
    const bare = flagOption(args, "bare") ?? false;
    const isCommit = /^[0-9a-f]{40}$/.test(version);
    const wanted = bare
      ? ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
      : [`+refs/heads/*:refs/remotes/${this.#remote}/*`, "+refs/tags/*:refs/tags/*"];
    const limit = depth === undefined ? [] : [`--depth=${depth}`];
    await this.run(
      [
        "fetch",
        "--force",
        ...limit,
        this.#remote,
        ...wanted,
        ...(refspec === undefined ? [] : [refspec]),
      ],
      "Failed to download remote objects and refs",
    );
    if (isCommit && (await this.tryRun(["cat-file", "-e", `${version}^{commit}`])).rc !== 0) {
      await this.tryRun(["fetch", ...limit, this.#remote, version]);
    }
  }

  /** Brings the checkout to a version, on a branch where it is one. */
  async checkout(version: string): Promise<void> {
    if (flagOption(this.#args, "bare")) return;
    const branch = version === "HEAD" ? await this.#remoteBranch() : version;
    const there = `refs/remotes/${this.#remote}/${branch}`;
    const isBranch = (await this.tryRun(["show-ref", "--verify", "--quiet", there])).rc === 0;
    if (!isBranch) {
      await this.run(["checkout", "--force", branch], `Failed to checkout ${branch}`);
      return;
    }
    const here = `refs/heads/${branch}`;
    const isLocal = (await this.tryRun(["show-ref", "--verify", "--quiet", here])).rc === 0;
    const command = isLocal
      ? ["checkout", "--force", branch]
      : ["checkout", "--track", "-b", branch, `${this.#remote}/${branch}`];
    await this.run(command, `Failed to checkout branch ${branch}`);
    await this.run(
      ["reset", "--hard", `${this.#remote}/${branch}`, "--"],
      `Failed to checkout branch ${branch}`,
    );
  }

  async #remoteBranch(): Promise<string> {
    const known = await this.tryRun([
      "symbolic-ref",
      "--short",
      `refs/remotes/${this.#remote}/HEAD`,
    ]);
    if (known.rc === 0) return known.stdout.trim().slice(this.#remote.length + 1);
    const asked = await this.run(["ls-remote", "--symref", this.#remote, "HEAD"]);
    const name = /^ref: refs\/heads\/(\S+)/m.exec(asked)?.[1];
    return name ?? "HEAD";
  }

  /** Checks out submodules. @returns whether any changed */
  async submodules(): Promise<boolean> {
    const args = this.#args;
    if (!(flagOption(args, "recursive") ?? true) || flagOption(args, "bare")) return false;
    const has = await this.#context.sh(`[ -f ${pathWord(this.#dest ?? ".")}/.gitmodules ]`);
    if (has.rc !== 0) return false;
    const before = await this.run(["submodule", "status", "--recursive"]);
    await this.run(["submodule", "sync"]);
    await this.run(
      [
        "submodule",
        "update",
        "--init",
        "--recursive",
        ...(flagOption(args, "track_submodules") ? ["--remote"] : []),
        ...(flagOption(args, "force") ? ["--force"] : []),
      ],
      "Failed to init/update submodules",
    );
    const after = await this.run(["submodule", "status", "--recursive"]);
    const commits = (text: string) => text.replace(/^[ +-]/gm, "").replace(/ \(.*\)$/gm, "");
    return before.startsWith("-") || commits(before) !== commits(after);
  }
}
