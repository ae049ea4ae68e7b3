import { describe, expect, it } from "vitest";
import { chooseCollectors, filterMatches } from "./subsets.ts";

const chosen = (...subsets: string[]) => chooseCollectors(subsets);

describe("gather_subset", () => {
  it("takes all, or the minimum and what is named", () => {
    expect(chosen("all").has("network")).toBe(true);
    expect(chosen("min").has("network")).toBe(false);
    expect(chosen("!all").has("distribution")).toBe(true);
    expect(chosen("!all").has("hardware")).toBe(false);
    expect(chosen("network").has("distribution")).toBe(true);
    expect(chosen("!all", "!min", "network").has("network")).toBe(true);
    expect(chosen("!all", "!min", "network").has("distribution")).toBe(false);
    expect(chosen("!hardware").has("network")).toBe(true);
    expect(chosen("!hardware").has("hardware")).toBe(false);
    expect(chosen("!all", "!min", "default_ipv4").has("network")).toBe(true);
    expect(chosen("!all", "!min", "pkg_mgr").has("distribution")).toBe(true);
  });
  it("refuses what there is not, and names what there is", () => {
    expect(() => chosen("nonsense")).toThrow(
      /^Bad subset 'nonsense' given to Ansible\. gather_subset options allowed: all, /,
    );
  });
});

describe("filter", () => {
  it.each([
    [["ansible_distribution"], "ansible_distribution", true],
    [["ansible_distribution"], "ansible_distribution_version", false],
    [["ansible_dist*"], "ansible_distribution_version", true],
    [["*_mb"], "ansible_memtotal_mb", true],
    [["distribution"], "ansible_distribution", true],
    [[], "ansible_x", true],
  ])("%j fits %s: %s", (patterns, fact, fits) => {
    expect(filterMatches(patterns, fact)).toBe(fits);
  });
});
