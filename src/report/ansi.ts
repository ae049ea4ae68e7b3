/** Ansible's colours, by the names that its settings use. */

const CODES: Readonly<Record<string, string>> = {
  black: "0;30",
  "bright gray": "0;37",
  blue: "0;34",
  white: "1;37",
  green: "0;32",
  "bright blue": "1;34",
  cyan: "0;36",
  "bright green": "1;32",
  red: "0;31",
  "bright cyan": "1;36",
  purple: "0;35",
  "bright red": "1;31",
  yellow: "0;33",
  "bright purple": "1;35",
  "dark gray": "1;30",
  "bright yellow": "1;33",
  magenta: "0;35",
  "bright magenta": "1;35",
  normal: "0",
};

/** What a colour is for; which one it is, a setting says. */
export type Tone =
  | "changed"
  | "console_prompt"
  | "debug"
  | "deprecate"
  | "diff_add"
  | "diff_lines"
  | "diff_remove"
  | "error"
  | "highlight"
  | "included"
  | "ok"
  | "skip"
  | "unreachable"
  | "verbose"
  | "warn";

export const TONES: Readonly<Record<Tone, string>> = {
  changed: "yellow",
  console_prompt: "white",
  debug: "dark gray",
  deprecate: "purple",
  diff_add: "green",
  diff_lines: "cyan",
  diff_remove: "red",
  error: "red",
  highlight: "white",
  included: "cyan",
  ok: "green",
  skip: "cyan",
  unreachable: "bright red",
  verbose: "blue",
  warn: "bright purple",
};

/** Each line in the colour by itself, so that a pager which cuts lines shows them rightly. */
export function coloured(text: string, colour: string): string {
  const code = CODES[colour] ?? numbered(colour);
  if (code === undefined) return text;
  return text
    .split("\n")
    .map((line) => `\u001b[${code}m${line}\u001b[0m`)
    .join("\n");
}

/** `color123`, `rgb135` and `gray12`: places in a terminal's table of 256 colours. */
function numbered(colour: string): string | undefined {
  const plain = /^color(\d+)$/.exec(colour);
  if (plain) return `38;5;${plain[1]}`;
  const rgb = /^rgb([0-5])([0-5])([0-5])$/.exec(colour);
  if (rgb) return `38;5;${16 + 36 * Number(rgb[1]) + 6 * Number(rgb[2]) + Number(rgb[3])}`;
  const gray = /^gray(\d+)$/.exec(colour);
  return gray ? `38;5;${232 + Number(gray[1])}` : undefined;
}
