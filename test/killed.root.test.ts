/**
 * Builds that run side by side on one store and are killed at random moments, two hundred times in all:
 * nothing is left of them, and what is built afterwards is right. LAYERBOOK_KILLS says how many.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "./random/random.ts";
import { BIN, busyboxRoot, files, layerbook, leftBehind, must, scratch } from "./support.ts";

const KILLS = Number(process.env.LAYERBOOK_KILLS ?? 200);
/** Builds that run at once; each has a play that shares its first steps with the others'. */
const BUILDS = 4;

const folder = scratch();
const store = join(folder.path, "store");
let base: string;
beforeAll(() => {
  base = join(folder.path, "base.tar");
  must("tar", ["cf", base, "-C", busyboxRoot(folder.path), "."]);
  for (let n = 0; n < BUILDS; n++) writePlay(n, 0);
});
afterAll(() => folder.remove());

const place = (n: number) => join(folder.path, `build${n}`);

/** @param round changes the later steps, so that there is always something to be run */
function writePlay(n: number, round: number): void {
  const step = (name: string, script: string) => `    - {name: ${name}, shell: "${script}"}\n`;
  const shared = [0, 1, 2].map((i) => step(`shared ${i}`, `sleep 0.02; echo ${i} > /srv/s${i}`));
  const own = [0, 1, 2, 3, 4].map((i) =>
    step(
      `own ${i}`,
      `sleep 0.02; for i in 1 2 3; do echo ${n} ${round} ${i} $i > /srv/o${i}-$i; done`,
    ),
  );
  files(place(n), {
    "site.yml": `- hosts: all\n  gather_facts: false\n  tasks:\n${[...shared, ...own].join("")}`,
  });
}

const args = (to: string) => {
  const image = ["--from", `rootfs:${base}`, "--to", `oci-archive:${to}`, "--host", "box"];
  return ["build", "site.yml", ...image];
};

function killed(n: number, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [BIN, ...args("out.tar")], {
    cwd: place(n),
    env: { ...process.env, LAYERBOOK_STORE: store },
    stdio: "ignore",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
  return new Promise((resolve) =>
    child.on("close", () => {
      clearTimeout(timer);
      resolve();
    }),
  );
}

const digest = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

describe("builds that are killed", () => {
  it("leave nothing, and a store from which every image is right", {
    timeout: 600_000,
  }, async () => {
    const random = new Random(Date.now() % 100_000);
    // How long an undisturbed build takes on this machine: that is where the moments lie.
    const begun = Date.now();
    expect(
      (await layerbook(args("out.tar"), { cwd: place(0), env: { LAYERBOOK_STORE: store } })).code,
    ).toBe(0);
    const whole = Date.now() - begun;
    for (let kills = 0, round = 1; kills < KILLS; round++) {
      for (let n = 0; n < BUILDS; n++) writePlay(n, round);
      const moments = Array.from({ length: BUILDS }, () => 20 + random.below(whole * 2));
      await Promise.all(moments.map((ms, n) => killed(n, ms)));
      kills += BUILDS;
      if (round % 10 === 0 || kills >= KILLS) await check(round);
    }
    // What the dead had begun is taken away by builds that start a container.
    writePlay(0, -1);
    await layerbook(args("out.tar"), { cwd: place(0), env: { LAYERBOOK_STORE: store } });
    expect(readdirSync(join(store, "tmp"))).toEqual([]);
    const verified = await layerbook(["cache", "verify", "--store", store]);
    expect(verified.stdout).not.toMatch(/^(layer|record|base) /m);
  });
});

/** Nothing is left; each build, and the same from nothing, come to the same image. */
async function check(round: number): Promise<void> {
  for (let n = 0; n < 100 && leftBehind(store).length > 0; n++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(leftBehind(store)).toEqual([]);
  const fresh = join(folder.path, `fresh${round}`);
  await Promise.all(
    Array.from({ length: BUILDS }, async (_, n) => {
      const cwd = place(n);
      const ran = await layerbook(args("out.tar"), { cwd, env: { LAYERBOOK_STORE: store } });
      expect(ran.code, ran.stderr).toBe(0);
    }),
  );
  for (let n = 0; n < 2; n++) {
    const again = await layerbook(args("fresh.tar"), {
      cwd: place(n),
      env: { LAYERBOOK_STORE: fresh },
    });
    expect(again.code, again.stderr).toBe(0);
    expect(digest(join(place(n), "out.tar"))).toBe(digest(join(place(n), "fresh.tar")));
  }
}

describe("a store of another version", () => {
  const at = (name: string) => join(folder.path, `store-${name}`);
  it("older: its layers and records are made anew; newer: it is left alone", async () => {
    const cwd = place(0);
    const build = () => layerbook(args("out.tar"), { cwd, env: { LAYERBOOK_STORE: at("old") } });
    await build();
    const image = digest(join(cwd, "out.tar"));
    for (const text of ['{"format":0,"rootless":false}', "{torn"]) {
      writeFileSync(join(at("old"), "format.json"), text);
      const ran = await build();
      expect(ran.code, ran.stderr).toBe(0);
      expect(ran.stdout).toContain(": 0 cached, 8 run");
      expect(digest(join(cwd, "out.tar"))).toBe(image);
    }
    expect((await build()).stdout).toContain(": 8 cached, 0 run");
    writeFileSync(join(at("old"), "format.json"), '{"format":99,"rootless":false}');
    const refused = await build();
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("format 99");
  });
});
