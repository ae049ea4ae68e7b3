import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  parseVaultId,
  readVaultSecret,
  secretOf,
  Vault,
  VaultDecryptError,
  VaultFormatError,
} from "./vault.ts";

// Both were made by `ansible-vault encrypt` of ansible-core 2.14.18.
const PLAIN = `$ANSIBLE_VAULT;1.1;AES256
65623131323739666337323463623737643031633231396231303165306363623864396534613438
3463366631643266613431663462363065666437363765620a393066613431393762636430333832
31373263343234386162353338323764663964386635663533616536326338353736626366653039
3030666135623536360a316532623764633835323831333636303164386432643437336666633162
6435
`;
const LABELLED = `$ANSIBLE_VAULT;1.2;AES256;dev
39666564383666363139363430393664376233616535343565373730656465653464343339353337
3138653163383265356562336638303962643362636434320a363038326663316564633136333166
39633134323530353961356630653237396564343838343466636639646466633436363532363063
3961626433663834340a666466616262306630326562626239646334616639373439383762313630
3031
`;

describe("Vault", () => {
  const first = secretOf("pw1\n");
  const dev = secretOf("pw2\n", "dev");

  it("reads what ansible-vault wrote, with and without an id", () => {
    const vault = new Vault([first, dev]);
    expect(vault.decrypt(PLAIN).toString()).toBe("hello\n");
    expect(vault.decrypt(LABELLED).toString()).toBe("geheim \u00e9");
  });

  it("tries every secret unless ids have to match", () => {
    const misnamed = secretOf("pw2", "other");
    expect(new Vault([first, misnamed]).decrypt(LABELLED).toString()).toBe("geheim \u00e9");
    expect(() => new Vault([first, misnamed], true).decrypt(LABELLED)).toThrow(VaultDecryptError);
  });

  it("names the data and the ids when no secret fits", () => {
    expect(() => new Vault([dev]).decrypt(PLAIN, "group_vars/all.yml")).toThrow(
      "Decryption failed (no vault secrets were found that could decrypt) for group_vars/all.yml",
    );
    expect(() => new Vault([]).decrypt(PLAIN)).toThrow("no vault secrets found");
  });

  it("refuses damaged and foreign text by what is wrong with it", () => {
    const vault = new Vault([first]);
    expect(() => vault.decrypt("hello")).toThrow("input is not vault encrypted data");
    expect(() => vault.decrypt("$ANSIBLE_VAULT;1.0;AES\n00")).toThrow(
      "version 1.0 is not supported",
    );
    expect(() => vault.decrypt("$ANSIBLE_VAULT;1.1;AES256\nxyz\n")).toThrow(VaultFormatError);
    expect(() => vault.decrypt(PLAIN.replace("6435\n", ""))).toThrow();
  });

  it("writes what it reads, 1.2 only for a label", () => {
    const vault = new Vault([first, dev]);
    const text = vault.encrypt("a\n");
    expect(text.startsWith("$ANSIBLE_VAULT;1.1;AES256\n")).toBe(true);
    expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
    expect(vault.decrypt(text).toString()).toBe("a\n");
    expect(vault.encrypt("a", { id: "dev" }).startsWith("$ANSIBLE_VAULT;1.2;AES256;dev\n")).toBe(
      true,
    );
    expect(() => vault.encrypt("a", { id: "prod" })).toThrow("prod");
  });

  it("gives the same text for the same salt", () => {
    const salt = Buffer.from("0123456789abcdef0123456789abcdef");
    const vault = new Vault([first]);
    expect(vault.encrypt("x", { salt })).toBe(vault.encrypt("x", { salt }));
  });
});

describe("vault secrets", () => {
  const directory = mkdtempSync(join(tmpdir(), "layerbook-vault-"));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("come from files and from scripts, which are told the id", () => {
    const file = join(directory, "pass");
    const script = join(directory, "keyring-client.sh");
    writeFileSync(file, "s3cret\n");
    writeFileSync(script, '#!/bin/sh\necho "$1=$2"\n');
    chmodSync(script, 0o755);
    expect(readVaultSecret(file, "default").bytes.toString()).toBe("s3cret");
    expect(readVaultSecret(script, "dev").bytes.toString()).toBe("--vault-id=dev");
    expect(() => readVaultSecret(join(directory, "none"), "default")).toThrow("was not found");
  });

  it("are named by id@source", () => {
    expect(parseVaultId("dev@prompt")).toEqual({ id: "dev", source: "prompt" });
    expect(parseVaultId("/etc/pass")).toEqual({ id: "default", source: "/etc/pass" });
  });
});
