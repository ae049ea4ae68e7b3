import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { secretOf, Vault } from "./vault.ts";
import { editContent, encryptBytes, openVaultFile, replaceFile } from "./vault-files.ts";

const directory = mkdtempSync(join(tmpdir(), "layerbook-vault-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const vault = new Vault([secretOf("pw", "dev")]);

describe("encrypted files", () => {
  it("keep their mode, and a link goes on pointing to them", () => {
    const file = join(directory, "vars.yml");
    const link = join(directory, "link.yml");
    writeFileSync(file, "a: 1\n", { mode: 0o640 });
    symlinkSync(file, link);
    replaceFile(link, Buffer.from(encryptBytes(vault, readFileSync(file), "dev")));
    expect(readFileSync(file, "utf8")).toMatch(/^\$ANSIBLE_VAULT;1\.2;AES256;dev\n/);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(openVaultFile(vault, link).toString()).toBe("a: 1\n");
  });

  it("are private when they are new", () => {
    const file = join(directory, "new.yml");
    replaceFile(file, Buffer.from("x"));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("are not encrypted twice, and plain ones not opened", () => {
    const text = encryptBytes(vault, Buffer.from("x"), "dev");
    expect(() => encryptBytes(vault, Buffer.from(text), "dev")).toThrow("already encrypted");
    const file = join(directory, "plain.yml");
    writeFileSync(file, "a: 1\n");
    expect(() => openVaultFile(vault, file)).toThrow("is not a vault encrypted file");
  });

  it("are edited in a private file that is gone afterwards", async () => {
    let seen = "";
    const after = await editContent(Buffer.from("old"), "vars.yml", async (path) => {
      seen = path;
      expect(statSync(path).mode & 0o777).toBe(0o600);
      writeFileSync(path, "new");
    });
    expect(after?.toString()).toBe("new");
    expect(() => statSync(seen)).toThrow();
    expect(await editContent(Buffer.from("old"), "x", async () => undefined)).toBeUndefined();
  });
});
