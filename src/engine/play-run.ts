/** Runs one play: its hosts, prompts, facts, batches. */
import { LayerbookError } from "../errors/index.ts";
import type { Host } from "../inventory/inventory.ts";
import { findFile } from "../playbook/loader.ts";
import { type Part, type Play, Task, tasksOf } from "../playbook/node.ts";
import { UndefinedError } from "../template/errors.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { layerOf } from "../variables/layers.ts";
import { PlayVariables } from "../variables/manager.ts";
import type { Section } from "./batch.ts";
import { BatchRun } from "./batch-run.ts";
import { HostRun } from "./host-run.ts";
import {
  flagKeyword,
  floatKeyword,
  intKeyword,
  keyword,
  textKeyword,
  wordsKeyword,
} from "./keyword-values.ts";
import { batchesOf, hostsOf, orderHosts } from "./play-hosts.ts";
import { checkPlay } from "./preflight.ts";
import { askPrompts } from "./prompts.ts";
import type { RunState, Scope, ScopePlay } from "./run-state.ts";
import { globMatches } from "./start-at.ts";
import {
  FreeStrategy,
  type FreeStrategyOptions,
  LinearStrategy,
  type Strategy,
} from "./strategies.ts";
import { TagSelection } from "./tags.ts";

export interface PlayOutcome {
  /** The playbook ends with this play: all hosts failed, or it was told to. */
  readonly ended: boolean;
}

/** The play's static tasks, in the order in which they run. */
export function sectionsOf(play: Play): Section[] {
  return [
    { parts: play.preTasks, flush: true },
    { parts: [...play.roles.flatMap((role) => [...role.allTasks()]), ...play.tasks], flush: true },
    { parts: play.postTasks, flush: true },
  ];
}

export class PlayRun {
  readonly #run: RunState;
  readonly #play: Play;
  readonly #variables: PlayVariables;
  readonly #tags: TagSelection;
  #active: HostRun[] = [];
  #lost = new Set<string>();

  constructor(run: RunState, play: Play) {
    this.#run = run;
    this.#play = play;
    this.#variables = new PlayVariables(play);
    this.#tags = new TagSelection(run.options.tags, run.options.skipTags);
  }

  async run(): Promise<PlayOutcome> {
    const { options } = this.#run;
    const { events, settings } = options;
    await checkPlay(this.#run.library, this.#play);
    // A scope of the play alone: fields of plays are templated before a host is chosen.
    const local = options.inventory.implicitLocalhost("localhost");
    const early = this.#run.scope(local, this.#scopePlay("", []), this.#play);
    await askPrompts(this.#run, this.#play, this.#variables, early);
    const pattern = patternsOf(keyword(early, this.#play, "hosts"));
    const name = textKeyword(early, this.#play, "name") ?? pattern.join(",");
    const selected = hostsOf(options.inventory, pattern, options.limit, events, settings);
    const hosts = orderHosts(selected, textKeyword(early, this.#play, "order"));
    const scopePlay = this.#scopePlay(
      name,
      hosts.map((host) => host.name),
    );
    this.#run.currentPlay = scopePlay;
    const strategy =
      textKeyword(early, this.#play, "strategy") ?? settings.text("DEFAULT_STRATEGY");
    const start = () =>
      events.emit({
        type: "play-start",
        play: {
          id: `p${this.#play.position?.line ?? 0}`,
          name,
          hosts: hosts.map((host) => host.name),
          strategy: strategy ?? "linear",
          checkMode: flagKeyword(early, this.#play, "check_mode") ?? options.check ?? false,
          ...pathOf(this.#play),
        },
      });
    if (hosts.length === 0) {
      start();
      events.emit({ type: "no-hosts-matched" });
      return { ended: false };
    }
    this.#openVarsFiles(early);
    let isAnnounced = false;
    const announce = () => {
      if (!isAnnounced) start();
      isAnnounced = true;
    };
    try {
      this.#readVarsFiles(hosts, scopePlay);
    } catch (error) {
      announce();
      throw error;
    }
    for (const batch of batchesOf(hosts, keyword(early, this.#play, "serial"))) {
      announce();
      isAnnounced = false;
      const ended = await this.#batch(batch, scopePlay, early, strategy ?? "linear");
      if (ended) return { ended: ended === "playbook" };
    }
    return { ended: false };
  }

  #scopePlay(name: string, all: readonly string[]): ScopePlay {
    const active = () => {
      const { failed, unreachable } = this.#run;
      const lost = new Set([...failed, ...unreachable, ...this.#lost]);
      for (const { flow, host } of this.#active) {
        if (flow === "failed" || flow === "unreachable") lost.add(host.name);
      }
      return all.filter((name) => !lost.has(name));
    };
    return {
      variables: this.#variables,
      hosts: {
        name,
        all,
        active,
        batch: () =>
          this.#active
            .filter((hostRun) => hostRun.flow === "running" || hostRun.flow === "ended")
            .map((hostRun) => hostRun.host.name),
      },
    };
  }

  /** Runs a batch; says whether the play or the playbook is to end. */
  async #batch(
    batch: readonly Host[],
    scopePlay: ScopePlay,
    early: Scope,
    strategyName: string,
  ): Promise<"play" | "playbook" | undefined> {
    const { failed, options, unreachable } = this.#run;
    const { settings } = options;
    const isLost = (host: Host) => failed.has(host.name) || unreachable.has(host.name);
    const hostRuns = batch.filter((host) => !isLost(host)).map((host) => new HostRun(host));
    if (hostRuns.length === 0) return undefined;
    this.#active = hostRuns;
    const forks = settings.number("DEFAULT_FORKS") ?? 5;
    const run = new BatchRun({
      run: this.#run,
      play: this.#play,
      scopePlay,
      hostRuns,
      tags: this.#tags,
      leftOut: this.#leftOut(early),
      forks: options.forks ?? forks,
      anyErrorsFatal:
        flagKeyword(early, this.#play, "any_errors_fatal") ?? settings.bool("ANY_ERRORS_FATAL"),
      maxFailPercentage: floatKeyword(early, this.#play, "max_fail_percentage"),
      forceHandlers:
        flagKeyword(early, this.#play, "force_handlers") ??
        options.forceHandlers ??
        settings.bool("DEFAULT_FORCE_HANDLERS"),
      sections: [...this.#gathering(early), ...sectionsOf(this.#play)],
    });
    await run.walk((runTogether, throttleOf) =>
      makeStrategy(strategyName, hostRuns, {
        runTogether,
        throttleOf,
        forks: options.forks ?? forks,
      }),
    );
    for (const hostRun of hostRuns) {
      if (hostRun.flow === "failed" && !hostRun.forgiven) {
        failed.add(hostRun.host.name);
        this.#lost.add(hostRun.host.name);
      }
    }
    const left = hostRuns.filter((hostRun) => !isLost(hostRun.host));
    if (run.batch.aborted && left.length < hostRuns.length) {
      options.events.emit({ type: "no-hosts-remaining" });
      return "playbook";
    }
    // Where hosts were lost before, the plays that follow are announced all the same.
    if (left.length === 0 && hostRuns.length === batch.length) return "playbook";
    return run.batch.playEnded ? "play" : undefined;
  }

  /** The implicit task that gathers facts. */
  #gathering(early: Scope): Section[] {
    const { settings } = this.#run.options;
    const asked = flagKeyword(early, this.#play, "gather_facts");
    const policy = settings.text("DEFAULT_GATHERING") ?? "implicit";
    if (!(asked ?? policy !== "explicit")) return [];
    const args = new Dict();
    const subset = wordsKeyword(early, this.#play, "gather_subset");
    const defaults = settings.list("DEFAULT_GATHER_SUBSET");
    if (subset.length > 0) args.set("gather_subset", subset);
    else if (defaults.length > 0) args.set("gather_subset", [...defaults]);
    const timeout =
      intKeyword(early, this.#play, "gather_timeout") ?? settings.number("DEFAULT_GATHER_TIMEOUT");
    if (timeout !== undefined) args.set("gather_timeout", timeout);
    const path = textKeyword(early, this.#play, "fact_path");
    if (path !== undefined) args.set("fact_path", path);
    const task = new Task({
      parent: this.#play,
      attributes: new Map<string, Value>([
        ["name", "Gathering Facts"],
        ["tags", ["always"]],
      ]),
      position: undefined,
      action: "ansible.builtin.setup",
      args,
      argsTemplate: undefined,
      loop: undefined,
      isHandler: false,
      file: this.#play.file,
    });
    const isKnown = (host: Host) =>
      policy === "smart" && this.#run.variables.state(host).hasGathered;
    return [{ parts: [task], flush: false, leavesOut: isKnown }];
  }

  #leftOut(early: Scope): ReadonlySet<Task> {
    const { startAtTask } = this.#run.options;
    const leftOut = new Set<Task>();
    if (startAtTask === undefined || this.#run.startReached) return leftOut;
    const matches = globMatches(startAtTask);
    const parts: Part[] = sectionsOf(this.#play).flatMap((section) => [...section.parts]);
    for (const task of tasksOf(parts)) {
      const name = task.name === undefined ? task.action : this.#templated(early, task.name);
      const full = task.role ? `${task.role.name} : ${name}` : name;
      if (matches(name) || matches(full)) {
        this.#run.startReached = true;
        return leftOut;
      }
      leftOut.add(task);
    }
    return leftOut;
  }

  #templated(scope: Scope, name: string): string {
    try {
      return str(scope.templar.template(name));
    } catch {
      return name;
    }
  }

  /** What cannot be read at all is said before the play is announced. */
  #openVarsFiles(early: Scope): void {
    const { varsFiles, directory } = this.#play;
    for (const entry of varsFiles) {
      let file: string | undefined;
      try {
        file = this.#varsFile(early, entry, directory);
      } catch {
        // Not there, or only for some hosts: said when the hosts' variables are read.
      }
      if (file !== undefined) this.#run.loader.load(file, this.#play.position);
    }
  }

  /** `vars_files`: names may be templates that see the host's variables. */
  #readVarsFiles(hosts: readonly Host[], scopePlay: ScopePlay): void {
    const { varsFiles, directory } = this.#play;
    if (varsFiles.length === 0) return;
    const shared = new Map<string, ReadonlyMap<string, Value>>();
    for (const host of hosts) {
      const scope = this.#run.scope(host, scopePlay, this.#play);
      const merged = new Map<string, Value>();
      for (const entry of varsFiles) {
        const file = this.#varsFile(scope, entry, directory);
        if (file === undefined) continue;
        let layer = shared.get(file);
        if (!layer) {
          const value = this.#run.loader.load(file, this.#play.position);
          if (value !== null && !(value instanceof Dict)) {
            throw new LayerbookError(`${file} must contain a dictionary of variables`, {
              position: { file, line: 1, column: 1 },
            });
          }
          layer = value === null ? new Map() : layerOf(value);
          shared.set(file, layer);
        }
        for (const [key, value] of layer) merged.set(key, value);
        this.#variables.files.set(host, new Map(merged));
      }
    }
  }

  /** The first of the alternatives that is there. */
  #varsFile(scope: Scope, entry: Value, directory: string): string | undefined {
    const alternatives = Array.isArray(entry) ? entry : [entry];
    let error: unknown;
    for (const alternative of alternatives) {
      try {
        const name = textOf(scope.templar.template(alternative)) ?? str(alternative);
        return findFile(
          name,
          [`${directory}/vars`, directory],
          "the file of variables",
          this.#play.position,
        );
      } catch (problem) {
        error = problem;
        // Known only once facts are there; those who need the variables will say so.
        if (problem instanceof UndefinedError) return undefined;
      }
    }
    throw error;
  }
}

function pathOf({ position }: Play): { path?: string } {
  return position ? { path: `${position.file}:${position.line}` } : {};
}

function makeStrategy(
  name: string,
  hostRuns: readonly HostRun[],
  options: Omit<FreeStrategyOptions, "pinned">,
): Strategy {
  switch (name.replace(/^ansible\.builtin\./, "")) {
    case "linear":
      return new LinearStrategy(options.runTogether, hostRuns);
    case "free":
      return new FreeStrategy({ ...options, pinned: false });
    case "host_pinned":
      return new FreeStrategy({ ...options, pinned: true });
    default:
      throw new LayerbookError(`Invalid play strategy specified: ${name}`, {
        hint: "Use linear, free or host_pinned.",
        exitCode: 4,
      });
  }
}

function patternsOf(value: Value | undefined): string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.flatMap(patternsOf) : [str(value)];
}
