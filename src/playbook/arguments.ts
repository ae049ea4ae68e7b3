/**
 * `key=value` arguments: how Ansible splits the text after a module's name
 * (https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_advanced_syntax.html).
 */
import { ParseError, type SourcePosition } from "../errors/index.ts";
import { Dict } from "../values/model.ts";

/** The options that may stand among the words of a command or shell line. */
const commandOptions: ReadonlySet<string> = new Set([
  "creates",
  "removes",
  "chdir",
  "executable",
  "warn",
  "stdin",
  "stdin_add_newline",
  "strip_empty_ends",
]);

const pairs: readonly (readonly [string, string])[] = [
  ["{{", "}}"],
  ["{%", "%}"],
  ["{#", "#}"],
];

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** The quote that is open after a word, given the one open before. */
function openQuote(word: string, before: string | undefined): string | undefined {
  let quote = before;
  let escaped = false;
  for (const character of word) {
    if ((character === '"' || character === "'") && !escaped) {
      if (quote === undefined) quote = character;
      else if (quote === character) quote = undefined;
    }
    escaped = character === "\\" && !escaped;
  }
  return quote;
}

/**
 * Splits into words at blanks and line ends, not inside quotes and `{{ }}`, `{% %}`, `{# #}`.
 * Quotes stay; a line end stays in front of the word that follows it.
 */
export function splitArguments(text: string, position?: SourcePosition): string[] {
  if (text === "") return [];
  if (text.startsWith(" ")) {
    throw new ParseError("Unable to parse argument string: it begins with a blank", {
      position,
      hint: "Remove the blanks at the beginning of the arguments.",
    });
  }
  const words: string[] = [];
  let quote: string | undefined;
  let print = 0;
  let block = 0;
  let comment = 0;
  let joined = false;
  const lines = text.split("\n");
  lines.forEach((line, lineIndex) => {
    const parts = line.split(" ");
    let continued = false;
    let leading = 0;
    parts.forEach((part, index) => {
      // A backslash by itself only joins lines, also where YAML has joined them already.
      if (part === "\\" && quote === undefined) {
        continued = true;
        return;
      }
      const quotedBefore = quote !== undefined;
      quote = openQuote(part, quote);
      const inBlock = print > 0 || block > 0 || comment > 0;
      if (part === "" && index === leading && line !== "" && !inBlock && !quotedBefore) leading++;
      const separator = index === 0 ? "\n" : " ";
      let appended = false;
      const last = words.length - 1;
      if (inBlock || quotedBefore) {
        if (last >= 0) {
          words[last] += (index === 0 && lineIndex === 0 ? "" : separator) + part;
          appended = true;
        }
      }
      const counts = pairs.map(
        ([open, close]) => occurrences(part, open) - occurrences(part, close),
      );
      print = Math.max(0, print + (counts[0] ?? 0));
      block = Math.max(0, block + (counts[1] ?? 0));
      comment = Math.max(0, comment + (counts[2] ?? 0));
      if (!appended && part !== "") {
        words.push(
          index === leading && lineIndex > 0 && words.length > 0 && !joined
            ? `\n${" ".repeat(leading)}${part}`
            : index === leading && joined
              ? `${" ".repeat(Math.max(0, leading - 1))}${part}`
              : part,
        );
      } else if (
        !appended &&
        index === 0 &&
        lineIndex > 0 &&
        lineIndex < lines.length - 1 &&
        words.length > 0 &&
        line === ""
      ) {
        words[words.length - 1] += "\n";
      }
    });
    joined = continued;
  });
  if (print > 0 || block > 0 || comment > 0 || quote !== undefined) {
    throw new ParseError(
      `failed at splitting arguments, either an unbalanced jinja2 block or quotes: ${text}`,
      {
        position,
        hint: "Close the quote or the {{ }} in this line, or write the arguments as a mapping.",
      },
    );
  }
  return words;
}

const escapePattern =
  /\\(?:U([0-9a-fA-F]{8})|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\\'"abfnrtv]))/g;
const escapeValues: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function decodeEscapes(text: string): string {
  return text.replace(escapePattern, (_whole, wide, four, two, simple: string | undefined) => {
    const hex = wide ?? four ?? two;
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return escapeValues[simple ?? ""] ?? "";
  });
}

/** Takes the quotes off a text that is quoted as a whole. */
function unquote(text: string): string {
  const first = text[0];
  if (
    text.length > 1 &&
    (first === '"' || first === "'") &&
    text.endsWith(first) &&
    text.at(-2) !== "\\"
  ) {
    return text.slice(1, -1);
  }
  return text;
}

/**
 * Reads `name=value` words into a dict of text; the other words are `_raw_params`. With `checkRaw`
 * (command, shell and their like) only the few options of those modules are taken out.
 */
export function parseKv(text: string, checkRaw = false, position?: SourcePosition): Dict {
  const options = new Dict();
  const raw: string[] = [];
  for (const word of splitArguments(text, position)) {
    const decoded = decodeEscapes(word);
    let equals = decoded.indexOf("=");
    while (equals > 0 && decoded[equals - 1] === "\\") equals = decoded.indexOf("=", equals + 1);
    if (equals <= 0) {
      raw.push(equals === 0 ? decoded : word);
      continue;
    }
    const name = decoded.slice(0, equals);
    const value = decoded.slice(equals + 1);
    if (checkRaw && !commandOptions.has(name.trim())) raw.push(word);
    else options.set(name.trim(), unquote(value.trim()));
  }
  if (raw.length > 0) {
    let joinedWords = "";
    for (const word of raw) {
      const plain = word.replaceAll("\\=", "=");
      joinedWords += joinedWords === "" || plain.startsWith("\n") ? plain : ` ${plain}`;
    }
    // What stood before the first word belongs to the options that were taken out.
    joinedWords = joinedWords.trimStart();
    // The end of a literal block belongs to the command.
    if (checkRaw) joinedWords = joinedWords.replace(/\n*$/, /(?<!\\)\n*$/.exec(text)?.[0] ?? "");
    options.set("_raw_params", joinedWords);
  }
  return options;
}
