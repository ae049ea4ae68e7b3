/** Small playbooks, against what the real ansible-playbook did with them. See README.md. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { caseNames, describeRuns, normalised, readCase, unpack } from "./case-file.ts";
import { replay } from "./replay.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const known = JSON.parse(readFileSync(join(here, "known.json"), "utf8")) as Record<string, string>;
const names = caseNames(join(here, "cases"));

describe("playbooks, as ansible-playbook runs them", () => {
  it.each(names)("%s", { timeout: 60_000 }, async (name) => {
    const item = readCase(join(here, "cases"), name);
    const directory = unpack(item);
    try {
      const mine = describeRuns(await replay(item, directory), directory);
      const golden = normalised(
        readFileSync(join(here, "golden", `${name}.txt`), "utf8"),
        directory,
      );
      if (Object.hasOwn(known, name)) expect(mine).not.toBe(golden);
      else expect(mine).toBe(golden);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("knows only cases that are there", () => {
    const missing = Object.keys(known).filter(
      (name) => !existsSync(join(here, "cases", `${name}.txt`)),
    );
    expect(missing).toEqual([]);
  });
});
