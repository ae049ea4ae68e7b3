/** Keys, requests and certificates as node's own OpenSSL understands them. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { connectLocal } from "../../connection/local.ts";
import type { Data } from "../module.ts";
import { resolveModule } from "../registry.ts";
import { runModule } from "../testing.ts";

const folder = mkdtempSync("/tmp/layerbook-crypto-");
const connection = connectLocal();
afterAll(async () => {
  await connection.close();
  rmSync(folder, { recursive: true });
});

const at = (name: string) => join(folder, name);
const text = (name: string) => readFileSync(at(name), "utf8");

async function run(name: string, args: Readonly<Record<string, Data>>, checkMode = false) {
  const { module } = await resolveModule(name);
  return runModule(module, args, connection, { checkMode });
}

/** In check mode, for real, and again: changed, changed, unchanged. */
async function settle(name: string, args: Readonly<Record<string, Data>>) {
  const path = at(String(args.path).slice(folder.length + 1));
  expect(await run(name, args, true)).toMatchObject({ changed: true });
  expect(() => statSync(path)).toThrow();
  const result = await run(name, args);
  expect(result).toMatchObject({ changed: true });
  expect(await run(name, args)).toMatchObject({ changed: false });
  return result;
}

it("makes an authority and a certificate that it signed", async () => {
  const ca = { privatekey_path: at("ca.key"), csr_path: at("ca.csr") };
  await settle("openssl_privatekey", { path: at("ca.key"), type: "ECC", curve: "secp256r1" });
  await settle("openssl_csr", {
    path: at("ca.csr"),
    privatekey_path: at("ca.key"),
    common_name: "The Authority",
    basic_constraints: ["CA:TRUE", "pathlen:0"],
    basic_constraints_critical: true,
    key_usage: ["keyCertSign", "cRLSign"],
    use_common_name_for_san: false,
  });
  await settle("x509_certificate", { path: at("ca.crt"), provider: "selfsigned", ...ca });
  await settle("openssl_privatekey", { path: at("web.key"), size: 2048, mode: "0640" });
  expect(statSync(at("web.key")).mode & 0o777).toBe(0o640);
  await settle("openssl_csr", {
    path: at("web.csr"),
    privatekey_path: at("web.key"),
    subject: { CN: "www.example.com", O: "Bücher & Co" },
    subject_alt_name: ["DNS:www.example.com", "IP:2001:db8::5", "email:a@example.com"],
    extended_key_usage: ["serverAuth"],
  });
  await settle("community.crypto.x509_certificate", {
    path: at("web.crt"),
    provider: "ownca",
    csr_path: at("web.csr"),
    ownca_path: at("ca.crt"),
    ownca_privatekey_path: at("ca.key"),
    ownca_not_after: "+90d",
  });
  const authority = new X509Certificate(text("ca.crt"));
  const certificate = new X509Certificate(text("web.crt"));
  expect(authority.ca).toBe(true);
  expect(authority.verify(authority.publicKey)).toBe(true);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(text("web.key")))).toBe(true);
  expect(certificate.subject).toBe("CN=www.example.com\nO=Bücher & Co");
  expect(certificate.checkHost("www.example.com")).toBe("www.example.com");
  expect(certificate.checkIP("2001:db8::5")).toBe("2001:db8::5");
  const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(90);
  const info = await run("x509_certificate_info", { path: at("web.crt"), valid_at: { x: "+91d" } });
  expect(info).toMatchObject({ valid_at: { x: false }, expired: false, version: 3 });
});

it("keeps an encrypted key only with its passphrase", async () => {
  const args = { path: at("secret.key"), size: 1024, cipher: "auto", passphrase: "hush" };
  await settle("openssl_privatekey", args);
  expect(text("secret.key")).toContain("ENCRYPTED");
  const key = createPrivateKey({ key: text("secret.key"), passphrase: "hush" });
  expect(key.asymmetricKeyDetails?.modulusLength).toBe(1024);
  const info = { path: at("secret.key"), passphrase: "wrong" };
  expect(await run("openssl_privatekey_info", info)).toMatchObject({ failed: true });
});

it.each(["DSA", "Ed25519", "Ed448"])("makes %s keys that sign requests", async (type) => {
  const key = { type, path: at(`${type}.key`), size: 1024 };
  await settle("openssl_privatekey", key);
  const csr = { path: at(`${type}.csr`), privatekey_path: key.path, common_name: "x" };
  await settle("openssl_csr", csr);
  const info = await run("openssl_csr_info", { path: csr.path });
  expect(info).toMatchObject({ signature_valid: true, public_key_type: type });
});

it("says what a broken request is, and makes it anew", async () => {
  writeFileSync(at("broken.csr"), "nonsense");
  expect(await run("openssl_csr_info", { path: at("broken.csr") })).toMatchObject({ failed: true });
  const args = { path: at("broken.csr"), privatekey_path: at("ca.key"), common_name: "x" };
  expect(await run("openssl_csr", { ...args, backup: true })).toMatchObject({
    changed: true,
    backup_file: expect.stringContaining("broken.csr."),
  });
});
