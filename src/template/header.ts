/** The `#jinja2:` header: options of the engine in a template's first line. */
import { literalEval } from "../values/literal.ts";
import { TaggedString, type Value } from "../values/model.ts";
import { TemplateSyntaxError } from "./errors.ts";
import type { LexerOptions } from "./lexer.ts";

const marker = "#jinja2:";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Jinja2's names of the options that a template can set for itself. */
const optionNames: Readonly<Record<string, keyof LexerOptions>> = {
  block_start_string: "blockStart",
  block_end_string: "blockEnd",
  variable_start_string: "variableStart",
  variable_end_string: "variableEnd",
  comment_start_string: "commentStart",
  comment_end_string: "commentEnd",
  line_statement_prefix: "lineStatementPrefix",
  line_comment_prefix: "lineCommentPrefix",
  trim_blocks: "trimBlocks",
  lstrip_blocks: "lstripBlocks",
  newline_sequence: "newlineSequence",
  keep_trailing_newline: "keepTrailingNewline",
};

/** Takes the header off: the options with its overrides, and the rest of the text. */
export function readHeader(
  text: string,
  options: LexerOptions,
): { readonly options: LexerOptions; readonly text: string } {
  if (!text.startsWith(marker)) return { options, text };
  const end = text.indexOf("\n");
  if (end < 0) {
    throw new TemplateSyntaxError("the '#jinja2:' header is not followed by a line to render");
  }
  const overrides: Partial<Mutable<LexerOptions>> = {};
  for (const pair of text.slice(marker.length, end).split(",")) {
    const colon = pair.indexOf(":");
    if (colon < 0) {
      throw new TemplateSyntaxError(
        `failed to parse jinja2 override '${pair.trim()}'. Did you use something different from colon as key-value separator?`,
      );
    }
    const name = pair.slice(0, colon).trim();
    const value = literalEval(pair.slice(colon + 1).trim());
    if (value === undefined || /:\s*(?:true|false|null)\s*$/.test(pair)) {
      throw new TemplateSyntaxError(
        `malformed value of the jinja2 override '${name}': ${pair.slice(colon + 1).trim()}`,
        { hint: "Write Python literals: True, False, or text in quotes." },
      );
    }
    const option = Object.hasOwn(optionNames, name) ? optionNames[name] : undefined;
    if (option !== undefined) Object.assign(overrides, { [option]: convert(option, value) });
  }
  return { options: { ...options, ...overrides }, text: text.slice(end + 1) };
}

function convert(option: keyof LexerOptions, value: Value): unknown {
  if (option === "trimBlocks" || option === "lstripBlocks" || option === "keepTrailingNewline") {
    return value !== false && value !== "" && value !== 0 && value !== null;
  }
  const text = value instanceof TaggedString ? value.text : value;
  if (typeof text === "string" && text !== "") return text;
  if (text === null && option.startsWith("line")) return undefined;
  throw new TemplateSyntaxError(`the jinja2 override of ${option} must be text`);
}
