import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DOCKER_HUB, findCredentials, registryOf } from "./credentials.ts";

let dir: string;
const env = () => ({ DOCKER_CONFIG: dir, PATH: `${dir}:${process.env.PATH}` });
const configure = (content: string | object) =>
  writeFileSync(
    join(dir, "config.json"),
    typeof content === "string" ? content : JSON.stringify(content),
  );

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "layerbook-credentials-"));
  const helper = join(dir, "docker-credential-test");
  writeFileSync(
    helper,
    `#!/bin/sh
read -r server
case "$server" in
  token.example.org) echo '{"ServerURL":"x","Username":"<token>","Secret":"refresh"}';;
  broken.example.org) echo 'the key ring is locked'; exit 1;;
  *) echo 'credentials not found in native keychain'; exit 1;;
esac
`,
  );
  chmodSync(helper, 0o755);
});
afterAll(() => rmSync(dir, { recursive: true }));

describe("credentials", () => {
  it("come from the configuration, with passwords that have colons", async () => {
    const auth = Buffer.from("ann:a:b:c").toString("base64");
    configure({ auths: { "https://reg.example.org/v1/": { auth }, [DOCKER_HUB]: { auth } } });
    expect(await findCredentials("reg.example.org", env())).toMatchObject({
      username: "ann",
      password: "a:b:c",
    });
    expect(await findCredentials(registryOf("debian:bookworm"), env())).toMatchObject({
      username: "ann",
    });
    expect(await findCredentials("other.example.org", env())).toBeUndefined();
  });
  it("come from a credential helper", async () => {
    configure({ credsStore: "test" });
    expect(await findCredentials("token.example.org", env())).toMatchObject({
      identitytoken: "refresh",
    });
    expect(await findCredentials("unknown.example.org", env())).toBeUndefined();
    await expect(findCredentials("broken.example.org", env())).rejects.toThrow(
      "docker-credential-test failed for broken.example.org: the key ring is locked",
    );
    configure({ credHelpers: { "x.example.org": "absent" } });
    await expect(findCredentials("x.example.org", env())).rejects.toThrow(
      "cannot run docker-credential-absent",
    );
  });
  it("are refused from a configuration that is no JSON", async () => {
    configure("{ auths: ");
    await expect(findCredentials("x", env())).rejects.toThrow("config.json is no valid JSON");
  });
  it("are of the registry that a name means", () => {
    expect(registryOf("debian")).toBe(DOCKER_HUB);
    expect(registryOf("team/web:1")).toBe(DOCKER_HUB);
    expect(registryOf("docker.io/team/web")).toBe(DOCKER_HUB);
    expect(registryOf("localhost/web")).toBe("localhost");
    expect(registryOf("reg.example.org:5000/web:1")).toBe("reg.example.org:5000");
  });
});
