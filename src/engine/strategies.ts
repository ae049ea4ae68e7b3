/** Strategies: when each host may take its next step. */
import type { Task } from "../playbook/node.ts";
import type { HostRun } from "./host-run.ts";
import { comparePlaces, type Place, type TaskOutcome } from "./walk.ts";

/** Runs one task on some hosts that have come to it together. */
export type RunTogether = (
  task: Task,
  hostRuns: readonly HostRun[],
) => Promise<ReadonlyMap<HostRun, TaskOutcome>>;

/** How many hosts may be at a task at once; 0 stands for any number. */
export type ThrottleOf = (task: Task, hostRun: HostRun) => number;

export interface Strategy {
  /** A host has come to a task and waits until it has run. */
  turn(hostRun: HostRun, task: Task, place: Place): Promise<TaskOutcome>;
  /** Begins a host's way; `walk` calls `turn`. */
  start(hostRun: HostRun, walk: () => Promise<void>): Promise<void>;
  /** A host that cannot be reached waits for `clear_host_errors`. Says whether it may go on. */
  park(hostRun: HostRun): Promise<boolean>;
  /** Lets parked hosts go on. */
  forgive(): void;
}

interface Waiting {
  readonly task: Task;
  readonly place: Place;
  readonly resolve: (outcome: TaskOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** All hosts together: nobody begins a task before everyone has finished the one before. */
export class LinearStrategy implements Strategy {
  readonly #runTogether: RunTogether;
  /** In the order of the inventory. */
  readonly #hostRuns: readonly HostRun[];
  readonly #walking = new Set<HostRun>();
  readonly #parked = new Map<HostRun, (goesOn: boolean) => void>();
  readonly #waiting = new Map<HostRun, Waiting>();
  #scheduled = false;

  constructor(runTogether: RunTogether, hostRuns: readonly HostRun[]) {
    this.#runTogether = runTogether;
    this.#hostRuns = hostRuns;
    for (const hostRun of hostRuns) this.#walking.add(hostRun);
  }

  park(hostRun: HostRun): Promise<boolean> {
    return new Promise((resolve) => {
      this.#parked.set(hostRun, resolve);
      this.#leave(hostRun);
    });
  }

  forgive(): void {
    for (const [hostRun, resolve] of this.#parked) {
      this.#walking.add(hostRun);
      resolve(true);
    }
    this.#parked.clear();
  }

  #leave(hostRun: HostRun): void {
    this.#walking.delete(hostRun);
    if (this.#walking.size > 0) {
      this.#schedule();
      return;
    }
    // Nobody is left who could forgive.
    for (const resolve of this.#parked.values()) resolve(false);
    this.#parked.clear();
  }

  async start(hostRun: HostRun, walk: () => Promise<void>): Promise<void> {
    try {
      await walk();
    } finally {
      this.#leave(hostRun);
    }
  }

  turn(hostRun: HostRun, task: Task, place: Place): Promise<TaskOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(hostRun, { task, place, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.size === 0) return;
    if (this.#waiting.size < this.#walking.size) return;
    this.#scheduled = true;
    queueMicrotask(() => void this.#go());
  }

  async #go(): Promise<void> {
    let first: Waiting | undefined;
    for (const hostRun of this.#hostRuns) {
      const waiting = this.#waiting.get(hostRun);
      if (!waiting) continue;
      if (!first || comparePlaces(waiting.place, first.place) < 0) first = waiting;
    }
    if (!first) return;
    const together = new Map<HostRun, Waiting>();
    // Not in the order of arrival.
    for (const hostRun of this.#hostRuns) {
      const waiting = this.#waiting.get(hostRun);
      if (waiting?.task === first.task) together.set(hostRun, waiting);
    }
    for (const hostRun of together.keys()) this.#waiting.delete(hostRun);
    try {
      const outcomes = await this.#runTogether(first.task, [...together.keys()]);
      this.#scheduled = false;
      for (const [hostRun, waiting] of together) {
        waiting.resolve(outcomes.get(hostRun) ?? { kind: "ok" });
      }
    } catch (error) {
      this.#scheduled = false;
      for (const waiting of together.values()) waiting.reject(error);
    }
  }
}

/** Lets so many pass at once. */
export class Gate {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

export interface FreeStrategyOptions {
  readonly runTogether: RunTogether;
  readonly throttleOf: ThrottleOf;
  readonly forks: number;
  /** A host that has begun keeps its place until it is done. */
  readonly pinned: boolean;
}

/** Every host at its own pace. */
export class FreeStrategy implements Strategy {
  readonly #options: FreeStrategyOptions;
  readonly #gate: Gate;
  readonly #throttles = new Map<Task, Gate>();

  constructor(options: FreeStrategyOptions) {
    this.#options = options;
    this.#gate = new Gate(options.forks);
  }

  park(): Promise<boolean> {
    return Promise.resolve(false);
  }

  forgive(): void {
    // Nobody waits: every host goes by itself.
  }

  start(_hostRun: HostRun, walk: () => Promise<void>): Promise<void> {
    return this.#options.pinned ? this.#gate.pass(walk) : walk();
  }

  async turn(hostRun: HostRun, task: Task): Promise<TaskOutcome> {
    const { runTogether, pinned } = this.#options;
    const work = async () => (await runTogether(task, [hostRun])).get(hostRun);
    const forked = () => (pinned ? work() : this.#gate.pass(work));
    const throttle = this.#throttle(hostRun, task);
    // Whoever waits because of the throttle takes no fork from the others.
    const outcome = await (throttle ? throttle.pass(forked) : forked());
    return outcome ?? { kind: "ok" };
  }

  #throttle(hostRun: HostRun, task: Task): Gate | undefined {
    let gate = this.#throttles.get(task);
    if (!gate) {
      const places = this.#options.throttleOf(task, hostRun);
      if (places <= 0) return undefined;
      gate = new Gate(places);
      this.#throttles.set(task, gate);
    }
    return gate;
  }
}
