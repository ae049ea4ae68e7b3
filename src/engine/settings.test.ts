import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadSettings } from "./settings.ts";
import { namedSetting } from "./settings-lookup.ts";
import { meaninglessSettings } from "./settings-report.ts";
import { SETTINGS, type SettingName, type SettingSpec } from "./settings-table.ts";
import { UNUSED_DEFAULTS } from "./settings-unused-defaults.ts";
import { WITHOUT_MEANING } from "./settings-without-meaning.ts";

const directory = mkdtempSync(join(tmpdir(), "layerbook-settings-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A text that each type takes, and what becomes of it. */
function sample(spec: SettingSpec): readonly [text: string, value: unknown] {
  switch (spec.type) {
    case "bool":
      return [spec.default === true ? "no" : "yes", spec.default !== true];
    case "int":
      return ["7", 7];
    case "float":
      return ["2.5", 2.5];
    case "list":
      return ["x, y", ["x", "y"]];
    case "path":
      return ["/some/where", "/some/where"];
    case "pathlist":
      return ["/one:/two", ["/one", "/two"]];
    default:
      return ["word", "word"];
  }
}

describe("settings", () => {
  const specs = Object.entries(SETTINGS as Readonly<Record<SettingName, SettingSpec>>);

  it.each(specs)("%s is read from its variable and from ansible.cfg", (name, spec) => {
    const [text, value] = sample(spec);
    for (const variable of spec.env) {
      const found = loadSettings({ env: { [variable]: text }, directory }).all.get(
        name as SettingName,
      );
      expect(found).toEqual({ name, value, origin: `env: ${variable}` });
    }
    for (const key of spec.ini) {
      const file = join(directory, "one.cfg");
      const dot = key.indexOf(".");
      writeFileSync(file, `[${key.slice(0, dot)}]\n${key.slice(dot + 1)} = ${text}\n`);
      const found = loadSettings({ env: { ANSIBLE_CONFIG: file }, directory }).all.get(
        name as SettingName,
      );
      expect(found).toEqual({ name, value, origin: file });
    }
  });

  it("takes a flag for stronger than the environment", () => {
    const settings = loadSettings({
      env: { ANSIBLE_FORKS: "3" },
      directory,
      overrides: { DEFAULT_FORKS: 9 },
    });
    expect(settings.all.get("DEFAULT_FORKS")).toMatchObject({ value: 9, origin: "command line" });
  });

  it("names what a user has set in vain, and why", () => {
    const file = join(directory, "vain.cfg");
    writeFileSync(
      file,
      "[defaults]\nforks = 3\nnocows = 1\nnosuch = x\n[ssh_connection]\npipelining = yes\n",
    );
    const env = { ANSIBLE_CONFIG: file, ANSIBLE_NOSUCH: "1", ANSIBLE_FORKS: "2" };
    const found = meaninglessSettings(loadSettings({ env, directory }), env);
    expect(found.map(({ name }) => name)).toEqual([
      "defaults.nocows",
      "defaults.nosuch",
      "ssh_connection.pipelining",
      "ANSIBLE_NOSUCH",
    ]);
    expect(found[0]?.why).toBe(WITHOUT_MEANING.ANSIBLE_NOCOWS?.why);
  });

  it("tells settings that have no meaning here, too", () => {
    const file = join(directory, "unused.cfg");
    writeFileSync(file, "[defaults]\nnocows = 1\n");
    const env = { ANSIBLE_CONFIG: file, ANSIBLE_COW_SELECTION: "moose", HOME: "/home/me" };
    const settings = loadSettings({ env, directory });
    const find = (name: string) => namedSetting(settings, name);
    expect(find("ANSIBLE_NOCOWS")).toMatchObject({ value: true, origin: file });
    expect(find("ANSIBLE_COW_SELECTION")).toMatchObject({
      value: "moose",
      origin: "env: ANSIBLE_COW_SELECTION",
    });
    expect(find("CACHE_PLUGIN_TIMEOUT")).toMatchObject({ value: 86400, origin: "default" });
    expect(find("GALAXY_CACHE_DIR")?.value).toBe("/home/me/.ansible/galaxy_cache");
    expect(find("NO_SUCH")).toBeUndefined();
    const unknown = Object.keys(UNUSED_DEFAULTS).filter((name) => !(name in WITHOUT_MEANING));
    expect(unknown).toEqual([]);
  });

  it("says of a wrong value where it stands", () => {
    expect(() => loadSettings({ env: { ANSIBLE_FORKS: "many" }, directory })).toThrow(
      /DEFAULT_FORKS: a whole number/,
    );
  });
});
