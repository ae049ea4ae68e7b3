import { describe, expect, it } from "vitest";
import { Dict, PyFloat, PySet, Tuple, type Value } from "../../values/model.ts";
import { bcrypt } from "./bcrypt.ts";
import { iniSection, interpolateIni, parseIni } from "./configparser.ts";
import { md5Crypt, sha2Crypt } from "./crypt.ts";
import { parseCsv } from "./csv.ts";
import { formatAddress, formatNetwork, mergeNetworks, parseInterface } from "./ip-network.ts";
import { searchJmespath } from "./jmespath/index.ts";
import { dumpJson } from "./json-dump.ts";
import { loadJson } from "./json-load.ts";
import * as paths from "./paths.ts";
import { formatPretty } from "./pprint.ts";
import { Random } from "./random.ts";
import { quoteShell, splitShell } from "./shlex.ts";
import { parseTime } from "./strptime.ts";
import { splitUrl, unquoteUrl } from "./urls.ts";
import { compareLoose, comparePep440, compareSemantic, compareStrict } from "./versions.ts";
import { dumpYaml } from "./yaml-dump.ts";

// What CPython 3.11, PyYAML 6 with libyaml, passlib and jmespath.py answered to the same questions.

describe("random", () => {
  it("gives Python's numbers for a text and for an integer", () => {
    const items = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    new Random("abc").shuffle(items);
    expect(items).toEqual([4, 3, 0, 9, 1, 2, 6, 5, 7, 8]);
    expect(new Random(42n).random()).toBe(0.6394267984578837);
  });
});

describe("crypt", () => {
  it("makes the hashes of /etc/shadow", () => {
    expect(md5Crypt("pw", "saltsalt")).toBe("$1$saltsalt$6SNdNaZLKst2LlSm7oPPL1");
    expect(sha2Crypt("sha256", "pw", "abc", 1000)).toBe(
      "$5$rounds=1000$abc$zdUXQ3de2d3x/8MYX1t30oZjPfJThZR5heHeVDYi8j6",
    );
    expect(sha2Crypt("sha512", "pw", "saltsalt", 5000)).toBe(
      "$6$saltsalt$pauPrmdmG4BTE9h2HPmywiw152IFch6BJCEsaY6D.PLTfpV8sqvXwWdyfsgVgozkYH9B80bAip/08R2BPH2xk/",
    );
    expect(bcrypt("pw", "1234567890123456789012", 5, "2b")).toBe(
      "$2b$05$123456789012345678901uztUQIoyLDxaIUgJ.x54aS6eyLIVBeKi",
    );
  });
});

describe("yaml", () => {
  const options = {
    indent: 4,
    width: 80,
    allowUnicode: true,
    sortKeys: true,
    explicitStart: false,
    explicitEnd: false,
    defaultFlowStyle: false as boolean | null,
    defaultStyle: undefined,
  };
  const long = `${"the quick brown fox jumps over the lazy dog and then ".repeat(2)}again`;
  const shared: Value = ["x"];
  it.each<[Value, string]>([
    ["yes", "'yes'\n"],
    ["", "''\n"],
    ["a: b", "'a: b'\n"],
    ["x:y", "x:y\n"],
    ["tab\tx", '"tab\\tx"\n'],
    ["\u{1f600}", '"\\U0001F600"\n'],
    ["line1\nline2\n", "'line1\n\n    line2\n\n    '\n"],
    [new PyFloat(1e20), "1.0e+20\n"],
    [new Tuple([1, 2]), "- 1\n- 2\n"],
    [new PySet(["a"]), "!!set\na: null\n"],
    [new Dict([["a", [1, new Dict([["k", "v"]])]]]), "a:\n- 1\n-   k: v\n"],
    [
      new Dict([
        ["a", shared],
        ["b", shared],
      ]),
      "a: &id001\n- x\nb: *id001\n",
    ],
    [new Dict([["k".repeat(130), 1]]), `? ${"k".repeat(130)}\n: 1\n`],
    [
      new Dict([["k", long]]),
      "k: the quick brown fox jumps over the lazy dog and then the quick brown fox jumps\n    over the lazy dog and then again\n",
    ],
  ])("%# is written as PyYAML writes it", (value, text) => {
    expect(dumpYaml(value, options)).toBe(text);
  });

  it("flows the innermost collections when the style is left open", () => {
    const value = new Dict([["a", new Dict([["b", [1, 2]]])]]);
    expect(dumpYaml(value, { ...options, indent: 2, defaultFlowStyle: null })).toBe(
      "a:\n  b: [1, 2]\n",
    );
  });
});

describe("json", () => {
  it("reads and writes what Python does", () => {
    const value = loadJson('{"a": [1, 2.0, null, true, 12345678901234567890], "b": "\\u00e9"}');
    expect(dumpJson(value)).toBe(
      '{"a": [1, 2.0, null, true, 12345678901234567890], "b": "\\u00e9"}',
    );
    expect(dumpJson(value, { ensureAscii: false, indent: 1 })).toContain('\n "b": "é"\n}');
    expect(dumpJson(loadJson("[NaN, -Infinity, 1e3, -0]"))).toBe("[NaN, -Infinity, 1000.0, 0]");
    expect(dumpJson(new Dict([["__proto__", 1]]))).toBe('{"__proto__": 1}');
  });

  it.each([
    ["[1, 2", "Expecting ',' delimiter: line 1 column 6 (char 5)"],
    ["", "Expecting value: line 1 column 1 (char 0)"],
    ["{'a': 1}", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"],
    ['{"a": 1}\nx', "Extra data: line 2 column 1 (char 9)"],
    ["[".repeat(5000), "maximum recursion depth exceeded"],
  ])("names the place of an error", (text, message) => {
    expect(() => loadJson(text)).toThrow(message);
  });

  it("refuses circles and foreign types", () => {
    const circle: Value[] = [];
    circle.push(circle);
    expect(() => dumpJson(circle)).toThrow("Circular reference detected");
    expect(() => dumpJson(new PySet([1]))).toThrow("Object of type set is not JSON serializable");
  });
});

describe("jmespath", () => {
  const data =
    loadJson(`{"people": [{"n": "bob", "age": 30, "tags": ["a"]}, {"n": "eve", "age": 25}],
    "m": {"x": {"v": 1}, "y": {"v": 2}}, "s": "text"}`);
  it.each([
    ["people[*].n", '["bob", "eve"]'],
    ["people[?age > `26`].n | [0]", '"bob"'],
    ["people[].tags[]", '["a"]'],
    ["m.*.v", "[1, 2]"],
    ["sort_by(people, &age)[*].{name: n}", '[{"name": "eve"}, {"name": "bob"}]'],
    ["people[::-1].n", '["eve", "bob"]'],
    ["nothing || 'else'", '"else"'],
    ["length(people)", "2"],
    ["people[?n == 'bob' && age == `30`] | length(@)", "1"],
    ["join(',', people[*].n)", '"bob,eve"'],
    ["max_by(people, &age).n", '"bob"'],
    ["constructor", "null"],
  ])("%s", (query, result) => {
    expect(dumpJson(searchJmespath(query, data))).toBe(result);
  });

  it.each([
    ["people[", "Incomplete expression"],
    ["constructor(@)", "Unknown function: constructor()"],
    ["length(m, s)", "Expected 1 argument for function length(), received 2"],
    ["abs(s)", "In function abs(), invalid type for value"],
  ])("refuses %s", (query, message) => {
    expect(() => searchJmespath(query, data)).toThrow(message);
  });
});

describe("versions", () => {
  it("order as each scheme defines", () => {
    expect(compareLoose("1.10", "1.9")).toBeGreaterThan(0);
    expect(compareLoose("1.5.1", "1.5.2b2")).toBeLessThan(0);
    expect(() => compareLoose("1.a", "1.1")).toThrow(
      "'<' not supported between instances of 'str' and 'int'",
    );
    expect(compareStrict("1.0a1", "1.0")).toBeLessThan(0);
    expect(compareSemantic("1.0.0-rc.2", "1.0.0-rc.10")).toBeLessThan(0);
    expect(() => compareSemantic("1.2", "1.2.0")).toThrow("invalid semantic version '1.2'");
    const pep = ["1.dev0", "1.0a1", "1.0rc1", "1.0", "1.0.post1", "1!0.1"];
    expect(pep.toReversed().toSorted(comparePep440)).toEqual(pep);
  });
});

describe("addresses", () => {
  it("are read and written in their short form", () => {
    const shown = (text: string) => {
      const ip = parseInterface(text);
      return ip && formatAddress(ip.version, ip.address);
    };
    expect(shown("2001:DB8:0:0:0:0:0:1")).toBe("2001:db8::1");
    expect(shown("::ffff:10.0.0.5")).toBe("::ffff:10.0.0.5");
    expect(shown("10.0.0.256")).toBeUndefined();
    expect(shown("1::2::3")).toBeUndefined();
    const networks = ["10.0.1.0/24", "10.0.0.0/24", "10.0.3.0/25"].flatMap(
      (text) => parseInterface(text) ?? [],
    );
    expect(mergeNetworks(networks).map(formatNetwork)).toEqual(["10.0.0.0/23", "10.0.3.0/25"]);
  });
});

describe("files and text", () => {
  it("paths", () => {
    expect(paths.splitext("/a/.bashrc")).toEqual(["/a/.bashrc", ""]);
    expect(paths.normpath("/a/../../b//./c")).toBe("/b/c");
    expect(paths.relpath("/a/b", "/a/b/c/d")).toBe("../..");
    expect(paths.dirname("/a")).toBe("/");
    expect(paths.expandvars("$A/$" + "{B}/$C", { A: "1", B: "2" })).toBe("1/2/$C");
    expect(paths.winBasename("C:\\Users\\x.txt")).toBe("x.txt");
  });

  it("shell words", () => {
    expect(quoteShell("it's")).toBe(`'it'"'"'s'`);
    expect(splitShell(`a 'b c' "d \\" e" f\\ g`)).toEqual(["a", "b c", 'd " e', "f g"]);
    expect(() => splitShell("'a")).toThrow("No closing quotation");
  });

  it("URLs", () => {
    const url = splitUrl("https://user:p%40@Host:8443/a?x=1#f");
    expect([url.hostname, url.username, url.password, url.port()]).toEqual([
      "host",
      "user",
      "p%40",
      8443,
    ]);
    expect(() => splitUrl("http://h:99999/").port()).toThrow("Port out of range 0-65535");
    expect(unquoteUrl("%C3%A9+%zz")).toBe("é+%zz");
  });

  it("CSV and INI", () => {
    expect(parseCsv('a,"b ""c""\nd",\r\n\r\ne', ",")).toEqual([["a", 'b "c"\nd', ""], [], ["e"]]);
    const ini = parseIni("[DEFAULT]\nh=x\n[s]\nPath = /%(h)s\nm: a\n  b\n");
    const section = iniSection(ini, "s") ?? new Map();
    expect([...section]).toEqual([
      ["h", "x"],
      ["path", "/%(h)s"],
      ["m", "a\nb"],
    ]);
    expect(interpolateIni("/%(h)s %%", "path", "s", section)).toBe("/x %");
    expect(() => parseIni("[s]\na=1\na=2")).toThrow("option 'a' in section 's' already exists");
  });

  it("dates", () => {
    expect(parseTime("15/Jan/2024 03:04 PM", "%d/%b/%Y %I:%M %p").pyStr()).toBe(
      "2024-01-15 15:04:00",
    );
    expect(() => parseTime("bad", "%Y")).toThrow("time data 'bad' does not match format '%Y'");
    expect(() => parseTime("2024x", "%Y")).toThrow("unconverted data remains: x");
  });

  it("pprint breaks what is longer than a line", () => {
    expect(
      formatPretty(
        new Dict([
          ["b", 1],
          ["a", [1]],
        ]),
      ),
    ).toBe("{'a': [1], 'b': 1}");
    expect(formatPretty(["x".repeat(50), "y".repeat(50)])).toBe(
      `['${"x".repeat(50)}',\n '${"y".repeat(50)}']`,
    );
  });
});
