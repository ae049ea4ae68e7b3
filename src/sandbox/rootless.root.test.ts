import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const USER = "layerbook-test";
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
/** The project where every user can come to it, whoever owns the folders above it. */
let place: string;

describe("the sandbox as a user with subordinate ids", () => {
  beforeAll(() => {
    execFileSync("useradd", ["--create-home", USER]);
    place = mkdtempSync(join(tmpdir(), "layerbook-rootless-"));
    chmodSync(place, 0o755);
    execFileSync("mount", ["--bind", PROJECT, place]);
  });
  afterAll(() => {
    spawnSync("userdel", ["--remove", USER]);
    execFileSync("umount", [place]);
    rmdirSync(place);
  });

  it("passes rootless.test.ts", () => {
    const as = ["--reuid", USER, "--regid", USER, "--init-groups"];
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--configLoader", "runner"];
    const tests = ["--project", "unit", "src/sandbox/rootless.test.ts"];
    const result = spawnSync("setpriv", [...as, process.execPath, ...vitest, ...tests], {
      cwd: place,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: `/home/${USER}`, USER, NO_COLOR: "1" },
    });
    expect(result.status, `${result.stdout}${result.stderr}`).toBe(0);
    expect(result.stdout).toMatch(/Tests +\d\d+ passed/);
    expect(result.stdout).not.toContain("skipped");
  });
});
