import { execFileSync } from "node:child_process";
import { createHash, createPublicKey, randomBytes, sign } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transportContract } from "../contract.ts";
import { MEDIA } from "../documents.ts";
import type { RegistryOptions } from "../registry/client.ts";
import { RegistryClient } from "../registry/client.ts";
import { Repository } from "../registry/repository.ts";
import { BadNetwork, freePort, startRegistry, type TestRegistry } from "../registry/testing.ts";
import { drain, imageWith, layerOf, testImage } from "../testing.ts";
import { RegistryTransport } from "./registry.ts";

let serial = 0;
const HOME = { HOME: "/nonexistent" };

/** A registry and a transport to it, for the tests of one `describe`. */
function withRegistry(settings?: string, prepare?: (dir: string) => void) {
  const place = { registry: undefined as unknown as TestRegistry, fresh: () => "" };
  beforeAll(async () => {
    place.registry = await startRegistry(settings, prepare);
    place.fresh = () => `${place.registry.host}/team/image${serial++}:1`;
  });
  afterAll(() => place.registry.stop());
  return place;
}

function transport(more: Partial<RegistryOptions> = {}): RegistryTransport {
  return new RegistryTransport({ insecure: true, env: HOME, ...more });
}

/** A configuration of the Docker CLI that knows an account. */
function dockerConfig(dir: string, content: object): NodeJS.ProcessEnv {
  const home = join(dir, `home${serial++}`);
  mkdirSync(home);
  writeFileSync(join(home, "config.json"), JSON.stringify(content));
  return { ...process.env, DOCKER_CONFIG: home };
}

const auth = (user: string, password: string) => ({
  auth: Buffer.from(`${user}:${password}`).toString("base64"),
});

describe("docker://", () => {
  const place = withRegistry();

  describe("contract", () => {
    transportContract(async () => {
      const { host } = place.registry;
      return {
        transport: transport(),
        fresh: place.fresh,
        second: { tag: `${host}/team/second:2`, reference: () => `${host}/team/second:2` },
      };
    });
  });

  it("sends no blob twice, and mounts what another repository has", async () => {
    const image = await testImage("mount");
    const [one, two] = [place.fresh(), place.fresh()];
    const first = transport();
    await first.write(image, one);
    const again = await first.write(image, one);
    expect(again).toMatchObject({ layersSent: 0, bytesSent: 0 });
    const second = transport();
    const back = await second.read(one);
    const mounted = await second.write(back, two);
    expect(mounted.layersSent).toBe(0);
    expect(mounted.bytesSent).toBe(image.configBytes.length);
    expect((await second.read(two)).id).toBe(image.id);
  });
  it("is read by its digest", async () => {
    const image = await testImage("digest");
    const name = place.fresh();
    const { manifest } = await transport().write(image, name);
    const pinned = `${name.replace(/:1$/, "")}@${manifest}`;
    expect((await transport().read(pinned)).id).toBe(image.id);
    expect(await transport().identify(pinned)).toBe(manifest);
  });
  it("chooses the platform's image of an index, and lists what there is", async () => {
    const name = place.fresh();
    const [repository] = /(?<=\/).*(?=:)/.exec(name) ?? [""];
    const pushed = new Repository(
      new RegistryClient(place.registry.host, { insecure: true, env: HOME }),
      repository,
      undefined,
    );
    const manifests = [];
    for (const architecture of ["amd64", "arm64"]) {
      const image = await testImage(architecture);
      const tag = `${name}-${architecture}`;
      const { manifest } = await transport().write(image, tag);
      const { bytes } = await pushed.manifest(manifest ?? "");
      const platform = { os: "linux", architecture };
      const size = bytes.length;
      manifests.push({ mediaType: MEDIA.ociManifest, digest: manifest, size, platform });
    }
    const index = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests };
    await pushed.pushManifest("1", Buffer.from(JSON.stringify(index)), MEDIA.ociIndex);
    const arm = await transport().read(name, { platform: "linux/arm64" });
    expect(arm.config.config?.Labels?.mark).toBe("arm64");
    await expect(transport().read(name, { platform: "linux/s390x" })).rejects.toMatchObject({
      hint: expect.stringContaining("linux/amd64, linux/arm64"),
    });
  });
  it("is what the Docker daemon pushes and pulls", async () => {
    // Larger than one block of our compression.
    const large = await layerOf([{ path: "large", data: randomBytes(3_500_000) }]);
    const image = imageWith([...(await testImage("daemon")).layers, large]);
    const name = place.fresh();
    await transport().write(image, name);
    execFileSync("docker", ["pull", "-q", name]);
    const id = execFileSync("docker", ["image", "inspect", "-f", "{{.Id}}", name]);
    expect(id.toString().trim()).toBe(image.id);
    const other = place.fresh();
    execFileSync("docker", ["tag", name, other]);
    execFileSync("docker", ["push", "-q", other]);
    execFileSync("docker", ["rmi", name, other]);
    const back = await transport().read(other);
    expect(back.id).toBe(image.id);
    expect((await drain(await (back.layers[2] ?? fail()).open())).length).toBeGreaterThan(1e5);
  });
  it("notices a blob that was changed in the registry", async () => {
    const image = await testImage("changed");
    const name = place.fresh();
    await transport().write(image, name);
    const back = await transport().read(name);
    const digest = back.layers[0]?.blob?.digest.slice(7) ?? "";
    const blob = join(
      place.registry.dir,
      "data/docker/registry/v2/blobs/sha256",
      digest.slice(0, 2),
      digest,
      "data",
    );
    const bytes = readFileSync(blob);
    bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
    writeFileSync(blob, bytes);
    await expect(drain(await (back.layers[0]?.blob ?? fail()).open())).rejects.toThrow("damaged");
    await expect((async () => drain(await (back.layers[0] ?? fail()).open()))()).rejects.toThrow();
  });
  it("talks without TLS only when it is asked to", async () => {
    await expect(transport({ insecure: false }).identify(place.fresh())).rejects.toMatchObject({
      message: `cannot reach the registry ${place.registry.host}: it does not speak TLS`,
      hint: expect.stringContaining("--insecure"),
    });
    const port = await freePort();
    await expect(transport().identify(`127.0.0.1:${port}/x`)).rejects.toThrow(
      "nothing listens there",
    );
  });
});

describe("docker:// over a network that breaks", () => {
  const place = withRegistry();
  let network: BadNetwork;
  beforeAll(async () => {
    network = new BadNetwork(place.registry.port);
    await network.listen();
  });
  afterAll(() => network.close());

  it("goes on with an upload and a download where they broke", async () => {
    const layer = await layerOf([{ path: "random", data: randomBytes(40_000_000) }]);
    const image = imageWith([layer]);
    const name = `${network.host}/team/large:1`;
    network.cuts.push({ up: 10_000_000 }, { up: 9_000_000 });
    const written = await transport().write(image, name);
    expect(network.broken).toBe(2);
    expect(written.layersSent).toBe(1);
    network.cuts.push({ down: 15_000_000 }, { down: 5_000_000 });
    const back = await transport().read(name);
    const bytes = await drain(await (back.layers[0] ?? fail()).open());
    expect(network.broken).toBe(4);
    expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(layer.diffId);
  });
});

describe("docker:// with a password", () => {
  // bcrypt of `correct horse`, cost 4.
  const HASH = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
  const place = withRegistry("auth: { htpasswd: { realm: test, path: DIR/htpasswd } }", (dir) =>
    writeFileSync(join(dir, "htpasswd"), `ann:${HASH}\n`),
  );

  it("says that one must log in, or that the account is wrong", async () => {
    await expect(transport().identify(place.fresh())).rejects.toMatchObject({
      message: expect.stringContaining("does not let anonymous users pull from team/image"),
      hint: expect.stringContaining(`docker login ${place.registry.host}`),
    });
    const env = dockerConfig(place.registry.dir, {
      auths: { [place.registry.host]: auth("ann", "wrong") },
    });
    const image = await testImage("denied");
    await expect(transport({ env }).write(image, place.fresh())).rejects.toThrow(
      "does not let this account push to team/image",
    );
  });
  it("takes the account from the CLI's configuration, and from a credential helper", async () => {
    const { dir, host } = place.registry;
    const image = await testImage("account");
    const stored = dockerConfig(dir, { auths: { [host]: auth("ann", "correct horse") } });
    const name = place.fresh();
    await transport({ env: stored }).write(image, name);
    const bin = join(dir, "bin");
    mkdirSync(bin);
    const helper = join(bin, "docker-credential-layerbooktest");
    writeFileSync(
      helper,
      `#!/bin/sh\n[ "$1" = get ] && [ "$(cat)" = ${host} ] || exit 1\necho '{"ServerURL":"x","Username":"ann","Secret":"correct horse"}'\n`,
    );
    chmodSync(helper, 0o755);
    const env = dockerConfig(dir, { credHelpers: { [host]: "layerbooktest" } });
    const path = `${bin}:${process.env.PATH}`;
    expect((await transport({ env: { ...env, PATH: path } }).read(name)).id).toBe(image.id);
    await expect(transport({ env }).read(name)).rejects.toThrow(
      "cannot run docker-credential-layerbooktest",
    );
  });
});

describe("docker:// with TLS", () => {
  const place = withRegistry("  tls: { certificate: DIR/cert.pem, key: DIR/key.pem }", certificate);

  it("refuses a certificate that nobody vouches for, and goes without when asked", async () => {
    const name = place.fresh();
    await expect(transport({ insecure: false }).identify(name)).rejects.toMatchObject({
      message: expect.stringContaining("its certificate is not trusted"),
      hint: expect.stringContaining("--insecure"),
    });
    const image = await testImage("tls");
    await transport().write(image, name);
    expect((await transport().read(name)).id).toBe(image.id);
  });
});

describe("docker:// with tokens", () => {
  const asked: { scopes: string[]; authorization: string | undefined }[] = [];
  let realm = "";
  let dir = "";
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", realm);
    const scopes = url.searchParams.getAll("scope");
    asked.push({ scopes, authorization: request.headers.authorization });
    response.end(JSON.stringify({ token: token(dir, scopes, accountOf(request)) }));
  });
  let place: TestRegistry;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
    place = await startRegistry(
      `auth: { token: { realm: "${realm}", service: test, issuer: tester, rootcertbundle: DIR/cert.pem } }`,
      (where) => {
        certificate(where);
        dir = where;
      },
    );
  });
  afterAll(async () => {
    server.close();
    await place.stop();
  });

  it("asks for a token with the account, for what is to be done, once", async () => {
    const image = await testImage("token");
    const name = `${place.host}/team/web:1`;
    const env = dockerConfig(dir, { auths: { [place.host]: auth("ann", "secret") } });
    const pushing = transport({ env });
    await pushing.write(image, name);
    expect(new Set(asked.map(({ scopes }) => scopes.join(" ")))).toEqual(
      new Set(["repository:team/web:pull,push"]),
    );
    expect(asked.length).toBeLessThanOrEqual(4);
    expect(asked[0]?.authorization).toBe(`Basic ${auth("ann", "secret").auth}`);
    expect((await pushing.read(name)).id).toBe(image.id);
    const mounted = `${place.host}/team/other:1`;
    await pushing.write(await pushing.read(name), mounted);
    expect(asked.some(({ scopes }) => scopes.includes("repository:team/web:pull"))).toBe(true);
  });
  it("says that anonymous users may not", async () => {
    await expect(transport().identify(`${place.host}/team/web:1`)).rejects.toThrow(
      "does not let anonymous users pull from team/web",
    );
  });
});

function accountOf(request: IncomingMessage): string {
  const [, basic = ""] = /^Basic (.*)$/.exec(request.headers.authorization ?? "") ?? [];
  return Buffer.from(basic, "base64").toString().split(":")[0] ?? "";
}

function certificate(dir: string): void {
  execFileSync(
    "openssl",
    "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tester -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem".split(
      " ",
    ),
    { cwd: dir, stdio: "ignore" },
  );
}

/** A signed token as the distribution project specifies it; only `ann` gets access. */
function token(dir: string, scopes: readonly string[], account: string): string {
  const access = scopes.map((scope) => {
    const [type, name, actions] = scope.split(":");
    return { type, name, actions: actions?.split(",") };
  });
  const cert = readFileSync(join(dir, "cert.pem"), "utf8");
  const der = createPublicKey(cert).export({ type: "spki", format: "der" });
  const x5c = [cert.replace(/-----[A-Z ]+-----|\s/g, "")];
  const now = Math.floor(Date.now() / 1000);
  const part = (data: object) => Buffer.from(JSON.stringify(data)).toString("base64url");
  const body = `${part({ typ: "JWT", alg: "RS256", x5c })}.${part({
    iss: "tester",
    sub: account,
    aud: "test",
    exp: now + 300,
    nbf: now - 10,
    iat: now,
    jti: createHash("sha256").update(der).update(randomBytes(8)).digest("hex"),
    access: account === "ann" ? access : [],
  })}`;
  const key = readFileSync(join(dir, "key.pem"));
  return `${body}.${sign("sha256", Buffer.from(body), key).toString("base64url")}`;
}

function fail(): never {
  throw new Error("no layer");
}
