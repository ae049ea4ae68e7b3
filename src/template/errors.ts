/** What can go wrong with a template. */
import type { ErrorDetails } from "../errors/index.ts";
import { PythonError } from "../values/failure.ts";

/** The template is not valid Jinja2. The position is within the template's own text or its file. */
export class TemplateSyntaxError extends PythonError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("TemplateSyntaxError", message, details);
  }
}

/** What Ansible says of a filter or test that does not exist. */
export function notLoaded(name: string): string {
  // Names that are none are looked for as ansible.builtin's, and refused as such.
  const reason = /^\w+(\.\w+)*$/.test(name) ? name : `invalid plugin name: ansible.builtin.${name}`;
  return `Could not load "${name}": '${reason}'`;
}

/** A template failed while it ran. `kind` is the name of Python's exception, as "TypeError". */
export class TemplateRuntimeError extends PythonError {}

/** A filter refused its input ("AnsibleFilterError"). */
export class FilterError extends TemplateRuntimeError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("AnsibleFilterError", message, details);
  }
}

/** A lookup failed ("AnsibleLookupError"). */
export class LookupError extends TemplateRuntimeError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("AnsibleLookupError", message, details);
  }
}

/** An undefined variable, attribute or element was used ("UndefinedError"). */
export class UndefinedError extends TemplateRuntimeError {
  /** The undefined name, when it is known. */
  readonly variable: string | undefined;
  constructor(message: string, variable?: string, details: ErrorDetails = {}) {
    super("UndefinedError", message, details);
    this.variable = variable;
  }
}

/** The render was stopped: deadline passed, signal aborted, or too much output. */
export class TemplateInterruptedError extends TemplateRuntimeError {
  constructor(message: string, details: ErrorDetails = {}) {
    super("Interrupted", message, details);
  }
}
