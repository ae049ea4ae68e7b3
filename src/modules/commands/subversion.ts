/**
 * `ansible.builtin.subversion`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/subversion_module.html
 */
import { quoteShell } from "../../template/python/shlex.ts";
import { encodeText, pathWord, word } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.subversion",
  summary: "Checks out a Subversion repository",
  options: {
    repo: {
      type: "str",
      required: true,
      aliases: ["name", "repository"],
      description: "URL of the repository.",
    },
    dest: { type: "path", description: "Where it goes." },
    revision: {
      type: "str",
      default: "HEAD",
      aliases: ["rev", "version"],
      description: "The revision.",
    },
    force: { type: "bool", default: false, description: "Throw away what was modified." },
    in_place: {
      type: "bool",
      default: false,
      description: "Check out over a directory that is there already.",
    },
    username: { type: "str", description: "User of the repository." },
    password: { type: "str", noLog: true, description: "Password of the user." },
    executable: { type: "path", description: "The program." },
    checkout: { type: "bool", default: true, description: "Check out what is not there." },
    update: { type: "bool", default: true, description: "Get new revisions." },
    export: { type: "bool", default: false, description: "Only the files, no working copy." },
    switch: { type: "bool", default: true, description: "Switch to another URL before." },
    validate_certs: {
      type: "bool",
      default: false,
      description: "Whether the server's certificate must be trusted.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  volatile: true,
  returns: {
    before: "Revision and URL before; in check mode the revision.",
    after: "Revision and URL after; in check mode the revision that is wanted.",
  },
} as const satisfies ModuleSpec;

/** svn with this task's options. */
class Svn {
  readonly #context: ModuleContext;
  readonly #args: Arguments;
  readonly #program: string;
  constructor(context: ModuleContext, args: Arguments) {
    this.#context = context;
    this.#args = args;
    this.#program = textOption(args, "executable") ?? "svn";
  }

  /** @throws ModuleFailure when svn fails and that is not asked for */
  async run(words: readonly string[], mayFail = false): Promise<string[]> {
    const user = textOption(this.#args, "username");
    const password = textOption(this.#args, "password");
    const command = [
      this.#program,
      "--non-interactive",
      "--no-auth-cache",
      ...(flagOption(this.#args, "validate_certs") ? [] : ["--trust-server-cert"]),
      ...(user === undefined ? [] : ["--username", user]),
      // Never an argument: it would stand in the process list.
      ...(password === undefined ? [] : ["--password-from-stdin"]),
      ...words,
    ];
    const line = command.map(word).join(" ");
    const result = await this.#context.sh(
      `export LANG=C LC_MESSAGES=C; lb_have ${word(this.#program)} || exit 81\nexec ${line}`,
      password === undefined ? {} : { stdin: encodeText(password) },
    );
    if (result.rc === 81) fail('Failed to find required executable "svn" in paths');
    const stdout = result.stdout.toString();
    if (result.rc !== 0 && !mayFail) {
      const stderr = result.stderr.toString();
      const cmd = command.map(quoteShell).join(" ");
      fail(stderr.trimEnd(), { cmd, rc: result.rc, stdout, stderr });
    }
    return result.rc === 0 ? stdout.split("\n").filter((text) => text !== "") : [];
  }

  /** `Revision: 2` and `URL: ...` of a working copy. */
  async identity(dest: string): Promise<[string, string]> {
    const lines = await this.run(["info", dest]);
    const find = (name: string) =>
      lines.find((text) => text.startsWith(`${name}: `)) ?? `Unable to get ${name.toLowerCase()}`;
    return [find("Revision"), find("URL")];
  }

  /** `Revision: 2` of what the repository has now. */
  async remoteRevision(repo: string): Promise<string> {
    const lines = await this.run(["info", repo]);
    return lines.find((text) => text.startsWith("Revision: ")) ?? "Unable to get remote revision";
  }

  /** Files under control that were changed; unknown ones do not count. */
  async hasChanges(dest: string): Promise<boolean> {
    const lines = await this.run(["status", "--quiet", "--ignore-externals", dest]);
    return lines.some((text) => /^[^?X]/.test(text));
  }
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const flag = (name: string) => flagOption(args, name) ?? false;
    const dest = textOption(args, "dest");
    const repo = textOption(args, "repo") ?? "";
    const revision = textOption(args, "revision") ?? "HEAD";
    const svn = new Svn(context, args);
    if (dest === undefined) {
      if (flag("checkout") || flag("update") || flag("export"))
        fail(
          "the destination directory must be specified unless checkout=no, update=no, and export=no",
        );
      return { changed: false, after: await svn.remoteRevision(repo) };
    }
    const isThere = (await context.sh(`[ -e ${pathWord(dest)} ]`)).rc === 0;
    const isCopy = isThere && (await svn.run(["info", dest], true)).length > 0;
    const force = flag("force") ? ["--force"] : [];
    const checkout = async (extra: readonly string[]) =>
      svn.run(["checkout", ...extra, "-r", revision, repo, dest]);
    if (!isThere || (flag("export") && !isCopy)) {
      if (context.checkMode) return { changed: true };
      if (!flag("export") && !flag("checkout")) return { changed: false };
      if (flag("export")) {
        await svn.run(["export", ...force, "-r", revision, repo, dest]);
        return { changed: true };
      }
      await checkout([]);
      return result(null, await svn.identity(dest), true);
    }
    if (isCopy) {
      if (!flag("update")) return { changed: false };
      return update(context, svn, { dest, repo, revision, flag });
    }
    if (!flag("in_place"))
      fail(`ERROR: ${dest} folder already exists, but its not a subversion repository.`);
    if (context.checkMode) return { changed: true };
    await checkout(["--force"]);
    const modified = await svn.hasChanges(dest);
    if (modified && flag("force")) await svn.run(["revert", "-R", dest]);
    return result(null, await svn.identity(dest), true);
  },
);

interface Wanted {
  readonly dest: string;
  readonly repo: string;
  readonly revision: string;
  readonly flag: (name: string) => boolean;
}

async function update(
  context: ModuleContext,
  svn: Svn,
  { dest, repo, revision, flag }: Wanted,
): Promise<ModuleResult> {
  if (context.checkMode) {
    const [before] = await svn.identity(dest);
    const after = revision === "HEAD" ? await svn.remoteRevision(repo) : `Revision: ${revision}`;
    return { changed: before !== after || (await svn.hasChanges(dest)), before, after };
  }
  const before = await svn.identity(dest);
  const modified = await svn.hasChanges(dest);
  if (modified) {
    if (!flag("force")) fail("ERROR: modified files exist in the repository.");
    await svn.run(["revert", "-R", dest]);
  }
  if (flag("switch") && before[1] !== `URL: ${repo}`)
    await svn.run(["switch", "--ignore-ancestry", repo, dest]);
  await svn.run(["update", "-r", revision, dest]);
  const after = await svn.identity(dest);
  return result(before, after, modified || before.join("\n") !== after.join("\n"));
}

function result(before: Data, after: Data, changed: boolean): ModuleResult {
  return { changed, before, after };
}
