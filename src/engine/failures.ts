/** What an error that a task met means as a result. */
import { ConnectionError } from "../connection/connection.ts";
import { LayerbookError, messageOf } from "../errors/index.ts";
import { UndefinedError } from "../template/errors.ts";
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { untrusted } from "../variables/layers.ts";
import { failure } from "./results.ts";

const CONDITION = "The conditional check '";

/** The result of something that was thrown. */
export function failedBy(error: unknown): Dict {
  if (error instanceof ConnectionError) {
    return new Dict([
      ["changed", false],
      ["msg", untrusted(withHint(error))],
      ["unreachable", true],
    ]);
  }
  if (error instanceof ConditionError) return failure(error.message);
  if (error instanceof UndefinedError && error.message.startsWith(CONDITION)) {
    return failure(error.message);
  }
  if (error instanceof UndefinedError) {
    return failure(
      `The task includes an option with an undefined variable. The error was: ${withHint(error)}${placeOf(error)}`,
    );
  }
  if (error instanceof LayerbookError) {
    return failure(`${withHint(error)}${placeOf(error)}`, [["changed", false]]);
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return failure(`MODULE FAILURE: ${messageOf(error)}`, [
    ["changed", false],
    ["exception", untrusted(text)],
  ]);
}

function withHint(error: LayerbookError): string {
  return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
}

/** A condition that cannot be evaluated. */
export class ConditionError extends LayerbookError {
  constructor(condition: Value, cause: unknown) {
    super(conditionMessage(condition, cause), { cause });
  }
}

export function conditionMessage(condition: Value, cause: unknown): string {
  const said = cause instanceof LayerbookError ? withHint(cause) : messageOf(cause);
  // The template room says already which condition it was.
  if (said.startsWith(CONDITION)) return said;
  return `The conditional check '${str(condition)}' failed. The error was: ${said}`;
}

/** Where in a template file the cause stands; that of a task is shown with the task. */
function placeOf(error: LayerbookError): string {
  const place = error.position;
  return place && !/\.ya?ml$/.test(place.file)
    ? ` (${place.file}:${place.line}:${place.column})`
    : "";
}
