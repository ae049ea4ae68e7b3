import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { iterate, toList } from "../../values/iterate.ts";
import { literalEval } from "../../values/literal.ts";
import { splitLines, strip } from "../../values/methods/text.ts";
import { Dict, isText, textOf, type Value } from "../../values/model.ts";
import { NativeText } from "../../values/native-text.ts";
import { str } from "../../values/text.ts";
import { LookupError, TemplateRuntimeError } from "../errors.ts";
import type { EvaluationContext, Lookup, TemplateFileOptions } from "../plugin.ts";
import { glob } from "../python/fnmatch.ts";
import { basename, dirname, expanduser, join, normpath } from "../python/paths.ts";
import { Undefined } from "../undefined.ts";
import { flagOption, isList, type Options, termText } from "./shared.ts";

/** Lookups of files and of what commands print. */

export function readText(context: EvaluationContext, path: string): string {
  return Buffer.from(context.files.read(path)).toString("utf8");
}

const file: Lookup = (terms, options, context) =>
  terms.map((term) => {
    const name = termText(term);
    const path = context.files.find("files", name);
    if (path === undefined) {
      throw new TemplateRuntimeError("AnsibleError", `could not locate file in lookup: ${name}`, {
        hint: `Looked in ${context.files.searchPaths("files").join(", ")}.`,
      });
    }
    let text = readText(context, path);
    if (flagOption(options, "lstrip", false)) text = strip(text, undefined, "left");
    if (flagOption(options, "rstrip", true)) text = strip(text, undefined, "right");
    return text;
  });

const unvault: Lookup = (terms, _options, context) =>
  terms.map((term) => {
    const name = termText(term);
    const path = context.files.find("files", name);
    if (path === undefined) {
      throw new TemplateRuntimeError(
        "AnsibleParserError",
        `Unable to find file matching "${name}" `,
      );
    }
    return readText(context, path);
  });

/** Files (not directories) that match, from the first place where some do. */
const fileglob: Lookup = (terms, _options, context) =>
  terms.flatMap((term) => {
    const pattern = termText(term);
    const places =
      basename(pattern) === pattern
        ? context.files.searchPaths("files")
        : globPlaces(context, dirname(pattern));
    for (const place of places) {
      const found = glob(join(place, basename(pattern))).filter((path) => statSync(path).isFile());
      if (found.length > 0) return found.sort();
    }
    return [];
  });

function globPlaces(context: EvaluationContext, directory: string): string[] {
  if (directory.startsWith("/") || directory.startsWith("~")) {
    return [expanduser(directory, environmentOf(context))];
  }
  return context.files.searchPaths("files").map((path) => join(path, directory));
}

interface Candidates {
  readonly names: string[];
  readonly skip: boolean;
}

function splitOn(value: Value | undefined, separators: RegExp): string[] {
  if (value === undefined || value === null) return [];
  const items = isList(value) ? toList(value) : [value];
  return items.flatMap((item) => termText(item).split(separators)).filter((part) => part !== "");
}

/** The names to try: of texts as they are, of a dict every file under every path. */
function candidatesOf(terms: readonly Value[], options: Options): Candidates {
  let skip = flagOption(options, "skip", false);
  const names: string[] = [];
  const combine = (files: string[], paths: string[]) => {
    if (paths.length === 0) names.push(...files);
    for (const path of paths) for (const name of files) names.push(join(path, name));
  };
  for (const term of terms) {
    if (term instanceof Dict) {
      const own = new Map(Array.from(term, ([key, value]) => [str(key), value] as const));
      combine(splitOn(own.get("files"), /[,;]/), splitOn(own.get("paths"), /[,:;]/));
      skip = flagOption(own, "skip", skip);
    } else if (isList(term)) {
      const inner = candidatesOf(Array.from(iterate(term)), options);
      names.push(...inner.names);
      skip ||= inner.skip;
    } else if (isText(term)) {
      // Files and paths given as options apply to terms as well.
      const paths = splitOn(options.get("paths"), /[,:;]/);
      combine(splitOn(options.get("files"), /[,;]/), paths);
      combine([termText(term)], paths);
    } else if (term instanceof Undefined) term.fail();
    else {
      throw new LookupError(
        `Invalid term supplied, can handle string, mapping or list of strings but got: <class '${typeof term}'> for ${str(term)}`,
      );
    }
  }
  return { names, skip };
}

const firstFound: Lookup = (terms, options, context) => {
  const { names, skip } = candidatesOf(terms.length > 0 ? terms : [new Dict(options)], options);
  for (const name of names) {
    let path: Value;
    try {
      path = context.template(name);
    } catch (error) {
      // A name with an undefined variable cannot be the file: the next one is tried.
      if (error instanceof TemplateRuntimeError && error.kind === "UndefinedError") continue;
      throw error;
    }
    for (const kind of ["files", "templates", "vars", ""] as const) {
      const found = context.files.find(kind, str(path));
      if (found !== undefined) return [normpath(found)];
    }
  }
  if (skip) return [];
  throw new LookupError("No file was found when using first_found.", {
    hint: names.length === 0 ? undefined : `Looked for ${names.join(", ")}.`,
  });
};

const DELIMITERS: readonly (readonly [string, keyof TemplateFileOptions])[] = [
  ["variable_start_string", "variableStart"],
  ["variable_end_string", "variableEnd"],
  ["block_start_string", "blockStart"],
  ["block_end_string", "blockEnd"],
  ["comment_start_string", "commentStart"],
  ["comment_end_string", "commentEnd"],
];

const template: Lookup = (terms, options, context) =>
  terms.map((term) => {
    const name = termText(term);
    const path = context.files.find("templates", name);
    if (path === undefined) {
      throw new TemplateRuntimeError(
        "AnsibleError",
        `the template file ${name} could not be found for the lookup`,
        { hint: `Looked in ${context.files.searchPaths("templates").join(", ")}.` },
      );
    }
    // Without the setting of the same name the option means nothing.
    const native = context.settings.native && flagOption(options, "jinja2_native", false);
    const fileOptions: Record<string, string | boolean> = { file: path, trimBlocks: true };
    for (const [option, key] of DELIMITERS) {
      const text = textOf(options.get(option));
      if (text !== undefined) fileOptions[key] = text;
    }
    for (const [option, key] of [
      ["trim_blocks", "trimBlocks"],
      ["lstrip_blocks", "lstripBlocks"],
    ] as const) {
      if (options.has(option)) fileOptions[key] = flagOption(options, option, true);
    }
    const extra = options.get("template_vars");
    const convert = flagOption(options, "convert_data", true);
    const more = extra instanceof Dict ? extra : undefined;
    const source = readText(context, path);
    if (native && convert) return context.renderFileNative(source, fileOptions, more);
    const text = context.renderFile(source, fileOptions, more);
    return convert && !context.settings.native ? dataOf(text) : new NativeText(text);
  });

/** Text that looks like a list, a dict or a boolean becomes one, as in a task's argument. */
function dataOf(text: string): Value {
  if (!/^[[{]/.test(text) && text !== "True" && text !== "False") return text;
  return literalEval(text) ?? text;
}

export function environmentOf(
  context: EvaluationContext,
): Readonly<Record<string, string | undefined>> {
  return context.settings.environment ?? process.env;
}

/** Runs a command line in a shell, in the playbook's directory. The controller's own shell. */
function runShell(lookup: string, command: string, context: EvaluationContext): string {
  const run = spawnSync("/bin/sh", ["-c", command], {
    cwd: context.files.baseDirectory,
    env: environmentOf(context) as NodeJS.ProcessEnv,
    stdio: ["inherit", "pipe", "pipe"],
    maxBuffer: 256 * 1024 * 1024,
  });
  if (run.error) {
    throw new TemplateRuntimeError(
      "AnsibleError",
      `lookup_plugin.${lookup}(${command}): ${run.error.message}`,
    );
  }
  if (run.status !== 0) {
    const problem = run.stderr.toString().trim();
    throw new TemplateRuntimeError(
      "AnsibleError",
      `lookup_plugin.${lookup}(${command}) returned ${run.status ?? run.signal}`,
      { hint: problem === "" ? undefined : `It wrote: ${problem}` },
    );
  }
  return run.stdout.toString("utf8");
}

const pipe: Lookup = (terms, _options, context) =>
  terms.map((term) => strip(runShell("pipe", termText(term), context), undefined, "right"));

const lines: Lookup = (terms, _options, context) =>
  terms.flatMap((term) => splitLines(runShell("lines", termText(term), context)));

export const lookups: Readonly<Record<string, Lookup>> = {
  file,
  fileglob,
  first_found: firstFound,
  lines,
  pipe,
  template,
  unvault,
};
