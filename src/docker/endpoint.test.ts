import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findEndpoint } from "./endpoint.ts";

let config: string;
beforeAll(() => {
  config = mkdtempSync(join(tmpdir(), "layerbook-docker-"));
  const add = (name: string, docker: object, tls: Record<string, string> = {}) => {
    const id = createHash("sha256").update(name).digest("hex");
    mkdirSync(join(config, "contexts", "meta", id), { recursive: true });
    const meta = JSON.stringify({ Name: name, Endpoints: { docker } });
    writeFileSync(join(config, "contexts", "meta", id, "meta.json"), meta);
    for (const [file, text] of Object.entries(tls)) {
      mkdirSync(join(config, "contexts", "tls", id, "docker"), { recursive: true });
      writeFileSync(join(config, "contexts", "tls", id, "docker", file), text);
    }
  };
  add("far", { Host: "ssh://ann@far.example.org:2222" });
  add("secure", { Host: "tcp://10.0.0.1:2376", SkipTLSVerify: false }, { "ca.pem": "CA" });
  for (const name of ["ca.pem", "cert.pem", "key.pem"]) writeFileSync(join(config, name), name);
  writeFileSync(join(config, "config.json"), JSON.stringify({ currentContext: "far" }));
});
afterAll(() => rmSync(config, { recursive: true }));

describe("the endpoint", () => {
  it("is the local socket when nothing is said", () => {
    const found = findEndpoint({ DOCKER_CONFIG: "/nonexistent" });
    expect(found).toMatchObject({ kind: "socket", path: "/var/run/docker.sock", source: "" });
  });
  it("is what DOCKER_HOST says, whatever context is current", () => {
    const at = (host: string, more = {}) =>
      findEndpoint({ DOCKER_HOST: host, DOCKER_CONTEXT: "far", DOCKER_CONFIG: config, ...more });
    expect(at("unix:///run/user/1000/docker.sock")).toMatchObject({
      kind: "socket",
      path: "/run/user/1000/docker.sock",
      source: " (from DOCKER_HOST)",
    });
    expect(at("tcp://docker")).toMatchObject({ kind: "tcp", host: "docker", port: 2375 });
    expect(at("tcp://[::1]:80")).toMatchObject({ host: "::1", port: 80 });
    expect(at("ssh://docker1")).toMatchObject({ kind: "ssh", host: "docker1", user: undefined });
    expect(at("ssh://a%40b@h:22/run/d.sock")).toMatchObject({
      user: "a@b",
      port: "22",
      path: "/run/d.sock",
    });
  });
  it("has TLS with DOCKER_TLS_VERIFY, and with the files of DOCKER_CERT_PATH", () => {
    const at = (more: object) => findEndpoint({ DOCKER_HOST: "tcp://d", ...more });
    expect(at({ DOCKER_TLS_VERIFY: "1", DOCKER_CONFIG: config })).toMatchObject({
      port: 2376,
      tls: { ca: "ca.pem", cert: "cert.pem", key: "key.pem", verify: true },
    });
    expect(at({ DOCKER_CERT_PATH: config })).toMatchObject({ tls: { verify: false } });
    expect(at({})).toMatchObject({ tls: undefined });
  });
  it("is the context that DOCKER_CONTEXT or the CLI's configuration names", () => {
    expect(findEndpoint({ DOCKER_CONFIG: config })).toMatchObject({
      kind: "ssh",
      user: "ann",
      host: "far.example.org",
      port: "2222",
      source: " (context far)",
    });
    expect(findEndpoint({ DOCKER_CONFIG: config, DOCKER_CONTEXT: "secure" })).toMatchObject({
      kind: "tcp",
      tls: { ca: "CA", verify: true },
    });
    expect(findEndpoint({ DOCKER_CONFIG: config, DOCKER_CONTEXT: "default" }).kind).toBe("socket");
  });
  it("is refused when it is none", () => {
    expect(() => findEndpoint({ DOCKER_CONFIG: config, DOCKER_CONTEXT: "nope" })).toThrow(
      "the Docker context 'nope', named by DOCKER_CONTEXT, does not exist",
    );
    for (const host of ["docker", "ftp://x", "ssh://", "ssh://-oProxyCommand=x", "tcp://a:b"]) {
      expect(() => findEndpoint({ DOCKER_HOST: host }), host).toThrow("is no address");
    }
  });
});
