import { describe, expect, it } from "vitest";
import { digestOf } from "./digest.ts";
import { type Comparison, differences } from "./reason.ts";
import type { KeptValue, StepParts } from "./step-parts.ts";

const PARTS: StepParts = {
  module: "ansible.builtin.copy",
  revision: "1",
  args: {},
  inputs: [],
  become: [null, null, null, null],
  environment: {},
  modes: [false, false, 0],
};
const value = (data: string | number | boolean): KeptValue => ({ value: data });

async function said(
  before: Partial<StepParts>,
  after: Partial<StepParts>,
  more: Partial<Comparison> = {},
): Promise<string[]> {
  const reasons = await differences({
    before: { ...PARTS, ...before },
    after: { ...PARTS, ...after },
    secret: false,
    listings: async () => undefined,
    ...more,
  });
  return reasons.map((reason) => reason.text);
}

const args = (name: string, kept: KeptValue): Partial<StepParts> => ({ args: { [name]: kept } });
const long = (end: string) => value(`${"begins as the other one does, ".repeat(5)}${end}`);

describe("what is said of a key that has changed", () => {
  it.each([
    [
      "a value",
      args("mode", value("0644")),
      args("mode", value("0600")),
      'argument mode: "0644" → "0600"',
    ],
    ["a type", args("n", value(1)), args("n", value("1")), 'argument n: 1 → "1"'],
    ["a new value", {}, args("owner", value("web")), 'argument owner is new: "web"'],
    [
      "a value that is gone",
      args("owner", value("web")),
      {},
      'argument owner is gone; it was "web"',
    ],
    [
      "a command",
      args("_raw_params", value("a")),
      args("_raw_params", value("b")),
      'the command: "a" → "b"',
    ],
    [
      "one line of many",
      args("content", value("a\nb\nc")),
      args("content", value("a\nB\nc")),
      'argument content line 2: "b" → "B"',
    ],
    [
      "a large value",
      args("c", { digest: digestOf(1), size: 900 }),
      args("c", { digest: digestOf(2), size: 901 }),
      "argument c: 900 characters → 901 characters",
    ],
    [
      "a large value as long as before",
      args("c", { digest: digestOf(1), size: 900 }),
      args("c", { digest: digestOf(2), size: 900 }),
      "argument c has changed (900 characters)",
    ],
    [
      "a secret",
      args("password", { hidden: digestOf(1) }),
      args("password", { hidden: digestOf(2) }),
      "argument password has changed (hidden)",
    ],
    [
      "another module",
      {},
      { module: "ansible.builtin.template" },
      "the module: ansible.builtin.copy → ansible.builtin.template",
    ],
    [
      "another version of it",
      {},
      { revision: "2" },
      "the module is another version: Layerbook was updated",
    ],
    ["another user", {}, { become: ["web", "sudo", null, null] }, "become: none → web by sudo"],
    ["diff mode", {}, { modes: [false, true, 0] }, "diff mode: false → true"],
    [
      "the order",
      { args: { a: value(1), b: value(2) } },
      { args: { b: value(2), a: value(1) } },
      "the order of the arguments has changed",
    ],
  ] as const)("%s", async (_what, before, after, text) => {
    expect(await said(before, after)).toEqual([text]);
  });
  it("shows long values from where they differ", async () => {
    const [text = ""] = await said(args("content", long("one")), args("content", long("two")));
    expect(text).toMatch(/^argument content: ….*one" → ….*two"$/);
    expect(text.length).toBeLessThan(120);
  });
  it("shows no value of a step that handles a secret", async () => {
    const [before, after] = [args("content", value("hunter2")), args("content", value("hunter3"))];
    expect(await said(before, after, { secret: true })).toEqual([
      "argument content has changed (hidden)",
    ]);
  });
  it("names the entries of a folder, and how many more there are", async () => {
    const input = (data: string) =>
      ({ kind: "path", name: "tree", digest: digestOf(data) }) as const;
    const before = [..."abcdefg"].map((name) => [name, "1"] as const);
    const after = [..."abcdefg"].map((name) => [name, "2"] as const);
    const listings = async () => ({ before, after });
    expect(await said({ inputs: [input("1")] }, { inputs: [input("2")] }, { listings })).toEqual([
      "tree has changed: ~a, ~b, ~c, ~d, ~e and 2 more",
    ]);
  });
});
