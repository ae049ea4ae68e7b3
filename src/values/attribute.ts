/**
 * x.name: attributes and methods of Python's built-in types. Only what is listed here exists; no
 * property of the host language can be reached (`constructor`, `__proto__` are no attributes).
 */
import { sameTags } from "./access.ts";
import { type Arguments, PyCallable } from "./callable.ts";
import { PythonError, typeError } from "./failure.ts";
import { formatText } from "./format-text.ts";
import { Instance } from "./instance.ts";
import { escapeHtml, Markup } from "./markup.ts";
import {
  bytesMethods,
  dictMethods,
  listMethods,
  numberMethods,
  setMethods,
  tupleMethods,
} from "./methods/containers.ts";
import type { Method } from "./methods/method.ts";
import { textMethods } from "./methods/text.ts";
import { Dict, PyBytes, PyFloat, PySet, TaggedString, Tuple, textOf, type Value } from "./model.ts";
import { asInt, int } from "./number.ts";
import { repr, str } from "./text.ts";
import { typeName } from "./type-name.ts";

/** A class, as `x.__class__` shows it. */
class PyType extends Instance {
  readonly typeName = "type";
  readonly name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }
  override pyRepr(): string {
    return `<class '${this.name}'>`;
  }
  override pyEquals(other: Value): boolean | undefined {
    return other instanceof PyType ? other.name === this.name : undefined;
  }
  override pyGetAttribute(name: string): Value | undefined {
    return name === "__name__" || name === "__qualname__" ? this.name : undefined;
  }
}

function methodsOf(object: Value): ReadonlyMap<string, Method<never>> | undefined {
  if (typeof object === "string" || object instanceof TaggedString) return textMethods;
  if (object instanceof Dict) return dictMethods;
  if (Array.isArray(object)) return listMethods;
  if (object instanceof Tuple) return tupleMethods;
  if (object instanceof PySet) return setMethods;
  if (object instanceof PyBytes) return bytesMethods;
  if (object === null || typeof object !== "object" || object instanceof PyFloat) {
    return numberMethods;
  }
  return undefined;
}

/** A result of a text method, tagged as the text was. */
function retag(source: Value, result: Value): Value {
  if (!(source instanceof TaggedString) || !(source.unsafe || source.vault)) return result;
  if (typeof result === "string") return sameTags(source, result);
  if (Array.isArray(result)) return result.map((item) => retag(source, item));
  if (result instanceof Tuple) return new Tuple(result.items.map((item) => retag(source, item)));
  return result;
}

function readAttribute(object: Value, name: string): Value {
  const value = getAttribute(object, name);
  if (value === undefined) {
    throw new PythonError(
      "AttributeError",
      `'${typeName(object)}' object has no attribute '${name}'`,
    );
  }
  return value;
}

/** object.format(...): the one text method that needs attributes. */
function format(object: Value, args: Arguments): Value {
  if (object instanceof Markup) {
    const escaped: Arguments = {
      positional: args.positional.map(escapedText),
      named: new Map(Array.from(args.named, ([key, value]) => [key, escapedText(value)])),
    };
    return new Markup(formatText(object.text, escaped, readAttribute));
  }
  return retag(object, formatText(textOf(object) ?? "", args, readAttribute));
}

function escapedText(value: Value): Value {
  return textOf(value) === undefined || value instanceof Markup ? value : escapeHtml(str(value));
}

/** object.name(*args); `undefined` when the object has no such method. */
export function callMethod(object: Value, name: string, args: Arguments): Value | undefined {
  const text = textOf(object);
  if (text !== undefined) {
    if (name === "format") return format(object, args);
    if (name === "format_map") {
      const [map] = args.positional;
      const named = new Map<string, Value>();
      if (map instanceof Dict) for (const [key, value] of map) named.set(str(key), value);
      return format(object, { positional: [], named });
    }
    const method = textMethods.get(name);
    if (!method) return undefined;
    const result = method(text, args);
    return typeof object === "string" ? result : retag(object, result);
  }
  const method = methodsOf(object)?.get(name) as Method<Value> | undefined;
  return method?.(object, args);
}

/** object.name; `undefined` when there is no such attribute. */
export function getAttribute(object: Value, name: string): Value | undefined {
  if (object instanceof Instance) {
    const own = object.pyGetAttribute(name);
    if (own !== undefined) return own;
  } else {
    const text = textOf(object) !== undefined;
    if (methodsOf(object)?.has(name) || (text && (name === "format" || name === "format_map"))) {
      return new PyCallable(
        name,
        (args) => callMethod(object, name, args) ?? null,
        "builtin_function_or_method",
      );
    }
    const data = numberAttribute(object, name);
    if (data !== undefined) return data;
  }
  switch (name) {
    case "__class__":
      return new PyType(typeName(object));
    case "__str__":
      return new PyCallable(name, () => str(object), "method-wrapper");
    case "__repr__":
      return new PyCallable(name, () => repr(object), "method-wrapper");
    default:
      return undefined;
  }
}

function numberAttribute(object: Value, name: string): Value | undefined {
  if (object instanceof PyFloat) {
    const { value } = object;
    if (name === "real") return object;
    if (name === "imag") return new PyFloat(0);
    if (name === "is_integer") return callable(name, () => Number.isInteger(value));
    return undefined;
  }
  const whole = asInt(object);
  if (whole === undefined) return undefined;
  switch (name) {
    case "real":
    case "numerator":
      return whole;
    case "imag":
      return 0;
    case "denominator":
      return 1;
    case "bit_length": {
      const big = BigInt(whole);
      return callable(name, () => (big === 0n ? 0 : (big < 0n ? -big : big).toString(2).length));
    }
    case "to_bytes":
      return callable(name, (args) => {
        const size = Number(asInt(args.positional[0] ?? 1) ?? 1);
        const order = textOf(args.positional[1] ?? args.named.get("byteorder") ?? "big");
        const hex = BigInt(whole)
          .toString(16)
          .padStart(size * 2, "0");
        if (whole < 0 || hex.length > size * 2) {
          throw new PythonError("OverflowError", "int too big to convert");
        }
        const bytes = Buffer.from(hex, "hex");
        return new PyBytes(order === "little" ? bytes.reverse() : bytes);
      });
    case "conjugate":
      return callable(name, () => int(BigInt(whole)));
    default:
      return undefined;
  }
}

function callable(name: string, invoke: (args: Arguments) => Value): PyCallable {
  return new PyCallable(name, invoke, "builtin_function_or_method");
}

/** value(*args, **kwargs). */
export function callValue(value: Value, args: Arguments, context: unknown): Value {
  if (value instanceof Instance) {
    const result = value.pyCall(args, context);
    if (result !== undefined) return result;
  }
  throw typeError(`'${typeName(value)}' object is not callable`);
}
