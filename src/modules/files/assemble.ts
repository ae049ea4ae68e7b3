/**
 * `ansible.builtin.assemble`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/assemble_module.html
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { compileRegex } from "../../template/python/regex.ts";
import { applyAttributes, unsafeWrites, wantedAttributes } from "../lib/attributes.ts";
import { encodeText, pathWord } from "../lib/bytes.ts";
import { COPY_OPTIONS, COPY_RETURNS } from "../lib/copy-options.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { directoryOf, expandPaths, joinPath } from "../lib/paths.ts";
import { placeFile } from "../lib/place-file.ts";
import { type Source, sourceOfBytes } from "../lib/source.ts";
import { Fields, pathInfo } from "../lib/status.ts";
import { replaceFile } from "../lib/write.ts";
import type { Arguments, KeyInput, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

const { force: _, ...options } = COPY_OPTIONS;

export const spec = {
  name: "ansible.builtin.assemble",
  summary: "Makes a file of all files in a directory",
  options: {
    src: { type: "path", required: true, description: "The directory with the parts." },
    remote_src: {
      type: "bool",
      default: true,
      description: "Whether `src` is in the target; otherwise it is the controller's.",
    },
    delimiter: { type: "str", description: "Text between the parts." },
    regexp: { type: "str", description: "Only parts whose name it matches are used." },
    ignore_hidden: {
      type: "bool",
      default: false,
      description: "Leave out names that begin with a dot.",
    },
    decrypt: { type: "bool", default: true, description: "Decrypt parts that are vault files." },
    ...options,
  },
  checkMode: "skip",
  diff: true,
  effect: "target",
  returns: COPY_RETURNS,
} as const satisfies ModuleSpec;

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    if (context.checkMode) {
      const msg = "check mode is not supported for this task.";
      return { msg, changed: false, skipped: true };
    }
    const args = await expandPaths(context, spec, given);
    const remote = flagOption(args, "remote_src") ?? true;
    return remote ? assembleRemote(context, args) : assembleLocal(context, args);
  },
);

interface Part {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The parts in order, joined by the delimiter, each on a line of its own where there is one. */
function assembled(args: Arguments, parts: readonly Part[]): Buffer {
  const text = textOption(args, "delimiter");
  const delimiter = text === undefined ? undefined : encodeText(withEscapes(text));
  const pieces: Buffer[] = [];
  let endsLine = true;
  for (const [index, { bytes }] of parts.entries()) {
    if (index > 0 && !endsLine) pieces.push(Buffer.from("\n"));
    if (index > 0 && delimiter) {
      pieces.push(delimiter);
      if (delimiter.at(-1) !== 10) pieces.push(Buffer.from("\n"));
    }
    pieces.push(bytes);
    endsLine = bytes.at(-1) === 10;
  }
  return Buffer.concat(pieces);
}

/** `\n`, `\t` and the like in the delimiter are what they are in Python's texts. */
function withEscapes(text: string): string {
  const known: Record<string, string> = {
    n: "\n",
    t: "\t",
    r: "\r",
    "\\": "\\",
    '"': '"',
    "'": "'",
  };
  return text.replace(/\\([ntr\\"'])/g, (whole, letter: string) => known[letter] ?? whole);
}

function isPart(args: Arguments, name: string): boolean {
  const regexp = textOption(args, "regexp");
  if (regexp && !compileRegex(regexp).search(name)) return false;
  return !(flagOption(args, "ignore_hidden") && name.startsWith("."));
}

async function assembleRemote(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const src = textOption(args, "src") ?? "";
  const dest = textOption(args, "dest") ?? "";
  const listed = await context.sh(
    `s=${pathWord(src)}; [ -e "$s" ] || exit 81; [ -d "$s" ] || exit 82
for f in "$s"/* "$s"/.*; do if [ -f "$f" ]; then printf '%s\\0' "\${f##*/}"; wc -c <"$f"; printf '\\0'; fi; done
printf '\\0'
for f in "$s"/* "$s"/.*; do if [ -f "$f" ]; then cat "$f"; fi; done`,
  );
  if (listed.rc === 81) return fail(`Source (${src}) does not exist`);
  if (listed.rc === 82) return fail(`Source (${src}) is not a directory`);
  const fields = new Fields(listed.stdout);
  const sizes: [string, number][] = [];
  for (let name = fields.text(); name !== ""; name = fields.text()) {
    sizes.push([name, Number(fields.text().trim())]);
  }
  let rest = fields.rest();
  const parts: Part[] = [];
  for (const [name, size] of sizes) {
    parts.push({ name, bytes: rest.subarray(0, size) });
    rest = rest.subarray(size);
  }
  const chosen = parts
    .filter(({ name }) => isPart(args, name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const source = sourceOfBytes(assembled(args, chosen));
  return put(context, args, source, src, dest);
}

async function put(
  context: ModuleContext,
  args: Arguments,
  source: Source,
  src: string,
  dest: string,
): Promise<ModuleResult> {
  const looked = await context.sh(`p=${pathWord(dest)}; lb_st "$p" L; lb_sum "$p" ${source.size}`);
  const fields = new Fields(looked.stdout);
  const status = fields.status();
  const same = fields.text().slice(0, 40) === source.sha1;
  const wanted = wantedAttributes(args);
  const known = { src, dest, checksum: source.sha1, md5sum: source.md5 };
  if (status && same) {
    const change = await applyAttributes(context, dest, status, wanted);
    return { ...known, changed: change.changed, msg: "OK", ...pathInfo(change.status) };
  }
  if (status?.kind === "directory") return fail(`${dest} is a directory`);
  const replaced = await replaceFile(context, {
    path: dest,
    content: source.input,
    existing: status,
    wanted,
    validate: textOption(args, "validate"),
    backup: flagOption(args, "backup") ?? false,
    unsafeWrites: unsafeWrites(args),
    invalid: (rc, _stdout, stderr) => fail(`failed to validate: rc:${rc} error:${stderr}`),
  });
  return {
    ...known,
    ...(replaced.backup === undefined ? {} : { backup_file: replaced.backup }),
    changed: true,
    msg: "OK",
    ...pathInfo(replaced.status),
  };
}

async function assembleLocal(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const directory = await find(context, args);
  if (!(await stat(directory)).isDirectory()) fail(`Source (${directory}) is not a directory`);
  const source = sourceOfBytes(assembled(args, await localParts(context, args, directory)));
  const result = await placeFile(context, {
    dest: textOption(args, "dest") ?? "",
    source,
    name: undefined,
    src: directory,
    wanted: wantedAttributes(args),
    follow: false,
    force: true,
    backup: flagOption(args, "backup") ?? false,
    validate: textOption(args, "validate"),
    unsafeWrites: unsafeWrites(args),
    showContent: true,
  });
  const { path: __, diff, ...rest } = result;
  return context.diffMode
    ? { ...rest, md5sum: source.md5, src: directory, ...(diff === undefined ? {} : { diff }) }
    : { ...rest, md5sum: source.md5, src: directory };
}

async function find(context: ModuleContext, args: Arguments): Promise<string> {
  return context.controller
    .find("files", textOption(args, "src") ?? "")
    .catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
}

async function localParts(
  context: ModuleContext,
  args: Arguments,
  directory: string,
): Promise<Part[]> {
  const names = (await readdir(directory)).sort().filter((name) => isPart(args, name));
  const parts: Part[] = [];
  for (const name of names) {
    const path = join(directory, name);
    if (!(await stat(path)).isFile()) continue;
    parts.push({ name, bytes: await context.controller.read(path) });
  }
  return parts;
}

/** The assembled bytes, where the parts are the controller's. */
export async function inputs(
  context: ModuleContext,
  args: Arguments,
): Promise<readonly KeyInput[]> {
  if (flagOption(args, "remote_src") ?? true) return [];
  const directory = await find(context, args);
  const bytes = assembled(args, await localParts(context, args, directory));
  return [{ kind: "bytes", name: joinPath(directoryOf(directory), "assembled"), bytes }];
}
