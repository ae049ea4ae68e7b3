import { truth } from "../../values/compare.ts";
import { isText, textOf, type Value } from "../../values/model.ts";
import type { Arguments, EvaluationContext } from "../plugin.ts";
import { raise } from "../python/raise.ts";
import { Undefined } from "../undefined.ts";

/** How Jinja2's filters name attributes, tests and filters to apply to every item. */

/** Reads "a.b.0" of an item, as `map(attribute=...)` and its like do. */
export type AttributeGetter = (item: Value) => Value;

/** @param absent replaces an undefined step; `undefined`: it stays undefined */
export function attributeGetter(
  attribute: Value,
  context: EvaluationContext,
  absent?: Value,
): AttributeGetter {
  if (attribute === null) return (item) => item;
  const text = textOf(attribute);
  const steps: Value[] =
    text === undefined
      ? [attribute]
      : text.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return (item) => {
    let current = item;
    for (const step of steps) {
      current = context.getAttribute(current, step);
      if (absent !== undefined && absent !== null && current instanceof Undefined) current = absent;
    }
    return current;
  };
}

/** Text in lower case for comparing without case; other values as they are. */
export function ignoreCase(value: Value): Value {
  return isText(value) ? (textOf(value) ?? "").toLowerCase() : value;
}

/** What `select` and its like ask of an item: the named test, or its truth. */
export function itemTest(
  args: Arguments,
  context: EvaluationContext,
  attribute: boolean,
): (item: Value) => boolean {
  let rest = args.positional;
  let read: AttributeGetter = (item) => item;
  if (attribute) {
    const name = rest[0];
    if (name === undefined)
      return raise("FilterArgumentError", "Missing parameter for attribute name");
    read = attributeGetter(name, context);
    rest = rest.slice(1);
  }
  const [name, ...testArguments] = rest;
  if (name === undefined) return (item) => truth(read(item));
  const testName = textOf(name) ?? raise("TemplateRuntimeError", "No test given");
  return (item) => context.test(testName, read(item), testArguments, args.named);
}
