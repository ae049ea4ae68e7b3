/** The modules against what the real Ansible answered to the same tasks (`golden/`). */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Connection } from "../../src/connection/connection.ts";
import { connectLocal } from "../../src/connection/local.ts";
import { expected } from "./differences.ts";
import { comparable, isForeign, readCases, readGolden, runThrice, tree } from "./recorded.ts";
import { startServer } from "./server.ts";

const { url, server } = await startServer();
afterAll(() => {
  server.close();
});

const names = readdirSync(join(import.meta.dirname, "golden")).map((name) =>
  name.replace(/\.jsonl$/, ""),
);

describe.each(names)("%s as Ansible", (name) => {
  // As long as the recorder's, because sizes of links are part of the results.
  const scratch = mkdtempSync("/tmp/lbc-");
  const golden = readGolden(name);
  let connection: Connection;
  beforeAll(() => {
    mkdirSync(scratch, { recursive: true });
    connection = connectLocal();
  });
  afterAll(async () => {
    await connection.close();
    rmSync(scratch, { recursive: true });
  });
  const cases = readCases(name, scratch, url);
  it("has an answer for every case", () => {
    expect(golden.map((row) => row.name)).toEqual(cases.map((row) => row.name));
  });
  it.each(cases.map((entry, index) => [entry.name, entry, index] as const))(
    "%s",
    async (_, entry, index) => {
      const row = golden[index];
      const { result } = await runThrice(connection, name, entry, () => tree(scratch));
      const after = tree(scratch);
      const wanted = expected(name, entry.name, row?.result ?? {});
      const got = comparable(result, scratch) as Record<string, unknown>;
      for (const key of wanted.without) delete got[key];
      expect(got).toEqual(comparable(wanted.result, scratch));
      const tracked = row?.tree.filter(([path = ""]) => !isForeign(path));
      expect(comparable(after, scratch, "tree")).toEqual(comparable(tracked, scratch, "tree"));
    },
  );
});
