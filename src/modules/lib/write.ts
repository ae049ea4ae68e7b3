/**
 * Replacing a file as a whole: written beside its place under a hidden name, given owner and mode,
 * validated, and renamed. Readers see the old file or the new one, never a part.
 */
import { randomBytes, randomInt } from "node:crypto";
import { splitShell } from "../../template/python/shlex.ts";
import type { Input, ModuleContext } from "../module.ts";
import { applyAttributes, attributeFailure, type WantedAttributes } from "./attributes.ts";
import { decodeBytes, isUtf8, pathWord, word } from "./bytes.ts";
import { fail } from "./failure.ts";
import { resolveMode } from "./mode.ts";
import { baseOf, directoryOf, joinPath } from "./paths.ts";
import { Fields, type Status } from "./status.ts";

export interface Replacement {
  /** Where it goes, links resolved. */
  readonly path: string;
  /** Bytes, a file of the controller, or a file of the target that is copied or moved. */
  readonly content: Input | { readonly targetPath: string } | { readonly movedFrom: string };
  /** What stands there now. */
  readonly existing: Status | undefined;
  /** What is not wanted stays as it is; new files are the user's, with mode 0644. */
  readonly wanted: WantedAttributes;
  /** A command with `%s` for the file's name that must succeed first. */
  readonly validate?: string | undefined;
  readonly backup?: boolean | undefined;
  readonly unsafeWrites?: boolean | undefined;
  /** How a failed validation is reported. Default as copy does it. */
  readonly invalid?: (rc: number, stdout: string, stderr: string) => never;
}

/**
 * Gives the new file the old one's access control list. `ls` shows `+` for one; it is asked only
 * where there is a program to set lists with, because asking costs a process.
 */
const KEEP_LIST =
  'lb_have setfacl && case $(ls -ld "$p" 2>/dev/null) in ??????????+*) cp --attributes-only --preserve=mode,xattr "$p" "$t" 2>/dev/null ;; esac';

export interface Replaced {
  readonly status: Status;
  readonly backup: string | undefined;
}

/** Content of up to this many bytes is sent in the script: cheaper than a pipe and a `cat`. */
const INLINE = 1500;

/**
 * Puts content in a file's place. One round trip; two with `validate`.
 * @throws ModuleFailure when the target refuses
 */
export async function replaceFile(context: ModuleContext, request: Replacement): Promise<Replaced> {
  const { path, existing, wanted, validate } = request;
  const temporary = temporaryBeside(path);
  const mode =
    wanted.mode === undefined
      ? (existing?.mode ?? 0o644)
      : resolveMode(wanted.mode, existing?.mode ?? 0o644, false);
  const write = writeCommand(request.content);
  const isMoved = "movedFrom" in request.content;
  const owner = wanted.owner ?? (existing && String(existing.uid));
  const group = wanted.group ?? (existing && String(existing.gid));
  const account = accountToSet(owner, group);
  const asked = wanted.owner !== undefined || wanted.group !== undefined;
  const begin = [
    `p=${pathWord(path)}; t=${pathWord(temporary)}`,
    'f() { rm -f "$t"; exit $1; }',
    `umask ${(0o777 & ~mode).toString(8)}`,
    ...(existing && !isMoved ? [KEEP_LIST] : []),
    isMoved ? `${write.command} "$t" || f 21` : `${write.command} >"$t" || f 21`,
    ...(account ? [`chown ${word(account)} "$t"${asked ? " || f 22" : " 2>/dev/null"}`] : []),
    ...(isMoved || needsChmod(mode) ? [`chmod ${mode.toString(8)} "$t" || f 23`] : []),
  ];
  const end = [
    ...(request.backup && existing
      ? [
          `b="$p.${randomInt(10_000, 1_000_000)}.$(date +%Y-%m-%d@%H:%M:%S~)"`,
          'cp -p "$p" "$b" || f 25',
        ]
      : ["b="]),
    `mv -f "$t" "$p" || ${request.unsafeWrites ? '{ cat "$t" >"$p" && rm -f "$t"; } || ' : ""}f 24`,
    `printf '%s\\0' "$b"; lb_st "$p"`,
  ];
  if (validate !== undefined) {
    const command = validationCommand(validate, temporary);
    const tried = await context.sh(`${begin.join("\n")}\n${command} || f 26`, write.options);
    if (tried.rc !== 0 && tried.rc !== 26) writeFailure(request, tried.rc, tried.stderr);
    if (tried.rc === 26) {
      const rc = Number(/\n(\d+)$/.exec(tried.stdout.toString())?.[1] ?? "1");
      const stdout = tried.stdout.toString().replace(/\n\d+$/, "");
      (request.invalid ?? invalid)(rc, stdout, tried.stderr.toString());
    }
  }
  const script =
    validate === undefined
      ? [...begin, ...end]
      : [`p=${pathWord(path)}; t=${pathWord(temporary)}`, 'f() { rm -f "$t"; exit $1; }', ...end];
  const result = await context.sh(
    script.join("\n"),
    validate === undefined ? write.options : undefined,
  );
  if (result.rc !== 0) writeFailure(request, result.rc, result.stderr);
  const fields = new Fields(result.stdout);
  const backup = fields.text() || undefined;
  const status = fields.status();
  if (!status) return fail(`${path} was written and is gone again`);
  // What root's new files have anyway was not set; see that it is so.
  const settled = await applyAttributes(context, path, status, { ...wanted, mode });
  const left = await keepAccount(context, path, settled.status, request);
  return { status: left, backup };
}

/** Gives a replaced file its old owner and group (a set-group-ID directory gives another), if allowed. */
async function keepAccount(
  context: ModuleContext,
  path: string,
  status: Status,
  { existing, wanted }: Replacement,
): Promise<Status> {
  if (!existing) return status;
  const owner = wanted.owner === undefined && existing.uid !== status.uid ? existing.uid : "";
  const group = wanted.group === undefined && existing.gid !== status.gid ? existing.gid : "";
  if (owner === "" && group === "") return status;
  const p = pathWord(path);
  const result = await context.sh(
    `chown ${owner}:${group} ${p} 2>/dev/null && chmod ${status.mode.toString(8)} ${p}; lb_st ${p}`,
  );
  return new Fields(result.stdout).status() ?? status;
}

/** A hidden name in the same directory that keeps the file's own ending, which validators look at. */
export function temporaryBeside(path: string): string {
  const name = `.lb-${randomBytes(6).toString("hex")}-${baseOf(path).slice(-60)}`;
  return path.includes("/") ? joinPath(directoryOf(path), name) : name;
}

/** Files are created as the user's own, which for root needs no chown. */
function accountToSet(owner: string | undefined, group: string | undefined): string | undefined {
  const isRoot = (name: string | undefined) =>
    name === undefined || name === "0" || name === "root";
  if (isRoot(owner) && isRoot(group)) return undefined;
  return `${owner ?? ""}${group === undefined ? "" : `:${group}`}`;
}

/** Modes that a umask cannot give to a new file. */
function needsChmod(mode: number): boolean {
  return (mode & ~0o666) !== 0;
}

function writeCommand(content: Replacement["content"]): {
  readonly command: string;
  readonly options: { readonly stdin: Input } | undefined;
} {
  if ("targetPath" in content) {
    return { command: `cat ${pathWord(content.targetPath)}`, options: undefined };
  }
  if ("movedFrom" in content) {
    return { command: `mv -f ${pathWord(content.movedFrom)}`, options: undefined };
  }
  if (content instanceof Uint8Array) {
    if (content.length === 0) return { command: ":", options: undefined };
    if (content.length <= INLINE && !content.includes(0) && isUtf8(content)) {
      return { command: `printf %s ${word(decodeBytes(content))}`, options: undefined };
    }
  }
  return { command: "cat", options: { stdin: content } };
}

/** The validator as words, not as shell text: Ansible starts it without a shell. */
function validationCommand(validate: string, temporary: string): string {
  if (!validate.includes("%s")) return fail(`validate must contain %s: ${validate}`);
  const [program, ...rest] = splitShell(validate).map((part) => part.replaceAll("%s", temporary));
  const command = [program ?? "", ...rest].map(word).join(" ");
  return `{ ${command} </dev/null || { printf '\\n%s' $?; false; }; }`;
}

function invalid(rc: number, stdout: string, stderr: string): never {
  return fail("failed to validate", { exit_status: rc, stdout, stderr });
}

function writeFailure(request: Replacement, rc: number, stderr: Buffer): never {
  const { path, wanted, existing } = request;
  const said = stderr.toString().trim();
  if (rc === 22 || rc === 23) {
    attributeFailure(path, existing, rc, stderr, wanted.owner, wanted.group);
  }
  if (rc === 25) return fail(`Could not make backup of ${path}: ${said}`, { path });
  if (rc === 21 && /(?:permission denied|cannot create|read-only)/i.test(said)) {
    return fail(
      `The destination directory (${directoryOf(path)}) is not writable by the current user. Error was: ${said}`,
    );
  }
  return fail(`Unable to make ${path}: ${said}`, { path });
}
