/** Runs playbooks in this process against local hosts, and tells what every task said. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { connectionFactory } from "../../src/cli/connections.ts";
import { readExtraVars } from "../../src/cli/extra-vars.ts";
import { loadInventory } from "../../src/cli/load-inventory.ts";
import { EngineEvents, type HostStats } from "../../src/engine/events.ts";
import { runPlaybook } from "../../src/engine/index.ts";
import { loadSettings } from "../../src/engine/settings.ts";
import { toData } from "../../src/modules/convert.ts";
import type { Data } from "../../src/modules/module.ts";

export interface Played {
  readonly exitCode: number;
  /** Results by the task's name, in order; those of a loop hold `results`. */
  readonly tasks: ReadonlyMap<string, readonly TaskSaid[]>;
  /** The result of the task of that name on its first host. */
  result(task: string): Readonly<Record<string, Data>>;
  readonly order: readonly string[];
  readonly warnings: readonly string[];
  readonly stats: ReadonlyMap<string, HostStats>;
}

export interface TaskSaid {
  readonly host: string;
  readonly status: string;
  readonly result: Readonly<Record<string, Data>>;
}

export interface PlaySettings {
  /** Further files beside `site.yml`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Environment variables, as `ANSIBLE_ROLES_PATH`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Inventory sources; default: one local host, `testhost`. */
  readonly inventory?: readonly string[];
  readonly extraVars?: readonly string[];
  readonly check?: boolean;
}

const INVENTORY = "testhost ansible_connection=local\n";

/** @throws LayerbookError for what is wrong before or outside of tasks */
export async function play(site: string, options: PlaySettings = {}): Promise<Played> {
  const directory = mkdtempSync(join(tmpdir(), "lb-dialect-"));
  try {
    const files = { "site.yml": site, hosts: INVENTORY, ...options.files };
    for (const [name, text] of Object.entries(files)) {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    return await run(directory, options);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function run(directory: string, options: PlaySettings): Promise<Played> {
  const settings = loadSettings({ env: { HOME: directory, ...options.env }, directory });
  const warnings: string[] = [];
  const events = new EngineEvents();
  const tasks = new Map<string, TaskSaid[]>();
  const order: string[] = [];
  events.listen((event) => {
    if (event.type === "warning") warnings.push(event.message);
    else if (event.type === "task-start") order.push(event.task.name);
    else if (event.type === "host-result") {
      const said = tasks.get(event.task.name) ?? [];
      const result = toData(event.result) as Record<string, Data>;
      said.push({ host: event.host, status: event.status, result });
      tasks.set(event.task.name, said);
    }
  });
  const sources = (options.inventory ?? ["hosts"]).map((name) => join(directory, name));
  const inventory = await loadInventory(sources, settings, undefined, (text) =>
    warnings.push(text),
  );
  const outcome = await runPlaybook({
    playbooks: [join(directory, "site.yml")],
    inventory,
    connections: connectionFactory(settings),
    events,
    settings,
    signal: new AbortController().signal,
    extraVars: new Map(readExtraVars(options.extraVars ?? [], {}, undefined)),
    check: options.check ?? false,
  });
  return {
    exitCode: outcome.exitCode,
    tasks,
    result: (task) => {
      const said = tasks.get(task)?.[0];
      if (!said) throw new Error(`no task ${task}; there were ${order.join(", ")}`);
      return said.result;
    },
    order,
    warnings,
    stats: outcome.stats,
  };
}
