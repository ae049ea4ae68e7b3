/** Layerbook's own image, built by Layerbook, tells the guide's story from inside a container. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { debianInDaemon, layerbook, must, ROOT, run, scratch } from "../support.ts";
import { readGuide } from "./guide.ts";
import { type Server, startSshd } from "./servers.ts";

const IMAGE = "layerbook-test/builder:1";
const folder = scratch();
let sshd: Server;

/** What needs no second program: everything but docker's and the registries' commands. */
const steps = readGuide(join(ROOT, "docs/guide.md")).filter(
  (step) =>
    step.kind === "file" ||
    /^(layerbook (run|play site|play state|inventory)|cat)/.test(step.command),
);

beforeAll(async () => {
  await run("docker", ["rm", "-f", "builder"]);
  sshd = await startSshd(folder.path);
  const built = await layerbook(
    [
      "build",
      join(ROOT, "examples/builder/site.yml"),
      "--from",
      `docker-daemon:${debianInDaemon()}`,
    ]
      .concat(["-t", IMAGE, "--entrypoint", '["layerbook"]', "--workdir", "/work"])
      .concat(["--store", join(folder.path, "store")]),
    { timeoutMs: 170_000 },
  );
  expect(built.stderr + built.stdout).toContain(IMAGE);
  expect(built.code).toBe(0);
});

afterAll(async () => {
  await run("docker", ["rm", "-f", "builder"]);
  await run("docker", ["rmi", "-f", IMAGE]);
  await sshd.stop();
  folder.remove();
});

function inside(command: string) {
  return run("docker", [
    ...["run", "--rm", "--network", "host", "-v", "/var/run/docker.sock:/var/run/docker.sock"],
    ...["-v", `${folder.path}:/work`, "--entrypoint", "sh", IMAGE, "-c", command],
  ]);
}

describe("the builder", () => {
  it("is Layerbook, and needs neither Python nor Ansible", async () => {
    expect(must("docker", ["run", "--rm", IMAGE, "--help"])).toContain("layerbook");
    expect((await inside("command -v python3 ansible")).stdout).toBe("");
  });
  for (const step of steps) {
    if (step.kind === "file") {
      const path = join(folder.path, step.path);
      mkdirSync(dirname(path), { recursive: true });
      beforeAll(() => writeFileSync(path, step.content.replaceAll("2222", String(sshd.port))));
      continue;
    }
    it(`$ ${step.command.slice(0, 90)}`, async () => {
      const ran = await inside(step.command);
      for (const line of step.printed) expect(ran.stdout + ran.stderr).toContain(line);
    });
  }
});
