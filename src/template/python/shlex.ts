import { raise } from "./raise.ts";

/** Python's `shlex`. */

/** `shlex.quote`: the text as one word of a POSIX shell. */
export function quoteShell(text: string): string {
  if (text === "") return "''";
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** `shlex.split` without comments: the words of a command line. */
export function splitShell(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if (quote === "'") {
      if (character === "'") quote = "";
      else word += character;
    } else if (quote === '"') {
      if (character === '"') quote = "";
      else if (character === "\\" && /["\\]/.test(text[i + 1] ?? "")) word += text[++i] ?? "";
      else word += character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (character === "\\") {
      if (i + 1 >= text.length) return raise("ValueError", "No escaped character");
      word = (word ?? "") + (text[++i] ?? "");
    } else if (/[ \t\r\n]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + character;
  }
  if (quote !== "") return raise("ValueError", "No closing quotation");
  if (word !== undefined) words.push(word);
  return words;
}
