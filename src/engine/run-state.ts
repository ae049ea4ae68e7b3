/** What one run of playbooks holds together. */
import type { Host } from "../inventory/inventory.ts";
import type { ModuleLibrary } from "../modules/library/module-library.ts";
import type { ParseContext } from "../playbook/context.ts";
import type { Loader } from "../playbook/loader.ts";
import { type Node, Task } from "../playbook/node.ts";
import { Dict, type Value } from "../values/model.ts";
import type { HostVariables } from "../variables/host-variables.ts";
import type { Layer, LayeredVariables } from "../variables/layers.ts";
import { LazyDict } from "../variables/lazy-dict.ts";
import { magicLayer, type PlayHosts, type RunFacts } from "../variables/magic.ts";
import type { PlayVariables, VariableManager } from "../variables/manager.ts";
import type { AsyncJobs } from "./async-jobs.ts";
import { connectionVariables } from "./connection-variables.ts";
import type { ConnectionPool } from "./connections.ts";
import type { HostStats } from "./events.ts";
import type { RunOptions } from "./options.ts";
import type { StepRunner } from "./runner.ts";
import { TaskFiles } from "./task-files.ts";
import type { TaskTemplar, Templating } from "./templating.ts";

/** Variables and templates as one host sees them in one place. */
export interface Scope {
  readonly host: Host;
  readonly node: Node | undefined;
  readonly variables: LayeredVariables;
  readonly templar: TaskTemplar;
  readonly files: TaskFiles;
}

/** The play that a scope belongs to. */
export interface ScopePlay {
  readonly variables: PlayVariables;
  readonly hosts: PlayHosts;
}

/** What would hold the whole of it again. */
const NOT_IN_HOSTVARS: ReadonlySet<string> = new Set(["vars", "hostvars", "environment"]);

export class RunState {
  readonly options: RunOptions;
  readonly runner: StepRunner;
  readonly loader: Loader;
  readonly parse: ParseContext;
  readonly variables: VariableManager;
  readonly hostVariables: HostVariables;
  readonly templating: Templating;
  readonly library: ModuleLibrary;
  /** Ends the processes that serve plugins written in Python. */
  readonly closePlugins: () => Promise<void>;
  readonly pool: ConnectionPool;
  readonly jobs: AsyncJobs;
  readonly facts: RunFacts;
  readonly stats = new Map<string, HostStats>();
  readonly customStats = new Map<string, Dict>();
  /** Texts that must not be shown anywhere. */
  readonly secrets = new Set<string>();
  /** The task of `--start-at-task` was found. */
  startReached = false;
  /** Hosts that later plays leave out. */
  readonly failed = new Set<string>();
  readonly unreachable = new Set<string>();

  constructor(parts: {
    readonly options: RunOptions;
    readonly runner: StepRunner;
    readonly loader: Loader;
    readonly parse: ParseContext;
    readonly variables: VariableManager;
    readonly hostVariables: HostVariables;
    readonly templating: Templating;
    readonly library: ModuleLibrary;
    readonly closePlugins: () => Promise<void>;
    readonly pool: ConnectionPool;
    readonly jobs: AsyncJobs;
    readonly facts: Omit<RunFacts, "hostvars">;
  }) {
    this.options = parts.options;
    this.runner = parts.runner;
    this.loader = parts.loader;
    this.parse = parts.parse;
    this.variables = parts.variables;
    this.hostVariables = parts.hostVariables;
    this.templating = parts.templating;
    this.library = parts.library;
    this.closePlugins = parts.closePlugins;
    this.pool = parts.pool;
    this.jobs = parts.jobs;
    this.facts = { ...parts.facts, hostvars: this.#hostvars() };
  }

  /** The play that `hostvars` is asked in. */
  currentPlay: ScopePlay | undefined;

  /**
   * Opens the variables of a host in a place. Cheap: nothing is copied, nothing templated yet.
   * @param withConnection tasks see `ansible_host` and the like even where nobody has set them
   */
  scope(
    host: Host,
    play: ScopePlay | undefined,
    node: Node | undefined,
    temporary: readonly Layer[] = [],
    withConnection = node instanceof Task,
  ): Scope {
    const state = this.variables.state(host);
    const directory = play?.variables.play.directory ?? process.cwd();
    const files = new TaskFiles(node, directory, this.loader);
    let scope: Scope | undefined;
    const magic = magicLayer(this.facts, {
      host,
      node,
      play: play?.variables,
      hosts: play?.hosts,
      facts: state.facts,
      vars: () =>
        new LazyDict({
          get: (name) => scope?.templar.variable(name),
          names: () => scope?.variables.names() ?? [],
        }),
      environment: () => (node?.effective("environment") ?? []) as Value,
    });
    const known = this.variables.variables({
      host,
      play: play?.variables,
      node,
      magic,
      temporary,
    });
    const variables =
      withConnection && node instanceof Task
        ? known.over(
            connectionVariables({
              task: node,
              settings: this.options.settings,
              scope: () => scope as Scope,
              find: (name) => this.options.inventory.find(name),
              variablesOf: (name) => this.#variablesOf(name),
            }),
          )
        : known;
    scope = { host, node, variables, files, templar: this.templating.open(variables, files) };
    return scope;
  }

  /** `meta: refresh_inventory`: reads the sources, and all that is kept of them, again. */
  async refreshInventory(): Promise<void> {
    const { inventory, refreshInventory } = this.options;
    if (!refreshInventory) return;
    inventory.restart();
    await refreshInventory();
    inventory.restoreAdded();
    this.hostVariables.forget();
    this.loader.forget();
  }

  statsOf(host: string): HostStats {
    let stats = this.stats.get(host);
    if (!stats) {
      stats = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };
      this.stats.set(host, stats);
    }
    return stats;
  }

  /**
   * `hostvars`: each host's variables outside of any play, templated when asked for. What cannot be
   * templated there, because it needs more than the host knows, stays as it is written.
   */
  #hostvars(): Dict {
    const { inventory } = this.options;
    const open = new Map<Host, LazyDict>();
    return new LazyDict({
      get: (name) => {
        const host = inventory.find(name);
        if (!host) return undefined;
        const known = open.get(host);
        if (known) return known;
        const entry = new LazyDict({
          get: (key) => {
            const { templar, variables } = this.#hostScope(host);
            const value = variables.get(key);
            return value === undefined
              ? undefined
              : templar.template(value, { failOnUndefined: false });
          },
          names: () => this.#hostScope(host).variables.names(),
        });
        open.set(host, entry);
        return entry;
      },
      names: () => inventory.knownHosts(),
    });
  }

  /** A host's variables outside of any play. */
  #hostScope(host: Host): Pick<Scope, "variables" | "templar"> {
    const play = this.currentPlay;
    const { facts } = this.variables.state(host);
    const all = magicLayer(this.facts, {
      host,
      node: undefined,
      play: undefined,
      hosts: undefined,
      facts,
      vars: () => new Dict(),
      environment: () => [],
    });
    const directory = play?.variables.play.directory ?? process.cwd();
    const magic: Layer = {
      get: (name) => {
        if (NOT_IN_HOSTVARS.has(name)) return undefined;
        return name === "playbook_dir" ? directory : all.get(name);
      },
      keys: () => [...all.keys(), "playbook_dir"].filter((name) => !NOT_IN_HOSTVARS.has(name)),
    };
    const variables = this.variables.variables({ host, play: undefined, node: undefined, magic });
    const files = new TaskFiles(undefined, directory, this.loader);
    return { variables, templar: this.templating.open(variables, files) };
  }

  readonly #openVariables = new Map<string, LazyDict>();

  #variablesOf(name: string): Dict | undefined {
    const host = this.options.inventory.find(name);
    if (!host) return undefined;
    let entry = this.#openVariables.get(name);
    if (!entry) {
      const fresh = () => this.scope(host, this.currentPlay, undefined);
      entry = new LazyDict({
        get: (key) => fresh().templar.variable(key),
        names: () => fresh().variables.names(),
      });
      this.#openVariables.set(name, entry);
    }
    return entry;
  }
}
