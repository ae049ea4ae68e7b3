import { expect, it } from "vitest";
import type { Entry } from "../workspace/manifest.ts";
import { historyOf } from "./file-history.ts";
import type { ImageStack, StackLayer } from "./image-stack.ts";
import { sizesOf } from "./layer-sizes.ts";

const COMMON = { uid: 0, gid: 0, mtime: 0n, major: 0, minor: 0, xattrs: [], mode: 0o644 };
const file = (path: string, size: number, more: Partial<Entry> = {}): Entry => ({
  ...COMMON,
  path,
  type: "file",
  size,
  hash: `${path}${size}`,
  ...more,
});
const folder = (path: string, more: Partial<Entry> = {}): Entry => ({
  ...COMMON,
  path,
  type: "directory",
  mode: 0o755,
  size: 0,
  ...more,
});
const gone = (path: string): Entry => ({ ...COMMON, path, type: "whiteout", size: 0 });

function layer(task: string, entries: readonly Entry[]): StackLayer {
  return {
    tasks: [{ title: task, position: undefined }],
    origin: undefined,
    created: undefined,
    entries: async () => entries,
    source: () => Promise.reject(new Error("not asked for")),
  };
}

const STACK: ImageStack = {
  name: "web",
  id: "sha256:1",
  bySteps: true,
  image: undefined,
  layers: [
    layer("base", [folder("srv"), file("srv/a", 100), file("srv/b", 10)]),
    layer("write", [folder("srv", { aside: "parent" }), file("srv/big", 1000), file("srv/a", 120)]),
    layer("mode", [folder("srv", { aside: "parent" }), file("srv/a", 120, { mode: 0o600 })]),
    layer("clean", [gone("srv/big"), gone("srv/nothing")]),
    layer("drop", [gone("srv")]),
    layer("again", [folder("srv"), file("srv/a", 120, { mode: 0o600 })]),
  ],
};

it("counts what each layer changes, and the bytes that a later one puts out of sight", async () => {
  const { layers, bytes, wasted, wastedFiles } = await sizesOf(STACK);
  const rows = layers.map(({ added, changed, removed, bytes: size, wasted: lost }) => [
    ...[added, changed, removed, size, lost],
  ]);
  expect(rows).toEqual([
    [3, 0, 0, 110, 110],
    [1, 1, 0, 1120, 1120],
    [0, 1, 0, 120, 120],
    [0, 0, 1, 0, 0],
    [0, 0, 3, 0, 0],
    [2, 0, 0, 120, 0],
  ]);
  expect(bytes).toBe(1470);
  expect(wasted).toBe(1350);
  expect(wastedFiles[0]).toEqual({ path: "srv/big", bytes: 1000, layers: [1], goneIn: 3 });
});

it("tells what each task did to a file", async () => {
  const { events, now } = await historyOf(STACK, "/srv/a");
  expect(events.map(({ what, parts, layer: by }) => [by.tasks[0]?.title, what, ...parts])).toEqual([
    ["base", "created"],
    ["write", "changed", "content"],
    ["mode", "changed", "mode"],
    ["drop", "removed"],
    ["again", "created"],
  ]);
  expect(now?.mode).toBe(0o600);
  expect((await historyOf(STACK, "/nowhere")).events).toEqual([]);
});
