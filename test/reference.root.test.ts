/** The reference workload: an image from a base without Python is what Ansible makes of the same play. */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { debianInDaemon, layerbook, must, ROOT, scratch } from "./support.ts";

const image = "layerbook-test/web:1";
const fingerprint = readFileSync(join(ROOT, "test/golden/fingerprint.sh"), "utf8");
const folder = scratch();
const work = join(folder.path, "web");
let base: string;

function paths(of: string): ReadonlySet<string> {
  return new Set(must("docker", ["run", "--rm", "-i", of, "sh"], fingerprint).split("\n"));
}

beforeAll(() => {
  base = debianInDaemon();
  cpSync(join(ROOT, "examples/web"), work, { recursive: true });
});
afterAll(() => {
  must("docker", ["rmi", "-f", image]);
  folder.remove();
});

it("has no Python in its base", () => {
  expect(() => must("docker", ["run", "--rm", base, "python3", "--version"])).toThrow();
});

describe.each(["sandbox", "docker"])("the reference workload on %s", (place) => {
  const args = ["build", "play.yml", "--from", "", "-t", image, "--on", place];
  const build = (store = "store") =>
    layerbook(args.with(3, `docker-daemon:${base}`), {
      cwd: work,
      env: { LAYERBOOK_STORE: join(folder.path, store) },
    });

  it("gives the filesystem that Ansible makes: paths, contents, modes, owners", async () => {
    const built = await build();
    expect(built.stderr).toBe("");
    expect(built.code).toBe(0);
    const before = paths(base);
    const after = [...paths(image)].filter((line) => !before.has(line));
    const golden = readFileSync(join(ROOT, "test/golden/web.golden"), "utf8").split("\n");
    const expected = golden.filter((line) => line.startsWith("> ")).map((line) => line.slice(2));
    expect(after.sort()).toEqual(expected.sort());
  });
  it("names the task behind each layer in docker history", () => {
    const history = must("docker", ["history", "--no-trunc", "--format", "{{.CreatedBy}}", image]);
    expect(history).toContain("TASK create group (group) + create user (user)");
    expect(history).toContain("TASK copy app (copy)");
  });
  it("runs nothing the second time, and gives the same image", async () => {
    const id = must("docker", ["images", "-q", "--no-trunc", image]);
    const again = await build();
    expect(again.stdout).toMatch(/Done in .*: \d+ cached, 1 run, 1 skipped/);
    expect(must("docker", ["images", "-q", "--no-trunc", image])).toBe(id);
  });
  it("gives the same image when built from nothing again", async () => {
    const id = must("docker", ["images", "-q", "--no-trunc", image]);
    const cold = await build(`other-${place}`);
    expect(cold.code).toBe(0);
    expect(must("docker", ["images", "-q", "--no-trunc", image])).toBe(id);
  });
});
