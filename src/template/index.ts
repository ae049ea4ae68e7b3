/**
 * Layerbook's template engine: Jinja2 as Ansible configures it, with Python's values.
 *
 *     import { Environment, fromJson, Templar, toPlain, variablesOf } from "layerbook/template";
 *
 *     const variables = variablesOf(new Map([["name", "web"], ["port", 80]]));
 *     const templar = new Templar(new Environment(), variables);
 *     templar.template("{{ name }}:{{ port + 1 }}"); // "web:81"
 *     templar.evaluateCondition("port > 79 and name is defined"); // true
 */
export { fromJson, type Plain, toPlain } from "../values/convert.ts";
export {
  Dict,
  PyBytes,
  PyFloat,
  PyObject,
  PySet,
  TaggedString,
  Tuple,
  type Value,
} from "../values/model.ts";
export * from "../values/python.ts";
export type { StopSignal } from "./budget.ts";
export { Environment, type EnvironmentOptions } from "./environment.ts";
export {
  FilterError,
  LookupError,
  TemplateInterruptedError,
  TemplateRuntimeError,
  TemplateSyntaxError,
  UndefinedError,
} from "./errors.ts";
export { omitPlaceholder, removeOmitted } from "./omit.ts";
export type { Extension } from "./parser.ts";
export {
  type Arguments,
  bindArguments,
  type ControllerFiles,
  type EvaluationContext,
  type Filter,
  type Lookup,
  type TemplateFileOptions,
  type TemplateSettings,
  type Test,
} from "./plugin.ts";
export { Templar, type TemplateOptions, type VariableSource, variablesOf } from "./templar.ts";
export { Undefined } from "./undefined.ts";
export { holdsUnsafe, wrapUnsafe } from "./unsafe.ts";
