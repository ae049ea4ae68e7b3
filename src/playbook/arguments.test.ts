import { describe, expect, it } from "vitest";
import { repr } from "../values/text.ts";
import { parseKv } from "./arguments.ts";

describe("parseKv", () => {
  it.each([
    ["name=httpd state='latest'", false, "{'name': 'httpd', 'state': 'latest'}"],
    ['msg={{ d["k e"] }} x=1', false, "{'msg': '{{ d[\"k e\"] }}', 'x': '1'}"],
    ["chdir=/tmp\nls -l\n", true, "{'chdir': '/tmp', '_raw_params': 'ls -l\\n'}"],
    ["ls -l chdir=/tmp a=b", true, "{'chdir': '/tmp', '_raw_params': 'ls -l a=b'}"],
    ["cmd a\n  b", false, "{'_raw_params': 'cmd a\\n  b'}"],
    ["a=1 \\\n  b=2", false, "{'a': '1', 'b': '2'}"],
  ])("reads %j", (text, checkRaw, wanted) => {
    expect(repr(parseKv(text, checkRaw))).toBe(wanted);
  });
  it("refuses what is not closed, and says so", () => {
    expect(() => parseKv("a='x")).toThrow(/unbalanced jinja2 block or quotes/);
  });
});
