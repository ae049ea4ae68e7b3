/** A project on disk, and what every build of it is told. */
import { chmodSync, existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inventoryFor } from "../../src/build/image-host.ts";
import { connectionFactory } from "../../src/cli/connections.ts";
import { loadSettings } from "../../src/engine/settings.ts";
import type { Value } from "../../src/values/model.ts";
import { type ProjectModel, render } from "./project-model.ts";
import type { Random } from "./random.ts";

export class ProjectFolder {
  readonly #directory: string;
  #written: Record<string, string> = {};

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes what has changed; now and then also what has not, which must not matter. */
  write(project: ProjectModel, random: Random): void {
    const now = render(project);
    for (const [name, text] of Object.entries(now)) {
      const path = join(this.#directory, name);
      const same = this.#written[name] === text;
      if (same && !random.chance(0.05)) continue;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      // A change whose time says nothing: what is remembered of a file must not rest on that alone.
      if (random.chance(0.3)) utimesSync(path, 1_600_000_000, 1_600_000_000);
    }
    for (const name of Object.keys(this.#written)) {
      if (now[name] === undefined) rmSync(join(this.#directory, name), { force: true });
    }
    for (const [name, mode] of Object.entries(project.modes)) {
      const path = join(this.#directory, name);
      if (existsSync(path)) chmodSync(path, mode);
    }
    this.#written = now;
  }

  /** Options that a build and a bare run of the playbook have in common. */
  options(project: ProjectModel) {
    const playbooks = [join(this.#directory, "site.yml")];
    const settings = loadSettings({ directory: this.#directory });
    return {
      playbooks,
      inventory: inventoryFor("box", playbooks),
      host: "box",
      services: "defer" as const,
      extraVars: new Map<string, Value>(
        Object.entries(project.extraVars as Record<string, string>),
      ),
      settings,
      vault: undefined,
      connections: connectionFactory(settings),
      signal: new AbortController().signal,
    };
  }
}
