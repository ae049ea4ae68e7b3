/**
 * Templates values with variables: what `{{ }}` in a playbook means. Variables are themselves
 * templated when they are first read, and kept (unless they are random or looked up).
 */
import {
  type ErrorDetails,
  LayerbookError,
  messageOf,
  type SourcePosition,
} from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { PythonError } from "../values/failure.ts";
import { Dict, PyFloat, PySet, TaggedString, Tuple, textOf, type Value } from "../values/model.ts";
import { positionOf } from "../values/positions.ts";
import { repr, str } from "../values/text.ts";
import { Budget } from "./budget.ts";
import { execute } from "./compile-files.ts";
import { type Conversion, concat } from "./concat.ts";
import { evaluateCondition } from "./condition.ts";
import { type Environment, lexerOptions } from "./environment.ts";
import {
  TemplateInterruptedError,
  TemplateRuntimeError,
  TemplateSyntaxError,
  UndefinedError,
} from "./errors.ts";
import type { CompiledTemplate } from "./frame.ts";
import { readHeader } from "./header.ts";
import type { LexerOptions } from "./lexer.ts";
import type { ControllerFiles, TemplateFileOptions, TemplateSettings } from "./plugin.ts";
import { type Resolved, type Resolver, Run } from "./run.ts";
import { Undefined } from "./undefined.ts";
import { holdsUnsafe, wrapUnsafe } from "./unsafe.ts";

/** Where variables come from. `get` answers the raw value: it may hold templates. */
export interface VariableSource {
  get(name: string): Value | undefined;
  names(): Iterable<string>;
}

export interface TemplateOptions {
  /** Undefined variables are errors (default: the environment's); else the text stays as it is. */
  readonly failOnUndefined?: boolean;
  /** Text that looks like a list, dict or boolean becomes one. Default true. */
  readonly convertData?: boolean;
  /** Where the value stands, for errors; containers know the places of what they hold. */
  readonly position?: SourcePosition | undefined;
}

const singleVariable = /^\{\{\s*(\w*)\s*\}\}\n?$/u;

/** Dicts of variables, which are templated one by one when they are asked for. */
const LAZY_VARIABLES: ReadonlySet<string> = new Set(["vars", "hostvars", "ansible_delegated_vars"]);

/** How deep variables may refer to one another. */
const maxDepth = 300;

/** A variable source over a map or dict. */
export function variablesOf(values: ReadonlyMap<string, Value> | Dict): VariableSource {
  if (!(values instanceof Dict)) {
    return { get: (name) => values.get(name), names: () => values.keys() };
  }
  return {
    get: (name) => values.get(name),
    names: () => Array.from(values.keys(), (key) => textOf(key) ?? str(key)),
  };
}

export class Templar implements Resolver {
  readonly environment: Environment;
  readonly variables: VariableSource;
  readonly files: ControllerFiles;
  readonly #syntax: LexerOptions;
  readonly #cache = new Map<string, { readonly raw: Value; readonly resolved: Resolved }>();
  readonly #open = new Set<string>();
  /** Counts what cannot be cached; a variable is pure if templating it did not count. */
  #impurities = 0;
  #budget: Budget | undefined;
  #depth = 0;

  constructor(
    environment: Environment,
    variables: VariableSource,
    options: { readonly files?: ControllerFiles; readonly syntax?: LexerOptions } = {},
  ) {
    this.environment = environment;
    this.variables = variables;
    this.files = options.files ?? environment.files;
    this.#syntax = options.syntax ?? defaultSyntax;
  }

  get settings(): TemplateSettings {
    return this.environment.settings;
  }

  /** Forgets variables that were read: call it when their source has changed. */
  clearCache(): void {
    this.#cache.clear();
  }

  /** Could the value hold a template? (It looks only for delimiters.) */
  isTemplate(value: Value): boolean {
    if (typeof value === "string") return this.#hasMarkers(value);
    if (value === null || typeof value !== "object") return false;
    if (value instanceof TaggedString) return !value.unsafe && this.#hasMarkers(value.text);
    if (Array.isArray(value)) return value.some((item) => this.isTemplate(item));
    if (value instanceof Dict) {
      for (const [, item] of value) if (this.isTemplate(item)) return true;
      return false;
    }
    return value instanceof Tuple && value.items.some((item) => this.isTemplate(item));
  }

  #hasMarkers(text: string): boolean {
    const { variableStart, blockStart, commentStart } = this.#syntax;
    return text.includes(variableStart) || text.includes(blockStart) || text.includes(commentStart);
  }

  /**
   * The value with every template in it rendered: strings, and the items of lists and dicts (not
   * keys). Unsafe text and text without delimiters is returned as it is. Fails with
   * {@link UndefinedError}, {@link TemplateSyntaxError} or {@link TemplateRuntimeError}.
   */
  template(value: Value, options: TemplateOptions = {}): Value {
    return this.#guarded(() => this.#value(value, options), value, options.position);
  }

  /** One whole rendering: errors get a place, a hint; the budget covers nested renderings. */
  #guarded<T>(work: () => T, value: Value, position: SourcePosition | undefined): T {
    const outermost = this.#budget === undefined;
    if (outermost) this.#budget = new Budget(this.environment.timeLimit, this.environment.signal);
    if (++this.#depth > maxDepth) {
      this.#depth--;
      throw recursionError(value);
    }
    try {
      return work();
    } catch (error) {
      throw outermost ? this.#explained(error, value, position) : error;
    } finally {
      this.#depth--;
      if (outermost) {
        this.#budget?.close();
        this.#budget = undefined;
      }
    }
  }

  #value(value: Value, options: TemplateOptions): Value {
    if (typeof value === "string") return this.#text(value, value, options);
    if (value === null || typeof value !== "object") return value;
    if (value instanceof TaggedString) {
      return value.unsafe ? value : this.#text(value.text, value, options);
    }
    if (Array.isArray(value)) {
      return value.map((item, index) => this.#member(value, index, item, options));
    }
    if (value instanceof Dict) {
      if (value.isLive) return value;
      const result = new Dict();
      for (const [key, item] of value) {
        result.set(key, this.#member(value, textOf(key) ?? "", item, options));
      }
      return result;
    }
    // Variables hold lists only: a tuple becomes one when it is read.
    if (value instanceof Tuple) return value.items.map((item) => this.#value(item, options));
    if (value instanceof PySet) {
      return new PySet(Array.from(value, (item) => this.#value(item, options)));
    }
    return value;
  }

  #member(
    container: Dict | Value[],
    key: string | number,
    item: Value,
    options: TemplateOptions,
  ): Value {
    if (typeof item === "string" && !this.#hasMarkers(item)) return item;
    if (item === null || (typeof item !== "object" && typeof item !== "string")) return item;
    try {
      return this.#value(item, options);
    } catch (error) {
      throw placed(error, positionOf(container, key));
    }
  }

  #text(text: string, original: Value, options: TemplateOptions): Value {
    if (!this.#hasMarkers(text)) return original;
    const single = singleVariable.exec(text)?.[1];
    if (single !== undefined && this.#syntax.variableStart === "{{") {
      // The value as it was written: a reference to a reference is rendered, and becomes text.
      const raw = this.variables.get(single);
      if (raw !== undefined && isScalar(raw)) return raw;
    }
    const native = this.settings.native;
    const convert = options.convertData ?? true;
    const conversion: Conversion = !convert ? "text" : native ? "native" : "data";
    try {
      const vault = original instanceof TaggedString && original.vault;
      const result = this.#render(text, conversion, { escapeBackslashes: true });
      return vault && typeof result === "string" ? new TaggedString(result, { vault }) : result;
    } catch (error) {
      const fail = options.failOnUndefined ?? this.environment.failOnUndefined;
      if (!fail && error instanceof UndefinedError) return original;
      throw error;
    }
  }

  /** Renders one text that has delimiters. */
  #render(
    text: string,
    conversion: Conversion,
    how: { readonly escapeBackslashes: boolean; readonly file?: string | undefined },
    extra?: ReadonlyMap<string, Value>,
  ): Value {
    const header = readHeader(text, this.#syntax);
    const options = compileOptions(header.options, how.escapeBackslashes);
    let template: CompiledTemplate;
    try {
      template = this.environment.compile(header.text, options, how.file);
    } catch (error) {
      throw worded(error, text, "compile");
    }
    const budget = this.#budget ?? new Budget(this.environment.timeLimit, this.environment.signal);
    const run = new Run(this.environment, this, template, {
      conversion,
      budget,
      ...(extra ? { values: new Map(extra) } : {}),
    });
    const parts: Value[] = [];
    let result: Value;
    try {
      execute(run, parts);
      result = concat(parts, conversion);
      if (result instanceof Undefined) result.fail();
    } catch (error) {
      throw placed(worded(overflow(error, text), text, "render"), run.place(run.at));
    }
    const kept = textOf(result);
    if (kept !== undefined && conversion !== "native") {
      const missing = trailingNewlines(header.text) - trailingNewlines(kept);
      if (missing > 0) {
        const longer = kept + header.options.newlineSequence.repeat(missing);
        result =
          result instanceof TaggedString
            ? new TaggedString(longer, { unsafe: result.unsafe, vault: result.vault })
            : longer;
      }
    }
    return run.unsafe ? wrapUnsafe(result) : result;
  }

  /**
   * Renders a file's text as the template module does: backslashes are left alone, the result is
   * always text. `extra` are variables for this file only.
   */
  renderFile(text: string, options: TemplateFileOptions = {}, extra?: Dict): string {
    return str(this.#renderFile(text, options, extra, "text"));
  }

  /** The same, but what is rendered keeps its type, as with `jinja2_native`. */
  renderFileNative(text: string, options: TemplateFileOptions = {}, extra?: Dict): Value {
    return this.#renderFile(text, options, extra, "native");
  }

  #renderFile(
    text: string,
    options: TemplateFileOptions,
    extra: Dict | undefined,
    conversion: Conversion,
  ): Value {
    const values = new Map<string, Value>();
    for (const [key, value] of extra ?? []) values.set(str(key), value);
    const syntax = lexerOptions(options);
    const file = options.file;
    const position = file === undefined ? undefined : { file, line: 1, column: 1 };
    const how = { escapeBackslashes: options.escapeBackslashes ?? false, file };
    const work = (templar: Templar) => templar.#render(text, conversion, how, values);
    // Other delimiters hold for the variables that the file reads, too.
    const same = JSON.stringify(syntax) === JSON.stringify(this.#syntax);
    const templar = same
      ? this
      : new Templar(this.environment, this.variables, { files: this.files, syntax });
    return templar.#guarded(() => work(templar), text, position);
  }

  /** A variable with the templates in it rendered; `undefined` if there is none of that name. */
  resolve(name: string): Resolved | undefined {
    const raw = this.variables.get(name);
    if (raw === undefined) return undefined;
    if (typeof raw === "number" || typeof raw === "boolean" || raw === null) {
      return { value: raw, unsafe: false, pure: true };
    }
    // These two are handed over as they are: what is read from them is not templated again.
    if (LAZY_VARIABLES.has(name)) return { value: raw, unsafe: false, pure: true };
    const known = this.#cache.get(name);
    if (known && known.raw === raw) return known.resolved;
    if (typeof raw === "string" && !this.#hasMarkers(raw)) {
      return { value: raw, unsafe: false, pure: true };
    }
    if (this.#open.has(name)) throw recursionError(raw);
    this.#open.add(name);
    const before = this.#impurities;
    try {
      const value = this.#guarded(
        () => this.#value(raw, { failOnUndefined: true }),
        raw,
        undefined,
      );
      const pure = this.#impurities === before;
      const resolved = { value, unsafe: holdsUnsafe(value), pure };
      if (pure) this.#cache.set(name, { raw, resolved });
      return resolved;
    } catch (error) {
      if (!(error instanceof UndefinedError)) throw error;
      // A variable made of undefined ones is itself undefined, and says why when it is used.
      const value = new Undefined(
        `${shortened(raw)}: ${error.message}`,
        error.variable,
        error.position,
      );
      return { value, unsafe: false, pure: true };
    } finally {
      this.#open.delete(name);
    }
  }

  has(name: string): boolean {
    return this.variables.get(name) !== undefined;
  }

  names(): string[] {
    return Array.from(this.variables.names());
  }

  impure(): void {
    this.#impurities++;
  }

  /**
   * The answer of a condition (`when`, `until`, `changed_when`, ...): a bare expression, a text with
   * delimiters, a boolean, or a list of which all must hold. Fails like {@link template}.
   */
  evaluateCondition(
    condition: Value,
    options: { readonly position?: SourcePosition | undefined } = {},
  ): boolean {
    return this.#guarded(() => evaluateCondition(this, condition), condition, options.position);
  }

  /** Adds what the reader of an error needs: its place, and the name that was probably meant. */
  #explained(error: unknown, value: Value, position: SourcePosition | undefined): unknown {
    const explained = overflow(error, str(typeof value === "string" ? value : repr(value)));
    if (!(explained instanceof LayerbookError)) {
      return new TemplateRuntimeError(
        "RuntimeError",
        `An unexpected error occurred while templating ${shortened(value)}: ${messageOf(explained)}`,
        { cause: explained, position },
      );
    }
    placed(explained, position);
    if (explained instanceof UndefinedError && explained.hint === undefined && explained.variable) {
      const near = explained.message.endsWith(`'${explained.variable}' is undefined`)
        ? nearest(
            explained.variable,
            this.names().filter((name) => name !== explained.variable),
          )
        : undefined;
      if (near !== undefined) hinted(explained, `Did you mean '${near}'?`);
    }
    return explained;
  }
}

const defaultSyntax = lexerOptions({});

type CompileOptions = LexerOptions & { readonly escapeBackslashes: boolean };
const compileOptionsCache = new WeakMap<LexerOptions, [CompileOptions, CompileOptions]>();

/** The same object for the same options, so that cache keys need not be computed again. */
function compileOptions(options: LexerOptions, escapeBackslashes: boolean): CompileOptions {
  let pair = compileOptionsCache.get(options);
  if (!pair) {
    pair = [
      { ...options, escapeBackslashes: false },
      { ...options, escapeBackslashes: true },
    ];
    compileOptionsCache.set(options, pair);
  }
  return escapeBackslashes ? pair[1] : pair[0];
}

function isScalar(value: Value): boolean {
  return (
    value === null ||
    typeof value === "number" ||
    typeof value === "boolean" ||
    typeof value === "bigint" ||
    value instanceof PyFloat
  );
}

function trailingNewlines(text: string): number {
  let count = 0;
  while (count < text.length && text[text.length - 1 - count] === "\n") count++;
  return count;
}

/** A value for a message, not too long. */
function shortened(value: Value): string {
  const text = textOf(value) ?? repr(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

function recursionError(value: Value): TemplateRuntimeError {
  return new TemplateRuntimeError(
    "AnsibleError",
    `recursive loop detected in template string: ${shortened(value)}`,
    { hint: "A variable is defined by itself, directly or through others. Break the circle." },
  );
}

/** The JavaScript stack ran over: that is a recursion in the template. */
function overflow(error: unknown, text: string): unknown {
  return error instanceof RangeError && /call stack/i.test(error.message)
    ? recursionError(text)
    : error;
}

/** The error in the words that Ansible's users search for, once, with the innermost template. */
function worded(error: unknown, text: string, stage: "compile" | "render"): unknown {
  if (!(error instanceof PythonError) || wordedErrors.has(error)) return error;
  wordedErrors.add(error);
  if (error instanceof TemplateSyntaxError) {
    // What turns out while a template is rendered (a test named by a text) is said as it is.
    if (stage === "compile")
      error.message = `template error while templating string: ${error.message}. String: ${shortened(text)}`;
  } else if (error.kind === "TypeError") {
    error.message = `Unexpected templating type error occurred on (${shortened(text)}): ${error.message}`;
  }
  return error;
}

const wordedErrors = new WeakSet<PythonError>();

/** The error, with a place if it had none. */
function placed(error: unknown, position: SourcePosition | undefined): unknown {
  if (position === undefined || !(error instanceof LayerbookError)) return error;
  const unplaced = error.position === undefined || error.position.file === "<template>";
  if (unplaced && !(error instanceof TemplateInterruptedError)) {
    const target = error as { -readonly [K in keyof ErrorDetails]: ErrorDetails[K] };
    if (error instanceof TemplateSyntaxError && error.position) {
      // The place within the text, counted from where the text begins.
      const { line, column } = error.position;
      target.position =
        line === 1 ? position : { file: position.file, line: position.line + line - 1, column };
    } else target.position = position;
  }
  return error;
}

function hinted(error: PythonError, hint: string): void {
  (error as { -readonly [K in keyof ErrorDetails]: ErrorDetails[K] }).hint = hint;
}
