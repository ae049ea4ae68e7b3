/** The file that a module of keys and certificates keeps: reading, replacing and removing it. */
import { randomInt } from "node:crypto";
import {
  applyAttributes,
  unsafeWrites,
  type WantedAttributes,
  wantedAttributes,
} from "../../lib/attributes.ts";
import { pathWord } from "../../lib/bytes.ts";
import { fail } from "../../lib/failure.ts";
import { flagOption } from "../../lib/option-values.ts";
import { directoryOf } from "../../lib/paths.ts";
import { Fields, type Status } from "../../lib/status.ts";
import { replaceFile } from "../../lib/write.ts";
import type { Arguments, Data, ModuleContext, OptionSpec } from "../../module.ts";

/** Options that these modules share. */
export const BACKEND_OPTION = {
  type: "str",
  default: "auto",
  choices: ["auto", "cryptography"],
  description: "What does the cryptography.",
  noEffect: "It is done by Layerbook itself.",
} as const satisfies OptionSpec;

export const NAME_ENCODING_OPTION = {
  type: "str",
  default: "ignore",
  choices: ["ignore"],
  description: "How names that are not ASCII are shown: as they are encoded.",
} as const satisfies OptionSpec;

export interface ManagedFile {
  /** As it was given. */
  readonly path: string;
  /** Behind links. */
  readonly real: string;
  readonly status: Status | undefined;
  readonly bytes: Buffer | undefined;
}

/** @throws ModuleFailure when the directory is not there, or a directory has the name */
export async function readManaged(
  context: ModuleContext,
  path: string,
  quoted = false,
): Promise<ManagedFile> {
  const directory = directoryOf(path);
  const result = await context.sh(
    `[ -d ${pathWord(directory)} ] || exit 82
p=${pathWord(path)}; if [ -h "$p" ]; then p=$(readlink -f "$p"); fi
[ ! -d "$p" ] || exit 83
printf '%s\\0' "$p"; lb_st "$p"; if [ -f "$p" ]; then cat "$p"; fi`,
  );
  if (result.rc === 82) {
    const shown = quoted ? `'${directory}'` : directory;
    fail(`The directory ${shown} does not exist or the file is not a directory`, {
      name: directory,
    });
  }
  if (result.rc === 83) fail(`The path ${path} is a directory`, { name: path });
  if (result.rc !== 0) fail(`cannot read ${path}: ${result.stderr.toString().trim()}`);
  const fields = new Fields(result.stdout);
  const real = fields.text();
  const status = fields.status();
  return { path, real, status, bytes: status ? fields.rest() : undefined };
}

/** Files of the target that a module reads, by name; `undefined` for what is not there. */
export async function readFile(context: ModuleContext, path: string): Promise<Buffer | undefined> {
  const p = pathWord(path);
  const result = await context.sh(`[ -e ${p} ] || exit 44; cat ${p}`);
  if (result.rc === 44) return undefined;
  if (result.rc !== 0) fail(`cannot read ${path}: ${result.stderr.toString().trim()}`);
  return result.stdout;
}

export interface Kept {
  readonly changed: boolean;
  readonly fields: Readonly<Record<string, Data>>;
}

/**
 * Brings the file to its content and attributes.
 * @param content `undefined` leaves the content as it is
 * @param mode what `mode` is where the task gives none
 */
export async function keepFile(
  context: ModuleContext,
  args: Arguments,
  file: ManagedFile,
  content: Buffer | undefined,
  mode?: string,
): Promise<Kept> {
  const given = wantedAttributes(args);
  const wanted: WantedAttributes = { ...given, mode: given.mode ?? mode };
  if (content !== undefined) {
    if (context.checkMode) return { changed: true, fields: {} };
    const { backup } = await replaceFile(context, {
      path: file.real,
      content,
      existing: file.status,
      wanted,
      backup: (flagOption(args, "backup") ?? false) && file.status !== undefined,
      unsafeWrites: unsafeWrites(args),
    });
    return { changed: true, fields: backup === undefined ? {} : { backup_file: backup } };
  }
  if (!file.status) return { changed: false, fields: {} };
  const change = await applyAttributes(context, file.real, file.status, wanted);
  return { changed: change.changed, fields: {} };
}

/** Removes the file. */
export async function removeManaged(
  context: ModuleContext,
  args: Arguments,
  path: string,
): Promise<Kept> {
  const p = pathWord(path);
  const backup = flagOption(args, "backup") ?? false;
  const copy = `b=$p.${randomInt(10_000, 1_000_000)}.$(date +%Y-%m-%d@%H:%M:%S)~; cp -p -- "$p" "$b" || exit 1; printf %s "$b"`;
  const action = context.checkMode ? ":" : `${backup ? `${copy}; ` : ""}rm -f -- "$p"`;
  const result = await context.sh(`p=${p}; [ -e "$p" ] || [ -h "$p" ] || exit 44\n${action}`);
  if (result.rc === 44) return { changed: false, fields: {} };
  if (result.rc !== 0) fail(`cannot remove ${path}: ${result.stderr.toString().trim()}`);
  const name = result.stdout.toString();
  return { changed: true, fields: name === "" ? {} : { backup_file: name } };
}
