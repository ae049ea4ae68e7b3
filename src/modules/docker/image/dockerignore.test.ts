import { expect, it } from "vitest";
import { dockerignore } from "./dockerignore.ts";

it.each([
  ["*.log", "a.log", true],
  ["*.log", "deep/a.log", false],
  ["**/*.log", "deep/er/a.log", true],
  ["**/*.log", "a.log", true],
  ["node_modules", "node_modules/x/y", true],
  ["/dist/", "dist/index.js", true],
  ["# node", "# node", false],
  ["docs\n!docs/README.md", "docs/README.md", false],
  ["docs\n!docs/README.md", "docs/other.md", true],
  ["!a\na", "a", true],
  ["a?c", "abc", true],
  ["a[b-d]", "ac", true],
  ["file\\*", "file*", true],
  ["file\\*", "file1", false],
])("%j and %s", (rules, path, excluded) => {
  expect(dockerignore(rules)(path)).toBe(excluded);
});
