/** The one error of the value layer: what Python would have raised. */
import { type ErrorDetails, LayerbookError } from "../errors/index.ts";

/** A failed operation on values. `kind` is the name of Python's exception class, as "TypeError". */
export class PythonError extends LayerbookError {
  readonly kind: string;
  constructor(kind: string, message: string, details: ErrorDetails = {}) {
    super(message, details);
    this.kind = kind;
  }
}

/** A TypeError in Python's wording. */
export function typeError(message: string): PythonError {
  return new PythonError("TypeError", message);
}

/** A ValueError in Python's wording. */
export function valueError(message: string): PythonError {
  return new PythonError("ValueError", message);
}
