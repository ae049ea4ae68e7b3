/** Every recorded case, against what a real Ansible answered. See README.md beside this file. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { readCases, runCase } from "./run-case.ts";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const cases = readCases(here("cases.jsonl"));
const known = JSON.parse(readFileSync(here("known.json"), "utf8")) as Record<string, string>;

beforeAll(() => {
  process.env.TZ = "UTC";
});

describe("conformance with Ansible's recorded answers", () => {
  const failures = new Map<string, string>();
  const passed = new Map<string, [number, number]>();

  it(`runs ${cases.length} cases`, { timeout: 300_000 }, () => {
    for (const item of cases) {
      const problem = runCase(item);
      if (problem !== undefined) failures.set(item.id, problem);
      for (const group of [item.kind, `${item.kind} ${item.area}`]) {
        const [good, all] = passed.get(group) ?? [0, 0];
        passed.set(group, [good + (problem === undefined ? 1 : 0), all + 1]);
      }
    }
    const lines = Array.from(passed).sort(([a], [b]) => a.localeCompare(b));
    console.log(lines.map(([group, [good, all]]) => `${good}/${all} ${group}`).join("\n"));
    console.log(`${cases.length - failures.size} of ${cases.length} pass`);
    const unexpected = Array.from(failures).filter(([id]) => !Object.hasOwn(known, id));
    expect(unexpected.map(([id, problem]) => `${id}: ${problem}`)).toEqual([]);
  });

  it("lists no case as known to differ that passes by now", () => {
    expect(Object.keys(known).filter((id) => !failures.has(id))).toEqual([]);
  });

  it("differs in at most one case of a hundred", () => {
    expect(Object.keys(known).length).toBeLessThanOrEqual(cases.length / 100);
  });
});
