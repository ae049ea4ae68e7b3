/** Encrypted files: read, encrypted, decrypted and edited in place, never half-written. */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { LayerbookError } from "../errors/index.ts";
import { isVaultText, type Vault } from "./vault.ts";

/** @throws LayerbookError with the reason */
export function readSource(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason =
      code === "ENOENT"
        ? "[Errno 2] No such file or directory"
        : code === "EACCES"
          ? "[Errno 13] Permission denied"
          : code === "EISDIR"
            ? "[Errno 21] Is a directory"
            : String(error);
    throw new LayerbookError(`Unable to read source file (${path}): ${reason}: '${path}'`, {
      cause: error,
    });
  }
}

/**
 * Puts new content in a file's place at once; mode and owner stay, and a link goes on pointing to it.
 * A file that is not there yet can be read by its owner only.
 */
export function replaceFile(path: string, content: Uint8Array): void {
  const target = existsSync(path) ? realpathSync(path) : path;
  const before = existsSync(target) ? statSync(target) : undefined;
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}`);
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeSync(file, content);
      if (before) {
        if (process.getuid?.() === 0) chownSync(temporary, before.uid, before.gid);
        chmodSync(temporary, before.mode & 0o7777);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new LayerbookError(`Unable to write ${path}: ${String(error)}`, { cause: error });
  }
}

/**
 * The plain content of an encrypted file.
 * @throws LayerbookError when it is not encrypted, or no secret opens it
 */
export function openVaultFile(vault: Vault, path: string): Buffer {
  return decryptBytes(vault, readSource(path), path);
}

/** @param shown what the data is called in messages */
export function decryptBytes(vault: Vault, bytes: Buffer, shown: string): Buffer {
  const text = bytes.toString("latin1");
  if (!isVaultText(text)) {
    throw new LayerbookError(
      `input is not vault encrypted data. ${shown} is not a vault encrypted file for ${shown}`,
    );
  }
  return vault.decrypt(text, shown);
}

/** @throws LayerbookError when it is encrypted already */
export function encryptBytes(vault: Vault, bytes: Buffer, id: string): string {
  if (isVaultText(bytes.toString("latin1"))) throw new LayerbookError("input is already encrypted");
  return vault.encrypt(bytes, { id });
}

/**
 * Lets an editor change a content that stands in a private file for that time.
 * @returns `undefined` when it was not changed
 */
export async function editContent(
  content: Buffer,
  name: string,
  edit: (path: string) => Promise<void>,
): Promise<Buffer | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "layerbook-vault-"));
  const path = join(folder, basename(name));
  try {
    writeFileSync(path, content, { mode: 0o600 });
    await edit(path);
    const after = readFileSync(path);
    return after.equals(content) ? undefined : after;
  } finally {
    wipe(path);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is freed on the disk should not hold the plain text. */
function wipe(path: string): void {
  if (!existsSync(path)) return;
  const { size } = statSync(path);
  const file = openSync(path, "r+");
  try {
    writeSync(file, randomBytes(Math.max(1, size)), 0, size, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
