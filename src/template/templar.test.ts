import { describe, expect, it } from "vitest";
import {
  type Dict,
  Environment,
  type EnvironmentOptions,
  fromJson,
  repr,
  TaggedString,
  Templar,
  type Value,
  variablesOf,
} from "./index.ts";

function templar(
  variables: Record<string, unknown> = {},
  templates: Record<string, string> = {},
  options: EnvironmentOptions = {},
): Templar {
  const environment = new Environment({
    files: {
      baseDirectory: "/project",
      find: (_kind, name) => (Object.hasOwn(templates, name) ? name : undefined),
      read: (path) => Buffer.from(templates[path] ?? ""),
      searchPaths: () => ["/project/templates"],
    },
    ...options,
  });
  return new Templar(environment, variablesOf(fromJson(variables) as Dict));
}

function failure(work: () => unknown): Error & { hint?: string; position?: unknown } {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
}

describe("variables", () => {
  it("suggests the nearest name for an undefined one", () => {
    const error = failure(() => templar({ app_port: 80 }).template("{{ app_prot }}"));
    expect(error.message).toBe("'app_prot' is undefined");
    expect(error.hint).toBe("Did you mean 'app_port'?");
  });
  it("says which variable is defined by itself", () => {
    const work = (): Value => templar({ a: "{{ b }}", b: "{{ a }}" }).template("{{ a }}");
    expect(failure(work).message).toMatch(/recursive loop detected in template string: \{\{ /);
  });
  it("evaluates random variables at each reading and keeps the others", () => {
    let calls = 0;
    const environment = new Environment({
      filters: {
        counted: (value) => {
          calls++;
          return value;
        },
      },
    });
    const source = variablesOf(new Map<string, Value>([["x", "{{ 'v' | counted }}"]]));
    const t = new Templar(environment, source);
    expect(t.template("{{ x }}{{ x }}")).toBe("vv");
    expect(t.template("{{ x }}")).toBe("v");
    expect(calls).toBe(1);
  });
  it("does not let a template change a variable for others", () => {
    const t = templar({ list: [1] });
    expect(repr(t.template("{{ list.append(2) }}{{ list }}"))).toBe("'[1, 2]'".slice(1, -1));
    expect(repr(t.template("{{ list }}"))).toBe("[1]");
  });
  it("never templates unsafe text", () => {
    const source = new Map<string, Value>([["x", new TaggedString("{{ 1 }}", { unsafe: true })]]);
    const result = new Templar(new Environment(), variablesOf(source)).template("<{{ x }}>");
    expect(result).toEqual(new TaggedString("<{{ 1 }}>", { unsafe: true }));
  });
  it("passes None to macros and through default arguments", () => {
    expect(
      templar().template("{% macro m(a='d') %}{{ a is none }}{% endmacro %}{{ m(none) }}"),
    ).toBe(true);
    expect(templar({ x: null }).template("{% for i in [none] %}{{ i is none }}{% endfor %}")).toBe(
      true,
    );
  });
});

describe("templates that include others", () => {
  const files = {
    "base.j2": "<{% block head %}base{% endblock %}|{% block body %}{% endblock %}>",
    "child.j2":
      "{% extends 'base.j2' %}{% set who = 'child' %}{% block head %}{{ super() }}+{{ who }}{% endblock %}{% block body %}{{ name }}{% endblock %}",
    "lib.j2": "{% macro hello(x) %}hi {{ x }}{% endmacro %}{% set _private = 1 %}{% set v = 5 %}",
    "part.j2": "[{{ item }}{{ name }}]",
  };
  const t = templar({ name: "web" }, files);
  it("inherits blocks", () => {
    expect(t.renderFile(files["child.j2"])).toBe("<base+child|web>");
  });
  it("includes with local variables", () => {
    expect(t.renderFile("{% for item in [1, 2] %}{% include 'part.j2' %}{% endfor %}")).toBe(
      "[1web][2web]",
    );
  });
  it("imports macros and names", () => {
    expect(t.renderFile("{% import 'lib.j2' as lib %}{{ lib.hello('x') }}{{ lib.v }}")).toBe(
      "hi x5",
    );
    expect(t.renderFile("{% from 'lib.j2' import hello as h %}{{ h('y') }}")).toBe("hi y");
  });
  it("names a template that is not there, and where it was looked for", () => {
    const error = failure(() => t.renderFile("{% include 'no.j2' %}"));
    expect(error.message).toBe("no.j2");
    expect(error.hint).toContain("/project/templates");
    expect(t.renderFile("{% include 'no.j2' ignore missing %}ok")).toBe("ok");
  });
  it("points at the line of a file's error", () => {
    const error = failure(() => t.renderFile("a\n  {{ nope }}\n", { file: "/t.j2" }));
    expect(error.position).toEqual({ file: "/t.j2", line: 2, column: 6 });
  });
});

describe("hostile templates", () => {
  it.each([
    "{{ name.constructor }}",
    "{{ name.__proto__ }}",
    "{{ d.constructor }}",
    "{{ d['__proto__'] }}",
    "{{ [].constructor.constructor('return process')() }}",
    "{{ range.invoke }}",
    "{{ namespace().set }}",
    "{{ 'x' | constructor }}",
    "{{ 'x' is __proto__ }}",
    "{{ lookup('constructor') }}",
  ])("cannot reach the host: %s", (text) => {
    expect(() => templar({ name: "x", d: {} }).template(text)).toThrow();
  });
  it("stops a template that runs too long", () => {
    const t = templar({}, {}, { timeLimit: 50 });
    const text = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    expect(failure(() => t.template(text)).message).toMatch(/longer than 0.05 seconds/);
  });
  it("refuses results that no configuration needs", () => {
    expect(() => templar().template("{{ 'x' * 10 ** 12 }}")).toThrow(/too large/);
    expect(() => templar().template("{{ 9 ** (9 ** 9) }}")).toThrow(/too large/);
    expect(() => templar().template("{{ range(10 ** 12) | list }}")).toThrow(/too large/);
  });
  it("reports endless recursion of a macro", () => {
    const text = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}";
    expect(failure(() => templar().template(text)).message).toMatch(/recursive loop/);
  });
});

describe("settings", () => {
  it("keeps types with jinja2_native", () => {
    const t = templar({ n: 5, s: "7" }, {}, { settings: { native: true } });
    expect(t.template("{{ n + 1 }}")).toBe(6);
    expect(repr(t.template("{{ [n, none] }}"))).toBe("[5, None]");
    expect(t.template("x{{ n }}")).toBe("x5");
  });
  it("leaves undefined variables alone when told", () => {
    expect(templar().template("{{ nope }}", { failOnUndefined: false })).toBe("{{ nope }}");
  });
  it("has do and loop controls only as extensions", () => {
    const text = "{% for i in range(5) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}";
    expect(() => templar().template(text)).toThrow(/unknown tag 'break'/);
    expect(templar({}, {}, { extensions: ["loopcontrols"] }).template(text)).toBe("01");
  });
});
