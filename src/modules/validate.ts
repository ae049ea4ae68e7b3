/**
 * Arguments against a module's spec: aliases, defaults, conversions, choices and the sets of options,
 * in Ansible's order and wording.
 *
 * @see https://docs.ansible.com/ansible/latest/dev_guide/developing_program_flow_modules.html#argument-spec
 */
import { LayerbookError } from "../errors/index.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { equals, fromJson, str } from "../values/python.ts";
import { ConversionError, convert, pythonClass, toData } from "./convert.ts";
import type { Arguments, ModuleSpec, OptionSpec } from "./module.ts";

/** Arguments that a module does not accept; the message is what the task's result shows. */
export class ArgumentsError extends LayerbookError {}

export interface ValidationOptions {
  /** The module's name in messages; default: the last part of the spec's. */
  readonly name?: string;
  readonly warn?: (message: string) => void;
  /** Told of everything that is wrong; without it the first thing is thrown. */
  readonly problem?: (error: ArgumentsError) => void;
}

/** Whom validation talks to. */
interface Listeners {
  readonly warn: ValidationOptions["warn"];
  readonly problem: (error: ArgumentsError) => void;
  /** What stands before the names of options that a dictionary does not have. */
  readonly unsupported: string;
}

function throwProblem(error: ArgumentsError): never {
  throw error;
}

/** What a module and each of its dict options have in common. */
type OptionSet = Pick<
  ModuleSpec,
  | "options"
  | "mutuallyExclusive"
  | "requiredTogether"
  | "requiredOneOf"
  | "requiredIf"
  | "requiredBy"
>;

/**
 * @param values the task's arguments after templating, `omit` already removed
 * @throws ArgumentsError with the first thing that is wrong, unless `problem` is given
 */
export function validateArguments(
  spec: ModuleSpec,
  values: Dict,
  options: ValidationOptions = {},
): Arguments {
  const given = new Map<string, Value>();
  for (const [key, value] of values) given.set(str(key), value);
  const resolved = resolveAliases(spec.options, given, options.warn);
  const unknown = spec.anyOption ? [] : [...resolved.keys()].filter((k) => !hasOption(spec, k));
  if (unknown.length > 0) throw unsupported(spec, unknown, options.name);
  const name = options.name ?? spec.name.slice(spec.name.lastIndexOf(".") + 1);
  const listeners = {
    warn: options.warn,
    problem: options.problem ?? throwProblem,
    unsupported: options.problem ? "" : `Unsupported parameters for (${name}) module: `,
  };
  const checked = checkSet(spec, resolved, "", listeners);
  if (spec.anyOption) {
    for (const [key, value] of resolved) {
      if (!hasOption(spec, key)) checked.push([key, value]);
    }
  }
  return Object.fromEntries(checked.map(([key, value]) => [key, toData(value)]));
}

/**
 * Refuses option names that the module does not have, before anything runs. Templated names and
 * `args: "{{ ... }}"` are not known by then and are left to {@link validateArguments}.
 * @throws ArgumentsError
 */
export function checkOptionNames(spec: ModuleSpec, names: Iterable<string>, name?: string): void {
  if (spec.anyOption) return;
  const known = aliasesOf(spec.options);
  const unknown = [...names].filter(
    (key) => !hasOption(spec, key) && !known.has(key) && !key.includes("{{"),
  );
  if (unknown.length > 0) throw unsupported(spec, unknown, name);
}

/** Every name under which a secret option may be given. */
export function secretOptions(spec: ModuleSpec): readonly string[] {
  return Object.entries(spec.options).flatMap(([name, option]) =>
    option.noLog ? [name, ...(option.aliases ?? [])] : [],
  );
}

function hasOption(spec: Pick<ModuleSpec, "options">, name: string): boolean {
  return Object.hasOwn(spec.options, name);
}

const knownAliases = new WeakMap<OptionSet["options"], ReadonlyMap<string, string>>();

/** A module's options never change: they are looked through once, not once a task. */
function aliasesOf(options: OptionSet["options"]): ReadonlyMap<string, string> {
  const known = knownAliases.get(options);
  if (known) return known;
  const aliases = new Map<string, string>();
  knownAliases.set(options, aliases);
  for (const [name, option] of Object.entries(options)) {
    for (const alias of option.aliases ?? []) aliases.set(alias, name);
  }
  return aliases;
}

function resolveAliases(
  options: OptionSet["options"],
  given: ReadonlyMap<string, Value>,
  warn: ValidationOptions["warn"],
): Map<string, Value> {
  const aliases = aliasesOf(options);
  const resolved = new Map<string, Value>();
  for (const [key, value] of given) {
    const name = aliases.get(key);
    if (name === undefined) {
      resolved.set(key, value);
      continue;
    }
    if (given.has(name)) warn?.(`Both option ${name} and its alias ${key} are set.`);
    resolved.set(name, value);
  }
  return resolved;
}

/** Modules that run on the controller and word it otherwise. */
const NAMES_ONLY: ReadonlySet<string> = new Set(
  ["assert", "debug", "fail", "group_by", "set_stats", "wait_for_connection"].map(
    (name) => `ansible.builtin.${name}`,
  ),
);

function unsupported(
  spec: ModuleSpec,
  unknown: readonly string[],
  name: string | undefined,
): ArgumentsError {
  const shown = name ?? spec.name.slice(spec.name.lastIndexOf(".") + 1);
  if (NAMES_ONLY.has(spec.name)) {
    return new ArgumentsError(`Invalid options for ${shown}: ${[...unknown].sort().join(",")}`);
  }
  if (spec.name === "ansible.builtin.include_vars") {
    return new ArgumentsError(`${unknown[0]} is not a valid option in include_vars`);
  }
  const aliases = [...aliasesOf(spec.options).keys()].sort().join(", ");
  const known = Object.keys(spec.options).sort().join(", ");
  return new ArgumentsError(
    `Unsupported parameters for (${shown}) module: ${[...unknown].sort().join(", ")}. ` +
      `Supported parameters include: ${known}${aliases ? ` (${aliases})` : ""}.`,
  );
}

function checkSet(
  set: OptionSet,
  given: ReadonlyMap<string, Value>,
  path: string,
  listeners: Listeners,
): [string, Value][] {
  const within = path ? ` found in ${path}` : "";
  const has = (name: string) => given.has(name) && given.get(name) !== null;
  const count = (names: readonly string[]) => names.filter(has).length;
  const fail = (message: string) => listeners.problem(new ArgumentsError(`${message}${within}`));
  const reported = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof ArgumentsError)) throw error;
      listeners.problem(error);
      return undefined;
    }
  };

  for (const names of set.mutuallyExclusive ?? []) {
    if (count(names) > 1) fail(`parameters are mutually exclusive: ${names.join("|")}`);
  }
  const missing = Object.entries(set.options)
    .filter(([name, option]) => option.required && !given.has(name))
    .map(([name]) => name);
  if (missing.length > 0) fail(`missing required arguments: ${missing.sort().join(", ")}`);

  const values = new Map<string, Value>();
  for (const [name, option] of Object.entries(set.options)) {
    const raw = given.get(name);
    if (raw === undefined || (raw === null && !option.required)) {
      if (option.default !== undefined && raw === undefined)
        values.set(name, fromJson(option.default));
      continue;
    }
    const value = reported(() => convertOption(name, option, raw, path, listeners));
    if (value !== undefined) values.set(name, value);
  }
  for (const [name, option] of Object.entries(set.options)) {
    const value = values.get(name);
    if (value !== undefined && option.choices && given.has(name)) {
      const chosen = reported(() => choose(name, option, value, within));
      if (chosen !== undefined) values.set(name, chosen);
    }
  }
  checkRequirements(set, has, values, fail);
  return [...values];
}

function checkRequirements(
  set: OptionSet,
  has: (name: string) => boolean,
  values: ReadonlyMap<string, Value>,
  fail: (message: string) => void,
): void {
  for (const names of set.requiredTogether ?? []) {
    const present = names.filter(has).length;
    if (present > 0 && present < names.length) {
      fail(`parameters are required together: ${names.join(", ")}`);
    }
  }
  for (const names of set.requiredOneOf ?? []) {
    if (!names.some(has)) fail(`one of the following is required: ${names.join(", ")}`);
  }
  for (const [name, wanted, names, any] of set.requiredIf ?? []) {
    const value = values.get(name);
    if (value === undefined || !equals(value, fromJson(wanted))) continue;
    const absent = names.filter((required) => !has(required));
    if (any ? absent.length === names.length : absent.length > 0) {
      const quantity = any ? "any" : "all";
      fail(
        `${name} is ${str(fromJson(wanted))} but ${quantity} of the following are missing: ` +
          absent.join(", "),
      );
    }
  }
  for (const [name, names] of Object.entries(set.requiredBy ?? {})) {
    if (!has(name)) continue;
    const absent = names.filter((required) => !has(required));
    if (absent.length > 0) {
      fail(`missing parameter(s) required by '${name}': ${absent.join(", ")}`);
    }
  }
}

function convertOption(
  name: string,
  option: OptionSpec,
  raw: Value,
  path: string,
  listeners: Listeners,
): Value {
  const within = path ? ` found in '${path.replaceAll(" -> ", ".")}'` : "";
  let value: Value;
  try {
    value = convert(option.type, raw);
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    throw new ArgumentsError(
      `argument '${name}' is of type ${pythonClass(raw)}${within} and we were unable to convert to ` +
        `${typeLabel(option.type)}: ${error.message}`,
    );
  }
  const elements = option.elements;
  if (Array.isArray(value) && elements !== undefined) {
    value = value.map((item) => convertElement(name, elements, item));
  }
  return option.options ? convertSubOptions(name, option, value, path, listeners) : value;
}

function typeLabel(type: OptionSpec["type"]): string {
  return type === "json" ? "jsonarg" : type;
}

function convertElement(name: string, elements: OptionSpec["type"], item: Value): Value {
  try {
    return convert(elements, item);
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    throw new ArgumentsError(
      `Elements value for option '${name}' is of type ${pythonClass(item)} and we were ` +
        `unable to convert to ${typeLabel(elements)}: ${error.message}`,
    );
  }
}

function convertSubOptions(
  name: string,
  option: OptionSpec,
  value: Value,
  path: string,
  listeners: Listeners,
): Value {
  const options = option.options ?? {};
  const place = path ? `${path} -> ${name}` : name;
  const one = (item: Value): Value => {
    if (!(item instanceof Dict)) {
      throw new ArgumentsError(`value of '${name}' must be of type dict or list of dicts`);
    }
    const given = new Map(Array.from(item, ([key, part]) => [str(key), part] as const));
    const resolved = resolveAliases(options, given, listeners.warn);
    const unknown = [...resolved.keys()].filter((key) => !Object.hasOwn(options, key));
    if (unknown.length > 0) {
      const names = unknown.map((key) => `${place.replaceAll(" -> ", ".")}.${key}`);
      listeners.problem(
        new ArgumentsError(
          `${listeners.unsupported}${names.sort().join(", ")}. ` +
            `Supported parameters include: ${Object.keys(options).sort().join(", ")}.`,
        ),
      );
    }
    return new Dict(checkSet({ options }, resolved, place, listeners));
  };
  return Array.isArray(value) ? value.map(one) : one(value);
}

/** The choice that a YAML boolean stands for (`yes` for True); `undefined` if the value is one. */
function choose(name: string, option: OptionSpec, value: Value, within: string): Value | undefined {
  const choices = (option.choices ?? []).map(fromJson);
  const wanted = Array.isArray(value) ? value : [value];
  const bad = wanted.filter((item) => !choices.some((choice) => equals(choice, item)));
  if (bad.length === 0) return undefined;
  const word = Array.isArray(value) ? undefined : textOf(value);
  if (word === "True" || word === "False") {
    const words =
      word === "True"
        ? ["yes", "on", "true", "y", "t", "1"]
        : ["no", "off", "false", "n", "f", "0"];
    const stands = choices.filter((choice) => words.includes(str(choice)));
    if (stands.length === 1) return stands[0];
  }
  const list = choices.map(str).join(", ");
  const kind = Array.isArray(value) ? "one or more of" : "one of";
  const got = bad.map(str).join(", ");
  throw new ArgumentsError(`value of ${name} must be ${kind}: ${list}, got: ${got}${within}`);
}
