/** One template being rendered: its variables, its blocks, its budget. */

import type { SourcePosition } from "../errors/index.ts";
import { getItem, Slice } from "../values/access.ts";
import { callValue, getAttribute } from "../values/attribute.ts";
import { noNames } from "../values/callable.ts";
import { Dict, PyFloat, textOf, type Value } from "../values/model.ts";
import { asInt } from "../values/number.ts";
import { repr, str } from "../values/text.ts";
import { typeName } from "../values/type-name.ts";
import type { Budget } from "./budget.ts";
import { type Conversion, concat } from "./concat.ts";
import type { Environment } from "./environment.ts";
import { TemplateRuntimeError } from "./errors.ts";
import type { CompiledTemplate, Execute } from "./frame.ts";
import { placeOf } from "./lexer.ts";
import type {
  ControllerFiles,
  EvaluationContext,
  TemplateFileOptions,
  TemplateSettings,
} from "./plugin.ts";
import { Undefined } from "./undefined.ts";

/** A variable as a template sees it. */
export interface Resolved {
  readonly value: Value;
  /** Marks the result of the template as unsafe. */
  readonly unsafe: boolean;
  /** False if it may differ at the next reading (random, lookups). */
  readonly pure: boolean;
}

/** What a run needs of the Templar that started it. */
export interface Resolver {
  readonly files: ControllerFiles;
  readonly settings: TemplateSettings;
  resolve(name: string): Resolved | undefined;
  has(name: string): boolean;
  names(): string[];
  template(value: Value, options?: { readonly convertData?: boolean }): Value;
  renderFile(text: string, options: TemplateFileOptions, extra?: Dict): string;
  renderFileNative(text: string, options: TemplateFileOptions, extra?: Dict): Value;
  /** Notes that what is being evaluated must not be cached. */
  impure(): void;
}

export class Run implements EvaluationContext {
  readonly environment: Environment;
  readonly resolver: Resolver;
  readonly template_: CompiledTemplate;
  readonly conversion: Conversion;
  readonly budget: Budget;
  /** Names set at the top level, and variables that were already resolved. */
  readonly values: Map<string, Value>;
  /** The names set at the top level: what an import of the template offers. */
  readonly exported = new Set<string>();
  /** The bodies of each block, the most derived first. */
  readonly blocks: Map<string, Execute[]>;
  /** Does it see variables, or only globals (an import without context)? */
  readonly isolated: boolean;
  readonly autoescape = false;
  /** The template that this one extends, once `extends` was executed. */
  parent: CompiledTemplate | undefined;
  /** Something unsafe was read: the result is unsafe. */
  unsafe = false;
  /** Where in the source it is, for errors without a place of their own. */
  at = 0;

  constructor(
    environment: Environment,
    resolver: Resolver,
    template: CompiledTemplate,
    options: {
      readonly conversion: Conversion;
      readonly budget: Budget;
      readonly values?: Map<string, Value>;
      readonly blocks?: Map<string, Execute[]>;
      readonly isolated?: boolean;
    },
  ) {
    this.environment = environment;
    this.resolver = resolver;
    this.template_ = template;
    this.conversion = options.conversion;
    this.budget = options.budget;
    this.values = options.values ?? new Map();
    this.isolated = options.isolated ?? false;
    if (options.blocks) this.blocks = options.blocks;
    else {
      this.blocks = new Map();
      for (const [name, body] of template.blocks) this.blocks.set(name, [body]);
    }
  }

  /** A run of another template (or block) that starts with the given values. */
  derive(
    template: CompiledTemplate,
    values: Map<string, Value>,
    options: { readonly isolated?: boolean; readonly blocks?: Map<string, Execute[]> } = {},
  ): Run {
    return new Run(this.environment, this.resolver, template, {
      conversion: this.conversion,
      budget: this.budget,
      values,
      ...options,
    });
  }

  /** Sets a name at the top level. */
  assign(name: string, value: Value): void {
    this.values.set(name, value);
    this.exported.add(name);
  }

  /** A name that is no local: set at the top level, a variable, a global, or undefined. */
  name(name: string, offset: number, nested: boolean): Value {
    const known = this.values.get(name);
    if (known !== undefined) return known;
    if (!this.isolated) {
      const found = this.resolver.resolve(name);
      if (found) {
        if (found.unsafe) this.unsafe = true;
        const value = this.template_.mutates ? copy(found.value) : found.value;
        // A loop body reads what is random anew each time round.
        if (found.pure || !nested) this.values.set(name, value);
        return value;
      }
    }
    const global = this.environment.global(name);
    if (global !== undefined) return global;
    if (name === "self" && this.blocks.size > 0) return this.environment.selfReference(this);
    return this.undefinedAt(`'${name}' is undefined`, name, offset);
  }

  undefinedAt(hint: string, name: string, offset: number): Undefined {
    return new Undefined(hint, name, () => this.place(offset));
  }

  /** The place of an offset in the template's source; absent for templates without a file. */
  place(offset: number): SourcePosition | undefined {
    const { file, source } = this.template_;
    return file === undefined ? undefined : placeOf(source, offset, file);
  }

  /** `object.name`: the attribute, else the element of that name, else undefined. */
  attribute(object: Value, name: string, offset: number): Value {
    if (object instanceof Undefined) return object;
    const attribute = getAttribute(object, name);
    if (attribute !== undefined) return attribute;
    const element = getItem(object, name);
    if (element !== undefined) return element;
    return this.undefinedAt(missing(object, name), name, offset);
  }

  /** `object[key]`: the element, else (for text) the attribute, else undefined. */
  item(object: Value, key: Value, offset: number): Value {
    if (object instanceof Undefined) return object;
    if (key instanceof Undefined) key.fail();
    const value = getItem(object, key);
    if (value !== undefined) return value;
    const name = textOf(key);
    if (name !== undefined) {
      const attribute = getAttribute(object, name);
      if (attribute !== undefined) return attribute;
      return this.undefinedAt(missing(object, name), name, offset);
    }
    if (key instanceof Slice || key instanceof PyFloat || asInt(key) === undefined) {
      return this.undefinedAt(
        `${objectName(object)} has no element ${repr(key)}`,
        str(key),
        offset,
      );
    }
    return this.undefinedAt(`${objectName(object)} has no element ${str(key)}`, str(key), offset);
  }

  concat(parts: readonly Value[]): Value {
    return concat(parts, this.conversion);
  }

  // What plugins may ask.

  get files(): ControllerFiles {
    return this.resolver.files;
  }
  get settings(): TemplateSettings {
    return this.resolver.settings;
  }
  call(callable: Value, args: readonly Value[], kwargs = noNames): Value {
    this.budget.tick();
    return callValue(callable, { positional: args, named: kwargs }, this);
  }
  filter(name: string, value: Value, args: readonly Value[], kwargs = noNames): Value {
    return this.environment.applyFilter(name, value, { positional: args, named: kwargs }, this);
  }
  test(name: string, value: Value, args: readonly Value[], kwargs = noNames): boolean {
    return this.environment.applyTest(name, value, { positional: args, named: kwargs }, this);
  }
  getAttribute(object: Value, name: Value): Value {
    return this.item(object, name, this.at);
  }
  variable(name: string): Value | undefined {
    const local = this.values.get(name);
    if (local !== undefined) return local;
    const found = this.resolver.resolve(name);
    if (found?.unsafe) this.unsafe = true;
    return found?.value;
  }
  variableNames(): string[] {
    return this.resolver.names();
  }
  template(value: Value, options?: { readonly convertData?: boolean }): Value {
    return this.resolver.template(value, options);
  }
  renderFile(text: string, options: TemplateFileOptions, extra?: Dict): string {
    return this.resolver.renderFile(text, options, extra);
  }
  renderFileNative(text: string, options: TemplateFileOptions, extra?: Dict): Value {
    return this.resolver.renderFileNative(text, options, extra);
  }
  undefined(hint: string, name?: string): Undefined {
    return new Undefined(hint, name, () => this.place(this.at));
  }
}

/** Jinja2's name for the kind of an object in messages. */
function objectName(object: Value): string {
  return object === null ? "None" : `${typeName(object)} object`;
}

function missing(object: Value, name: string): string {
  return `'${objectName(object)}' has no attribute ${repr(name)}`;
}

/** A copy that a template may change. */
function copy(value: Value): Value {
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Dict) {
    const result = new Dict();
    for (const [key, item] of value) result.set(key, copy(item));
    return result;
  }
  return value;
}

/** The run behind the context that a callable was given. */
export function runOf(context: unknown): Run {
  if (context instanceof Run) return context;
  throw new TemplateRuntimeError("RuntimeError", "this function can be called only by a template");
}
