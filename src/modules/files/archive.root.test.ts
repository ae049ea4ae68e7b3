import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeEach, expect, it } from "vitest";
import { connectLocal } from "../../connection/local.ts";
import type { Data, Module } from "../module.ts";
import { runModule } from "../testing.ts";
import * as archive from "./archive.ts";
import * as capabilities from "./capabilities.ts";

const connection = connectLocal();
const d = mkdtempSync("/var/tmp/layerbook-archive-");
afterAll(async () => {
  await connection.close();
  rmSync(d, { recursive: true });
});
beforeEach(() => {
  rmSync(`${d}/t`, { recursive: true, force: true });
  mkdirSync(`${d}/t/sub dir`, { recursive: true });
  writeFileSync(`${d}/t/a.txt`, "a");
  writeFileSync(`${d}/t/sub dir/b.log`, "b");
});
const run = (module: Module, args: Record<string, Data>, checkMode = false) =>
  runModule(module, args, connection, { checkMode });

it.each(["gz", "bz2", "xz", "tar"])("packs a directory by %s once", async (format) => {
  const args = { path: `${d}/t`, dest: `${d}/out.${format}`, format, mode: "0640" };
  expect(await run(archive, args, true)).toMatchObject({ changed: true });
  expect(await run(archive, args)).toMatchObject({
    changed: true,
    arcroot: `${d}/`,
    dest_state: "archive",
  });
  expect(await run(archive, args)).toMatchObject({ changed: false });
  const listed = execFileSync("tar", ["-tf", `${d}/out.${format}`], { encoding: "utf8" });
  expect(listed.trim().split("\n").sort()).toEqual([
    "t/",
    "t/a.txt",
    "t/sub dir/",
    "t/sub dir/b.log",
  ]);
  expect(statSync(`${d}/out.${format}`).mode & 0o777).toBe(0o640);
});
it("compresses a single file, and removes it if asked", async () => {
  const result = await run(archive, { path: `${d}/t/a.txt`, remove: true });
  expect(result).toMatchObject({ changed: true, dest: `${d}/t/a.txt.gz`, dest_state: "compress" });
  expect(execFileSync("gzip", ["-dc", `${d}/t/a.txt.gz`], { encoding: "utf8" })).toBe("a");
  expect(() => readFileSync(`${d}/t/a.txt`)).toThrow();
});
it("leaves out what is excluded", async () => {
  const args = { path: [`${d}/t/*`], dest: `${d}/x.tgz`, exclusion_patterns: ["*.log"] };
  expect(await run(archive, args)).toMatchObject({ changed: true });
  const listed = execFileSync("tar", ["-tf", `${d}/x.tgz`], { encoding: "utf8" });
  expect(listed.trim().split("\n").sort()).toEqual(["a.txt", "sub dir/"]);
});
it("gives and takes capabilities", async () => {
  const path = `${d}/t/a.txt`;
  const args = { path, capability: "cap_net_raw+ep" };
  expect(await run(capabilities, args, true)).toMatchObject({ changed: true });
  expect(await run(capabilities, args)).toMatchObject({ changed: true });
  expect(await run(capabilities, args)).toMatchObject({ changed: false });
  expect(await run(capabilities, { path, capability: "cap_net_admin+ep" })).toMatchObject({
    changed: true,
  });
  expect(await run(capabilities, args)).toMatchObject({ changed: false });
  const gone = { ...args, state: "absent" };
  expect(await run(capabilities, gone)).toMatchObject({ changed: true });
  expect(await run(capabilities, gone)).toMatchObject({ changed: false });
});
