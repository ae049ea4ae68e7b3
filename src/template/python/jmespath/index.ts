/** JMESPath, the query language of the `json_query` filter. https://jmespath.org */
import type { Value } from "../../../values/model.ts";
import { evaluateJmespath } from "./evaluate.ts";
import { type Expression, parseJmespath } from "./syntax.ts";

const parsed = new Map<string, Expression>();
const CACHE_SIZE = 128;

/** The result of a query; null where nothing matches. Raises LexerError, ParseError and the like. */
export function searchJmespath(query: string, data: Value): Value {
  let expression = parsed.get(query);
  if (!expression) {
    expression = parseJmespath(query);
    if (parsed.size >= CACHE_SIZE) parsed.delete(parsed.keys().next().value ?? "");
    parsed.set(query, expression);
  }
  return evaluateJmespath(expression, data);
}
