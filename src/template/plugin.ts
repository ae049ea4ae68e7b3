/** The shape of filters, tests and lookups, and what they may ask of the running evaluation. */
import { type Arguments, noArguments } from "../values/callable.ts";
import type { Dict, Value } from "../values/model.ts";
import { TemplateRuntimeError } from "./errors.ts";
import type { Undefined } from "./undefined.ts";

export type { Arguments };
export { noArguments };

/** The template module's parameters; absent ones have that module's defaults. */
export interface TemplateFileOptions {
  readonly trimBlocks?: boolean;
  readonly lstripBlocks?: boolean;
  readonly newlineSequence?: "\n" | "\r" | "\r\n";
  readonly blockStart?: string;
  readonly blockEnd?: string;
  readonly variableStart?: string;
  readonly variableEnd?: string;
  readonly commentStart?: string;
  readonly commentEnd?: string;
  /** Double the backslashes of string literals, as in task arguments. Default false. */
  readonly escapeBackslashes?: boolean;
  /** The file's name for messages and relative includes. */
  readonly file?: string;
}

/** Settings of the controller that templates see. */
export interface TemplateSettings {
  /** `jinja2_native`: results keep their type. */
  readonly native: boolean;
  /** `error_on_undefined_vars`; default true. */
  readonly errorOnUndefined?: boolean;
  /** Decrypts a vault text (`$ANSIBLE_VAULT;...`), or encrypts; absent when no secret is known. */
  readonly vault?: {
    decrypt(text: string, id?: string): string;
    encrypt?(text: string, secret: string, salt?: string, id?: string): string;
  };
  /** A setting by its name as the documentation has it, and where it comes from (`config` lookup). */
  readonly configuration?: (name: string) => readonly [Value, Value] | undefined;
  /** Environment that `lookup('env')` and processes of lookups see. Default: the process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Told of warnings that are not errors. */
  readonly warn?: (message: string) => void;
}

/** Files of the controller, as tasks of the current role and playbook see them. */
export interface ControllerFiles {
  /** The playbook's directory. */
  readonly baseDirectory: string;
  /** Ansible's search path: role first, then the task file's directory, then the playbook. */
  find(kind: "files" | "templates" | "vars" | "", name: string): string | undefined;
  /** The file's bytes; vault files are decrypted. */
  read(path: string): Uint8Array;
  searchPaths(kind: string): string[];
}

/** What a plugin may ask of the running evaluation. */
export interface EvaluationContext {
  readonly call: (
    callable: Value,
    args: readonly Value[],
    kwargs?: ReadonlyMap<string, Value>,
  ) => Value;
  readonly filter: (
    name: string,
    value: Value,
    args: readonly Value[],
    kwargs?: ReadonlyMap<string, Value>,
  ) => Value;
  readonly test: (
    name: string,
    value: Value,
    args: readonly Value[],
    kwargs?: ReadonlyMap<string, Value>,
  ) => boolean;
  /** `object[name]`, then `object.name`: Jinja2's getitem. May be Undefined. */
  readonly getAttribute: (object: Value, name: Value) => Value;
  /** A templated variable; `undefined` if there is none. */
  readonly variable: (name: string) => Value | undefined;
  readonly variableNames: () => string[];
  readonly template: (value: Value, options?: { readonly convertData?: boolean }) => Value;
  readonly renderFile: (text: string, options: TemplateFileOptions, extra?: Dict) => string;
  /** The same, with types kept as `jinja2_native` keeps them. */
  readonly renderFileNative: (text: string, options: TemplateFileOptions, extra?: Dict) => Value;
  readonly undefined: (hint: string, name?: string) => Undefined;
  readonly files: ControllerFiles;
  readonly settings: TemplateSettings;
  readonly autoescape: false;
}

export type Filter = (value: Value, args: Arguments, context: EvaluationContext) => Value;
export type Test = (value: Value, args: Arguments, context: EvaluationContext) => boolean;
export type Lookup = (
  terms: readonly Value[],
  options: ReadonlyMap<string, Value>,
  context: EvaluationContext,
) => Value[];

/** Where plugins come from that are not built in. Asked only for names that nothing else has. */
export interface PluginSource {
  filter(name: string): Filter | undefined;
  test(name: string): Test | undefined;
  lookup(name: string): Lookup | undefined;
  /** What would have to be there for such a plugin to be served; a hint for the user. */
  missing(name: string): string | undefined;
}

/**
 * Binds arguments to Python-style parameters. The signature lists names in order; `name?` is
 * optional (absent when not given), `*name` takes the remaining positionals (as a list under that
 * name), `**name` allows any further named ones (they are kept under their own names), and `/` or
 * a lone `*` start keyword-only parameters.
 *
 *     const bound = bindArguments("replace", ["old", "new", "count?"], args);
 *     bound.get("old"); // Value | undefined
 *
 * Fails with Python's TypeError for missing, surplus, doubled and unexpected arguments.
 */
export function bindArguments(
  name: string,
  signature: readonly string[],
  args: Arguments,
): Map<string, Value> {
  const bound = new Map<string, Value>();
  const known = new Set<string>();
  const required: string[] = [];
  let index = 0;
  let anyNamed = false;
  let rest = false;
  let keywordOnly = false;
  let places = 0;
  for (const parameter of signature) {
    if (parameter === "*") {
      keywordOnly = true;
      continue;
    }
    if (parameter.startsWith("**")) {
      anyNamed = true;
      continue;
    }
    if (parameter.startsWith("*")) {
      bound.set(parameter.slice(1), args.positional.slice(index) as Value[]);
      index = args.positional.length;
      rest = true;
      keywordOnly = true;
      continue;
    }
    const optional = parameter.endsWith("?");
    const key = optional ? parameter.slice(0, -1) : parameter;
    known.add(key);
    if (!keywordOnly) places++;
    const positional = keywordOnly ? undefined : args.positional[index];
    if (!keywordOnly && index < args.positional.length && positional !== undefined) {
      index++;
      if (args.named.has(key)) fail(`${name}() got multiple values for argument '${key}'`);
      bound.set(key, positional);
    } else {
      const value = args.named.get(key);
      if (value !== undefined) bound.set(key, value);
      else if (!optional) required.push(key);
    }
  }
  if (!rest && index < args.positional.length) {
    const given = args.positional.length;
    fail(
      `${name}() takes ${places} positional argument${places === 1 ? "" : "s"} but ${given} ${given === 1 ? "was" : "were"} given`,
    );
  }
  for (const [key, value] of args.named) {
    if (known.has(key)) continue;
    if (!anyNamed) fail(`${name}() got an unexpected keyword argument '${key}'`);
    bound.set(key, value);
  }
  if (required.length > 0) {
    const names = required.map((key) => `'${key}'`).join(" and ");
    const plural = required.length === 1 ? "" : "s";
    fail(`${name}() missing ${required.length} required positional argument${plural}: ${names}`);
  }
  return bound;
}

function fail(message: string): never {
  throw new TemplateRuntimeError("TypeError", message);
}
