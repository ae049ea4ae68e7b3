import { describe, expect, it } from "vitest";
import { nearest } from "./nearest.ts";

describe("nearest", () => {
  it.each([
    ["naem", "name"], // neighbours swapped
    ["Regsiter", "register"],
    ["become_usr", "become_user"],
    ["when_", "when"],
  ])("%s: did you mean %s?", (word, meant) => {
    expect(nearest(word, ["when", "name", "register", "become_user", "become"])).toBe(meant);
  });

  it("suggests nothing that is too far away", () => {
    expect(nearest("tags", ["loop", "vars", "when"])).toBeUndefined();
    expect(nearest("nginx_site_directory", ["nginx_conf_archive"])).toBeUndefined();
  });

  it("counts a swap of neighbours as one edit", () => {
    expect(nearest("ba", ["ab"])).toBe("ab");
    expect(nearest("badcfe", ["abcdfe"])).toBe("abcdfe");
  });
});
