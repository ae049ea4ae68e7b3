/**
 * YAML as Ansible reads it: JSON first, then YAML 1.1 with `!vault` and `!unsafe`. The places of
 * keys and values are noted (`positions.ts`), so that later errors can point at them.
 */
import { messageOf, ParseError, type SourcePosition } from "../errors/index.ts";
import { readJson } from "./json-text.ts";
import { TaggedString, type Value } from "./model.ts";
import { YamlError } from "./yaml-cursor.ts";
import { YamlReader } from "./yaml-reader.ts";

/** Decrypts one `!vault` text. */
export type Decrypt = (ciphertext: string, position: SourcePosition) => string;

export interface YamlOptions {
  /** The file's name, for messages. */
  readonly file: string;
  /** Decrypts `!vault` values, when they are first used. */
  readonly vault?: Decrypt | undefined;
  /** Try JSON before YAML, as for files. Default true; the `from_yaml` filter does not. */
  readonly json?: boolean | undefined;
  /** Told of duplicate keys. */
  readonly warn?: ((message: string, position: SourcePosition) => void) | undefined;
}

/** An encrypted string: decrypted when its text is first asked for, and never to be shown. */
export class VaultedString extends TaggedString {
  readonly ciphertext: string;
  readonly position: SourcePosition;
  readonly #decrypt: Decrypt | undefined;
  #plain: string | undefined;
  constructor(ciphertext: string, position: SourcePosition, decrypt: Decrypt | undefined) {
    super("", { vault: true });
    this.ciphertext = ciphertext;
    this.position = position;
    this.#decrypt = decrypt;
    // `text` is a plain property of the base class; here it is worked out on demand.
    Object.defineProperty(this, "text", { get: () => this.#reveal(), enumerable: true });
  }
  #reveal(): string {
    if (this.#plain === undefined) {
      if (!this.#decrypt) {
        throw new ParseError("Attempting to decrypt but no vault secrets found", {
          position: this.position,
          exitCode: 1,
          hint: "Give the password with --vault-password-file, --vault-id or --ask-vault-pass.",
        });
      }
      this.#plain = this.#decrypt(this.ciphertext, this.position);
    }
    return this.#plain;
  }
}

/** The one document of a text; null if it is empty. Fails with a {@link ParseError}. */
export function loadYaml(text: string, options: YamlOptions): Value {
  if (options.json !== false && /^\s*(?:[[{"\d-]|NaN|Infinity)/.test(text)) {
    const data = readJson(text);
    if (data !== undefined) return data;
  }
  const documents = read(text, options);
  if (documents.values.length > 1) {
    throw new ParseError("expected a single document in the stream, but found another document", {
      position: documents.place,
      hint: "A file holds one document: remove the second '---' line.",
    });
  }
  return documents.values[0] ?? null;
}

/** All documents of a text. Fails with a {@link ParseError}. */
export function loadYamlAll(text: string, options: YamlOptions): Value[] {
  return read(text, options).values;
}

function read(
  text: string,
  options: YamlOptions,
): { readonly values: Value[]; readonly place: SourcePosition } {
  const start = { file: options.file, line: 1, column: 1 };
  let reader: YamlReader | undefined;
  try {
    reader = new YamlReader(text, {
      file: options.file,
      warn: options.warn,
      vault: (ciphertext, position) => new VaultedString(ciphertext, position, options.vault),
    });
    return { values: reader.documents(), place: start };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const position = reader?.place(error.offset) ?? placeIn(text, error.offset, options.file);
    const line = text.split("\n", position.line)[position.line - 1] ?? "";
    const previous = text.split("\n", position.line)[position.line - 2] ?? "";
    throw new ParseError(`${jsonError(text)}Syntax Error while loading YAML.\n  ${error.message}`, {
      position,
      hint: hintFor(error.message, line, previous),
    });
  }
}

/** What is wrong with the text as JSON, where that is what it was meant to be. */
function jsonError(text: string): string {
  if (!/^\s*[[{]/.test(text)) return "";
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    const said = messageOf(error);
    return `We were unable to read either as JSON nor YAML, these are the errors we got from each:\nJSON: ${said}\n\n`;
  }
}

function placeIn(text: string, offset: number, file: string): SourcePosition {
  const before = text.slice(0, offset);
  return { file, line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

/** What is usually wrong with such a line. */
function hintFor(message: string, line: string, previous: string): string | undefined {
  if (/^\s*\t|\\t/.test(line) || message.includes("'\\t'")) {
    return "Tabs cannot be used for indentation in YAML: use spaces.";
  }
  if (/[:-]\s+\{\{/.test(line) || /[:-]\s+\{\{/.test(previous)) {
    return 'A value that begins with a template must be quoted as a whole: name: "{{ variable }}".';
  }
  if (/^\s*(?:- )?[\w.]+\s*:\s*(["']).*\1\s*\S/.test(line)) {
    return "A value that begins with a quote must end with it: quote the whole value.";
  }
  if (message.startsWith("mapping values are not allowed")) {
    return /:\s.*:\s|:\s.*:$/.test(line)
      ? "The value holds a colon followed by a space: quote the whole value."
      : "Check the indentation of this line and of the one before.";
  }
  if (/found character '[@`%]'/.test(message)) {
    return "A value cannot begin with this character: quote it.";
  }
  if (message.startsWith("found unexpected end of stream")) return "A quote is not closed.";
  if (message.startsWith("did not find expected")) {
    return "Check the indentation of this line and of the one before.";
  }
  return undefined;
}
