/** Reading validated arguments with their types. The validation has made the types; this only names them. */
import { quote } from "../../connection/connection.ts";
import { PyFloat } from "../../values/model.ts";
import type { Arguments, Data } from "../module.ts";

/** A text, or `undefined` when the option was not given. Numbers become text as Python writes them. */
export function textOption(args: Arguments, name: string): string | undefined {
  const value = args[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  return value instanceof PyFloat ? String(value.value) : JSON.stringify(value);
}

/** A boolean, or `undefined` when the option was not given. */
export function flagOption(args: Arguments, name: string): boolean | undefined {
  const value = args[name];
  return typeof value === "boolean" ? value : undefined;
}

/** A whole number, or `undefined` when the option was not given. */
export function numberOption(args: Arguments, name: string): number | undefined {
  const value = args[name];
  if (typeof value === "number") return value;
  return value instanceof PyFloat ? value.value : undefined;
}

/** The elements of a list as texts, or `undefined` when the option was not given. */
export function listOption(args: Arguments, name: string): string[] | undefined {
  const value = args[name];
  if (value === undefined || value === null) return undefined;
  const items: readonly Data[] = Array.isArray(value) ? value : [value as Data];
  return items.map((item) => textOption({ item }, "item") ?? "");
}

/** Several words of a command, quoted for the shell. `undefined` words are left out. */
export function words(...parts: readonly (string | undefined)[]): string {
  return parts
    .filter((part) => part !== undefined)
    .map(quote)
    .join(" ");
}
