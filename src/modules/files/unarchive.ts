/**
 * `ansible.builtin.unarchive`. Tar archives are unpacked by the target's tar; zip archives are read
 * here, so that the target needs no unzip.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/unarchive_module.html
 */
import { stat } from "node:fs/promises";
import { ATTRIBUTE_OPTIONS } from "../lib/attributes.ts";
import { pathWord } from "../lib/bytes.ts";
import { fail, failing } from "../lib/failure.ts";
import { fetchToFile } from "../lib/http.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths, globWord } from "../lib/paths.ts";
import { sourceOfFile } from "../lib/source.ts";
import { Fields } from "../lib/status.ts";
import { requestOf } from "../lib/url-options.ts";
import type { Arguments, KeyInput, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { unpackTar } from "./unarchive-tar.ts";
import { unpackZip } from "./unarchive-zip.ts";

export const spec = {
  name: "ansible.builtin.unarchive",
  summary: "Unpacks an archive in the target",
  options: {
    src: {
      type: "path",
      required: true,
      description: "The archive; with `remote_src` also an address.",
    },
    dest: { type: "path", required: true, description: "Directory to unpack in." },
    remote_src: { type: "bool", default: false, description: "`src` is in the target." },
    copy: {
      type: "bool",
      default: true,
      description: "Older opposite of `remote_src`: whether `src` is the controller's.",
    },
    creates: { type: "path", description: "File or pattern: if it exists, nothing is done." },
    list_files: { type: "bool", default: false, description: "Return the names in the archive." },
    exclude: { type: "list", elements: "str", default: [], description: "Names to leave out." },
    include: { type: "list", elements: "str", default: [], description: "Only these names." },
    keep_newer: { type: "bool", default: false, description: "Leave newer files as they are." },
    extra_opts: {
      type: "list",
      elements: "str",
      default: [],
      description: "Further options of the program that unpacks.",
    },
    io_buffer_size: {
      type: "int",
      default: 65536,
      description: "Size of a read.",
      noEffect: "Nothing here depends on it.",
    },
    decrypt: { type: "bool", default: true, description: "Decrypt `src` when it is a vault file." },
    validate_certs: { type: "bool", default: true, description: "Check the server's certificate." },
    ...ATTRIBUTE_OPTIONS,
  },
  mutuallyExclusive: [["include", "exclude"]],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: {
    dest: "The directory.",
    src: "The archive.",
    handler: "What kind of archive it is.",
    files: "Names in the archive, with `list_files`.",
    extract_results: "What the program that unpacks said.",
  },
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    const args = await expandPaths(context, spec, given);
    const src = textOption(args, "src") ?? "";
    const dest = (textOption(args, "dest") ?? "").replace(/(?<=.)\/+$/, "");
    const isRemote = (flagOption(args, "remote_src") ?? false) || args.copy === false;
    const creates = textOption(args, "creates");
    const checks = await context.sh(
      `${creates ? `for g in ${globWord(creates)}; do if [ -e "$g" ] || [ -h "$g" ]; then exit 81; fi; done\n` : ""}[ -d ${pathWord(dest)} ] || exit 82`,
    );
    if (checks.rc === 81) {
      return { msg: `skipped, since ${creates} exists`, changed: false, skipped: true };
    }
    if (!isRemote) await locate(context, src);
    if (checks.rc === 82) fail(`dest '${textOption(args, "dest")}' must be an existing dir`);
    const archive = await bring(context, args, src, isRemote);
    try {
      const kind = await kindOf(context, archive.path, src);
      const task = { context, args, src: archive.shown, archive: archive.path, dest };
      return kind === "zip" ? await unpackZip(task) : await unpackTar(task, kind);
    } finally {
      if (archive.isTemporary) await context.sh(`rm -f ${pathWord(archive.path)}`);
    }
  },
);

async function locate(context: ModuleContext, src: string): Promise<string> {
  return context.controller
    .find("files", src)
    .catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
}

interface Archive {
  readonly path: string;
  readonly shown: string;
  readonly isTemporary: boolean;
}

/** The archive as a file of the target. */
async function bring(
  context: ModuleContext,
  args: Arguments,
  src: string,
  isRemote: boolean,
): Promise<Archive> {
  if (isRemote && !src.includes("://")) return { path: src, shown: src, isTemporary: false };
  const made = await context.sh("umask 077; mktemp");
  const path = made.stdout.toString().replace(/\n$/, "");
  if (made.rc !== 0) fail(`could not make a temporary file: ${made.stderr.toString().trim()}`);
  if (!isRemote) {
    const local = await locate(context, src);
    if ((await stat(local)).isDirectory()) fail(`${local} is a directory`);
    const source = await sourceOfFile(context, local, flagOption(args, "decrypt") ?? true);
    const sent = await context.sh(`cat >${pathWord(path)}`, { stdin: source.input });
    if (sent.rc !== 0) fail(`could not send ${local}: ${sent.stderr.toString().trim()}`);
    return { path, shown: local, isTemporary: true };
  }
  const answer = await fetchToFile(
    context,
    requestOf({ ...args, url: src }, { timeout: 30 }),
    path,
  );
  if (answer.status !== 200) {
    await context.sh(`rm -f ${pathWord(path)}`);
    const reason = answer.problem ?? `HTTP Error ${answer.status}: ${answer.reason}`;
    fail(`Failure downloading ${src}, ${reason}`);
  }
  return { path, shown: src, isTemporary: true };
}

export type ArchiveKind = "zip" | "gzip" | "bzip2" | "xz" | "zstd" | "tar";

/** By the first bytes, which say more than the name. */
async function kindOf(context: ModuleContext, path: string, src: string): Promise<ArchiveKind> {
  const result = await context.sh(
    `p=${pathWord(path)}; [ -e "$p" ] || exit 81; [ -r "$p" ] || exit 82; lb_st "$p" L; dd if="$p" bs=8 count=1 2>/dev/null`,
  );
  if (result.rc === 81) fail(`Source '${src}' does not exist`);
  if (result.rc === 82) fail(`Source '${src}' not readable`);
  const fields = new Fields(result.stdout);
  const status = fields.status();
  if (status?.size === 0) fail(`Invalid archive '${src}', the file is 0 bytes`);
  const magic = fields.rest().toString("hex");
  if (magic.startsWith("504b0304") || magic.startsWith("504b0506")) return "zip";
  if (magic.startsWith("1f8b")) return "gzip";
  if (magic.startsWith("425a68")) return "bzip2";
  if (magic.startsWith("fd377a585a00")) return "xz";
  return magic.startsWith("28b52ffd") ? "zstd" : "tar";
}

/** The archive's content, where it is the controller's. */
export async function inputs(
  context: ModuleContext,
  args: Arguments,
): Promise<readonly KeyInput[]> {
  if (flagOption(args, "remote_src") || args.copy === false) return [];
  return [
    { kind: "path", path: await context.controller.find("files", textOption(args, "src") ?? "") },
  ];
}
