import { compare, equals } from "../../../values/compare.ts";
import { Dict, PyFloat, Tuple, textOf, type Value } from "../../../values/model.ts";
import { callFunction } from "./functions.ts";
import type { Comparator, Expression } from "./syntax.ts";

/** Evaluates JMESPath expressions on values. */

/** A list as an array; `undefined` for everything else. */
export function listOf(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return value;
  return value instanceof Tuple ? value.items : undefined;
}

/** False is: null, false, "", and an empty list or object. Zero is true. */
export function isTruthy(value: Value): boolean {
  if (value === null || value === false) return false;
  if (textOf(value) === "") return false;
  if (value instanceof Dict) return value.size > 0;
  return listOf(value)?.length !== 0;
}

export function isNumber(value: Value): boolean {
  return typeof value === "number" || typeof value === "bigint" || value instanceof PyFloat;
}

/** Equality as JMESPath has it: true is not 1. */
export function sameValue(left: Value, right: Value): boolean {
  if (typeof left === "boolean" || typeof right === "boolean") return left === right;
  return equals(left, right);
}

function isOrdered(value: Value): boolean {
  return isNumber(value) || textOf(value) !== undefined;
}

function compareValues(operator: Comparator, left: Value, right: Value): Value {
  if (operator === "==") return sameValue(left, right);
  if (operator === "!=") return !sameValue(left, right);
  if (!isOrdered(left) || !isOrdered(right)) return null;
  switch (operator) {
    case "<":
      return compare(left, right, operator) < 0;
    case "<=":
      return compare(left, right, operator) <= 0;
    case ">":
      return compare(left, right, operator) > 0;
    case ">=":
      return compare(left, right, operator) >= 0;
  }
}

function slice(items: readonly Value[], parts: readonly (number | undefined)[]): Value[] {
  const step = parts[2] ?? 1;
  const { length } = items;
  const clamp = (value: number, low: number, high: number) =>
    Math.min(Math.max(value < 0 ? value + length : value, low), high);
  const result: Value[] = [];
  if (step > 0) {
    const end = parts[1] === undefined ? length : clamp(parts[1], 0, length);
    for (let i = parts[0] === undefined ? 0 : clamp(parts[0], 0, length); i < end; i += step) {
      result.push(items[i] as Value);
    }
  } else if (step < 0) {
    const end = parts[1] === undefined ? -1 : clamp(parts[1], -1, length - 1);
    for (
      let i = parts[0] === undefined ? length - 1 : clamp(parts[0], -1, length - 1);
      i > end;
      i += step
    ) {
      result.push(items[i] as Value);
    }
  }
  return result;
}

/** A projection: nulls are left out. */
function project(items: readonly Value[], each: Expression): Value[] {
  const results: Value[] = [];
  for (const item of items) {
    const result = evaluateJmespath(each, item);
    if (result !== null) results.push(result);
  }
  return results;
}

export function evaluateJmespath(expression: Expression, data: Value): Value {
  switch (expression.kind) {
    case "current":
      return data;
    case "literal":
      return expression.value;
    case "field":
      return data instanceof Dict ? (data.get(expression.name) ?? null) : null;
    case "index":
      return listOf(data)?.at(expression.index) ?? null;
    case "slice": {
      const items = listOf(data);
      return items ? slice(items, expression.parts) : null;
    }
    case "sub":
    case "pipe":
      return evaluateJmespath(expression.right, evaluateJmespath(expression.left, data));
    case "or": {
      const left = evaluateJmespath(expression.left, data);
      return isTruthy(left) ? left : evaluateJmespath(expression.right, data);
    }
    case "and": {
      const left = evaluateJmespath(expression.left, data);
      return isTruthy(left) ? evaluateJmespath(expression.right, data) : left;
    }
    case "not":
      return !isTruthy(evaluateJmespath(expression.operand, data));
    case "flatten": {
      const items = listOf(evaluateJmespath(expression.operand, data));
      return items ? items.flatMap((item) => listOf(item) ?? [item]) : null;
    }
    case "list": {
      const items = listOf(evaluateJmespath(expression.source, data));
      return items ? project(items, expression.each) : null;
    }
    case "values": {
      const source = evaluateJmespath(expression.source, data);
      return source instanceof Dict ? project([...source.values()], expression.each) : null;
    }
    case "filter": {
      const items = listOf(evaluateJmespath(expression.source, data));
      if (!items) return null;
      const kept = items.filter((item) => isTruthy(evaluateJmespath(expression.condition, item)));
      return project(kept, expression.each);
    }
    case "compare":
      return compareValues(
        expression.operator,
        evaluateJmespath(expression.left, data),
        evaluateJmespath(expression.right, data),
      );
    case "multilist":
      return data === null ? null : expression.items.map((item) => evaluateJmespath(item, data));
    case "multihash":
      if (data === null) return null;
      return new Dict(
        expression.pairs.map(([key, item]) => [key, evaluateJmespath(item, data)] as const),
      );
    case "call":
      return callFunction(expression.name, expression.args, data);
    case "reference":
      return null;
  }
}
