import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { connectLocal } from "../../connection/local.ts";
import type { Data } from "../module.ts";
import { runModule } from "../testing.ts";
import * as module from "./openssh_keypair.ts";

const connection = connectLocal();
const d = mkdtempSync("/tmp/lb-keypair-");
afterAll(async () => {
  await connection.close();
  rmSync(d, { recursive: true });
});
const path = `${d}/id`;
const run = (args: Record<string, Data>, checkMode = false) =>
  runModule(module, { path, type: "ed25519", ...args }, connection, { checkMode });

it("makes a pair once, changes its comment, replaces it when the kind is another one, removes it", async () => {
  expect(await run({}, true)).toMatchObject({ changed: true });
  const first = await run({ comment: "me" });
  expect(first).toMatchObject({ changed: true, type: "ed25519", size: 256, comment: "me" });
  expect(String(first.fingerprint)).toMatch(/^SHA256:/);
  expect(readFileSync(`${path}.pub`, "utf8")).toBe(`${String(first.public_key)} me\n`);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(await run({ comment: "me" })).toMatchObject({
    changed: false,
    public_key: first.public_key,
  });
  expect(await run({ comment: "you" })).toMatchObject({
    changed: true,
    public_key: first.public_key,
    comment: "you",
  });
  expect(await run({ type: "ecdsa" })).toMatchObject({ changed: true, type: "ecdsa" });
  expect(await run({ type: "rsa", size: 2048, regenerate: "fail" })).toMatchObject({
    failed: true,
  });
  expect(await run({ state: "absent" })).toMatchObject({ changed: true });
  expect(await run({ state: "absent" })).toMatchObject({ changed: false });
});
it("protects a key by a passphrase", async () => {
  expect(await run({ passphrase: "s3cret pass" })).toMatchObject({ changed: true });
  expect((await connection.run(`ssh-keygen -y -P '' -f ${path}`)).rc).not.toBe(0);
  expect((await connection.run(`ssh-keygen -y -P 's3cret pass' -f ${path}`)).rc).toBe(0);
});
