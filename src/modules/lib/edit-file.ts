/** Editing a text file of the target: read as bytes, changed here, put back as a whole. */
import type { Arguments, Data, ModuleContext, OptionSpec } from "../module.ts";
import {
  ATTRIBUTE_OPTIONS,
  applyAttributes,
  unsafeWrites,
  type WantedAttributes,
  wantedAttributes,
} from "./attributes.ts";
import { decodeBytes, pathWord } from "./bytes.ts";
import { makeDirectories } from "./directories.ts";
import { fail } from "./failure.ts";
import { flagOption, textOption } from "./option-values.ts";
import { directoryOf } from "./paths.ts";
import { Fields, type Status } from "./status.ts";
import { replaceFile } from "./write.ts";

export const EDIT_OPTIONS = {
  path: {
    type: "path",
    required: true,
    aliases: ["dest", "destfile", "name"],
    description: "The file.",
  },
  backup: {
    type: "bool",
    default: false,
    description: "Keep the file as it was under another name.",
  },
  validate: {
    type: "str",
    description:
      "A command with `%s` for the file's name; it must succeed before it is put in place.",
  },
  ...ATTRIBUTE_OPTIONS,
} as const satisfies Readonly<Record<string, OptionSpec>>;

export interface TextFile {
  /** As it was given. */
  readonly path: string;
  /** Behind links. */
  readonly real: string;
  /** Of what is behind links. */
  readonly status: Status | undefined;
  readonly bytes: Buffer;
}

/** A file and its content, in one round trip. */
export async function readTextFile(context: ModuleContext, path: string): Promise<TextFile> {
  const p = pathWord(path);
  const result = await context.sh(
    `p=${p}; if [ -h "$p" ]; then p=$(readlink -f "$p"); fi
printf '%s\\0' "$p"; lb_st "$p"; if [ -f "$p" ]; then cat "$p"; fi`,
  );
  const fields = new Fields(result.stdout);
  const real = fields.text();
  const status = fields.status();
  if (result.rc !== 0) fail(`could not read ${path}: ${result.stderr.toString().trim()}`, { path });
  return {
    path,
    real: real === "" || real.startsWith("./-") ? path : real,
    status,
    bytes: fields.rest(),
  };
}

export interface Edit {
  readonly file: TextFile;
  /** The new content; `undefined` leaves it as it is. */
  readonly content: Buffer | undefined;
  readonly message: string;
}

export interface Edited {
  readonly changed: boolean;
  readonly msg: string;
  /** Name of the copy, or "". */
  readonly backup: string;
  /** The content before and after, and the attributes before and after. */
  readonly diff: Data;
}

/** Writes what was edited, and owner and mode, as lineinfile and blockinfile do it. */
export async function finishEdit(
  context: ModuleContext,
  args: Arguments,
  { file, content, message }: Edit,
): Promise<Edited> {
  const wanted = wantedAttributes(args);
  const shown = contentHeader(context, file, content);
  if (context.checkMode && !file.status) {
    return { changed: content !== undefined, msg: message, backup: "", diff: shown };
  }
  const attributes = {
    before_header: `${file.path} (file attributes)`,
    after_header: `${file.path} (file attributes)`,
  };
  let backup = "";
  let change: { changed: boolean; before: Record<string, Data>; after: Record<string, Data> };
  if (content === undefined || context.checkMode) {
    change = file.status
      ? { ...(await applyAttributes(context, file.real, file.status, wanted)) }
      : { changed: false, before: {}, after: {} };
  } else {
    const written = await writeEdit(context, args, file, content, wanted);
    backup = written.backup;
    change = written.change;
  }
  const attributeMessage = "ownership, perms or SE linux context changed";
  const msg = change.changed
    ? message === ""
      ? attributeMessage
      : `${message} and ${attributeMessage}`
    : message;
  const attributeDiff: Data = change.changed
    ? { before: change.before, after: change.after, ...attributes }
    : attributes;
  return {
    changed: content !== undefined || change.changed,
    msg,
    backup,
    diff: [shown, attributeDiff],
  };
}

function contentHeader(
  context: ModuleContext,
  file: TextFile,
  content: Buffer | undefined,
): Record<string, Data> {
  const show = context.diffMode;
  return {
    before: show ? decodeBytes(file.bytes) : "",
    after: show ? decodeBytes(content ?? file.bytes) : "",
    before_header: `${file.path} (content)`,
    after_header: `${file.path} (content)`,
  };
}

async function writeEdit(
  context: ModuleContext,
  args: Arguments,
  file: TextFile,
  content: Buffer,
  wanted: WantedAttributes,
): Promise<{
  readonly backup: string;
  readonly change: { changed: boolean; before: Record<string, Data>; after: Record<string, Data> };
}> {
  if (!file.status) await makeParents(context, file.real);
  const replaced = await replaceFile(context, {
    path: file.real,
    content,
    existing: file.status,
    wanted,
    validate: textOption(args, "validate"),
    backup: flagOption(args, "backup") ?? false,
    unsafeWrites: unsafeWrites(args),
    invalid: (rc, _stdout, stderr) => fail(`failed to validate: rc:${rc} error:${stderr}`),
  });
  const old = file.status ?? { uid: 0, gid: 0, mode: 0o644 };
  const now = replaced.status;
  const before: Record<string, Data> = {};
  const after: Record<string, Data> = {};
  const note = (name: string, was: Data, is: Data, asked: unknown) => {
    if (was === is || asked === undefined) return;
    before[name] = was;
    after[name] = is;
  };
  note("owner", old.uid, now.uid, wanted.owner);
  note("group", old.gid, now.gid, wanted.group);
  note("mode", modeText(old.mode), modeText(now.mode), wanted.mode);
  const changed = Object.keys(before).length > 0;
  return { backup: replaced.backup ?? "", change: { changed, before, after } };
}

function modeText(mode: number): string {
  return `0${mode.toString(8).padStart(3, "0")}`;
}

async function makeParents(context: ModuleContext, path: string): Promise<void> {
  const directory = directoryOf(path);
  if ((await context.sh(`[ -d ${pathWord(directory)} ]`)).rc === 0) return;
  await makeDirectories(context, directory, {});
}
