/** From the template language's values to the plain data that results are made of. */
import { Dict, PyFloat, textOf, type Value } from "../../values/model.ts";
import { str } from "../../values/python.ts";
import type { Data } from "../module.ts";

/** Keeps floats apart from ints; what has no place in data becomes its text. */
export function toData(value: Value): Data {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (value instanceof PyFloat) return value;
  if (Array.isArray(value)) return value.map(toData);
  if (value instanceof Dict) {
    return Object.fromEntries([...value].map(([key, item]) => [str(key), toData(item)]));
  }
  return textOf(value) ?? str(value);
}
