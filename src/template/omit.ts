/** `omit`: a value that takes its key out of a task's arguments. */
import { randomBytes } from "node:crypto";
import { Dict, textOf, type Value } from "../values/model.ts";

const prefix = "__omit_place_holder__";

/** A fresh value for the variable `omit`, different each time so that no text can equal it. */
export function omitPlaceholder(): string {
  return prefix + randomBytes(20).toString("hex");
}

/** A task's arguments without the keys whose value is the placeholder; items of lists stay. */
export function removeOmitted(value: Value, placeholder: string): Value {
  if (value instanceof Dict) {
    const result = new Dict();
    for (const [key, item] of value) {
      if (textOf(item) !== placeholder) result.set(key, removeOmitted(item, placeholder));
    }
    return result;
  }
  if (Array.isArray(value)) {
    return value.map((item) => (item instanceof Dict ? removeOmitted(item, placeholder) : item));
  }
  return value;
}
