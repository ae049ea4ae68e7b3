import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { byNeed } from "./by-need.ts";

const NEEDS: Readonly<Record<string, readonly string[]>> = {
  app: ["base"],
  web: ["base"],
  all: ["app", "web"],
};
const needs = (job: string) => NEEDS[job] ?? [];

describe("images that need each other", () => {
  it("are built when what they need is there, the rest at once", async () => {
    const log: string[] = [];
    const jobs = ["base", "other", "app", "web", "all"];
    await byNeed(
      jobs,
      needs,
      async (job) => {
        log.push(`+${job}`);
        await sleep(job === "other" ? 40 : 10);
        log.push(`-${job}`);
      },
      3,
    );
    expect(log.slice(0, 2)).toEqual(["+base", "+other"]);
    expect(log.indexOf("+app")).toBeGreaterThan(log.indexOf("-base"));
    expect(log.indexOf("+web")).toBeLessThan(log.indexOf("-app"));
    expect(log.indexOf("+all")).toBeGreaterThan(Math.max(log.indexOf("-app"), log.indexOf("-web")));
    expect(log).toHaveLength(10);
  });

  it("are no more at once than is allowed", async () => {
    let now = 0;
    let most = 0;
    const work = async () => {
      now++;
      most = Math.max(most, now);
      await sleep(2);
      now--;
    };
    await byNeed(["a", "b", "c", "d"], () => [], work, 2);
    expect(most).toBe(2);
  });

  it("are not begun after one has failed; those that run end first", async () => {
    const log: string[] = [];
    const work = async (job: string) => {
      if (job === "base") throw new Error("no base");
      await sleep(10);
      log.push(job);
    };
    await expect(byNeed(["base", "other", "app"], needs, work, 2)).rejects.toThrow("no base");
    expect(log).toEqual(["other"]);
  });
});
