/** The methods of list, tuple, dict, set and bytes. */

import { type Arguments, PyCallable } from "../callable.ts";
import { contains, equals, sortValues, truth } from "../compare.ts";
import { PythonError, typeError, valueError } from "../failure.ts";
import { iterate, length, toList } from "../iterate.ts";
import { Dict, type PyBytes, PySet, Tuple, textOf, type Value } from "../model.ts";
import { repr, str } from "../text.ts";
import { typeName } from "../type-name.ts";
import { DictView } from "../view.ts";
import { argument, arity, intArgument, type Method, required } from "./method.ts";

/** Methods that change their object: templates that name one get their own copy of a variable. */
export const mutatingMethods: ReadonlySet<string> = new Set([
  "add",
  "append",
  "clear",
  "difference_update",
  "discard",
  "extend",
  "insert",
  "intersection_update",
  "pop",
  "popitem",
  "remove",
  "reverse",
  "setdefault",
  "sort",
  "symmetric_difference_update",
  "update",
  "__setitem__",
  "__delitem__",
]);

function indexOf(items: readonly Value[], args: Arguments, kind: string): number {
  const wanted = required(args, 0, "index");
  const clamp = (value: number): number => (value < 0 ? Math.max(0, value + items.length) : value);
  const start = clamp(intArgument(args.positional[1], 0));
  const stop = clamp(intArgument(args.positional[2], items.length));
  for (let index = start; index < Math.min(stop, items.length); index++) {
    if (equals(items[index] as Value, wanted)) return index;
  }
  throw valueError(
    kind === "list" ? `${repr(wanted)} is not in list` : "tuple.index(x): x not in tuple",
  );
}

function count(items: readonly Value[], args: Arguments): number {
  const wanted = required(args, 0, "count");
  return items.reduce<number>((sum, item) => sum + (equals(item, wanted) ? 1 : 0), 0);
}

function fill(target: Value[], items: readonly Value[]): null {
  target.length = 0;
  for (const item of items) target.push(item);
  return null;
}

export const listMethods: ReadonlyMap<string, Method<Value[]>> = new Map<string, Method<Value[]>>([
  [
    "append",
    (self, args) => {
      self.push(required(args, 0, "append"));
      return null;
    },
  ],
  ["clear", (self) => fill(self, [])],
  ["copy", (self) => self.slice()],
  ["count", count],
  [
    "extend",
    (self, args) => {
      for (const item of toList(required(args, 0, "extend"))) self.push(item);
      return null;
    },
  ],
  ["index", (self, args) => indexOf(self, args, "list")],
  [
    "insert",
    (self, args) => {
      self.splice(intArgument(required(args, 0, "insert"), 0), 0, required(args, 1, "insert"));
      return null;
    },
  ],
  [
    "pop",
    (self, args) => {
      if (self.length === 0) throw new PythonError("IndexError", "pop from empty list");
      const index = intArgument(args.positional[0], -1);
      const place = index < 0 ? index + self.length : index;
      if (place < 0 || place >= self.length) {
        throw new PythonError("IndexError", "pop index out of range");
      }
      return self.splice(place, 1)[0] as Value;
    },
  ],
  [
    "remove",
    (self, args) => {
      const wanted = required(args, 0, "remove");
      const index = self.findIndex((item) => equals(item, wanted));
      if (index < 0) throw valueError("list.remove(x): x not in list");
      self.splice(index, 1);
      return null;
    },
  ],
  ["reverse", (self) => fill(self, self.slice().reverse())],
  [
    "sort",
    (self, args) => {
      arity(args, "sort", 0);
      const key = args.named.get("key");
      const reverse = truth(args.named.get("reverse") ?? false);
      const by =
        key instanceof PyCallable
          ? (item: Value): Value => key.invoke({ positional: [item], named: new Map() }, undefined)
          : undefined;
      return fill(self, sortValues(self, by, reverse));
    },
  ],
  ["__len__", (self) => self.length],
  ["__contains__", (self, args) => contains(self, required(args, 0, "__contains__"))],
  ["__str__", (self) => repr(self)],
]);

export const tupleMethods: ReadonlyMap<string, Method<Tuple>> = new Map<string, Method<Tuple>>([
  ["count", (self, args) => count(self.items, args)],
  ["index", (self, args) => indexOf(self.items, args, "tuple")],
  ["__len__", (self) => self.items.length],
  ["__contains__", (self, args) => contains(self, required(args, 0, "__contains__"))],
  ["__str__", (self) => repr(self)],
]);

/** dict.update's and dict()'s arguments: a mapping or pairs, then named ones. */
export function updateDict(target: Dict, args: Arguments, name: string): Dict {
  arity(args, name, 1);
  const source = args.positional[0];
  if (source instanceof Dict) for (const [key, value] of Array.from(source)) target.set(key, value);
  else if (source !== undefined) {
    let index = 0;
    for (const pair of iterate(source)) {
      const size = length(pair);
      if (size !== 2) {
        throw valueError(
          `dictionary update sequence element #${index} has length ${size}; 2 is required`,
        );
      }
      const [key = null, value = null] = toList(pair);
      target.set(key, value);
      index++;
    }
  }
  for (const [key, value] of args.named) target.set(key, value);
  return target;
}

export const dictMethods: ReadonlyMap<string, Method<Dict>> = new Map<string, Method<Dict>>([
  [
    "clear",
    (self) => {
      self.clear();
      return null;
    },
  ],
  ["copy", (self) => new Dict(self)],
  [
    "fromkeys",
    (_self, args) => {
      const value = args.positional[1] ?? null;
      return new Dict(toList(required(args, 0, "fromkeys")).map((key) => [key, value] as const));
    },
  ],
  [
    "get",
    (self, args) => {
      const value = self.get(required(args, 0, "get"));
      return value === undefined ? (argument(args, 1) ?? null) : value;
    },
  ],
  ["items", (self) => new DictView(self, "items")],
  ["keys", (self) => new DictView(self, "keys")],
  ["values", (self) => new DictView(self, "values")],
  [
    "pop",
    (self, args) => {
      const key = required(args, 0, "pop");
      const found = self.get(key);
      const value = found === undefined ? args.positional[1] : found;
      if (value === undefined) throw new PythonError("KeyError", repr(key));
      self.delete(key);
      return value;
    },
  ],
  [
    "popitem",
    (self) => {
      const last = Array.from(self.keys()).at(-1);
      if (last === undefined) throw new PythonError("KeyError", "'popitem(): dictionary is empty'");
      const value = self.get(last) as Value;
      self.delete(last);
      return new Tuple([last, value]);
    },
  ],
  [
    "setdefault",
    (self, args) => {
      const key = required(args, 0, "setdefault");
      const present = self.get(key);
      if (present !== undefined) return present;
      const value = args.positional[1] ?? null;
      self.set(key, value);
      return value;
    },
  ],
  [
    "update",
    (self, args) => {
      updateDict(self, args, "update");
      return null;
    },
  ],
  ["__len__", (self) => self.size],
  ["__contains__", (self, args) => self.has(required(args, 0, "__contains__"))],
  [
    "__getitem__",
    (self, args) => {
      const key = required(args, 0, "__getitem__");
      const value = self.get(key);
      if (value === undefined) throw new PythonError("KeyError", repr(key));
      return value;
    },
  ],
  [
    "__setitem__",
    (self, args) => {
      self.set(required(args, 0, "__setitem__"), required(args, 1, "__setitem__"));
      return null;
    },
  ],
  ["__str__", (self) => repr(self)],
]);

function others(args: Arguments): PySet[] {
  return args.positional.map((value) =>
    value instanceof PySet ? value : new PySet(iterate(value)),
  );
}

function changed(self: PySet, items: Iterable<Value>): null {
  const kept = new PySet(items);
  for (const item of Array.from(self)) if (!kept.has(item)) self.delete(item);
  for (const item of kept) self.add(item);
  return null;
}

function union(self: PySet, args: Arguments): PySet {
  const result = new PySet(self);
  for (const other of others(args)) for (const item of other) result.add(item);
  return result;
}

function intersection(self: PySet, args: Arguments): PySet {
  const sets = others(args);
  return new PySet(Array.from(self).filter((item) => sets.every((set) => set.has(item))));
}

function difference(self: PySet, args: Arguments): PySet {
  const sets = others(args);
  return new PySet(Array.from(self).filter((item) => !sets.some((set) => set.has(item))));
}

function symmetricDifference(self: PySet, args: Arguments): PySet {
  const [other = new PySet()] = others(args);
  const result = new PySet(Array.from(self).filter((item) => !other.has(item)));
  for (const item of other) if (!self.has(item)) result.add(item);
  return result;
}

export const setMethods: ReadonlyMap<string, Method<PySet>> = new Map<string, Method<PySet>>([
  [
    "add",
    (self, args) => {
      self.add(required(args, 0, "add"));
      return null;
    },
  ],
  ["clear", (self) => changed(self, [])],
  ["copy", (self) => new PySet(self)],
  ["difference", difference],
  ["difference_update", (self, args) => changed(self, difference(self, args))],
  [
    "discard",
    (self, args) => {
      self.delete(required(args, 0, "discard"));
      return null;
    },
  ],
  ["intersection", intersection],
  ["intersection_update", (self, args) => changed(self, intersection(self, args))],
  ["isdisjoint", (self, args) => intersection(self, args).size === 0],
  ["issubset", (self, args) => intersection(self, args).size === self.size],
  [
    "issuperset",
    (self, args) => Array.from(iterate(required(args, 0, "issuperset"))).every((x) => self.has(x)),
  ],
  [
    "pop",
    (self) => {
      for (const item of self) {
        self.delete(item);
        return item;
      }
      throw new PythonError("KeyError", "'pop from an empty set'");
    },
  ],
  [
    "remove",
    (self, args) => {
      const item = required(args, 0, "remove");
      if (!self.delete(item)) throw new PythonError("KeyError", repr(item));
      return null;
    },
  ],
  ["symmetric_difference", symmetricDifference],
  ["union", union],
  ["update", (self, args) => changed(self, union(self, args))],
  ["__len__", (self) => self.size],
  ["__contains__", (self, args) => self.has(required(args, 0, "__contains__"))],
]);

export const bytesMethods: ReadonlyMap<string, Method<PyBytes>> = new Map<string, Method<PyBytes>>([
  [
    "decode",
    (self, args) => {
      const encoding = textOf(argument(args, 0, "encoding")) ?? "utf-8";
      const strict = (textOf(argument(args, 1, "errors")) ?? "strict") === "strict";
      const label = /^latin|^iso-8859-1$/i.test(encoding) ? "latin1" : encoding;
      if (label === "latin1") return Buffer.from(self.bytes).toString("latin1");
      try {
        return new TextDecoder(label, { fatal: strict, ignoreBOM: true }).decode(self.bytes);
      } catch (error) {
        if (error instanceof RangeError) {
          throw new PythonError("LookupError", `unknown encoding: ${encoding}`);
        }
        throw new PythonError("UnicodeDecodeError", `'${encoding}' codec can't decode the bytes`);
      }
    },
  ],
  ["hex", (self) => Buffer.from(self.bytes).toString("hex")],
  ["__len__", (self) => self.bytes.length],
]);

/** The methods of numbers and None that templates use. */
export const numberMethods: ReadonlyMap<string, Method<Value>> = new Map<string, Method<Value>>([
  ["__str__", (self) => str(self)],
  ["__repr__", (self) => repr(self)],
  [
    "__len__",
    (self) => {
      throw typeError(`object of type '${typeName(self)}' has no len()`);
    },
  ],
]);
