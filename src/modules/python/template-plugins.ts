/**
 * Filters, tests and lookups that are written in Python: those of `filter_plugins`, `test_plugins` and
 * `lookup_plugins` folders and of installed collections. Asked for only when a template names one that
 * is not built in.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type {
  EvaluationContext,
  Filter,
  Lookup,
  PluginSource,
  Test,
} from "../../template/plugin.ts";
import type { Value } from "../../values/model.ts";
import { findAnsible } from "./find-ansible.ts";
import { PluginHost } from "./plugin-host.ts";
import type { Answer, HostStart, Question } from "./protocol.ts";
import { answerVariables } from "./variable-answers.ts";
import { fromWire, toWire, type Wire } from "./wire.ts";

type Kind = "filter" | "test" | "lookup";
const KINDS: readonly Kind[] = ["filter", "test", "lookup"];

export interface TemplatePluginsOptions {
  readonly start: HostStart;
  /** Folders of roles and playbooks with plugins of their own; it may grow. */
  readonly directories: ReadonlySet<string>;
  /** Folders of the settings DEFAULT_FILTER_PLUGIN_PATH and its like. */
  readonly pluginPath: Readonly<Record<Kind, readonly string[]>>;
}

export class TemplatePlugins implements PluginSource {
  readonly #o: TemplatePluginsOptions;
  readonly #told = new Set<string>();
  readonly #known = new Map<string, boolean>();
  #host: PluginHost | undefined;

  constructor(options: TemplatePluginsOptions) {
    this.#o = options;
  }

  filter(name: string): Filter | undefined {
    if (!this.#has("filter", name)) return undefined;
    return (value, { positional, named }, context) =>
      fromWire(
        this.#call("filter", name, [value, ...positional], named, context),
        (hint, variable) => context.undefined(hint, variable),
      );
  }

  test(name: string): Test | undefined {
    if (!this.#has("test", name)) return undefined;
    return (value, { positional, named }, context) =>
      this.#call("test", name, [value, ...positional], named, context) === true;
  }

  lookup(name: string): Lookup | undefined {
    if (!this.#has("lookup", name)) return undefined;
    return (terms, options, context) => {
      const request = { op: "lookup", name, terms: terms.map(toWire), kwargs: record(options) };
      const result = this.#ready().request(request, answerWith(context)) as Wire;
      const list = fromWire(result, (hint, variable) => context.undefined(hint, variable));
      return Array.isArray(list) ? list : [list];
    };
  }

  missing(name: string): string | undefined {
    if (!KINDS.some((kind) => this.#mayHave(kind, name)) || findAnsible()) return undefined;
    return "Plugins that are written in Python need ansible-core on this machine (LAYERBOOK_PYTHON names its Python).";
  }

  close(): void {
    this.#host?.close();
    this.#host = undefined;
  }

  #call(
    op: "filter" | "test",
    name: string,
    args: readonly Value[],
    named: ReadonlyMap<string, Value>,
    context: EvaluationContext,
  ): Wire {
    const request = { op, name, args: args.map(toWire), kwargs: record(named) };
    return this.#ready().request(request, answerWith(context)) as Wire;
  }

  #has(kind: Kind, name: string): boolean {
    const key = `${kind} ${name} ${this.#o.directories.size}`;
    let has = this.#known.get(key);
    if (has === undefined) {
      has =
        this.#mayHave(kind, name) &&
        findAnsible() !== undefined &&
        this.#ready().request({ op: "has", kind, name }) === true;
      this.#known.set(key, has);
    }
    return has;
  }

  /** Is there anything that could have it? Python is not started for a misspelt name. */
  #mayHave(kind: Kind, name: string): boolean {
    if (name.includes(".")) return true;
    const folder = `${kind}_plugins`;
    return [
      ...[...this.#o.directories].map((directory) => join(directory, folder)),
      ...this.#o.pluginPath[kind],
    ].some(hasPython);
  }

  #ready(): PluginHost {
    if (!this.#host) {
      const ansible = findAnsible();
      if (!ansible) throw new Error("asked for a plugin without ansible-core");
      this.#host = new PluginHost(ansible, this.#o.start);
    }
    const paths = [...this.#o.directories].filter((path) => !this.#told.has(path));
    if (paths.length > 0) {
      this.#host.request({ op: "directories", paths });
      for (const path of paths) this.#told.add(path);
    }
    return this.#host;
  }
}

function hasPython(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".py"));
}

function record(named: ReadonlyMap<string, Value>): Record<string, Wire> {
  return Object.fromEntries(Array.from(named, ([name, value]) => [name, toWire(value)]));
}

/** What a plugin may ask of the running template. */
function answerWith(context: EvaluationContext): (question: Question) => Answer {
  return (question) =>
    answerVariables(context, question) ?? { error: `a template cannot answer: ${question.ask}` };
}
