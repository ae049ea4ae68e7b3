import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { afterAll, beforeEach, expect, it } from "vitest";
import { connectLocal } from "../../connection/local.ts";
import type { Data } from "../module.ts";
import { runModule } from "../testing.ts";
import * as module from "./authorized_key.ts";

const connection = connectLocal();
const d = mkdtempSync("/tmp/lb-keys-");
afterAll(async () => {
  await connection.close();
  rmSync(d, { recursive: true });
});
const path = `${d}/ssh/authorized_keys`;
const A = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS a@x";
const B = 'from="10.0.0.0/8,*.example.com",no-pty ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQC b c d';
const run = (args: Record<string, Data>, checkMode = false) =>
  runModule(module, { user: userInfo().username, path, ...args }, connection, { checkMode });
const text = () => readFileSync(path, "utf8");
beforeEach(() => rmSync(`${d}/ssh`, { recursive: true, force: true }));

it("adds a key, with a private directory, once", async () => {
  expect(await run({ key: A }, true)).toMatchObject({ changed: true });
  expect(await run({ key: A })).toMatchObject({ changed: true, keyfile: path });
  expect(await run({ key: A })).toMatchObject({ changed: false });
  expect(text()).toBe(`${A}\n`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(`${d}/ssh`).mode & 0o777).toBe(0o700);
});
it("adds several keys and removes one of them", async () => {
  await run({ key: `${A}\n${B}\n` });
  expect(text()).toBe(`${A}\n${B}\n`);
  expect(await run({ key: B, state: "absent" })).toMatchObject({ changed: true });
  expect(await run({ key: B, state: "absent" })).toMatchObject({ changed: false });
  expect(text()).toBe(`${A}\n`);
});
it("keeps comments of the file, and drops other keys when exclusive", async () => {
  await run({ key: A });
  writeFileSync(path, `# mine\n${A}\n${B}\n`);
  expect(await run({ key: A, exclusive: true })).toMatchObject({ changed: true });
  expect(text()).toBe(`# mine\n${A}\n`);
  expect(await run({ key: A, exclusive: true })).toMatchObject({ changed: false });
});
it("changes options and comment of a key that is there", async () => {
  await run({ key: A });
  const args = { key: A, key_options: "no-pty", comment: "new" };
  expect(await run(args)).toMatchObject({ changed: true });
  expect(await run(args)).toMatchObject({ changed: false });
  expect(text()).toBe(`no-pty ${A.replace("a@x", "new")}\n`);
});
it("refuses what is no key, and a user that is not there", async () => {
  expect(await run({ key: "nonsense" })).toMatchObject({
    failed: true,
    msg: "invalid key specified: nonsense",
  });
  const result = await runModule(module, { user: "nosuchuser", key: A }, connection);
  expect(result).toMatchObject({ failed: true });
  expect(String(result.msg)).toContain("Failed to lookup user nosuchuser");
});
