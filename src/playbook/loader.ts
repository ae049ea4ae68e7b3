/** Reads the files of a playbook: YAML with positions, vault files decrypted, each read once. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { LayerbookError, messageOf, ParseError, type SourcePosition } from "../errors/index.ts";
import type { Value } from "../values/model.ts";
import { loadYaml } from "../values/yaml.ts";

export interface LoaderOptions {
  /** Decrypts a vault text; absent when no secret is known. */
  readonly decrypt?: (text: string, file: string) => Uint8Array;
  readonly warn?: (message: string, position?: SourcePosition) => void;
}

const VAULT_HEADER = "$ANSIBLE_VAULT;";

export class Loader {
  readonly #options: LoaderOptions;
  readonly #documents = new Map<string, Value>();

  constructor(options: LoaderOptions = {}) {
    this.#options = options;
  }

  /**
   * The bytes of a file, decrypted when it is a vault file.
   * @throws LayerbookError when it cannot be read or no secret opens it
   */
  read(path: string, position?: SourcePosition): Buffer {
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      throw new LayerbookError(`cannot read ${path}: ${reason(error)}`, { position, cause: error });
    }
    if (!isVaultText(bytes)) return bytes;
    if (!this.#options.decrypt) {
      throw new LayerbookError(`Attempting to decrypt but no vault secrets found: ${path}`, {
        position,
        hint: "Give the password with --ask-vault-pass, --vault-password-file or --vault-id.",
      });
    }
    return Buffer.from(this.#options.decrypt(bytes.toString("utf8"), path));
  }

  /**
   * The text behind a `!vault` value.
   * @throws LayerbookError when no secret opens it
   */
  decrypt(ciphertext: string, position: SourcePosition): string {
    if (!this.#options.decrypt) {
      throw new LayerbookError("Attempting to decrypt but no vault secrets found", {
        position,
        hint: "Give the password with --ask-vault-pass, --vault-password-file or --vault-id.",
      });
    }
    return Buffer.from(this.#options.decrypt(ciphertext, position.file)).toString("utf8");
  }

  /** Is the file encrypted? */
  isVault(path: string): boolean {
    return isVaultText(readFileSync(path).subarray(0, VAULT_HEADER.length));
  }

  /**
   * The document of a YAML or JSON file; null for an empty one. Callers must not change it.
   * @param position where the file was named, for the message when it is not there
   */
  load(path: string, position?: SourcePosition): Value {
    const known = this.#documents.get(path);
    if (known !== undefined) return known;
    const text = this.read(path, position).toString("utf8");
    const value = loadYaml(text, {
      file: path,
      vault: (ciphertext, place) => this.decrypt(ciphertext, place),
      ...(this.#options.warn ? { warn: this.#options.warn } : {}),
    });
    this.#documents.set(path, value);
    return value;
  }

  /** Forgets what was read (`meta: refresh_inventory`). */
  forget(path?: string): void {
    if (path === undefined) this.#documents.clear();
    else this.#documents.delete(path);
  }
}

/** Does it begin as an encrypted file does? */
export function isVaultText(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, VAULT_HEADER.length)).toString("latin1") === VAULT_HEADER;
}

export function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

export function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** The first of several places in which a file is; an error names every one that was searched. */
export function findFile(
  name: string,
  directories: readonly string[],
  what: string,
  position: SourcePosition | undefined,
): string {
  const candidates = isAbsolute(name)
    ? [name]
    : directories.map((directory) => resolve(directory, name));
  const found = candidates.find(isFile);
  if (found !== undefined) return found;
  const places = [...new Set(candidates.map((path) => dirname(join(path))))];
  throw new ParseError(`Could not find ${what} '${name}'`, {
    position,
    exitCode: 1,
    hint: `Searched in: ${places.join(", ")}.`,
  });
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "it is a directory";
  return messageOf(error);
}
