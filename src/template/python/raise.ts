import { TemplateRuntimeError } from "../errors.ts";

/** Throws what Python would raise: `kind` is the exception's class, `message` its text. */
export function raise(kind: string, message: string): never {
  throw new TemplateRuntimeError(kind, message);
}
