import { describe, expect, it } from "vitest";
import { getItem, Slice } from "./access.ts";
import { callMethod, getAttribute } from "./attribute.ts";
import { compare, contains, equals, truth } from "./compare.ts";
import { PyDateTime } from "./datetime.ts";
import { formatPercent } from "./format-percent.ts";
import { formatValue } from "./format-spec.ts";
import { literalEval } from "./literal.ts";
import { Dict, PyFloat, Tuple, type Value } from "./model.ts";
import { parseInteger, roundFloat, roundInt } from "./number.ts";
import { binary } from "./operators.ts";
import { repr, str } from "./text.ts";

const f = (value: number): PyFloat => new PyFloat(value);

describe("numbers", () => {
  it.each<[Parameters<typeof binary>[0], Value, Value, string]>([
    ["+", 9007199254740991, 1, "9007199254740992"],
    ["*", 10n ** 20n, 3, "300000000000000000000"],
    ["-", 2n ** 53n, 1, "9007199254740991"],
    ["/", 7, 2, "3.5"],
    ["/", 4, 2, "2.0"],
    ["//", -7, 2, "-4"],
    ["%", -7, 3, "2"],
    ["%", 7, -3, "-2"],
    ["%", f(-7.5), 2, "0.5"],
    ["**", 2, 100, "1267650600228229401496703205376"],
    ["**", 2, -1, "0.5"],
    ["+", true, 1, "2"],
    ["+", f(0.1), f(0.2), "0.30000000000000004"],
  ])("%s of %o and %o", (operator, a, b, wanted) => {
    expect(repr(binary(operator, a, b))).toBe(wanted);
  });
  it.each([
    [1e16, "1e+16"],
    [123456789012345680, "1.2345678901234568e+17"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [-0, "-0.0"],
    [1e22, "1e+22"],
    [100, "100.0"],
  ])("repr of the float %d", (value, wanted) => {
    expect(repr(f(value))).toBe(wanted);
  });
  it("rounds to even, exactly", () => {
    expect([0.5, 1.5, 2.5, -0.5].map((value) => roundFloat(value))).toEqual([0, 2, 2, -0]);
    expect(roundFloat(2.675, 2)).toBe(2.67);
    expect(roundInt(1250, -2)).toBe(1200);
  });
  it("reads integers as Python does", () => {
    expect(parseInteger(" -1_000 ")).toBe(-1000);
    expect(parseInteger("0x1f", 16)).toBe(31);
    expect(parseInteger("٣")).toBe(3);
    expect(() => parseInteger("1__0")).toThrow("invalid literal for int() with base 10: '1__0'");
  });
});

describe("comparison", () => {
  it("compares across numeric types, not across others", () => {
    expect(equals(1, f(1))).toBe(true);
    expect(equals(true, 1)).toBe(true);
    expect(equals("1", 1)).toBe(false);
    expect(equals(new Dict([["a", [1]]]), new Dict([["a", [f(1)]]]))).toBe(true);
    expect(() => compare("a", 1)).toThrow("'<' not supported between instances of 'str' and 'int'");
    expect(compare([1, 2], [1, 3])).toBeLessThan(0);
    expect(compare("\u{1f600}", "\uffee")).toBeGreaterThan(0);
  });
  it("knows what is true and what contains what", () => {
    expect([0, f(0), "", [], new Dict(), null].map(truth)).toEqual(Array(6).fill(false));
    expect(contains("abc", "bc")).toBe(true);
    expect(contains([f(1)], 1)).toBe(true);
    expect(() => contains(5, 1)).toThrow("argument of type 'int' is not iterable");
  });
});

describe("text", () => {
  it.each<[Value, string]>([
    ["it's", `"it's"`],
    [`it's "x"`, `'it\\'s "x"'`],
    ["a\nb\t\x00é\u200b", "'a\\nb\\t\\x00é\\u200b'"],
    [new Tuple([1]), "(1,)"],
    [new Dict([[new Tuple([1, 2]), null]]), "{(1, 2): None}"],
  ])("repr of %o", (value, wanted) => {
    expect(repr(value)).toBe(wanted);
  });
  it("counts and slices code points", () => {
    const text = "a😀b";
    expect(getItem(text, 1)).toBe("😀");
    expect(getItem(text, new Slice(null, null, -1))).toBe("b😀a");
    expect(getItem([0, 1, 2, 3], new Slice(-2, null, null))).toEqual([2, 3]);
  });
  it.each<[string, Value, string]>([
    ["%05.1f|%-4s|%+d|%x", new Tuple([f(3.125), "ab", 5, 255]), "003.1|ab  |+5|ff"],
    ["%(a)s %%", new Dict([["a", 1]]), "1 %"],
    ["%e %g", new Tuple([f(12345.678), f(0.00001234)]), "1.234568e+04 1.234e-05"],
    ["%r", "x", "'x'"],
  ])("%j %% arguments", (format, argument, wanted) => {
    expect(formatPercent(format, argument)).toBe(wanted);
  });
  it.each<[Value, string, string]>([
    [1234567, ",", "1,234,567"],
    [f(1234.5), ",.2f", "1,234.50"],
    [255, "#06x", "0x00ff"],
    ["ab", "*^6", "**ab**"],
    [f(0.256), ".1%", "25.6%"],
    [-5, "=+5", "-   5"],
  ])("format %o with %j", (value, spec, wanted) => {
    expect(formatValue(value, spec)).toBe(wanted);
  });
  it("has the methods of str", () => {
    const call = (text: string, name: string, ...positional: Value[]): string =>
      repr(callMethod(text, name, { positional, named: new Map() }) as Value);
    expect(call(" a  b ", "split")).toBe("['a', 'b']");
    expect(call("a,b,c", "rsplit", ",", 1)).toBe("['a,b', 'c']");
    expect(call("abc", "center", 8, "*")).toBe("'**abc***'");
    expect(call("they're bill's", "title")).toBe(`"They'Re Bill'S"`);
    expect(call("a", "split", null)).toBe("['a']");
    expect(getAttribute("x", "constructor")).toBeUndefined();
  });
});

describe("literals and dates", () => {
  it.each([
    ["[1, 2.5, 'a', None, True, null]", "[1, 2.5, 'a', None, True, None]"],
    ["{'a': (1,), 'b': {1, 2}}", "{'a': (1,), 'b': {1, 2}}"],
    ["['a' \"b\", r'\\n']", "['ab', '\\\\n']"],
  ])("reads %s", (text, wanted) => {
    expect(repr(literalEval(text) as Value)).toBe(wanted);
  });
  it.each(["[a]", "[1", "__import__('os')", "[0644]", "{'a'}.x", "[1] + [2]", "[f'x']"])(
    "does not read %s",
    (text) => {
      expect(literalEval(text)).toBeUndefined();
    },
  );
  it("formats and subtracts dates", () => {
    const a = new PyDateTime([2024, 2, 29], [10, 30, 0]);
    const b = new PyDateTime([2024, 3, 1], [12, 0, 30]);
    expect(str(binary("-", b, a))).toBe("1 day, 1:30:30");
    expect(a.strftime("%Y-%j %A %U %V %I%p %-d")).toBe("2024-060 Thursday 08 09 10AM 29");
    expect(str(a)).toBe("2024-02-29 10:30:00");
  });
});
