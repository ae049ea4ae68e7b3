import { describe, expect, it } from "vitest";
import { globRegExp } from "../../lib/glob.ts";
import { compareVersions, parseSpec, versionFits } from "./version.ts";

describe("versions of Debian packages", () => {
  it.each([
    ["1.0", "1.0", 0],
    ["1.0~rc1", "1.0", -1],
    ["1.10", "1.9", 1],
    ["2:1.0", "10.0", 1],
    ["1.0-1", "1.0-1+deb12u1", -1],
    ["1.0a", "1.0+", -1],
    ["1.22.1-9+deb12u3", "1.22.1-9", 1],
    ["0", "", 0],
  ])("%s against %s", (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
    expect(Math.sign(compareVersions(b, a)) + sign).toBe(0);
  });
  it("reads specifications", () => {
    expect(parseSpec("nginx=1.2*")).toMatchObject({
      name: "nginx",
      operator: "=",
      version: "1.2*",
    });
    expect(parseSpec("libc6:arm64>=2.1")).toMatchObject({
      name: "libc6",
      architecture: "arm64",
      operator: ">=",
    });
    expect(parseSpec("g++/stable")).toMatchObject({ name: "g++", release: "stable" });
    expect(versionFits(parseSpec("a=1.2*"), "1.22")).toBe(true);
    expect(versionFits(parseSpec("a>=1.2"), "1.1~")).toBe(false);
  });
  it("knows shell patterns", () => {
    expect(globRegExp("g++*").test("g++-12")).toBe(true);
    expect(globRegExp("php[78].?").test("php8.2")).toBe(true);
    expect(globRegExp("lib*").test("zlib")).toBe(false);
  });
});
