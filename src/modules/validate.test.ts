import { describe, expect, it } from "vitest";
import { Dict, PyFloat } from "../values/model.ts";
import { fromJson } from "../values/python.ts";
import type { Data, ModuleSpec } from "./module.ts";
import { checkOptionNames, validateArguments } from "./validate.ts";

const text = "used by the test";
const spec: ModuleSpec = {
  name: "test.case.sample",
  summary: text,
  options: {
    path: { type: "path", description: text, required: true, aliases: ["dest", "name"] },
    state: { type: "str", description: text, default: "file", choices: ["file", "absent", "yes"] },
    force: { type: "bool", description: text, default: false },
    depth: { type: "int", description: text },
    ratio: { type: "float", description: text },
    groups: { type: "list", elements: "str", description: text },
    codes: { type: "list", elements: "int", description: text },
    env: { type: "dict", description: text },
    size: { type: "bytes", description: text },
    data: { type: "json", description: text },
    before: { type: "str", description: text },
    after: { type: "str", description: text },
    entries: {
      type: "list",
      elements: "dict",
      description: text,
      options: {
        key: { type: "str", description: text, required: true },
        count: { type: "int", description: text, default: 1 },
      },
    },
  },
  mutuallyExclusive: [["before", "after"]],
  requiredIf: [["state", "absent", ["depth", "ratio"]]],
  requiredBy: { data: ["env"] },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {},
};

function validate(args: Record<string, Data>, warn?: (message: string) => void) {
  const values = new Dict(Object.entries(args).map(([k, v]) => [k, fromJson(v)] as const));
  return validateArguments(spec, values, warn ? { warn } : {});
}

describe("validateArguments", () => {
  it("converts every type as Ansible does", () => {
    expect(
      validate({
        dest: "/x",
        force: "yes",
        depth: "3",
        ratio: "1.5",
        groups: "a,b",
        codes: ["200", 404],
        env: "a=1, b='x y'",
        size: "1.5K",
        data: { a: [1, true] },
      }),
    ).toEqual({
      path: "/x",
      state: "file",
      force: true,
      depth: 3,
      ratio: new PyFloat(1.5),
      groups: ["a", "b"],
      codes: [200, 404],
      env: { a: "1", b: "x y" },
      size: 1536,
      data: '{"a": [1, true]}',
    });
  });

  it("leaves null options out and keeps numbers as text where text is wanted", () => {
    expect(validate({ path: "/x", before: 0o644, force: null })).toEqual({
      path: "/x",
      state: "file",
      before: "420",
    });
  });

  it("takes a YAML boolean for the choice it was meant to be", () => {
    expect(validate({ path: "/x", state: true })).toMatchObject({ state: "yes" });
  });

  it("fills the defaults of sub-options", () => {
    expect(
      validate({ path: "/x", entries: [{ key: "a" }, { key: "b", count: "2" }] }),
    ).toMatchObject({
      entries: [
        { key: "a", count: 1 },
        { key: "b", count: 2 },
      ],
    });
  });

  it.each<[Record<string, Data>, string]>([
    [{}, "missing required arguments: path"],
    [{ path: "/x", state: "nope" }, "value of state must be one of: file, absent, yes, got: nope"],
    [{ path: "/x", before: "a", after: "b" }, "parameters are mutually exclusive: before|after"],
    [
      { path: "/x", state: "absent" },
      "state is absent but all of the following are missing: depth, ratio",
    ],
    [{ path: "/x", data: "{}" }, "missing parameter(s) required by 'data': env"],
    [
      { path: "/x", depth: "abc" },
      "argument 'depth' is of type <class 'str'> and we were unable to convert to int: <class 'str'> cannot be converted to an int",
    ],
    [
      { path: "/x", groups: { a: 1 } },
      "argument 'groups' is of type <class 'dict'> and we were unable to convert to list: <class 'dict'> cannot be converted to a list",
    ],
    [
      { path: "/x", codes: ["abc"] },
      "Elements value for option 'codes' is of type <class 'str'> and we were unable to convert to int: <class 'str'> cannot be converted to an int",
    ],
    [{ path: "/x", entries: [{}] }, "missing required arguments: key found in entries"],
    [
      { path: "/x", foo: 1, bar: 2 },
      "Unsupported parameters for (sample) module: bar, foo. Supported parameters include: after, before, codes, data, depth, entries, env, force, groups, path, ratio, size, state (dest, name).",
    ],
  ])("refuses %j", (args, message) => {
    expect(() => validate(args)).toThrow(message);
  });

  it("warns when an option and its alias are both given", () => {
    const warnings: string[] = [];
    validate({ path: "/x", dest: "/y" }, (message) => warnings.push(message));
    expect(warnings).toEqual(["Both option path and its alias dest are set."]);
  });
});

describe("checkOptionNames", () => {
  it("knows aliases and leaves templated names for later", () => {
    expect(() => checkOptionNames(spec, ["dest", "{{ key }}"])).not.toThrow();
    expect(() => checkOptionNames(spec, ["dset"])).toThrow("Unsupported parameters for (sample)");
  });
});
