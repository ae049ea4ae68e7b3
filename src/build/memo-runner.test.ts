import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Step } from "../engine/runner.ts";
import type { Data, KeyInput, ModuleResult } from "../modules/module.ts";
import type { Layer, Session, Snapshot, Workspace } from "../workspace/workspace.ts";
import { BuildState } from "./build-state.ts";
import { CachePolicy } from "./cache-policy.ts";
import { ContentDigests } from "./content-digest.ts";
import { digestOf } from "./digest.ts";
import { Explainer } from "./explain.ts";
import { LiveFacts } from "./live-facts.ts";
import { MemoRunner } from "./memo-runner.ts";
import { StepKeys } from "./step-keys.ts";
import { StepStore } from "./step-store.ts";

/**
 * The cache logic knows nothing of containers: here the "filesystem" is a list of words, a step adds
 * one, and a snapshot is what was added since the last.
 */
class WordWorkspace {
  readonly layers = new Map<string, readonly string[]>();
  opened = 0;
  words: string[] = [];
  fresh: string[] = [];
  alive: string[] = [];

  readonly workspace = {
    open: async (stack: readonly string[]): Promise<Session> => {
      this.opened++;
      this.words = stack.flatMap((id) => this.layers.get(id) ?? []);
      this.fresh = [];
      const current = [...stack];
      return {
        stack: current,
        connection: {} as Session["connection"],
        snapshot: async () => this.#snapshot(current),
        attach: async () => [],
        close: async () => {
          this.alive = [];
        },
      };
    },
  } as unknown as Workspace;

  #snapshot(stack: string[]): Snapshot {
    if (this.alive.length > 0) return { kind: "busy", processes: this.alive };
    if (this.fresh.length === 0) return { kind: "unchanged" };
    const content = digestOf(this.fresh);
    const id = `${content}-${this.layers.size}`;
    this.layers.set(id, this.fresh);
    stack.push(id);
    this.fresh = [];
    const layer: Layer = { id, content, size: 1, files: { written: 1, removed: 0 } };
    return { kind: "layer", layer };
  }
}

interface Sketch {
  readonly name: string;
  readonly args?: Record<string, Data>;
  /** Word that the step adds; absent: it changes nothing. */
  readonly adds?: string;
  readonly fails?: boolean;
  readonly survives?: boolean;
  readonly reads?: readonly KeyInput[];
  readonly leaves?: string;
  readonly talk?: boolean;
  readonly tags?: readonly string[];
  readonly noLog?: boolean;
  readonly ttl?: string;
  readonly result?: ModuleResult;
}

let root: string;
let disk: WordWorkspace;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "layerbook-memo-"));
  disk = new WordWorkspace();
});
afterEach(() => rmSync(root, { recursive: true }));

/** Builds once; tells which steps ran, which were replayed, the results and the final words. */
async function build(
  sketches: readonly Sketch[],
  policy = new CachePolicy(false, undefined),
  base = "base",
) {
  const ran: string[] = [];
  const cached: string[] = [];
  const results: ModuleResult[] = [];
  const state = new BuildState(
    disk.workspace,
    {
      reference: base,
      digest: digestOf(base),
      content: digestOf(base),
      network: "none",
      hostname: "",
      env: [],
      layers: [],
    },
    { env: [], network: "none" },
  );
  const store = new StepStore(root);
  const contents = new ContentDigests(join(root, "stat"));
  const runner = new MemoRunner({
    inner: {
      run: async (step) => {
        const sketch = sketches[Number(step.taskId)] as Sketch;
        ran.push(sketch.name);
        if (!sketch.talk) await state.session();
        if (sketch.adds) {
          disk.words.push(sketch.adds);
          disk.fresh.push(sketch.adds);
        }
        disk.alive = sketch.leaves ? [sketch.leaves] : sketch.name === "stop" ? [] : disk.alive;
        return (
          sketch.result ?? { changed: sketch.adds !== undefined, failed: sketch.fails ?? false }
        );
      },
    },
    state,
    store,
    keys: new StepKeys({ state, store, contents, services: "defer", holdsSecret: () => false }),
    explainer: new Explainer({ state, store, contents, last: () => undefined }),
    policy,
    facts: new LiveFacts(
      () => true,
      async () => ({}),
    ),
    workspaceHas: async (id) => disk.layers.has(id),
    note: (note) => note.outcome === "cached" && cached.push(note.step.name),
  });
  const opened = disk.opened;
  for (const [index, sketch] of sketches.entries()) {
    const step = {
      module: {
        name: "test.word",
        revision: "1",
        module: {
          spec: { options: {}, effect: sketch.talk ? "talk" : "target" },
          inputs: async () => sketch.reads ?? [],
        },
      },
      args: sketch.args ?? {},
      context: { variable: () => sketch.ttl, deferService: () => undefined },
      name: sketch.name,
      taskId: String(index),
      play: "p",
      tags: sketch.tags ?? [],
      noLog: sketch.noLog ?? false,
      delegated: false,
      environment: {},
      attempt: 1,
      deferred: () => [],
      sawServices: () => false,
    } as unknown as Step;
    results.push(await runner.run(step));
    await runner.settle(step, {
      failed: sketch.fails ?? false,
      survived: sketch.survives ?? false,
    });
    if (sketch.fails && !sketch.survives) break;
  }
  const words = state.stack.flatMap((id) => disk.layers.get(id) ?? []);
  await state.closeSession();
  return { ran, cached, results, words, sessions: disk.opened - opened, digest: state.digest };
}

const step = (name: string, more: Partial<Sketch> = {}): Sketch => ({
  name,
  args: { name },
  adds: name,
  ...more,
});

describe("a build with memoised steps", () => {
  it("runs nothing and opens no session when nothing changed, and gives the same results", async () => {
    const first = await build([
      step("a"),
      step("look", { adds: undefined as never, result: { stdout: "42" } }),
      step("b"),
    ]);
    const second = await build([
      step("a"),
      step("look", { adds: undefined as never, result: { stdout: "?" } }),
      step("b"),
    ]);
    expect(second.ran).toEqual([]);
    expect(second.sessions).toBe(0);
    expect(second.results).toEqual(first.results);
    expect(second.words).toEqual(["a", "b"]);
  });
  it("goes on at the failed step, on the last good state", async () => {
    await build([step("a"), step("b", { fails: true }), step("c")]);
    const again = await build([step("a"), step("b"), step("c")]);
    expect(again.ran).toEqual(["b", "c"]);
    expect(again.words).toEqual(["a", "b", "c"]);
  });
  it("never stores a failed step, even one that the play survives, but knows what it did to the files", async () => {
    const play = [step("a"), step("try", { fails: true, survives: true }), step("c")];
    await build(play);
    const again = await build(play);
    expect(again.ran).toEqual(["try"]);
    expect(again.words).toEqual(["a", "try", "c"]);
  });
  it("runs what sees an edit and leaves the rest, when the content comes out the same", async () => {
    await build([step("a"), step("b"), step("c")]);
    const edited = await build([
      step("a"),
      step("b", { args: { name: "other words, same effect" } }),
      step("c"),
    ]);
    expect(edited.ran).toEqual(["b"]);
    const different = await build([step("a"), step("b", { adds: "B" }), step("c")]);
    expect(different.cached).toEqual(["a", "b", "c"]);
  });
  it("runs everything after a change of content", async () => {
    await build([step("a"), step("b"), step("c")]);
    const edited = await build([step("a"), step("b", { args: { v: 2 }, adds: "b2" }), step("c")]);
    expect(edited.ran).toEqual(["b", "c"]);
    expect(edited.words).toEqual(["a", "b2", "c"]);
  });
  it("does not mind a step that changes nothing being put before others, nor a new name", async () => {
    await build([step("a"), step("b")]);
    const more = await build([
      step("a"),
      step("noop", { adds: undefined as never }),
      { ...step("b"), name: "renamed" },
    ]);
    expect(more.ran).toEqual(["noop"]);
  });
  it("keeps bases apart", async () => {
    await build([step("a")], undefined, "one");
    expect((await build([step("a")], undefined, "two")).ran).toEqual(["a"]);
  });
  it("sees the content of files, not their times", async () => {
    const path = join(root, "input");
    writeFileSync(path, "one");
    const play = [step("a", { reads: [{ kind: "path", path }] })];
    await build(play);
    writeFileSync(path, "one");
    expect((await build(play)).ran).toEqual([]);
    writeFileSync(path, "two");
    expect((await build(play)).ran).toEqual(["a"]);
  });
  it("takes no snapshot while a process lives, replays such steps, and starts them when one must run", async () => {
    const play = [
      step("a"),
      step("start", { leaves: "mariadbd" }),
      step("migrate"),
      step("stop", { adds: undefined as never }),
    ];
    const first = await build(play);
    expect(first.words).toEqual(["a", "start", "migrate"]);
    const cached = await build(play);
    expect(cached.ran).toEqual([]);
    expect(cached.words).toEqual(first.words);
    const edited = await build([
      ...play.slice(0, 2),
      step("migrate", { args: { v: 2 } }),
      ...play.slice(3),
    ]);
    expect(edited.ran).toEqual(["start", "migrate", "stop"]);
    expect(edited.words).toEqual(["a", "start", "migrate"]);
  });
  it("always runs steps that only talk, and never lets them open a session", async () => {
    const play = [step("say", { talk: true, adds: undefined as never })];
    await build(play);
    expect(await build(play)).toMatchObject({ ran: ["say"], sessions: 0 });
  });
  it("does as it is told: no cache, no cache from a task on, never this task, not for longer than", async () => {
    const play = [step("a"), step("b"), step("c")];
    await build(play);
    expect((await build(play, new CachePolicy(true, undefined))).ran).toEqual(["a", "b", "c"]);
    expect((await build(play, new CachePolicy(false, "b"))).ran).toEqual(["b", "c"]);
    const never = [step("a"), step("n", { tags: ["never-cache"] }), step("c")];
    await build(never);
    expect((await build(never)).ran).toEqual(["n"]);
    const aging = [step("old", { ttl: "0s" })];
    await build(aging);
    expect((await build(aging)).ran).toEqual(["old"]);
    expect((await build([step("old", { ttl: "1h" })])).ran).toEqual([]);
  });
  it("misses where a record is damaged or its layer is gone, and mends it", async () => {
    await build([step("a"), step("b")]);
    for (const file of records())
      writeFileSync(file, readFileSync(file, "utf8").replace('"changed":true', '"changed":false'));
    expect((await build([step("a"), step("b")])).ran).toEqual(["a", "b"]);
    disk.layers.clear();
    expect((await build([step("a"), step("b")])).ran).toEqual(["a", "b"]);
    expect((await build([step("a"), step("b")])).ran).toEqual([]);
  });
  it("keeps the results of secret steps off the disk in plain text", async () => {
    const play = [step("pw", { noLog: true, result: { changed: true, stdout: "hunter2hunter2" } })];
    await build(play);
    for (const file of records()) expect(readFileSync(file, "utf8")).not.toContain("hunter2");
    const again = await build(play);
    expect(again.ran).toEqual([]);
    expect(again.results[0]?.stdout).toBe("hunter2hunter2");
  });
});

function records(): string[] {
  return readdirSync(join(root, "steps"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
