import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { connectLocal } from "../../connection/local.ts";
import type { Data } from "../module.ts";
import { runModule } from "../testing.ts";
import * as module from "./ini_file.ts";

const connection = connectLocal();
const d = mkdtempSync("/tmp/lb-ini-");
afterAll(async () => {
  await connection.close();
  rmSync(d, { recursive: true });
});
const path = `${d}/f.ini`;
const BASE = "top=1\n[a]\nx = 1\n;y = 2\n\n[b]\nz=3\nz=4\n";

/** Arguments, state before, message, state after. */
const CASES: [string, Record<string, Data>, string, string, string][] = [
  [
    "changes a value",
    { section: "a", option: "x", value: "5" },
    BASE,
    "option changed",
    BASE.replace("x = 1", "x = 5"),
  ],
  [
    "puts a commented option in use",
    { section: "a", option: "y", value: "9" },
    BASE,
    "option changed",
    BASE.replace(";y = 2", "y = 9"),
  ],
  [
    "adds an option at the end of its section",
    { section: "a", option: "n", value: "1" },
    BASE,
    "option added",
    BASE.replace("x = 1\n", "x = 1\nn = 1\n"),
  ],
  [
    "adds a section",
    { section: "c", option: "n", value: "1" },
    BASE,
    "section and option added",
    `${BASE}[c]\nn = 1\n`,
  ],
  [
    "writes no spaces if asked",
    { section: "a", option: "n", value: "1", no_extra_spaces: true },
    BASE,
    "option added",
    BASE.replace("x = 1\n", "x = 1\nn=1\n"),
  ],
  [
    "changes an option before the first section",
    { option: "top", value: "2", no_extra_spaces: true },
    BASE,
    "option changed",
    BASE.replace("top=1", "top=2"),
  ],
  [
    "removes an option",
    { section: "a", option: "x", state: "absent" },
    BASE,
    "option changed",
    BASE.replace("x = 1\n", ""),
  ],
  [
    "removes a section",
    { section: "b", state: "absent" },
    BASE,
    "section removed",
    BASE.replace("[b]\nz=3\nz=4\n", ""),
  ],
  [
    "makes several values one",
    { section: "b", option: "z", value: "3", no_extra_spaces: true },
    BASE,
    "option changed",
    BASE.replace("z=4\n", ""),
  ],
  [
    "adds one more value if not exclusive",
    { section: "b", option: "z", value: "5", exclusive: false, no_extra_spaces: true },
    BASE,
    "option added",
    `${BASE}z=5\n`,
  ],
  [
    "writes an option without a value",
    { section: "b", option: "flag", allow_no_value: true },
    BASE,
    "option added",
    `${BASE}flag\n`,
  ],
  [
    "makes the file",
    { section: "n", option: "o", value: "v", mode: "0640" },
    "",
    "section and option added",
    "\n[n]\no = v\n",
  ],
];

it.each(CASES)("%s, once", async (_, args, before, msg, after) => {
  writeFileSync(path, before);
  if (before === "") rmSync(path);
  expect(await runModule(module, { path, ...args }, connection, { checkMode: true })).toMatchObject(
    { changed: true },
  );
  const first = await runModule(module, { path, ...args }, connection);
  expect(first).toMatchObject({ changed: true, msg });
  expect(readFileSync(path, "utf8")).toBe(after);
  const second = await runModule(module, { path, ...args }, connection);
  expect(second).toMatchObject({ changed: false, msg: "OK" });
  expect(readFileSync(path, "utf8")).toBe(after);
});
it("keeps other spaces if they are no difference", async () => {
  writeFileSync(path, "[a]\nx=1\n");
  const args = { path, section: "a", option: "x", value: "1", ignore_spaces: true };
  expect(await runModule(module, args, connection)).toMatchObject({ changed: false });
});
it("wants a value", async () => {
  const result = await runModule(module, { path, section: "a", option: "x" }, connection);
  expect(result).toMatchObject({ failed: true });
});
