import { describe, expect, it } from "vitest";
import { compileRegex, escapeRegex } from "./regex.ts";

describe("compileRegex", () => {
  it.each([
    ["(\\w)(\\d)", "r1 x", [["r", "1"]]],
    ["", "ab", ["", "", ""]],
    // Python tries a longer match where an empty one was found.
    ["a*?", "aa", ["", "a", "", "a", ""]],
    ["x{,2}", "xxx", ["xx", "x", ""]],
    ["foo$", "foo\n", ["foo"]],
    ["foo\\Z", "foo\n", []],
    ["^.", "a\nb", ["a"]],
    ["(?m)^.$", "a\r\nb", ["b"]],
    [".", "\u2028", ["\u2028"]],
    ["\\bé\\b", "é e", ["é"]],
    ["[\\W\\d]", "a-1", ["-", "1"]],
    ["[^\\W\\d]", "a-1", ["a"]],
    ["(?P<q>['\"]).*?(?P=q)", "'a' \"b\"", ["'", '"']],
    ["(?>a+)b", "aab", ["aab"]],
    ["a++a", "aaa", []],
    ["(?i:a)b", "Ab aB", ["Ab"]],
    ["(?x) a b # a comment\n c", "abc", ["abc"]],
    ["(?a)\\w+", "aé", ["a"]],
    ["{x}", "{x}", ["{x}"]],
    ["\\d+", "٣4", ["٣4"]],
  ])("%j in %j", (pattern, text, found) => {
    expect(compileRegex(pattern).findall(text)).toEqual(found);
  });

  it.each([
    ["(", "missing ), unterminated subpattern at position 0"],
    ["*", "nothing to repeat at position 0"],
    ["a**", "multiple repeat at position 2"],
    ["\\q", "bad escape \\q at position 0"],
    ["[z-a]", "bad character range z-a at position 1"],
    ["(?<=a|bc)x", "look-behind requires fixed-width pattern"],
    ["a|b)", "unbalanced parenthesis at position 3"],
    ["x(?i)", "global flags not at the start of the expression at position 1"],
    ["(a)(?(1)b|c)", "conditional groups (?(id)yes|no) are not supported at position 3"],
  ])("refuses %j in Python's words", (pattern, message) => {
    expect(() => compileRegex(pattern)).toThrow(message);
  });

  it("replaces with groups by number and name", () => {
    const pattern = compileRegex("(?P<k>\\w+)=(\\w+)?");
    expect(pattern.sub("\\g<k>:\\2!", "a=1 b=").text).toBe("a:1! b:!");
    expect(pattern.sub("\\g<0>\\n", "a=1", 1)).toEqual({ text: "a=1\n", count: 1 });
    expect(compileRegex("x*").sub("-", "abxd").text).toBe("-a-b--d-");
    expect(() => pattern.sub("\\3", "a=1")).toThrow("invalid group reference 3 at position 1");
  });

  it("splits, keeping what the groups matched", () => {
    expect(compileRegex("([,;])").split("a,b;c")).toEqual(["a", ",", "b", ";", "c"]);
    expect(compileRegex("\\s+").split("a b c", 1)).toEqual(["a", "b c"]);
  });

  it("escapes as re.escape does", () => {
    expect(escapeRegex("a b_c-d/e.*")).toBe("a\\ b_c\\-d/e\\.\\*");
  });
});
