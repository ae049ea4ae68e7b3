/** The functions that every template has: Jinja2's and Ansible's. */

import { LayerbookError, messageOf } from "../errors/index.ts";
import { type Arguments, PyCallable } from "../values/callable.ts";
import { truth } from "../values/compare.ts";
import { PyDateTime } from "../values/datetime.ts";
import { updateDict } from "../values/methods/containers.ts";
import { Dict, TaggedString, textOf, type Value } from "../values/model.ts";
import { NativeText } from "../values/native-text.ts";
import { toInt } from "../values/number.ts";
import { PyRange } from "../values/range.ts";
import { str } from "../values/text.ts";
import type { Environment } from "./environment.ts";
import { LookupError, TemplateRuntimeError, UndefinedError } from "./errors.ts";
import { lipsum } from "./lipsum.ts";
import { Cycler, Joiner, Namespace } from "./namespace.ts";
import { bindArguments } from "./plugin.ts";
import { type Run, runOf } from "./run.ts";
import { Undefined } from "./undefined.ts";
import { wrapUnsafe } from "./unsafe.ts";

/** The globals of an environment, by name. */
export function makeGlobals(environment: Environment): ReadonlyMap<string, Value> {
  const globals = new Map<string, Value>();
  const define = (name: string, invoke: (args: Arguments, context: unknown) => Value): void => {
    globals.set(name, new PyCallable(name, invoke));
  };
  define("range", ({ positional }) => PyRange.of(positional));
  define("dict", (args) => updateDict(new Dict(), args, "dict"));
  define("namespace", (args) => new Namespace(args));
  define("cycler", ({ positional }) => new Cycler(positional));
  define(
    "joiner",
    (args) => new Joiner(bindArguments("joiner", ["sep?"], args).get("sep") ?? ", "),
  );
  define("lipsum", (args, context) => {
    runOf(context).resolver.impure();
    const bound = bindArguments("lipsum", ["n?", "html?", "min?", "max?"], args);
    return lipsum(
      Number(toInt(bound.get("n") ?? 5)),
      truth(bound.get("html") ?? true),
      Number(toInt(bound.get("min") ?? 20)),
      Number(toInt(bound.get("max") ?? 100)),
    );
  });
  define("now", (args, context) => {
    runOf(context).resolver.impure();
    const bound = bindArguments("now", ["utc?", "fmt?"], args);
    const time = PyDateTime.at(Date.now(), truth(bound.get("utc") ?? false));
    const format = textOf(bound.get("fmt"));
    return format === undefined || format === "" ? time : time.strftime(format);
  });
  define("undef", (args) => {
    const hint = textOf(bindArguments("undef", ["hint?"], args).get("hint"));
    return new Undefined(hint ?? "Mandatory variable has not been overridden");
  });
  const lookup = (args: Arguments, context: unknown, wantList: boolean): Value => {
    const [name, ...terms] = args.positional;
    const named = new Map(args.named);
    if (wantList) named.set("wantlist", true);
    if (name === undefined) {
      throw new TemplateRuntimeError("TypeError", "lookup() needs the name of a lookup plugin");
    }
    return runLookup(environment, str(name), terms, named, runOf(context));
  };
  define("lookup", (args, context) => lookup(args, context, false));
  define("query", (args, context) => lookup(args, context, true));
  define("q", (args, context) => lookup(args, context, true));
  return globals;
}

function runLookup(
  environment: Environment,
  name: string,
  rawTerms: readonly Value[],
  named: Map<string, Value>,
  run: Run,
): Value {
  const wantList = truth(named.get("wantlist") ?? false);
  const errors = textOf(named.get("errors")) ?? "strict";
  const allowUnsafe = truth(named.get("allow_unsafe") ?? false);
  for (const option of ["wantlist", "errors", "allow_unsafe"]) named.delete(option);
  const plugin = environment.findLookup(name);
  if (!plugin) {
    throw new TemplateRuntimeError("AnsibleError", `lookup plugin (${name}) not found`, {
      position: run.place(run.at),
      hint: environment.suggestPlugin(name),
    });
  }
  run.resolver.impure();
  let result: Value[];
  try {
    // Terms may hold templates themselves; what is unsafe is left alone.
    const terms = rawTerms.map((term) => run.template(term));
    result = plugin(terms, named, run);
  } catch (error) {
    if (error instanceof UndefinedError || errors === "strict") throw asLookupError(name, error);
    if (errors === "warn") {
      run.settings.warn?.(
        `An error occurred while running the lookup plugin '${name}': ${messageOf(error)}`,
      );
    }
    return wantList ? [] : null;
  }
  if (result.length === 0) return [];
  if (!allowUnsafe) run.unsafe = true;
  const wrap = (value: Value): Value => (allowUnsafe ? value : wrapUnsafe(value));
  if (wantList) return wrap(result);
  if (result.every((item) => typeof item === "string" || item instanceof TaggedString)) {
    const text = result.map(str).join(",");
    const vault = result.some((item) => item instanceof TaggedString && item.vault);
    if (result[0] instanceof NativeText)
      return new NativeText(text, { unsafe: !allowUnsafe, vault });
    return wrap(vault ? new TaggedString(text, { vault }) : text);
  }
  const [only] = result;
  return wrap(result.length === 1 && only !== undefined ? only : result);
}

function asLookupError(name: string, error: unknown): Error {
  if (error instanceof LayerbookError) return error;
  return new LookupError(
    `An unhandled exception occurred while running the lookup plugin '${name}'. Error was: ${messageOf(error)}`,
    { cause: error },
  );
}
