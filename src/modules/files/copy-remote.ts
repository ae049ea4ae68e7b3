/** `copy` with `remote_src`: from one place of the target to another. */
import {
  applyAttributes,
  attributeFailure,
  unsafeWrites,
  wantedAttributes,
} from "../lib/attributes.ts";
import { pathWord, word } from "../lib/bytes.ts";
import { makeDirectories } from "../lib/directories.ts";
import { fail } from "../lib/failure.ts";
import { octal } from "../lib/mode.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { baseOf, directoryOf, joinPath } from "../lib/paths.ts";
import { Fields, pathInfo, type Status } from "../lib/status.ts";
import { replaceFile } from "../lib/write.ts";
import type { Arguments, ModuleContext, ModuleResult } from "../module.ts";

export async function copyRemote(
  context: ModuleContext,
  args: Arguments,
  src: string,
  dest: string,
): Promise<ModuleResult> {
  const follow = flagOption(args, "follow") ?? false;
  const name = word(baseOf(src.replace(/\/+$/, "")));
  const fields = new Fields(
    (
      await context.sh(`s=${pathWord(src)}; p=${pathWord(dest)}; n=
lb_st "$s" L
case $lb_s in
  -) exit 0 ;;
  4*) case $s in */) ;; *) if [ -d "$p" ]; then p=\${p%/}/${name}; else n=n; fi ;; esac ;;
  *) sha1sum <"$s"; printf '\\0'; md5sum <"$s"; printf '\\0'
    case $p in */) p=$p${name} ;; *) [ -d "$p" ] && p=$p/${name} ;; esac ;;
esac
${follow ? 'if [ -h "$p" ]; then p=$(readlink -f "$p"); fi' : ""}
printf '%s\\0' "$p"
lb_st "$p"; if [ -f "$p" ]; then sha1sum <"$p"; fi; printf '\\0'
[ -d "$(dirname "$p")" ] || n=n; printf %s "$n"`)
    ).stdout,
  );
  const source = fields.status();
  if (!source) return fail(`Source ${src} not found`);
  const isFile = source.kind !== "directory";
  const sha1 = isFile ? fields.text().slice(0, 40) : null;
  const md5 = isFile ? fields.text().slice(0, 32) : null;
  const path = fields.text();
  const status = fields.status();
  const before = fields.text().slice(0, 40);
  // For a file: its directory is missing. For a directory: it goes below a new one of this name.
  const isNote = fields.rest().length > 0;
  const expected = textOption(args, "checksum");
  if (expected !== undefined && expected !== sha1) {
    return fail("Copied file does not match the expected checksum. Transfer failed.", {
      checksum: sha1,
      expected_checksum: expected,
    });
  }
  const known = { dest: path, src, md5sum: md5, checksum: sha1 };
  if (!isFile) {
    const below = isNote && !status && !src.endsWith("/") ? joinPath(path, baseOf(src)) : path;
    return copyTree(context, args, src, path, below, status, known);
  }
  if (status && !(flagOption(args, "force") ?? true)) {
    return { msg: "file already exists", src, dest: path, changed: false };
  }
  const mode = args.mode === "preserve" ? octal(source.mode) : args.mode;
  const wanted = wantedAttributes({ ...args, mode });
  if (status?.kind === "directory") return fail(`${path} is a directory`);
  if (status?.kind === "file" && before === sha1) {
    const change = await applyAttributes(context, path, status, wanted);
    return { ...known, changed: change.changed, ...pathInfo(change.status) };
  }
  if (isNote && !dest.endsWith("/")) {
    return fail(`Destination directory ${directoryOf(path)} does not exist`);
  }
  if (context.checkMode) return { ...known, changed: true };
  if (isNote) {
    await makeDirectories(context, directoryOf(path), { mode: args.directory_mode ?? undefined });
  }
  const replaced = await replaceFile(context, {
    path,
    content: { targetPath: src },
    existing: status?.kind === "link" ? undefined : status,
    wanted,
    validate: textOption(args, "validate"),
    backup: flagOption(args, "backup") ?? false,
    unsafeWrites: unsafeWrites(args),
  });
  return {
    ...known,
    changed: true,
    ...(replaced.backup === undefined ? {} : { backup_file: replaced.backup }),
    ...pathInfo(replaced.status),
  };
}

/**
 * A directory: what is missing or differs is copied, what else stands there is left alone. Modes of
 * the files are those of the source; `mode` is for the directory itself.
 * @param dest the directory that the result is about
 * @param into the directory that gets what is in `src`: `dest` or one below it
 */
async function copyTree(
  context: ModuleContext,
  args: Arguments,
  src: string,
  dest: string,
  into: string,
  status: Status | undefined,
  known: { readonly dest: string; readonly src: string },
): Promise<ModuleResult> {
  const force = flagOption(args, "force") ?? true;
  const from = pathWord(joinPath(src, "").replace(/\/+$/, "") || "/");
  const wanted = wantedAttributes({ ...args, mode: args.mode === "preserve" ? null : args.mode });
  if (status && status.kind !== "directory" && status.kind !== "link") {
    return fail(`cannot overwrite non-directory ${dest} with directory ${src}`);
  }
  // Lists what differs: new names and files whose bytes are not the same.
  const compare = `s=${from}
find "$s" ! -type d -exec sh -c 'for f; do g=$D\${f#"$S"}
if [ -h "$f" ]; then [ -h "$g" ] && [ "$(readlink "$f")" = "$(readlink "$g")" ] && continue
else cmp -s "$f" "$g" ${force ? "" : '|| [ -e "$g" ]'} && continue; fi
printf "%s\\0" "\${f#"$S"}"; done' - {} +
printf '\\0'
find "$s" -type d -exec sh -c 'for f; do [ -d "$D\${f#"$S"}" ] || printf "%s\\0" "\${f#"$S"}"; done' - {} +`;
  const listing = await context.sh(`S=${from}; D=${pathWord(into)}; export S D\n${compare}`);
  const text = listing.stdout.toString("latin1");
  const split = text.startsWith("\0") ? 0 : text.indexOf("\0\0") + 1;
  const files = text.slice(0, split);
  const directories = text.slice(split + 1);
  let changed = files !== "" || directories !== "";
  if (context.checkMode && changed) return { ...known, changed };
  if (changed) await copyListed(context, args, from, into, files, directories);
  let shown = new Fields((await context.sh(`lb_st ${pathWord(dest)}`)).stdout).status();
  if (shown) {
    const change = await applyAttributes(context, dest, shown, wanted);
    changed = change.changed || changed;
    shown = change.status;
  }
  return { ...known, changed, ...pathInfo(shown) };
}

/** Copies the names that were listed, with the modes of their sources and the owner that is wanted. */
async function copyListed(
  context: ModuleContext,
  args: Arguments,
  from: string,
  dest: string,
  files: string,
  directories: string,
): Promise<void> {
  const owner = textOption(args, "owner");
  const group = textOption(args, "group");
  const account = owner || group ? `${owner ?? ""}${group ? `:${group}` : ""}` : undefined;
  const chown = account === undefined ? "" : `chown -h "$A" "$g" || exit 22; `;
  const begin = `S=${from}; D=${pathWord(dest)}; A=${word(account ?? "")}; export S D A`;
  const made = await context.sh(
    `${begin}\nmkdir -p "$(dirname "$D")"\nxargs -0 sh -c 'for n; do g=$D$n; [ -d "$g" ] || mkdir "$g" || exit 21; chmod "$(stat -c %a "$S$n")" "$g" || exit 23; ${chown}done' -`,
    { stdin: Buffer.from(directories, "latin1") },
  );
  if (made.rc !== 0 && directories !== "") {
    attributeFailure(dest, undefined, made.rc, made.stderr, owner, group);
  }
  if (files === "") return;
  const copied = await context.sh(
    `${begin}\nxargs -0 sh -c 'for n; do g=$D$n; t=\${g%/*}/.lb-$$; { cp -pP "$S$n" "$t" && mv -f "$t" "$g"; } || { rm -f "$t"; exit 21; }; ${chown}done' -`,
    { stdin: Buffer.from(files, "latin1") },
  );
  if (copied.rc !== 0) {
    attributeFailure(dest, undefined, copied.rc, copied.stderr, owner, group);
  }
}
