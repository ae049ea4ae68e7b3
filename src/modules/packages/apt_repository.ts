/** ansible.builtin.apt_repository: one-line sources under /etc/apt. */
import { quote } from "../../connection/connection.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { errorOf, parseSections } from "../lib/sections.ts";
import { modeText, writeText } from "../lib/text-file.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { APT_ENVIRONMENT, updateScript } from "./apt/command.ts";
import { normalizeSource, parseSourceLine, suggestFilename } from "./apt/sources.ts";

export const spec = {
  name: "ansible.builtin.apt_repository",
  summary: "Add and remove apt sources",
  options: {
    repo: { type: "str", required: true, description: "The source line." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the source is there.",
    },
    mode: { type: "raw", description: "Mode of the file." },
    update_cache: {
      type: "bool",
      default: true,
      aliases: ["update-cache"],
      description: "Run `apt-get update` after a change.",
    },
    update_cache_retries: { type: "int", default: 5, description: "Tries of a failed update." },
    update_cache_retry_max_delay: {
      type: "int",
      default: 12,
      description: "Longest pause between two tries, in seconds.",
    },
    filename: { type: "str", description: "Name of the file, without `.list`." },
    codename: { type: "str", description: "Release to use for a PPA." },
    install_python_apt: {
      type: "bool",
      default: true,
      description: "Install python-apt if it is missing.",
      noEffect: "nothing needs it",
    },
    validate_certs: {
      type: "bool",
      default: true,
      description: "Whether certificates of PPA servers are checked.",
    },
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  volatile: true,
  returns: {
    repo: "The source line.",
    state: "The state that was asked for.",
    sources_added: "Files that were added.",
    sources_removed: "Files that were removed.",
  },
} as const satisfies ModuleSpec;

const MAIN = "/etc/apt/sources.list";

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const repo = textOption(args, "repo") ?? "";
  const state = textOption(args, "state") ?? "present";
  if (repo.startsWith("ppa:")) {
    return {
      failed: true,
      msg: `PPAs are not supported (${repo}): give the archive as a 'deb' line and its key with signed-by, or use deb822_repository`,
    };
  }
  const wanted = normalizeSource(repo);
  if (wanted === undefined) return { failed: true, msg: `Invalid repository string: ${repo}` };

  const report = await context.sh(
    `for lb_f in ${MAIN} /etc/apt/sources.list.d/*.list; do
  if [ -f "$lb_f" ]; then printf '\\001%s\\n' "$lb_f"; cat "$lb_f"; fi
done`,
  );
  const files = new Map([...parseSections(report.stdout)].filter(([path]) => path !== ""));
  const after = new Map(files);
  let found = false;
  for (const [path, text] of files) {
    const lines = text.split("\n").map(parseSourceLine);
    if (!lines.some((line) => line.source === wanted)) continue;
    if (state === "absent") {
      const kept = lines.filter((line) => line.source !== wanted || !line.enabled);
      if (kept.length < lines.length) after.set(path, kept.map((line) => line.text).join("\n"));
      continue;
    }
    found = true;
    const enabled = lines.map((line) =>
      line.source === wanted && !line.enabled
        ? line.comment
          ? `${wanted} # ${line.comment}`
          : wanted
        : line.text,
    );
    after.set(path, enabled.join("\n"));
  }
  if (state === "present" && !found) {
    const path = destination(textOption(args, "filename") ?? suggestFilename(wanted));
    const old = files.get(path) ?? "";
    after.set(path, `${old}${old === "" || old.endsWith("\n") ? "" : "\n"}${wanted}\n`);
  }
  const changedPaths = [...after.keys()].filter((path) => after.get(path) !== files.get(path));
  const gone = (path: string) =>
    path !== MAIN && (after.get(path) ?? "").trim() === "" && files.has(path);
  const shown = { repo, state };
  if (changedPaths.length === 0) {
    return { changed: false, ...shown, sources_added: [], sources_removed: [] };
  }
  const diff = context.diffMode
    ? {
        diff: changedPaths.map((path) => ({
          before_header: files.has(path) ? path : "/dev/null",
          after_header: gone(path) ? "/dev/null" : path,
          before: files.get(path) ?? "",
          after: gone(path) ? "" : (after.get(path) ?? ""),
        })),
      }
    : {};
  const summary = {
    changed: true,
    ...shown,
    sources_added: changedPaths.filter((path) => !files.has(path)),
    sources_removed: changedPaths.filter(gone),
    ...diff,
  };
  if (context.checkMode) return summary;
  for (const path of changedPaths) {
    const problem = gone(path)
      ? await remove(context, path)
      : await writeText(context, path, after.get(path) ?? "", modeText(args.mode));
    if (problem !== undefined) return { failed: true, msg: problem };
  }
  if (flagOption(args, "update_cache") === false) return summary;
  const update = await context.sh(`${APT_ENVIRONMENT}\n${updateScript(args)}`);
  if (update.rc === 0) return summary;
  // A source that cannot be read must not break every later call of apt.
  for (const path of changedPaths) {
    const before = files.get(path);
    if (before === undefined) await remove(context, path);
    else await writeText(context, path, before);
  }
  return {
    failed: true,
    msg: `Failed to update apt cache after adding '${repo}': ${errorOf(update).trim() || "unknown reason"}`,
  };
}

async function remove(context: ModuleContext, path: string): Promise<string | undefined> {
  const done = await context.sh(`rm -f ${quote(path)}`);
  return done.rc === 0 ? undefined : errorOf(done);
}

function destination(name: string): string {
  const file = name.endsWith(".list") ? name : `${name}.list`;
  return file.startsWith("/") ? file : `/etc/apt/sources.list.d/${file}`;
}
