import { iterate } from "../../values/iterate.ts";
import { Dict, textOf, type Value } from "../../values/model.ts";
import { str } from "../../values/text.ts";
import { typeName } from "../../values/type-name.ts";
import { LookupError, TemplateRuntimeError, UndefinedError } from "../errors.ts";
import type { EvaluationContext, Lookup } from "../plugin.ts";
import { fnmatch } from "../python/fnmatch.ts";
import { compileRegex } from "../python/regex.ts";
import { Undefined } from "../undefined.ts";
import { environmentOf } from "./files.ts";
import { PLUGIN_OPTIONS } from "./plugin-options.ts";
import { flagOption, termText, textOption } from "./shared.ts";

/** Lookups of variables, hosts, settings and the environment. */

const env: Lookup = (terms, options, context) => {
  const environment = environmentOf(context);
  return terms.map((term) => {
    const name = termText(term).split(/\s+/)[0] ?? "";
    const value = environment[name];
    if (value !== undefined) return value;
    const absent = options.get("default") ?? "";
    if (absent instanceof Undefined) {
      throw new UndefinedError(`The "env" lookup, found an undefined variable: ${name}`, name);
    }
    return absent;
  });
};

const vars: Lookup = (terms, options, context) =>
  terms.map((term) => {
    const name = textOf(term);
    if (name === undefined) {
      if (term instanceof Undefined) return term.fail();
      throw new TemplateRuntimeError(
        "AnsibleError",
        `Invalid setting identifier, "${str(term)}" is not a string, its a <class '${typeName(term)}'>`,
      );
    }
    const value = context.variable(name);
    if (value !== undefined && !(value instanceof Undefined)) return value;
    const absent = options.get("default") ?? null;
    if (absent !== null) return absent;
    throw new UndefinedError(`No variable found with this name: ${name}`, name);
  });

const varnames: Lookup = (terms, _options, context) => {
  const names = context.variableNames();
  return terms.flatMap((term) => {
    const pattern = textOf(term);
    if (pattern === undefined) {
      if (term instanceof Undefined) return term.fail();
      throw new TemplateRuntimeError(
        "AnsibleError",
        `Invalid setting identifier, "${str(term)}" is not a string, it is a <class '${typeName(term)}'>`,
      );
    }
    let compiled: ReturnType<typeof compileRegex>;
    try {
      compiled = compileRegex(pattern);
    } catch (error) {
      if (!(error instanceof TemplateRuntimeError)) throw error;
      throw new TemplateRuntimeError(
        "AnsibleError",
        `Unable to use "${pattern}" as a search parameter: ${error.message}`,
        { cause: error },
      );
    }
    return names.filter((name) => compiled.search(name));
  });
};

/** Hosts of a pattern by the magic variable `groups`: `a:b`, `!c`, `&d`, wildcards, `~regex`. */
const inventoryHostnames: Lookup = (terms, _options, context) => {
  const groups = groupsOf(context);
  const all = groups.get("all") ?? [...new Set([...groups.values()].flat())];
  const matching = (pattern: string): Set<string> => {
    const regex = pattern.startsWith("~") ? compileRegex(pattern.slice(1)) : undefined;
    const matches = (name: string) =>
      regex ? regex.match(name) !== undefined : fnmatch(name, pattern);
    const hosts = new Set<string>();
    for (const [group, members] of groups)
      if (matches(group)) for (const host of members) hosts.add(host);
    for (const host of all) if (matches(host)) hosts.add(host);
    return hosts;
  };
  let chosen = new Set<string>();
  const patterns = terms
    .flatMap((term) => termText(term).split(/[,:]/))
    .filter((part) => part !== "");
  // Exclusions and intersections come last, whatever their place.
  const plain = patterns.filter((pattern) => !/^[!&]/.test(pattern));
  for (const pattern of plain.length > 0 ? plain : ["all"]) {
    for (const host of matching(pattern)) chosen.add(host);
  }
  for (const pattern of patterns.filter((part) => part.startsWith("&"))) {
    const other = matching(pattern.slice(1));
    chosen = new Set([...chosen].filter((host) => other.has(host)));
  }
  for (const pattern of patterns.filter((part) => part.startsWith("!"))) {
    for (const host of matching(pattern.slice(1))) chosen.delete(host);
  }
  return all.filter((host) => chosen.has(host));
};

function groupsOf(context: EvaluationContext): Map<string, string[]> {
  const groups = context.variable("groups");
  if (!(groups instanceof Dict)) return new Map();
  return new Map(
    Array.from(groups, ([name, hosts]) => [str(name), Array.from(iterate(hosts), str)] as const),
  );
}

/** A setting's value and where it comes from. */
function configured(
  name: string,
  options: ReadonlyMap<string, Value>,
  context: EvaluationContext,
): readonly [Value, Value] | undefined {
  const type = options.get("plugin_type");
  const plugin = options.get("plugin_name");
  if ((type === undefined) !== (plugin === undefined)) {
    throw new TemplateRuntimeError(
      "AnsibleError",
      "Both plugin_type and plugin_name are required, cannot use one without the other",
    );
  }
  if (type === undefined || plugin === undefined) return context.settings.configuration?.(name);
  const option = PLUGIN_OPTIONS[`${str(type)}.${str(plugin)}`]?.[name];
  if (!option) return undefined;
  for (const variable of option.variables) {
    const value = context.variable(variable);
    if (value !== undefined) return [value, `var: ${variable}`];
  }
  const set = option.setting && context.settings.configuration?.(option.setting);
  return set && set[0] !== null ? set : [option.fallback, "default"];
}

const config: Lookup = (terms, options, context) => {
  const missing = textOption(options, "on_missing", "error");
  if (!["error", "warn", "skip"].includes(missing)) {
    throw new TemplateRuntimeError(
      "AnsibleError",
      `Invalid value "${missing}" for configuration option "plugin_type: lookup plugin: config setting: on_missing ", valid values are: error, skip, warn`,
    );
  }
  return terms.flatMap((term): Value[] => {
    const name = textOf(term);
    if (name === undefined) {
      throw new TemplateRuntimeError(
        "AnsibleError",
        `Invalid setting identifier, "${str(term)}" is not a string, its a <class '${typeName(term)}'>`,
      );
    }
    const found = configured(name, options, context);
    if (found) return [flagOption(options, "show_origin", false) ? [...found] : found[0]];
    if (missing === "error") {
      // Settings are spelt in capitals, except those of plugins.
      const isSetting = options.has("plugin_type") || /^[A-Z0-9_]+$/.test(name);
      throw new LookupError(
        isSetting ? `Unable to find setting ${name}` : `Invalid setting "${name}" attempted`,
      );
    }
    if (missing === "warn") {
      context.settings.warn?.(`Skipping, did not find setting ${name}`);
    }
    return [];
  });
};

export const lookups: Readonly<Record<string, Lookup>> = {
  config,
  env,
  inventory_hostnames: inventoryHostnames,
  vars,
  varnames,
};
