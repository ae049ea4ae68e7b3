/** Keywords of a task as they are when it runs: templated and converted. */
import { LayerbookError } from "../errors/index.ts";
import { toBool } from "../modules/convert.ts";
import type { Node } from "../playbook/node.ts";
import { Dict, PyFloat, textOf, type Value } from "../values/model.ts";
import { positionOf } from "../values/positions.ts";
import { str, toFloat, toInt } from "../values/python.ts";
import type { Scope } from "./run-state.ts";

/**
 * A keyword's value for a task, templated; `undefined` when nobody set it. What is `omit` counts as
 * not written: what stands further out holds.
 */
export function keyword(scope: Scope, node: Node, name: string): Value | undefined {
  for (let at: Node | undefined = node; at; at = at.outside(name)) {
    const raw = at.effective(name);
    if (raw === undefined || raw === null) return undefined;
    if (typeof raw === "boolean" || typeof raw === "number") return raw;
    const value = scope.templar.template(raw);
    if (value === null) return undefined;
    if (!scope.templar.isOmitted(value)) return value;
  }
  return undefined;
}

function invalid(node: Node, name: string, value: Value, type: string): LayerbookError {
  return new LayerbookError(
    `the field '${name}' has an invalid value (${str(value)}), and could not be converted to ${type}.`,
    { position: positionOf(node.attributes.get(name)) ?? node.position },
  );
}

export function flagKeyword(scope: Scope, node: Node, name: string): boolean | undefined {
  const value = keyword(scope, node, name);
  if (value === undefined) return undefined;
  try {
    return toBool(value);
  } catch {
    throw invalid(node, name, value, "bool");
  }
}

export function intKeyword(scope: Scope, node: Node, name: string): number | undefined {
  const value = keyword(scope, node, name);
  if (value === undefined) return undefined;
  try {
    return Number(toInt(value));
  } catch {
    throw invalid(node, name, value, "int");
  }
}

export function floatKeyword(scope: Scope, node: Node, name: string): number | undefined {
  const value = keyword(scope, node, name);
  if (value === undefined) return undefined;
  if (value instanceof PyFloat) return value.value;
  try {
    return toFloat(value);
  } catch {
    throw invalid(node, name, value, "float");
  }
}

export function textKeyword(scope: Scope, node: Node, name: string): string | undefined {
  const value = keyword(scope, node, name);
  return value === undefined ? undefined : (textOf(value) ?? str(value));
}

/** A list of texts; a single text may hold several, parted by commas. */
export function wordsKeyword(scope: Scope, node: Node, name: string): string[] {
  const raw = node.effective(name);
  const value = raw === undefined ? undefined : scope.templar.template(raw);
  return wordsOf(value);
}

export function wordsOf(value: Value | undefined): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(wordsOf);
  return str(value)
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/**
 * `environment`: dicts from the outside in, each of which may be a template for one.
 * @throws LayerbookError for anything else
 */
export function environmentOf(scope: Scope, node: Node): Record<string, string> {
  const raw = node.effective("environment");
  if (raw === undefined) return {};
  const environment: Record<string, string> = {};
  for (const part of Array.isArray(raw) ? raw : [raw]) {
    const value = scope.templar.template(part);
    for (const dict of Array.isArray(value) ? value : [value]) {
      if (dict === null || dict === "" || scope.templar.isOmitted(dict)) continue;
      if (!(dict instanceof Dict)) {
        throw new LayerbookError(
          `environment must be a dictionary, received ${str(dict)} (${typeof dict})`,
          { position: node.position },
        );
      }
      for (const [key, item] of dict) {
        if (scope.templar.isOmitted(item)) continue;
        environment[str(key)] = item === null ? "" : (textOf(item) ?? str(item));
      }
    }
  }
  return environment;
}
