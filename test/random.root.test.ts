/**
 * Random projects, edited at random: with the cache a build comes to what it comes to from nothing.
 *
 * LAYERBOOK_RANDOM=light:7 (or sandbox:7) runs one sequence alone; LAYERBOOK_RANDOM_COUNT=5000 and
 * LAYERBOOK_RANDOM_FROM=1001 others than usual. A seed that has failed once stays in the list below.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LightPlace } from "./random/light-place.ts";
import { SandboxPlace } from "./random/sandbox-place.ts";
import { runSequence } from "./random/sequence.ts";
import { makeSkeleton } from "./random/skeleton.ts";

type Kind = "light" | "sandbox";

/** Seeds by which mistakes were found. */
const FOUND: readonly (readonly [Kind, number])[] = [];

/** Sequences in flight: most of their time they wait for a shell. */
const PARALLEL = 3;

const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const root = mkdtempSync(join(parent, "layerbook-random-"));
const skeleton = join(root, "skeleton");
beforeAll(() => makeSkeleton(skeleton));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const count = Number(process.env.LAYERBOOK_RANDOM_COUNT ?? 500);
const from = Number(process.env.LAYERBOOK_RANDOM_FROM ?? 1);
const [oneKind, oneSeed] = process.env.LAYERBOOK_RANDOM?.split(":") ?? [];

/** One in eight in the real sandbox, the others in the light workspace. */
function chosen(): (readonly [Kind, number])[] {
  if (oneKind !== undefined)
    return [[oneKind === "sandbox" ? "sandbox" : "light", Number(oneSeed)]];
  const usual = Array.from({ length: count }, (_, n) => {
    const kind: Kind = n % 8 === 0 ? "sandbox" : "light";
    return [kind, from + n] as const;
  });
  return [...FOUND, ...usual];
}

/** @returns what went wrong; `undefined` when nothing did */
async function attempt(kind: Kind, seed: number): Promise<string | undefined> {
  const folder = join(root, `${kind}${seed}`);
  mkdirSync(folder);
  const place =
    kind === "light" ? new LightPlace(folder, skeleton) : await SandboxPlace.make(folder);
  try {
    const counts = await runSequence(seed, folder, place);
    for (const key of ["builds", "cached", "ran", "failed"] as const) total[key] += counts[key];
    return undefined;
  } catch (error) {
    return `run again with LAYERBOOK_RANDOM=${kind}:${seed}\n${(error as Error).stack}`;
  } finally {
    await place.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const total = { builds: 0, cached: 0, ran: 0, failed: 0 };

describe("random edits", () => {
  it("a cached build is what a build from nothing is", { timeout: 900_000 }, async () => {
    const sequences = chosen();
    const failures: string[] = [];
    const work = async () => {
      for (let next = sequences.shift(); next; next = sequences.shift()) {
        const failure = await attempt(...next);
        if (failure !== undefined) failures.push(failure.slice(0, 4000));
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    expect(failures.slice(0, 5).join("\n\n")).toBe("");
    // The test is worth something only if much of it was cached, much was run, and most went well.
    expect(total.failed).toBeLessThan(total.builds / 2);
    if (oneKind === undefined) expect(Math.min(total.cached, total.ran)).toBeGreaterThan(count);
  });
});
