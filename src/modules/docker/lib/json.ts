/** Looking into documents of the Engine API, and from them to what modules return. */
import type { JsonObject } from "../../../docker/index.ts";
import { PyFloat } from "../../../values/model.ts";
import type { Data } from "../../module.ts";

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of names; `undefined` as soon as one is missing. */
export function at(document: unknown, ...names: readonly string[]): unknown {
  let value = document;
  for (const name of names) value = isObject(value) ? value[name] : undefined;
  return value ?? undefined;
}

export function textAt(document: unknown, ...names: readonly string[]): string | undefined {
  const value = at(document, ...names);
  return typeof value === "string" ? value : undefined;
}

export function listAt(document: unknown, ...names: readonly string[]): readonly unknown[] {
  const value = at(document, ...names);
  return Array.isArray(value) ? value : [];
}

export function objectAt(document: unknown, ...names: readonly string[]): JsonObject {
  const value = at(document, ...names);
  return isObject(value) ? value : {};
}

/** A document as a module returns it. */
export function asData(value: unknown): Data {
  return (value ?? null) as Data;
}

/** A dict of texts out of an option; other scalars become text as Python writes them. */
export function textDict(value: Data | undefined): Record<string, string> | undefined {
  if (!isObject(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, scalarText(item as Data)]),
  );
}

export function scalarText(value: Data): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof PyFloat) {
    return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value);
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A text that is the same for equal documents, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isObject(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : item,
  );
}
