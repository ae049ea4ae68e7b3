import { describe, expect, it } from "vitest";
import { unifiedDiff } from "./unified-diff.ts";

const lines = (text: string) => Array.from(text, (letter) => `${letter}\n`);
const names = { before: "before", after: "after" };

describe("unified differences", () => {
  it("show three lines around a change", () => {
    expect(unifiedDiff(lines("abcdefghi"), lines("abcdEfghi"), names, 3).join("")).toBe(
      "--- before\n+++ after\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n",
    );
  });

  it("count from nothing to something, and back", () => {
    expect(unifiedDiff([], lines("a"), names, 3)[2]).toBe("@@ -0,0 +1 @@\n");
    expect(unifiedDiff(lines("ab"), [], names, 3)[2]).toBe("@@ -1,2 +0,0 @@\n");
  });

  it("are cut where much stays the same", () => {
    const before = lines("abcdefghijklmnop");
    const after = lines("Abcdefghijklmnopq");
    const marks = unifiedDiff(before, after, names, 1).filter((line) => line.startsWith("@@"));
    expect(marks).toEqual(["@@ -1,2 +1,2 @@\n", "@@ -16 +16,2 @@\n"]);
  });

  it("say nothing of equal texts", () => {
    expect(unifiedDiff(lines("abc"), lines("abc"), names, 3)).toEqual([]);
  });
});
