import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fromJson, str } from "../values/python.ts";
import type { Inventory } from "./inventory.ts";
import { type LoadInventoryOptions, loadInventory } from "./load.ts";

const root = mkdtempSync(join(tmpdir(), "lb-inventory-"));
afterAll(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

async function load(
  sources: readonly string[],
  options: Partial<LoadInventoryOptions> = {},
): Promise<{ inventory: Inventory; said: string[] }> {
  const said: string[] = [];
  const inventory = await loadInventory({
    ...options,
    sources: sources.map((name) => (name.includes(",") ? name : join(root, name))),
    warn: (message) => said.push(message),
    detail: (message) => said.push(message),
  });
  return { inventory, said };
}

const hostsOf = (inventory: Inventory) => [...inventory.hosts.keys()];

describe("a TOML inventory", () => {
  it("has tables for groups, hosts and variables", async () => {
    write({
      "hosts.toml": `# all of it
[all.vars]
text = "a\\u00e9\\n" # a comment
raw = 'C:\\x'
long = """
one \\
  two"""
whole = 1_000
mask = 0xff
part = 6.5e-1
when = 1979-05-27T07:32:00Z
list = [ 1, "two", [3.0],
  { a.b = true },
]
[web]
children = ["front"]
[front.hosts]
"w[1:2].example.com" = { port = 80 }
[front.hosts.w3]
foo = "bar"
[[front.vars.sites]]
name = "a"
[[front.vars.sites]]
name = "b"
`,
    });
    const { inventory, said } = await load(["hosts.toml"], { enabled: ["toml"] });
    expect(said).toEqual([]);
    expect(hostsOf(inventory)).toEqual(["w1.example.com", "w2.example.com", "w3"]);
    expect(str(inventory.groups.get("all")?.vars.get("list") ?? null)).toBe(
      "[1, 'two', [3.0], {'a': {'b': True}}]",
    );
    const vars = [...(inventory.groups.get("all")?.vars ?? [])].map(([name, value]) => [
      name,
      str(value),
    ]);
    expect(Object.fromEntries(vars)).toMatchObject({
      text: "aé\n",
      raw: "C:\\x",
      long: "one two",
      whole: "1000",
      mask: "255",
      part: "0.65",
      when: "1979-05-27 07:32:00+00:00",
    });
    expect(str(inventory.hosts.get("w2.example.com")?.vars.get("port") ?? null)).toBe("80");
    expect(str(inventory.groups.get("front")?.vars.get("sites") ?? null)).toBe(
      "[{'name': 'a'}, {'name': 'b'}]",
    );
    expect([...(inventory.groups.get("web")?.children.keys() ?? [])]).toEqual(["front"]);
  });

  it.each([
    ["x = 1 2", "the line goes on", 1],
    ["a = 1\na = 2", "is there twice", 2],
    ["[a]\n[a]", "the table a is there twice", 2],
    ['a = "x\n"', "a text is not closed", 1],
    ["a = 01", "a value is expected", 1],
    ["a = [1", "']' is expected", 1],
  ])("that is none is told of with its place: %j", async (text, why, line) => {
    write({ "bad.toml": text });
    const { said } = await load(["bad.toml"], { enabled: ["toml"] });
    expect(said[0]).toContain(why);
    expect(said[0]).toContain(`bad.toml:${line}:`);
  });
});

describe("sources that cannot be read", () => {
  it("are told of with what each plugin says, and do not stop the others", async () => {
    write({ "bad.yml": "all: {hosts: [1]}\n", good: "web1\n" });
    const { inventory, said } = await load(["bad.yml", "good"]);
    expect(hostsOf(inventory)).toEqual(["web1"]);
    expect(said.join("\n")).toMatch(
      /\* Failed to parse .*bad\.yml with yaml plugin: Invalid "hosts"/,
    );
    expect(said.at(-1)).toMatch(/^Unable to parse .*bad\.yml as an inventory source$/);
  });

  it("are errors where the settings say so", async () => {
    const options = { anyUnparsedIsFailed: true };
    await expect(load(["bad.yml", "good"], options)).rejects.toThrow("Completely failed to parse");
    const all = load(["none"], { unparsedIsFailed: true });
    await expect(all).rejects.toThrow("No inventory was parsed, please check");
  });

  it("may be parts of a folder, whose variables are no sources", async () => {
    write({ "dir/hosts": "a\n", "dir/group_vars/all.yml": "x: 1\n", "dir/sub/more": "b\n" });
    mkdirSync(join(root, "dir/empty"), { recursive: true });
    const { inventory, said } = await load(["dir"]);
    expect(hostsOf(inventory)).toEqual(["a", "b"]);
    expect(said).toEqual([expect.stringMatching(/Unable to parse .*dir\/empty/)]);
  });
});

describe("lists of hosts", () => {
  it("hold names; ranges only for advanced_host_list", async () => {
    expect(hostsOf((await load(["w[1:2],x"])).inventory)).toEqual(["w[1:2]", "x"]);
    const enabled = ["advanced_host_list"];
    expect(hostsOf((await load(["w[1:2],x"], { enabled })).inventory)).toEqual(["w1", "w2", "x"]);
    const open = await load(["w[1:],"], { enabled });
    expect(hostsOf(open.inventory)).toEqual(["w[1:]"]);
    expect(open.said.join()).toContain("host range must specify end value");
    const wrong = await load(["w[1:j],"], { enabled });
    expect(wrong.said.join()).toContain("with advanced_host_list plugin: Invalid data from string");
  });
});

describe("constructed", () => {
  it("groups hosts by values, with and without separators", async () => {
    write({
      "static.yml": "all: {hosts: {h: {tags: {name: x, state: ''}, roles: [db, ''], os: linux}}}",
      "c.yml": `
plugin: constructed
leading_separator: false
use_extra_vars: true
compose: {greeting: "'hello ' + from_extras"}
groups: {linux: os == 'linux'}
keyed_groups:
  - {key: tags, prefix: tag, trailing_separator: false}
  - {key: roles, default_value: none}
  - {key: os, prefix: os, parent_group: systems}
`,
    });
    const extraVars = new Map([["from_extras", fromJson("you")]]);
    const { inventory, said } = await load(["static.yml", "c.yml"], { extraVars });
    expect(said).toEqual([]);
    const host = inventory.hosts.get("h");
    expect(str(host?.vars.get("greeting") ?? null)).toBe("hello you");
    expect(host?.groupsInOrder().map((group) => group.name)).toEqual([
      ...["all", "db", "linux", "none", "systems", "tag_name_x", "tag_state", "os_linux"],
    ]);
  });

  it("refuses options that it does not have, by name", async () => {
    write({
      "wrong.yml": "plugin: constructed\nkeyed_group: []\n",
      "unknown.yml": "plugin: nope\n",
    });
    const { said } = await load(["wrong.yml", "unknown.yml"]);
    expect(said.join("\n")).toMatch(/no option 'keyed_group' .*Did you mean 'keyed_groups'/);
    expect(said.join("\n")).toContain("specifies unknown plugin 'nope'");
  });
});
