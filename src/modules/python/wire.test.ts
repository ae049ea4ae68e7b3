import { describe, expect, it } from "vitest";
import { Undefined } from "../../template/undefined.ts";
import { PyDate, PyDateTime } from "../../values/datetime.ts";
import {
  Dict,
  PyBytes,
  PyFloat,
  PySet,
  TaggedString,
  Tuple,
  type Value,
} from "../../values/model.ts";
import { repr } from "../../values/python.ts";
import { LazyDict } from "../../variables/lazy-dict.ts";
import { fromWire, toWire, type Wire } from "./wire.ts";

const across = (value: Value): Value => fromWire(JSON.parse(JSON.stringify(toWire(value))) as Wire);

describe("a value on its way to Python and back", () => {
  it("stays what it is, with its type", () => {
    const value = new Dict([
      ["2", new Tuple([1, new PyFloat(1), 2n ** 70n])],
      ["1", new PySet([null, true])],
      [3, new PyBytes(Buffer.from([0, 255]))],
      [new Tuple([1, "a"]), new PyDate(2024, 2, 29)],
      ["when", new PyDateTime([2024, 2, 29], [12, 30, 1, 500_000], 60)],
      ["!", new Dict([["!", "no tag"]])],
      ["nan", new PyFloat(Number.POSITIVE_INFINITY)],
    ]);
    expect(repr(across(value))).toBe(repr(value));
  });
  it("keeps unsafe text unsafe", () => {
    const back = across([new TaggedString("{{ x }}", { unsafe: true })]);
    const [text] = back as Value[];
    expect(text).toBeInstanceOf(TaggedString);
    expect((text as TaggedString).unsafe).toBe(true);
  });
  it("keeps an undefined value undefined, with its reason", () => {
    const back = across(new Undefined("'x' is undefined", "x"));
    expect(back).toBeInstanceOf(Undefined);
    expect((back as Undefined).hint).toBe("'x' is undefined");
  });
  it("ends for variables that hold themselves", () => {
    const vars: LazyDict = new LazyDict({
      get: (name): Value | undefined => (name === "vars" ? vars : name === "a" ? 1 : undefined),
      names: () => ["a", "vars"],
    });
    expect(repr(across(vars))).toBe("{'a': 1}");
    const list: Value[] = [];
    list.push(list);
    expect(() => toWire(list)).toThrow("holds itself");
  });
});
