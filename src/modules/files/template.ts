/**
 * `ansible.builtin.template`.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/template_module.html
 */
import { stat } from "node:fs/promises";
import { LayerbookError } from "../../errors/index.ts";
import { TemplateInterruptedError } from "../../template/errors.ts";
import { PythonError } from "../../values/failure.ts";
import { unsafeWrites, wantedAttributes } from "../lib/attributes.ts";
import { decodeBytes } from "../lib/bytes.ts";
import { COPY_OPTIONS, COPY_RETURNS } from "../lib/copy-options.ts";
import { encodeAs } from "../lib/encodings.ts";
import { fail, failing } from "../lib/failure.ts";
import { octal } from "../lib/mode.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { baseOf, expandPaths, joinPath } from "../lib/paths.ts";
import { placeFile } from "../lib/place-file.ts";
import { sourceOfBytes } from "../lib/source.ts";
import { touchedPaths } from "../lib/touches.ts";
import type {
  Arguments,
  KeyInput,
  ModuleContext,
  ModuleResult,
  ModuleSpec,
  RenderOptions,
} from "../module.ts";

export const spec = {
  name: "ansible.builtin.template",
  summary: "Renders a template and puts the result in the target",
  options: {
    src: { type: "str", description: "The template, a file of the controller." },
    follow: {
      type: "bool",
      default: false,
      description: "Write to what a link at `dest` leads to.",
    },
    newline_sequence: {
      type: "str",
      choices: ["\n", "\r", "\r\n"],
      default: "\n",
      description: "How lines of the result end.",
    },
    block_start_string: { type: "str", default: "{%", description: "Begins a statement." },
    block_end_string: { type: "str", default: "%}", description: "Ends a statement." },
    variable_start_string: { type: "str", default: "{{", description: "Begins an expression." },
    variable_end_string: { type: "str", default: "}}", description: "Ends an expression." },
    comment_start_string: { type: "str", default: "{#", description: "Begins a comment." },
    comment_end_string: { type: "str", default: "#}", description: "Ends a comment." },
    trim_blocks: {
      type: "bool",
      default: true,
      description: "Drop the first newline after a statement.",
    },
    lstrip_blocks: {
      type: "bool",
      default: false,
      description: "Drop white space before a statement.",
    },
    output_encoding: { type: "str", default: "utf-8", description: "Encoding of the result." },
    ...COPY_OPTIONS,
    dest: { ...COPY_OPTIONS.dest, required: false },
  },
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: COPY_RETURNS,
} as const satisfies ModuleSpec;

interface Rendered {
  readonly path: string;
  readonly bytes: Buffer;
}

export const run = failing(
  async (context: ModuleContext, given: Arguments): Promise<ModuleResult> => {
    if (textOption(given, "src") === undefined || textOption(given, "dest") === undefined) {
      return fail("src and dest are required");
    }
    const args = await expandPaths(context, spec, given);
    const { path, bytes } = await rendered(context, args);
    const mode =
      args.mode === "preserve" ? octal((await stat(path)).mode & 0o7777) : (args.mode ?? undefined);
    const dest = textOption(args, "dest") ?? "";
    const name = baseOf(path);
    return placeFile(context, {
      dest: dest.endsWith("/") ? joinPath(dest, name) : dest,
      source: sourceOfBytes(bytes),
      name,
      src: path,
      wanted: wantedAttributes({ ...args, mode }),
      follow: flagOption(args, "follow") ?? false,
      force: flagOption(args, "force") ?? true,
      backup: flagOption(args, "backup") ?? false,
      validate: textOption(args, "validate"),
      unsafeWrites: unsafeWrites(args),
      showContent: true,
    });
  },
);

/** The template, rendered; the same for the run and for the step's key. */
async function rendered(context: ModuleContext, args: Arguments): Promise<Rendered> {
  const src = textOption(args, "src") ?? "";
  const path = await context.controller
    .find("templates", src)
    .catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
  const text = decodeBytes(await context.controller.read(path));
  const result = render(context, text, renderOptions(args, path));
  return { path, bytes: encodeAs(result, textOption(args, "output_encoding") ?? "utf-8") };
}

/** Renders; what is wrong with the template is said with the kind of the error before it. */
function render(context: ModuleContext, text: string, options: RenderOptions): string {
  try {
    return context.render(text, options);
  } catch (error) {
    if (!(error instanceof PythonError) || error instanceof TemplateInterruptedError) throw error;
    const { message, position, hint } = error;
    const details = { cause: error, ...(position && { position }), ...(hint && { hint }) };
    throw new LayerbookError(`${kindOf(error)}: ${message}`, details);
  }
}

function kindOf(error: PythonError): string {
  if (error.kind === "UndefinedError") return "AnsibleUndefinedVariable";
  const framed = /^(template error while|Unexpected templating type error)/.test(error.message);
  return framed ? "AnsibleError" : error.kind;
}

function renderOptions(args: Arguments, path: string): RenderOptions {
  const given = (name: string) => textOption(args, name);
  const options: Record<string, string | boolean | undefined> = {
    blockStart: given("block_start_string"),
    blockEnd: given("block_end_string"),
    variableStart: given("variable_start_string"),
    variableEnd: given("variable_end_string"),
    commentStart: given("comment_start_string"),
    commentEnd: given("comment_end_string"),
    newlineSequence: given("newline_sequence"),
    trimBlocks: flagOption(args, "trim_blocks"),
    lstripBlocks: flagOption(args, "lstrip_blocks"),
  };
  const set = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined));
  return { path, destination: given("dest") ?? "", ...set };
}

/** The rendered bytes: an edit to a template that renders the same is no change. */
export async function inputs(
  context: ModuleContext,
  args: Arguments,
): Promise<readonly KeyInput[]> {
  if (textOption(args, "src") === undefined) return [];
  const { path, bytes } = await rendered(context, args);
  const mode = args.mode === "preserve" ? octal((await stat(path)).mode & 0o7777) : "";
  return [{ kind: "bytes", name: `${baseOf(path)}${mode}`, bytes }];
}

/** What stands at `dest`. */
export function touches(args: Arguments): readonly string[] | undefined {
  return touchedPaths(args, "dest");
}
