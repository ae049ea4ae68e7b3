import { describe, expect, it } from "vitest";
import { parseOutput } from "./module-output.ts";

function parse(stdout: string, stderr = "", rc = 0) {
  const warnings: string[] = [];
  const deprecations: string[] = [];
  const result = parseOutput(
    { rc, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) },
    "/usr/bin/python3",
    {
      diffMode: false,
      warn: (text) => void warnings.push(text),
      deprecate: (text) => void deprecations.push(text),
    },
  );
  return { result, warnings, deprecations };
}

describe("what a module printed", () => {
  it("is found amid noise, and what follows it is said", () => {
    const { result, warnings } = parse('Welcome!\n{"changed": true,\n "n": 1}\nbye\n');
    expect(result).toEqual({ changed: true, n: 1 });
    expect(warnings).toEqual(["Module invocation had junk after the JSON data: bye"]);
  });
  it("has its warnings and deprecations said, and internal keys taken out", () => {
    const { result, warnings, deprecations } = parse(
      '{"warnings": ["w"], "deprecations": [{"msg": "d", "version": "3.0", "collection_name": "a.b"}], "_ansible_x": 1, "results": 5}',
    );
    expect(result).toEqual({ ansible_module_results: 5 });
    expect(warnings[0]).toBe("w");
    expect(deprecations).toEqual(["d. This feature will be removed from a.b in version 3.0."]);
  });
  it("is a failure with both streams when there is no JSON", () => {
    const { result } = parse("", "Traceback (most recent call last):\n  x\n", 1);
    expect(result).toMatchObject({
      failed: true,
      rc: 1,
      module_stdout: "",
      msg: "MODULE FAILURE\nSee stdout/stderr for the exact error",
    });
    expect(result.exception).toMatch(/^Traceback/);
  });
  it("tells when the interpreter is not there", () => {
    const { result } = parse("", "/bin/sh: 1: /usr/bin/python3: not found\n", 127);
    expect(result.msg).toMatch(/you probably need to set the interpreter/);
  });
});
