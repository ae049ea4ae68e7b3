/** Iteration and length. */
import { tooLarge } from "./compare.ts";
import { PythonError, typeError } from "./failure.ts";
import { Instance } from "./instance.ts";
import { Dict, PyBytes, PySet, Tuple, textOf, type Value } from "./model.ts";
import { textLength } from "./text.ts";
import { typeName } from "./type-name.ts";

/** iter(value): the items of a sequence, the keys of a dict, the characters of a str. */
export function iterate(value: Value): Iterable<Value> {
  if (Array.isArray(value)) return value;
  const text = textOf(value);
  if (text !== undefined) return text;
  if (value instanceof Dict) return guarded(value);
  if (value instanceof Tuple) return value.items;
  if (value instanceof PySet) return value;
  if (value instanceof PyBytes) return value.bytes;
  if (value instanceof Instance) {
    const items = value.pyIterate();
    if (items) return items;
  }
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

/** The keys of a dict; adding or removing some meanwhile fails as in Python. */
function* guarded(dict: Dict): IterableIterator<Value> {
  const size = dict.size;
  for (const key of dict.keys()) {
    yield key;
    if (dict.size !== size) {
      throw new PythonError("RuntimeError", "dictionary changed size during iteration");
    }
  }
}

/** Can it be iterated? Undefined values raise. */
export function isIterable(value: Value): boolean {
  if (Array.isArray(value) || textOf(value) !== undefined) return true;
  if (value instanceof Dict || value instanceof Tuple || value instanceof PySet) return true;
  if (value instanceof PyBytes) return true;
  return value instanceof Instance && value.pyIterate() !== undefined;
}

/** More items than this in one list are a runaway template. */
const maxItems = 20_000_000;

/** list(value): always a new array. */
export function toList(value: Value): Value[] {
  if (Array.isArray(value)) return value.slice();
  if (value instanceof Instance && (value.pyLength() ?? 0) > maxItems) throw tooLarge("list");
  return Array.from(iterate(value));
}

/** len(value). */
export function length(value: Value): number {
  if (Array.isArray(value)) return value.length;
  const text = textOf(value);
  if (text !== undefined) return textLength(text);
  if (value instanceof Dict || value instanceof PySet) return value.size;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof PyBytes) return value.bytes.length;
  if (value instanceof Instance) {
    const size = value.pyLength();
    if (size !== undefined) return size;
  }
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}
