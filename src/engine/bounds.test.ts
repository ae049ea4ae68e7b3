import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Inventory } from "../inventory/inventory.ts";
import { loadInventory } from "../inventory/load.ts";
import { str } from "../values/python.ts";
import { type EngineEvent, EngineEvents, type HostResult } from "./events.ts";
import { type PlaybookOutcome, runPlaybook } from "./index.ts";
import { loadSettings } from "./settings.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lb-bounds-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

async function run(
  playbook: string,
  inventory = new Inventory(),
): Promise<{ outcome: PlaybookOutcome; results: HostResult[] }> {
  const file = join(directory, "site.yml");
  writeFileSync(file, playbook);
  const results: HostResult[] = [];
  const events = new EngineEvents();
  events.listen((event: EngineEvent) => {
    if (event.type === "host-result") results.push(event);
  });
  const outcome = await runPlaybook({
    playbooks: [file],
    inventory,
    events,
    connections: () => Promise.reject(new Error("no connection is needed")),
    settings: loadSettings({ env: {}, directory }),
    signal: new AbortController().signal,
  });
  return { outcome, results };
}

const local = (tasks: string, vars = "{}") =>
  `- hosts: localhost\n  gather_facts: false\n  vars: ${vars}\n  tasks:\n${tasks}`;

describe("bounds", () => {
  it("ends includes that include themselves", { timeout: 30_000 }, async () => {
    writeFileSync(join(directory, "again.yml"), "- include_tasks: again.yml\n");
    const { outcome, results } = await run(local("    - include_tasks: again.yml\n"));
    expect(outcome.exitCode).toBe(2);
    expect(str(results.at(-1)?.result.get("reason") ?? "")).toMatch(
      /'include_tasks' includes itself without end: there are 200 includes within each other/,
    );
  });

  it("says that variables define each other in a circle", async () => {
    const vars = '{x: "{{ y }}", y: "{{ x }}"}';
    const { results } = await run(local('    - debug: {msg: "{{ x }}"}\n', vars));
    expect(str(results[0]?.result.get("msg") ?? "")).toMatch(/recursive loop detected/);
  });

  it("refuses aliases that stand for thousands of millions of values", async () => {
    const lines = ["- hosts: localhost", "  vars:", "    a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 10; i++) {
      const before = `*a${i - 1}`;
      lines.push(`    a${i}: &a${i} [${Array(10).fill(before).join(", ")}]`);
    }
    await expect(run(`${lines.join("\n")}\n`)).rejects.toThrow(
      /aliases of this document stand for more than 5 million values/,
    );
  });

  it("refuses what is nested a thousand times, and says where", async () => {
    let tasks = "";
    for (let i = 0; i < 1000; i++) tasks += `${" ".repeat(4 + i * 2)}- block:\n`;
    tasks += `${" ".repeat(2004)}- debug: msg=deep\n`;
    await expect(run(local(tasks))).rejects.toMatchObject({
      message: expect.stringContaining("nested too deeply"),
      position: { line: expect.any(Number) },
    });
  });

  it("serves ten thousand hosts", { timeout: 60_000 }, async () => {
    const source = join(directory, "hosts");
    writeFileSync(source, "[all_of_them]\nh[1:10000] ansible_connection=local\n");
    const inventory = await loadInventory({ sources: [source] });
    const play =
      "- hosts: all\n  gather_facts: false\n  tasks:\n    - debug: msg=x\n      when: inventory_hostname == 'h5'\n";
    const { outcome, results } = await run(play, inventory);
    expect(outcome.exitCode).toBe(0);
    expect(results.filter(({ status }) => status === "ok").map(({ host }) => host)).toEqual(["h5"]);
    expect(results).toHaveLength(10_000);
  });
});
