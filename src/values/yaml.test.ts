import { describe, expect, it } from "vitest";
import type { Dict, Value } from "./model.ts";
import { positionOf, positionOfKey } from "./positions.ts";
import { repr } from "./text.ts";
import { loadYaml, loadYamlAll, type VaultedString } from "./yaml.ts";

const load = (text: string): Value => loadYaml(text, { file: "f.yml" });

function failure(text: string): { message: string; hint?: string; position?: unknown } {
  try {
    load(text);
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was read");
}

describe("loadYaml", () => {
  it.each([
    ["- a: 1\n  b: 2\n- c\n", "[{'a': 1, 'b': 2}, 'c']"],
    ["a:\n- 1\n- 2\nb: 3\n", "{'a': [1, 2], 'b': 3}"],
    ["- - 1\n  - 2\n- - 3\n", "[[1, 2], [3]]"],
    ["a: {b: [1, {c: d}], 'e': \"f\"}\n", "{'a': {'b': [1, {'c': 'd'}], 'e': 'f'}}"],
    ["a: &x\n  k: 1\nb: *x\n", "{'a': {'k': 1}, 'b': {'k': 1}}"],
    ["- name: x\n  when: a == 1 and\n    b == 2\n", "[{'name': 'x', 'when': 'a == 1 and b == 2'}]"],
    ["a: |\n  x\n   y\n\nb: 1\n", "{'a': 'x\\n y\\n', 'b': 1}"],
    [
      "- block:\n    - a: 1\n  rescue:\n    - b: 2\n",
      "[{'block': [{'a': 1}], 'rescue': [{'b': 2}]}]",
    ],
    ["? a\n: b\n", "{'a': 'b'}"],
    ["a:\n  # comment\n  b: 1 # more\n", "{'a': {'b': 1}}"],
    ["mode: 0644\nt: 12:30\nv: 1.10\n", "{'mode': 420, 't': 750, 'v': 1.1}"],
    ["- |\n  text\n- >-\n  folded\n  text\n", "['text\\n', 'folded text']"],
    ["a: 'x\n  y'\n", "{'a': 'x y'}"],
    ["- [a,\n   b]\n- {c: 1,\n   d: 2}\n", "[['a', 'b'], {'c': 1, 'd': 2}]"],
    ["", "None"],
    ["---\n", "None"],
    ["a: !!str 1\n", "{'a': '1'}"],
    ["- !unsafe 'x'\n-\n- ~\n", "['x', None, None]"],
    ["a:   \n  - b\n\n\n  - c\n", "{'a': ['b', 'c']}"],
  ])("reads %j", (text, wanted) => {
    expect(repr(load(text))).toBe(wanted);
  });

  it("notes where keys and values stand", () => {
    const data = load("- name: x\n  shell: echo\n") as Value[];
    const task = data[0] as Dict;
    expect(positionOfKey(task, "shell")).toEqual({ file: "f.yml", line: 2, column: 3 });
    expect(positionOf(task, "shell")).toEqual({ file: "f.yml", line: 2, column: 10 });
    expect(positionOf(task)).toEqual({ file: "f.yml", line: 1, column: 3 });
  });

  it("explains the usual mistakes", () => {
    const unquoted = failure("a: {{ x }}/y\n");
    expect(unquoted.hint).toContain("must be quoted");
    expect(failure("a:\n\t- b\n").hint).toContain("Tabs");
    const colon = failure("msg: error: it failed\n");
    expect(colon.hint).toContain("quote the whole value");
    expect(colon.position).toEqual({ file: "f.yml", line: 1, column: 11 });
    expect(failure('a: "x" y\n').hint).toContain("quote");
  });

  it("warns of duplicate keys and keeps the last", () => {
    const warnings: string[] = [];
    const warn = (message: string): number => warnings.push(message);
    expect(repr(loadYaml("a: 1\na: 2\n", { file: "f.yml", warn }))).toBe("{'a': 2}");
    expect(warnings).toEqual([
      "While constructing a mapping from f.yml, line 1, column 1, found a duplicate dict key (a). Using last defined value only.",
    ]);
  });

  it("reads several documents", () => {
    expect(repr(loadYamlAll("a: 1\n---\n- b\n...\n", { file: "f" }))).toBe("[{'a': 1}, ['b']]");
  });

  it("decrypts a vaulted value only when it is used", () => {
    let calls = 0;
    const vault = (text: string): string => {
      calls++;
      return `plain of ${text.trim().length}`;
    };
    const text = "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n";
    const value = (loadYaml(text, { file: "f", vault }) as Dict).get("a") as VaultedString;
    expect(calls).toBe(0);
    expect(value.ciphertext).toBe("$ANSIBLE_VAULT;1.1;AES256\n6162\n");
    expect(value.text).toBe("plain of 30");
    expect(value.vault).toBe(true);
    expect(calls).toBe(1);
  });

  it("refuses bottomless nesting", () => {
    expect(failure("[".repeat(100_000)).message).toContain("nested too deeply");
  });
});
