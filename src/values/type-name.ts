/** The name of a value's Python class. */
import type { Value } from "./model.ts";

/** type(value).__name__. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "number":
    case "bigint":
      return "int";
    case "string":
      return "str";
  }
  return Array.isArray(value) ? "list" : value.typeName;
}
