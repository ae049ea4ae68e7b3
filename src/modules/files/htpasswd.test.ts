import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { connectLocal } from "../../connection/local.ts";
import type { Data } from "../module.ts";
import { runModule } from "../testing.ts";
import { apr1Crypt } from "./apr1.ts";
import * as module from "./htpasswd.ts";

const connection = connectLocal();
const d = mkdtempSync("/tmp/lb-htpasswd-");
afterAll(async () => {
  await connection.close();
  rmSync(d, { recursive: true });
});
const path = `${d}/users`;
const run = (args: Record<string, Data>, checkMode = false) =>
  runModule(module, { path, ...args }, connection, { checkMode });

it.each(["", "a", "secret", "a longer password, of more than sixteen bytes", "é"])(
  "hashes %j as openssl does",
  (password) => {
    const args = ["passwd", "-apr1", "-salt", "abcdefgh", password];
    const made = execFileSync("openssl", args, { encoding: "utf8" }).trim();
    expect(apr1Crypt(password, "abcdefgh")).toBe(made);
  },
);
it.each(["apr_md5_crypt", "md5_crypt", "sha256_crypt", "sha512_crypt", "ldap_sha1", "plaintext"])(
  "adds a user by %s, and knows the password again",
  async (hash_scheme) => {
    const args = { name: `user-${hash_scheme}`, password: "pw", hash_scheme, mode: "0640" };
    expect(await run(args, true)).toMatchObject({ changed: true });
    expect(await run(args)).toMatchObject({ changed: true });
    expect(await run(args)).toMatchObject({ changed: false });
    expect(await run({ ...args, password: "other" })).toMatchObject({ changed: true });
    expect(statSync(path).mode & 0o777).toBe(0o640);
  },
);
it("removes a user", async () => {
  expect(await run({ name: "user-plaintext", state: "absent" })).toMatchObject({ changed: true });
  expect(await run({ name: "user-plaintext", state: "absent" })).toMatchObject({ changed: false });
  expect(readFileSync(path, "utf8")).not.toContain("plaintext");
});
