import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModuleLibrary } from "./module-library.ts";

let root: string;
let library: ModuleLibrary;
const place = (...parts: string[]) => join(root, ...parts);

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "layerbook-library-"));
  for (const name of [
    "play/library/own.sh",
    "play/library/copy.py",
    "play/library/notes.md",
    "role/library/own.py",
    "role/action_plugins/acted.py",
    "paths/deep/far",
    "installed/ansible_collections/a/b/plugins/modules/there.py",
    "installed/ansible_collections/a/b/plugins/action/there.py",
    "play/collections/ansible_collections/c/d/plugins/modules/beside.py",
  ]) {
    mkdirSync(dirname(place(name)), { recursive: true });
    writeFileSync(place(name), "#!/bin/sh\n");
  }
  library = new ModuleLibrary({
    start: {
      directory: place("play"),
      modulePath: [place("paths")],
      verbosity: 0,
      warn: () => undefined,
      deprecate: () => undefined,
    },
    directories: new Set([place("play"), place("role")]),
    collectionsPath: [place("installed")],
    actionPath: [],
    interpreterSetting: "auto",
  });
});
afterAll(async () => {
  await library.close();
  rmSync(root, { recursive: true });
});

async function summaryOf(name: string, collections: readonly string[] = []) {
  return (await library.find(name, collections)?.load())?.spec.summary;
}

describe("a module by its name", () => {
  it("is a role's before the playbook's, and theirs before Layerbook's own", async () => {
    expect(await summaryOf("own")).toContain(place("role/library/own.py"));
    expect(await summaryOf("copy")).toContain(place("play/library/copy.py"));
    expect(await summaryOf("ansible.legacy.copy")).toContain(place("play/library/copy.py"));
    expect(library.find("ansible.builtin.copy")?.revision).not.toBe("on-disk");
  });
  it("is found on the module path and the folders below it, but documents are no modules", async () => {
    expect(await summaryOf("far")).toContain(place("paths/deep/far"));
    expect(await summaryOf("notes")).toBeUndefined();
  });
  it("is found in collections, in full or by the keyword `collections`", async () => {
    expect(await summaryOf("a.b.there")).toContain("modules/there.py");
    expect(await summaryOf("there", ["x.y", "a.b"])).toContain("modules/there.py");
    expect(await summaryOf("c.d.beside")).toContain(place("play/collections"));
  });
  it("with an action plugin is never cached", async () => {
    expect((await library.find("a.b.there")?.load())?.spec.neverCached).toBe(true);
    expect((await library.find("acted")?.load())?.spec.neverCached).toBe(true);
    expect((await library.find("own")?.load())?.spec.neverCached).toBeUndefined();
  });
  it("that no collection has is an error that names the collection", () => {
    expect(library.unknown("no.where.thing", undefined).hint).toContain("'no.where'");
    expect(library.unknown("a.b.other", undefined).hint).toContain(
      "is installed and has no module",
    );
  });
});
