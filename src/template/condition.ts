/** Conditions as `when:` has them in ansible-core 2.14 to 2.18. */
import { truth } from "../values/compare.ts";
import { PythonError } from "../values/failure.ts";
import { TaggedString, textOf, type Value } from "../values/model.ts";
import { str } from "../values/text.ts";
import { TemplateRuntimeError, UndefinedError } from "./errors.ts";
import type { Templar } from "./templar.ts";

const definedTest = /(hostvars\[.+?\]|\w+)\s+(not\s+is|is|is\s+not)\s+(defined|undefined)/g;

/** Does the condition hold? See {@link Templar.evaluateCondition}. */
export function evaluateCondition(templar: Templar, condition: Value): boolean {
  if (!Array.isArray(condition)) return explained(templar, condition);
  return condition.every((part) => explained(templar, part));
}

function explained(templar: Templar, condition: Value): boolean {
  try {
    return one(templar, condition);
  } catch (error) {
    if (error instanceof PythonError) {
      const text = str(condition);
      const where =
        error instanceof UndefinedError ? `error while evaluating conditional (${text}): ` : "";
      error.message = `The conditional check '${text}' failed. The error was: ${where}${error.message}`;
    }
    throw error;
  }
}

function one(templar: Templar, condition: Value): boolean {
  if (condition === null || condition === "") return true;
  if (typeof condition === "boolean") return condition;
  const text = textOf(condition);
  if (text === undefined) {
    // `when: 0` or a nested list: its own text is the expression.
    return Array.isArray(condition) && condition.length > 0 ? true : truth(condition);
  }
  refuseUnsafe(condition);
  let expression = text;
  if (templar.isTemplate(condition)) {
    const value = templar.template(condition);
    if (typeof value === "boolean") return value;
    refuseUnsafe(value);
    expression = str(value ?? "");
    if (expression === "") return false;
  }
  try {
    const result = templar.template(`{% if ${expression} %} True {% else %} False {% endif %}`, {
      convertData: false,
      failOnUndefined: true,
    });
    return str(result).trim() === "True";
  } catch (error) {
    if (!(error instanceof UndefinedError)) throw error;
    const answer = byDefinition(expression, error);
    if (answer !== undefined) return answer;
    throw error;
  }
}

function refuseUnsafe(value: Value): void {
  if (value instanceof TaggedString && value.unsafe) {
    throw new TemplateRuntimeError(
      "AnsibleError",
      "Conditional is marked as unsafe, and cannot be evaluated.",
      { hint: "Write the expression itself under `when`, without taking it from a result." },
    );
  }
}

/**
 * A condition that fails on an undefined variable, but also asks whether that variable is defined,
 * has the answer of that question: `nope == 1 or nope is undefined` is true.
 */
function byDefinition(expression: string, error: UndefinedError): boolean | undefined {
  const failed = /'([^']+)' is undefined/.exec(error.message)?.[1];
  for (const [, name, word = "", state] of expression.matchAll(definedTest)) {
    if (name === undefined || name.replaceAll('"', "'") !== failed) continue;
    const wantsDefined = word.includes("not") !== (state === "defined");
    return !wantsDefined;
  }
  return undefined;
}
