/** The operations on values, under one name. */
export { getItem, getItemStrict, Slice } from "./access.ts";
export { compare, compareText, contains, equals, ordered, sortValues, truth } from "./compare.ts";
export { fromJson, type Plain, toPlain } from "./convert.ts";
export { PythonError, typeError, valueError } from "./failure.ts";
export { formatPercent } from "./format-percent.ts";
export { formatValue } from "./format-spec.ts";
export { isIterable, iterate, length, toList } from "./iterate.ts";
export {
  asInt,
  asNumber,
  fixedDigits,
  floatRepr,
  type Int,
  int,
  intText,
  parseFloatText,
  parseInteger,
  roundFloat,
  roundInt,
  toFloat,
  toInt,
} from "./number.ts";
export {
  absolute,
  add,
  binary,
  type Comparison,
  compareWith,
  floordiv,
  joinTexts,
  mod,
  mul,
  pow,
  sub,
  truediv,
  unary,
} from "./operators.ts";
export { bytesRepr, repr, str, textLength, textRepr, widePoints } from "./text.ts";
export { typeName } from "./type-name.ts";
