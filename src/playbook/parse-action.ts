/** Finds a task's module and arguments among its keys. */
import { type LayerbookError, ParseError } from "../errors/index.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { positionOfKey } from "../values/positions.ts";
import { str } from "../values/python.ts";
import { isCommandLike, isEngineAction, takesFreeForm } from "./actions.ts";
import { parseKv } from "./arguments.ts";
import type { ParseContext } from "./context.ts";
import { hasTemplate, unknownKeyword, wrongShape } from "./errors.ts";
import { keywordAt, type Place } from "./keywords.ts";

export interface ParsedAction {
  readonly action: string;
  readonly args: Dict;
  readonly argsTemplate: Value | undefined;
  /** `local_action`, or the old `delegate_to` within `action`. */
  readonly delegateTo: Value | undefined;
}

/** Is the key one that only names a lookup to loop with? */
export function isWithLoop(key: string): boolean {
  return key.startsWith("with_") && key.length > 5;
}

/**
 * @param entry the task as written
 * @throws ParseError for none, for two, or for a misspelt keyword
 */
export function parseAction(
  context: ParseContext,
  entry: Dict,
  place: Place,
  collections: readonly string[],
): ParsedAction {
  const known = (name: string) => isEngineAction(name) || context.isModule(name, collections);
  const candidates = [...entry.keys()]
    .map((key) => str(key))
    .filter((key) => keywordAt(place, key) === undefined && !isWithLoop(key));
  const found: { action: string; given: Value; local: boolean }[] = [];
  for (const key of ["action", "local_action"] as const) {
    const given = entry.get(key);
    if (given === undefined) continue;
    found.push({ ...actionValue(entry, key, given), local: key === "local_action" });
  }
  const modules = candidates.filter(known);
  for (const key of modules) {
    found.push({ action: key, given: entry.get(key) ?? null, local: false });
  }
  const others = candidates.filter((key) => !modules.includes(key));
  const [first, second] = found;
  if (first && second) {
    throw new ParseError(`conflicting action statements: ${first.action}, ${second.action}`, {
      position: positionOfKey(entry, second.action),
      hint: "A task has one module; write a second task.",
    });
  }
  if (!first) {
    throw noAction(context, entry, others, place);
  }
  if (others[0] !== undefined) throw unknownKeyword(place, others[0], entry);
  const { args, argsTemplate } = parseArguments(entry, first.action, first.given);
  return {
    action: first.action,
    args,
    argsTemplate,
    delegateTo: first.local ? "localhost" : undefined,
  };
}

function noAction(
  context: ParseContext,
  entry: Dict,
  others: readonly string[],
  place: Place,
): LayerbookError {
  const key = others[0];
  if (key === undefined) {
    return new ParseError("no module/action detected in task.", {
      position: positionOfKey(entry, str([...entry.keys()][0] ?? "")),
      hint: "A task needs a module, such as `debug:` or `ansible.builtin.copy:`.",
    });
  }
  const misspelt = unknownKeyword(place, key, entry);
  // Only one key is left, so it was meant to be the module; its error is the registry's to word.
  if (others.length > 1 && misspelt.hint?.startsWith("Did you mean")) return misspelt;
  const module = others.length > 1 ? moduleLike(entry, others) : key;
  return context.unknownModule(module, positionOfKey(entry, module));
}

/** Of several unknown keys, the one whose value looks like arguments. */
function moduleLike(entry: Dict, keys: readonly string[]): string {
  return keys.find((key) => entry.get(key) instanceof Dict) ?? keys[0] ?? "";
}

/** The first word, which may be a template with blanks, and the rest. */
const WORD = /^\s*((?:\{\{[\s\S]*?\}\}|[^\s{]|\{(?!\{))+)\s*([\s\S]*)$/;

/** `action: copy src=a dest=b` and `action: {module: copy, src: a}`. */
function actionValue(entry: Dict, key: string, given: Value): { action: string; given: Value } {
  const text = textOf(given);
  if (text !== undefined) {
    const match = WORD.exec(text);
    if (!match?.[1]) throw wrongShape(`'${key}'`, "a module's name and its arguments", entry, key);
    return { action: match[1], given: match[2] ?? "" };
  }
  if (given instanceof Dict) {
    const module = textOf(given.get("module"));
    if (module === undefined) {
      throw wrongShape(`'${key}'`, "a string, or a dictionary with the key 'module'", entry, key);
    }
    const match = WORD.exec(module);
    const rest = new Dict([...given].filter(([name]) => str(name) !== "module"));
    if (match?.[2]) for (const [name, value] of parseKv(match[2], false)) rest.set(name, value);
    return { action: match?.[1] ?? module, given: rest };
  }
  throw wrongShape(`'${key}'`, "a string or a dictionary", entry, key);
}

function parseArguments(
  entry: Dict,
  action: string,
  given: Value,
): { args: Dict; argsTemplate: Value | undefined } {
  let argsTemplate: Value | undefined;
  const further = new Dict();
  const keyword = entry.get("args");
  if (keyword instanceof Dict) for (const [key, value] of keyword) further.set(key, value);
  else if (keyword !== undefined && keyword !== null) {
    const text = textOf(keyword);
    if (text === undefined) throw wrongShape("'args'", "a dictionary", entry, "args");
    if (hasTemplate(text)) argsTemplate = keyword;
    else for (const [key, value] of parseKv(text, false)) further.set(key, value);
  }

  let own: Dict;
  const text = textOf(given);
  if (given === null) own = new Dict();
  else if (given instanceof Dict) own = given;
  else if (text !== undefined) own = parseKv(text, isCommandLike(action));
  else if (Array.isArray(given) && takesFreeForm(action)) own = new Dict([["_raw_params", given]]);
  else {
    throw new ParseError(`unexpected parameter type in action: ${typeOf(given)}`, {
      position: positionOfKey(entry, action),
      hint: `Arguments of '${action}' are a dictionary, or text such as key=value.`,
    });
  }
  const raw = own.get("_raw_params");
  // Which module a template names is known when it runs.
  if (raw !== undefined && !takesFreeForm(action) && !hasTemplate(action)) {
    if (hasTemplate(raw)) {
      argsTemplate = raw;
      own = new Dict([...own].filter(([key]) => str(key) !== "_raw_params"));
    } else if (text !== undefined) {
      throw new ParseError(
        `this task '${action}' has extra params, which is only allowed in modules that take free-form text: ${str(raw)}`,
        {
          position: positionOfKey(entry, action),
          hint: "Write the arguments as key=value or as a dictionary.",
        },
      );
    }
  }
  for (const key of [...own.keys(), ...further.keys()]) {
    if (!str(key).startsWith("_ansible_")) continue;
    throw new ParseError(
      `Invalid parameter specified for action '${action}': '${str(key)}'. The prefix '_ansible_' is reserved for internal use only.`,
      { position: positionOfKey(entry, action) },
    );
  }
  if (further.size === 0) return { args: own, argsTemplate };
  const args = new Dict(further);
  for (const [key, value] of own) args.set(key, value);
  return { args, argsTemplate };
}

function typeOf(value: Value): string {
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : typeof value;
}
