/**
 * What all templates of a controller share: plugins, settings, files, compiled templates. One
 * environment serves any number of Templars.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { nearest } from "../errors/nearest.ts";
import type { Arguments } from "../values/callable.ts";
import { toList } from "../values/iterate.ts";
import { PyIterator } from "../values/iterator.ts";
import { TaggedString, type Value } from "../values/model.ts";
import { NativeText } from "../values/native-text.ts";
import type { StopSignal } from "./budget.ts";
import { compileTemplate } from "./compile.ts";
import { SelfReference } from "./compile-files.ts";
import { notLoaded, TemplateSyntaxError } from "./errors.ts";
import { filters as builtinFilters, collections as filterCollections } from "./filters/index.ts";
import type { CompiledTemplate } from "./frame.ts";
import { makeGlobals } from "./globals.ts";
import { doubleBackslashes, type LexerOptions, normaliseSource } from "./lexer.ts";
import { lookups as builtinLookups, collections as lookupCollections } from "./lookups/index.ts";
import { type Extension, parseTemplate } from "./parser.ts";
import type {
  ControllerFiles,
  EvaluationContext,
  Filter,
  Lookup,
  PluginSource,
  TemplateFileOptions,
  TemplateSettings,
  Test,
} from "./plugin.ts";
import type { Run } from "./run.ts";
import { tests as builtinTests, collections as testCollections } from "./tests/index.ts";
import { Undefined } from "./undefined.ts";

export interface EnvironmentOptions {
  readonly settings?: TemplateSettings;
  readonly files?: ControllerFiles;
  /** Plugins besides the built-in ones, by short or full name; they win. */
  readonly filters?: Readonly<Record<string, Filter>>;
  readonly tests?: Readonly<Record<string, Test>>;
  readonly lookups?: Readonly<Record<string, Lookup>>;
  /** Asked for plugins that are neither built in nor given here. */
  readonly plugins?: PluginSource;
  /** Global functions and values besides the built-in ones. */
  readonly globals?: Readonly<Record<string, Value>>;
  /** Jinja2 extensions that are on (`jinja2_extensions`). Default none, as in Ansible. */
  readonly extensions?: readonly Extension[];
  /** The longest that one template may take, in milliseconds. Default five minutes. */
  readonly timeLimit?: number;
  /** Stops running templates. */
  readonly signal?: StopSignal;
  /** `error_on_undefined_vars`: false leaves templates with undefined variables as they are. */
  readonly failOnUndefined?: boolean;
}

/** Filters whose text is final: alone in a template it is never read back as data. */
const textFilters: ReadonlySet<string> = new Set([
  "string",
  "to_json",
  "to_nice_json",
  "to_yaml",
  "to_nice_yaml",
  "ppretty",
  "json",
]);

/** Filters that may answer differently each time. */
const impureFilters: ReadonlySet<string> = new Set([
  "random",
  "shuffle",
  "random_mac",
  "password_hash",
  "vault",
]);

/** Compiled templates kept. */
const cacheSize = 10_000;

const noFiles: ControllerFiles = {
  baseDirectory: process.cwd(),
  find: () => undefined,
  read: (path) => readFileSync(path),
  searchPaths: () => [],
};

interface PluginTable<T> {
  readonly plugins: Readonly<Record<string, T>>;
  readonly extra: Readonly<Record<string, T>>;
  readonly collections: Readonly<Record<string, string>>;
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** A plugin by its short name or by namespace.collection.name. */
function findPlugin<T>(table: PluginTable<T>, name: string): T | undefined {
  const exact = own(table.extra, name) ?? own(table.plugins, name);
  if (exact !== undefined) return exact;
  const parts = name.split(".");
  if (parts.length !== 3) return undefined;
  const short = parts[2] as string;
  const collection = `${parts[0]}.${parts[1]}`;
  const home = own(table.collections, short) ?? "ansible.builtin";
  const builtin = home === "ansible.builtin";
  if (builtin ? collection !== home && collection !== "ansible.legacy" : !sameFamily(collection)) {
    return undefined;
  }
  return own(table.plugins, short);
}

/** Plugins moved between these collections over the years, leaving redirections behind. */
function sameFamily(collection: string): boolean {
  return /^(?:ansible\.(?:utils|netcommon|posix|legacy)|community\.(?:general|crypto|docker))$/.test(
    collection,
  );
}

export class Environment {
  readonly settings: TemplateSettings;
  readonly files: ControllerFiles;
  readonly timeLimit: number;
  readonly signal: StopSignal | undefined;
  readonly failOnUndefined: boolean;
  readonly #filters: PluginTable<Filter>;
  readonly #tests: PluginTable<Test>;
  readonly #lookups: PluginTable<Lookup>;
  readonly #source: PluginSource | undefined;
  readonly #globals: ReadonlyMap<string, Value>;
  readonly #extraGlobals: Readonly<Record<string, Value>>;
  readonly #extensions: ReadonlySet<Extension>;
  readonly #cache = new Map<string, CompiledTemplate>();

  constructor(options: EnvironmentOptions = {}) {
    this.settings = options.settings ?? { native: false };
    this.files = options.files ?? noFiles;
    this.timeLimit = options.timeLimit ?? 300_000;
    this.signal = options.signal;
    this.failOnUndefined = options.failOnUndefined ?? this.settings.errorOnUndefined ?? true;
    this.#filters = {
      plugins: builtinFilters,
      extra: options.filters ?? {},
      collections: filterCollections,
    };
    this.#tests = {
      plugins: builtinTests,
      extra: options.tests ?? {},
      collections: testCollections,
    };
    this.#lookups = {
      plugins: builtinLookups,
      extra: options.lookups ?? {},
      collections: lookupCollections,
    };
    this.#source = options.plugins;
    this.#globals = makeGlobals(this);
    this.#extraGlobals = options.globals ?? {};
    this.#extensions = new Set(options.extensions ?? []);
  }

  /** A global function or value. */
  global(name: string): Value | undefined {
    return own(this.#extraGlobals, name) ?? this.#globals.get(name);
  }

  /** A filter by name, made to behave as all filters do. */
  findFilter(name: string): Filter | undefined {
    const filter = findPlugin(this.#filters, name);
    if (!filter) return this.#sourceFilter(name);
    const short = name.slice(name.lastIndexOf(".") + 1);
    const final = textFilters.has(short);
    const impure = impureFilters.has(short);
    if (!final && !impure) {
      return (value, args, context) => {
        const result = filter(value, args, context);
        return result instanceof PyIterator ? toList(result) : result;
      };
    }
    return (value, args, context) => {
      if (impure) (context as Run).resolver.impure();
      const result = filter(value, args, context);
      if (!final) return result instanceof PyIterator ? toList(result) : result;
      if (typeof result === "string") return new NativeText(result);
      if (result instanceof TaggedString && !(result instanceof NativeText)) {
        return new NativeText(result.text, { unsafe: result.unsafe, vault: result.vault });
      }
      return result;
    };
  }

  /** What code written elsewhere answers may differ each time. */
  #sourceFilter(name: string): Filter | undefined {
    const filter = this.#source?.filter(name);
    return (
      filter &&
      ((value, args, context) => {
        (context as Run).resolver.impure();
        return filter(value, args, context);
      })
    );
  }

  findTest(name: string): Test | undefined {
    return findPlugin(this.#tests, name) ?? this.#source?.test(name);
  }

  findLookup(name: string): Lookup | undefined {
    return findPlugin(this.#lookups, name) ?? this.#source?.lookup(name);
  }

  /** Names of all filters, tests and lookups (short ones). */
  pluginNames(kind: "filters" | "tests" | "lookups"): string[] {
    const table = { filters: this.#filters, tests: this.#tests, lookups: this.#lookups }[kind];
    return [...Object.keys(table.plugins), ...Object.keys(table.extra)].sort();
  }

  /** A hint with the nearest name of a plugin. */
  suggestPlugin(name: string): string | undefined {
    const names = (["filters", "tests", "lookups"] as const).flatMap((kind) =>
      this.pluginNames(kind),
    );
    const short = name.slice(name.lastIndexOf(".") + 1);
    const near = nearest(
      short,
      names.filter((known) => known !== short),
    );
    return near === undefined ? this.#source?.missing(name) : `Did you mean '${near}'?`;
  }

  applyFilter(name: string, value: Value, args: Arguments, context: EvaluationContext): Value {
    const filter = this.findFilter(name);
    if (!filter) throw this.#unknown(name);
    return filter(value, args, context);
  }

  applyTest(name: string, value: Value, args: Arguments, context: EvaluationContext): boolean {
    const test = this.findTest(name);
    if (!test) throw this.#unknown(name);
    return test(value, args, context);
  }

  #unknown(name: string): TemplateSyntaxError {
    return new TemplateSyntaxError(notLoaded(name), { hint: this.suggestPlugin(name) });
  }

  /** The value of `x if false` without an else. */
  absentElse(run: Run): Value {
    return this.settings.native
      ? run.undefined(
          "the inline if-expression evaluated to false and no else section was defined.",
        )
      : new AbsentElse();
  }

  selfReference(run: Run): Value {
    return new SelfReference(run);
  }

  /**
   * Compiles a template, or takes it from the cache. `text` is the template's source without its
   * `#jinja2:` header. Fails with TemplateSyntaxError.
   */
  compile(
    text: string,
    options: LexerOptions & { readonly escapeBackslashes: boolean },
    file?: string,
  ): CompiledTemplate {
    const key = `${optionsKey(options)}\0${file ?? ""}\0${text}`;
    const known = this.#cache.get(key);
    if (known) return known;
    let source = normaliseSource(text, options.keepTrailingNewline);
    if (options.escapeBackslashes) source = doubleBackslashes(source, options);
    const body = parseTemplate(source, options, this.#extensions);
    const template = compileTemplate(body, source, file, this);
    if (this.#cache.size >= cacheSize) {
      const [oldest] = this.#cache.keys();
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    this.#cache.set(key, template);
    return template;
  }

  /** A template that another one names: next to that one, or on the search path. */
  load(
    name: string,
    from: string | undefined,
    files: ControllerFiles,
  ): CompiledTemplate | undefined {
    let path = files.find("templates", name);
    if (path === undefined && from !== undefined) {
      const beside = resolve(dirname(from), name);
      path = files.find("", beside);
    }
    if (path === undefined) return undefined;
    const text = Buffer.from(files.read(path)).toString("utf8");
    const options = lexerOptions({});
    return this.compile(text, { ...options, escapeBackslashes: false }, path);
  }
}

/** Prints nothing, and is undefined to everything that asks. */
class AbsentElse extends Undefined {
  constructor() {
    super("the inline if-expression evaluated to false and no else section was defined.");
  }
  override pyStr(): string {
    return "";
  }
}

const optionKeys = new WeakMap<object, string>();

function optionsKey(options: object): string {
  let key = optionKeys.get(options);
  if (key === undefined) {
    key = JSON.stringify(options);
    optionKeys.set(options, key);
  }
  return key;
}

/** The lexer's options from the template module's; absent ones have that module's defaults. */
export function lexerOptions(options: TemplateFileOptions): LexerOptions {
  return {
    blockStart: options.blockStart ?? "{%",
    blockEnd: options.blockEnd ?? "%}",
    variableStart: options.variableStart ?? "{{",
    variableEnd: options.variableEnd ?? "}}",
    commentStart: options.commentStart ?? "{#",
    commentEnd: options.commentEnd ?? "#}",
    lineStatementPrefix: undefined,
    lineCommentPrefix: undefined,
    trimBlocks: options.trimBlocks ?? true,
    lstripBlocks: options.lstripBlocks ?? false,
    newlineSequence: options.newlineSequence ?? "\n",
    keepTrailingNewline: false,
  };
}
