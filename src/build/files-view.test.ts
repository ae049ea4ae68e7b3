import { beforeEach, describe, expect, it } from "vitest";
import type { Entry } from "../workspace/manifest.ts";
import { digestOf } from "./digest.ts";
import { FilesView } from "./files-view.ts";

const NOTHING = { uid: 0, gid: 0, size: 0, mtime: 0n, major: 0, minor: 0, xattrs: [] };

/** `/path=content` a file, `/path/` a directory, `-/path` a removal, `/path>target` a link. */
function entry(text: string, more: Partial<Entry> = {}): Entry {
  const bytes = (path: string) => Buffer.from(path).toString("latin1");
  const path = bytes(text.replace(/^-?\//, "").replace(/[=>].*$|\/$/, ""));
  const common = { ...NOTHING, path, mode: 0o644 };
  if (text.startsWith("-")) return { ...common, type: "whiteout", ...more };
  if (text.endsWith("/")) return { ...common, type: "directory", mode: 0o755, ...more };
  const link = text.split(">")[1];
  if (link !== undefined) return { ...common, type: "symlink", target: link, ...more };
  return { ...common, type: "file", hash: text.split("=")[1] ?? "", ...more };
}

let layers: Map<string, readonly Entry[]>;
beforeEach(() => {
  layers = new Map([
    ["base", ["/etc/", "/srv/", "/srv/a=1", "/usr/", "/tmp/"].map((text) => entry(text))],
  ]);
});

async function seen(paths: readonly string[], ...above: (readonly Entry[])[]) {
  for (const [index, entries] of above.entries()) layers.set(`l${index}`, entries);
  const base = { digest: digestOf("base"), layers: ["base"], env: ["PATH=/usr/bin:/opt/bin"] };
  const view = new FilesView(base, async (id) => layers.get(id) ?? []);
  return view.digest(["base", ...above.map((_, index) => `l${index}`)], paths);
}

describe("what a step that touches certain paths can depend on", () => {
  it("is not what lies beside them", async () => {
    const alone = await seen(["/srv/a"]);
    expect(alone).toBeDefined();
    expect(await seen(["/srv/a"], [entry("/srv/", { aside: "parent" }), entry("/srv/b=1")])).toBe(
      alone,
    );
    expect(await seen(["/srv/a"], [entry("/usr/share/doc=1")])).toBe(alone);
  });
  it.each([
    ["their content", "/srv/a", entry("/srv/a=2")],
    ["their mode", "/srv/a", entry("/srv/a=1", { mode: 0o600 })],
    ["their owner", "/srv/a", entry("/srv/a=1", { uid: 1 })],
    ["that they are gone", "/srv/a", entry("-/srv/a")],
    ["that the directory they are in is gone", "/srv/a", entry("-/srv")],
    ["the mode of a directory that leads there", "/srv/a", entry("/srv/", { mode: 0o700 })],
    ["a directory that hides what was in it", "/srv/a", entry("/srv/", { opaque: true })],
    ["what is below them", "/srv", entry("/srv/new=1")],
    ["a program", "/srv/a", entry("/usr/bin/cat=2")],
    ["a program in another folder of PATH", "/srv/a", entry("/opt/bin/sh=1")],
    ["a library", "/srv/a", entry("/lib64/libc.so=2")],
    ["accounts", "/srv/a", entry("/etc/passwd=2")],
    ["/tmp", "/srv/a", entry("/tmp/", { mode: 0o700 })],
    ["a name that is not ASCII", "/srv/grün", entry("/srv/grün=1")],
  ])("is %s", async (_what, path, change) => {
    expect(await seen([path], [change])).not.toBe(await seen([path]));
  });
  it("is not known where a link leads elsewhere, or the file has other names", async () => {
    expect(await seen(["/srv/link/x"], [entry("/srv/link>/etc")])).toBeUndefined();
    expect(await seen(["/srv/link"], [entry("/srv/link>/etc")])).toBeUndefined();
    const names = [entry("/srv/a=1"), entry("/srv/z=1", { hardlink: "srv/a" })];
    expect(await seen(["/srv/a"], names)).toBeUndefined();
    expect(await seen(["/srv/z"], names)).toBeUndefined();
    expect(await seen(["/srv"], names)).toBeUndefined();
  });
  it("is the same when a file is changed and changed back, and told of a file made anew", async () => {
    const before = await seen(["/srv/a"]);
    expect(await seen(["/srv/a"], [entry("/srv/a=2")], [entry("/srv/a=1")])).toBe(before);
    expect(await seen(["/srv/a"], [entry("-/srv")], [entry("/srv/"), entry("/srv/a=1")])).toBe(
      before,
    );
  });
});
