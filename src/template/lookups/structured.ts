import { randomInt } from "node:crypto";
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { iterate } from "../../values/iterate.ts";
import type { Value } from "../../values/model.ts";
import { str } from "../../values/text.ts";
import { LookupError, TemplateRuntimeError } from "../errors.ts";
import { hashPassword } from "../filters/hashing.ts";
import { seeded } from "../filters/misc.ts";
import type { EvaluationContext, Lookup } from "../plugin.ts";
import { iniSection, interpolateIni, parseIni } from "../python/configparser.ts";
import { randomSalt } from "../python/crypt.ts";
import { parseCsv } from "../python/csv.ts";
import { dirname, expanduser, join } from "../python/paths.ts";
import { compileRegex } from "../python/regex.ts";
import { environmentOf, readText } from "./files.ts";
import {
  flagOption,
  flattenOnce,
  isList,
  type Options,
  parseTerm,
  termText,
  textOption,
} from "./shared.ts";

/** Lookups in INI, properties, CSV and password files. */

/** The key of a term and the options of the call, overridden by those written in the term. */
function termOptions(term: Value, options: Options): { key: string; own: Options } {
  const text = termText(term);
  const { words, options: written } = parseTerm(text);
  return { key: words.join(" "), own: new Map<string, Value>([...options, ...written]) };
}

function findFile(
  context: EvaluationContext,
  name: string,
  message: (name: string) => string,
): string {
  const path = context.files.find("files", name);
  if (path === undefined) {
    throw new TemplateRuntimeError("AnsibleError", message(name), {
      hint: `Looked in ${context.files.searchPaths("files").join(", ")}.`,
    });
  }
  return path;
}

const ini: Lookup = (terms, options, context) =>
  terms.flatMap((term) => {
    const { key, own } = termOptions(term, options);
    const name = textOption(own, "file", "ansible.ini");
    const path = findFile(context, name, (missing) => `Invalid filename: '${missing}'`);
    const properties = textOption(own, "type", "ini") === "properties";
    const section = properties ? "java_properties" : textOption(own, "section", "global");
    const caseSensitive = flagOption(own, "case_sensitive", false);
    const text = readText(context, path);
    let parsed: ReturnType<typeof parseIni>;
    try {
      parsed = parseIni(properties ? `[java_properties]\n${text}` : text, {
        caseSensitive,
        allowNoValue: flagOption(own, "allow_no_value", flagOption(own, "allow_none", false)),
        source: "<???>",
      });
    } catch (error) {
      if (error instanceof TemplateRuntimeError && error.kind === "DuplicateOptionError") {
        throw new LookupError(`Duplicate option in '${name}': ${error.message}`, { cause: error });
      }
      throw error;
    }
    return iniValues(parsed, key, section, own, name, caseSensitive);
  });

function iniValues(
  parsed: ReturnType<typeof parseIni>,
  key: string,
  section: string,
  options: Options,
  file: string,
  caseSensitive: boolean,
): Value[] {
  const values = iniSection(parsed, section);
  if (!values) throw new LookupError(`No section '${section}' in ${file}`);
  const interpolate = flagOption(options, "interpolation", true);
  const finish = (name: string, raw: string | null): Value =>
    raw === null ? null : interpolate ? interpolateIni(raw, name, section, values) : raw;
  if (flagOption(options, "re", false)) {
    const pattern = compileRegex(key);
    return Array.from(values)
      .filter(([name]) => pattern.match(name))
      .map(([name, raw]) => finish(name, raw));
  }
  const name = caseSensitive ? key : key.toLowerCase();
  const raw = values.get(name);
  // A key without value counts as absent, as it does in the original.
  if (raw === undefined) return [options.get("default") ?? ""];
  return raw === null ? [] : [finish(name, raw)];
}

const csvfile: Lookup = (terms, options, context) =>
  terms.flatMap((term) => {
    const { key, own } = termOptions(term, options);
    if (key === "")
      throw new TemplateRuntimeError("AnsibleError", "Search key is required but was not found");
    const name = textOption(own, "file", "ansible.csv");
    const path = findFile(
      context,
      name,
      (missing) => `csvfile: [Errno 2] No such file or directory: '${missing}'`,
    );
    const given = textOption(own, "delimiter", "TAB");
    const delimiter = given === "TAB" || given === "\\t" || given === "t" ? "\t" : given;
    if (Array.from(delimiter).length !== 1) {
      throw new TemplateRuntimeError(
        "AnsibleError",
        'csvfile: "delimiter" must be a 1-character string',
      );
    }
    const column = Number(textOption(own, "col", "1"));
    const keyColumn = Number(textOption(own, "keycol", "0"));
    for (const row of parseCsv(readText(context, path), delimiter)) {
      if (row.length === 0 || row[keyColumn] !== key) continue;
      const field = row[column];
      if (field === undefined)
        throw new TemplateRuntimeError("AnsibleError", "csvfile: list index out of range");
      return [field];
    }
    const absent = own.get("default") ?? null;
    if (absent === null) return [];
    return isList(absent) ? flattenOnce([absent]) : [absent];
  });

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const CHARACTER_SETS: Readonly<Record<string, string>> = {
  ascii_letters: LOWER + LOWER.toUpperCase(),
  ascii_lowercase: LOWER,
  ascii_uppercase: LOWER.toUpperCase(),
  digits: "0123456789",
  hexdigits: "0123456789abcdefABCDEF",
  octdigits: "01234567",
  punctuation: PUNCTUATION,
};

function passwordCharacters(value: Value | undefined): string {
  let sets: string[];
  if (value === undefined || value === null) sets = ["ascii_letters", "digits", ".,:-_"];
  else if (isList(value)) sets = Array.from(iterate(value), str);
  else {
    const text = str(value);
    // Two commas stand for one that is meant.
    sets = text.split(/(?<!,),(?!,)/).map((part) => part.replaceAll(",,", ","));
  }
  const characters = sets
    .map((set) =>
      Object.hasOwn(CHARACTER_SETS, set) ? (CHARACTER_SETS[set] ?? "") : set.replace(/["']/g, ""),
    )
    .join("");
  if (characters === "") throw new LookupError("password: the set of characters is empty");
  return characters;
}

function randomPassword(length: number, characters: string, seed: Value): string {
  const points = Array.from(characters);
  const generator = seed === null ? undefined : seeded(seed);
  let password = "";
  for (let i = 0; i < length; i++) {
    password += (generator ? generator.choice(points) : points[randomInt(points.length)]) ?? "";
  }
  return password;
}

const PASSWORD_OPTIONS = ["length", "encrypt", "chars", "ident", "seed"];
const SALT_SIZES: Readonly<Record<string, number>> = {
  md5_crypt: 8,
  bcrypt: 22,
  sha256_crypt: 16,
  sha512_crypt: 16,
};
const ENCRYPT_NAMES: Readonly<Record<string, string>> = {
  md5: "md5_crypt",
  blowfish: "bcrypt",
  sha256: "sha256_crypt",
  sha512: "sha512_crypt",
};

const password: Lookup = (terms, options, context) =>
  terms.map((term) => {
    const text = termText(term);
    const first = /\s\w+=/.exec(text);
    const name = first ? text.slice(0, first.index) : text;
    const written = first ? parseTerm(text.slice(first.index)).options : new Map<string, string>();
    for (const option of written.keys()) {
      if (!PASSWORD_OPTIONS.includes(option)) {
        throw new LookupError(`Unrecognized parameter(s) given to password lookup: ${option}`);
      }
    }
    const own: Options = new Map<string, Value>([...options, ...written]);
    const length = Number(textOption(own, "length", "20"));
    const encrypt = own.get("encrypt") ?? null;
    const type = encrypt === null ? undefined : (ENCRYPT_NAMES[str(encrypt)] ?? str(encrypt));
    const path = join(context.files.baseDirectory, expanduser(name, environmentOf(context)));
    const stored = path === "/dev/null" ? undefined : readPassword(path);
    const seed = own.get("seed") ?? null;
    let plain = stored?.password;
    let salt = stored?.salt;
    let changed = false;
    if (plain === undefined) {
      plain = randomPassword(length, passwordCharacters(own.get("chars")), seed);
      changed = true;
    }
    if (type !== undefined && salt === undefined) {
      const size = SALT_SIZES[type] ?? 8;
      salt = type === "bcrypt" ? `${randomSalt(21)}.` : randomSalt(size);
      changed = true;
    }
    const ident = textOption(own, "ident", stored?.ident ?? "") || undefined;
    if (changed && path !== "/dev/null") {
      const parts = [
        plain,
        ...(salt ? [`salt=${salt}`] : []),
        ...(ident ? [`ident=${ident}`] : []),
      ];
      writePassword(path, `${parts.join(" ")}\n`);
    }
    if (type === undefined) return plain;
    return hashPassword(plain, type, salt, undefined, undefined, ident);
  });

interface StoredPassword {
  readonly password: string;
  readonly salt: string | undefined;
  readonly ident: string | undefined;
}

function readPassword(path: string): StoredPassword | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/\s+$/, "");
  } catch {
    return undefined;
  }
  const match = /^(.*?)(?: salt=(\S*?))?(?: ident=(\S*))?$/s.exec(text);
  return { password: match?.[1] ?? text, salt: match?.[2], ident: match?.[3] };
}

function writePassword(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const handle = openSync(path, "w", 0o600);
    writeSync(handle, text);
    closeSync(handle);
    chmodSync(path, 0o600);
  } catch (error) {
    throw new LookupError(`password: ${path} cannot be written`, { cause: error });
  }
}

export const lookups: Readonly<Record<string, Lookup>> = { csvfile, ini, password };
